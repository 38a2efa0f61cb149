#pragma once
// template.hpp - the server's pages: Mustache templates of pages/*.html, filled with values.
//
// What a value may do in a page is decided by its type and shows in its name. `{{name}}` is text:
// it is always escaped. `{{{name_html}}}` is HTML as it is, and only a `safe_html` can be set under
// such a name. `href="{{name_url}}"` is an address, and only a `relative_url` can be set under such
// a name. The compiler refuses a name that does not fit, tests/server/templates_test.py a
// template. `{{words.reply}}` is a word of the language, `{{assets.page.css}}` where a file of
// assets.hpp lies.
//
//   values shown;
//   shown.set_text("author", "<Ana>");
//   shown.set_url("home_url", relative_url{"./"});
//   const safe_html page = render("comments.html", shown, english);

#include <comments/comment.hpp>
#include <comments/json/encode.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

class language;
class values;

// HTML that may stand in a page as it is. Only `render` and a comment's renderer make it.
class safe_html final {
 public:
  // No HTML.
  safe_html() = default;

  // Returns the body of the comment as the style's renderer writes it, which is safe by contract.
  static safe_html of_body(const comments::comment& item, const comments::json::style& style);

  const std::string& text() const { return text_; }
  bool is_empty() const { return text_.empty(); }

 private:
  friend safe_html render(std::string_view, const values&, const language&);
  explicit safe_html(std::string text) : text_{std::move(text)} {}

  std::string text_{};
};

// An address of this server: relative, so that pages work below any prefix of a proxy's, and so
// that a link can neither run a script nor lead to another site.
class relative_url final {
 public:
  // Keeps `text` if it is a relative reference without a host (RFC 3986, 4.2) and has no spaces,
  // backslashes or control characters. Anything else becomes "./".
  explicit relative_url(std::string_view text);

  // Returns the address with one more parameter in its query, or with a fragment. Both values are
  // percent-encoded. A fragment comes last.
  relative_url with(std::string_view name, std::string_view value) const;
  relative_url at(std::string_view fragment) const;

  const std::string& text() const { return text_; }

 private:
  std::string text_{};
};

// The name of a value in a template. Made of a literal: a name of another kind does not compile.
enum class kind { plain, html, url };
template <kind K>
class value_name final {
 public:
  consteval value_name(const char* text) : text_{text} {
    const bool is_html = text_.ends_with("_html"), is_url = text_.ends_with("_url");
    if (is_html != (K == kind::html) || is_url != (K == kind::url))
      throw "names of HTML end in _html, those of addresses in _url, and no others";
  }

  std::string text() const { return std::string{text_}; }

 private:
  std::string_view text_;
};

// What a template is filled with. A text, an address, HTML or a list that is empty counts as
// absent: `{{#name}}…{{/name}}` writes nothing then, and `{{^name}}…{{/name}}` does.
class values final {
 public:
  values();
  values(values&&) noexcept;
  values& operator=(values&&) noexcept;
  ~values();

  void set_text(value_name<kind::plain> name, std::string_view text);
  void set_flag(value_name<kind::plain> name, bool is_set);
  void set_url(value_name<kind::url> name, const relative_url& address);
  void set_html(value_name<kind::html> name, const safe_html& html);

  // `{{#name}}…{{/name}}` is written once for each of `items`, which see the outer values, too.
  void set_list(value_name<kind::plain> name, const std::vector<values>& items);

 private:
  friend safe_html render(std::string_view, const values&, const language&);
  struct parts;
  std::unique_ptr<parts> parts_;
};

// Returns the page source of that name (assets.hpp), filled. The source must exist and be a valid
// template: template_test.cpp renders each. Safe from any thread.
safe_html render(std::string_view name, const values& shown, const language& words);

}  // namespace server

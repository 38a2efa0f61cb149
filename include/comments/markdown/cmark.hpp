#pragma once
// markdown/cmark.hpp - Markdown as people write it in comments, as HTML that cannot run.
//
// cmark-gfm reads the source (CommonMark, and GitHub's bare links and ~~strikethrough~~); what it
// found is written here and not by cmark, as these elements and no others: p, br, em, strong, del,
// code, pre, blockquote, ul, ol, li, h3 to h6, hr and a. Everything else in the output has passed
// `escape_html`, `to_href` or `to_language_class`, so that there is little to vouch for. HTML in
// the source is shown, not obeyed. cmark lives here only.
//
//   markdown::render("*Oi* <b>");   // "<p><em>Oi</em> &lt;b&gt;</p>\n"
//   const renderer markdown = markdown::make_renderer();

#include <comments/markdown/bounds.hpp>
#include <comments/renderer.hpp>
#include <comments/text.hpp>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::markdown {

// The form of what is written here. Whoever changes the HTML of any source counts it up.
inline constexpr int form = 1;

// `url` as the value of an href, or empty if it is none that a stranger may send readers to: those
// are http://…, https://… and mailto:…, in these very letters. A browser drops tabs and line breaks
// from an address before it looks at the scheme; here they are no letters, so "java\tscript:" is
// nothing. What is not plain ASCII is percent-encoded: no attribute holds a quote, a space, a
// control character or one that changes the direction of text.
inline std::string to_href(std::string_view url) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~:/?#[]@!$()*+,;=%";
  constexpr std::array<std::string_view, 3> schemes{"http://", "https://", "mailto:"};
  const auto begins_with = [&](std::string_view scheme) {
    const auto is_same = [](char is, char ought) {
      return (is >= 'A' && is <= 'Z' ? is - 'A' + 'a' : is) == ought;
    };
    return url.size() > scheme.size() &&
           std::ranges::equal(url.substr(0, scheme.size()), scheme, is_same);
  };
  std::string href;
  if (std::ranges::none_of(schemes, begins_with)) return href;
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view digits = "0123456789ABCDEF";
    if (plain.find(c) != plain.npos)
      href += c;
    else if (c == '&')
      href += "&amp;";
    else
      (href += '%').append({digits[byte >> 4], digits[byte & 15]});
  }
  return href;
}

// What a code block says of its language, as a class: its first word, if that is 1 to 32 letters,
// digits, "+" and "-". Empty if it is anything else.
inline std::string to_language_class(std::string_view info) {
  constexpr std::size_t size_max = 32;
  const std::string_view word = info.substr(0, info.find_first_of(" \t\n"));
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-';
  };
  const bool is_word =
      !word.empty() && word.size() <= size_max && std::ranges::all_of(word, is_plain);
  return is_word ? "language-" + std::string{word} : "";
}

// Whether HTML may not hold `point`, however it is written: a control character that is no tab or
// line break, or one of Unicode's noncharacters (U+FFFE, say).
inline bool is_no_character(char32_t point) {
  const bool is_space = point == '\n' || point == '\t';
  return (is_control(point) && !is_space) || (point & 0xfffe) == 0xfffe ||
         (point >= 0xfdd0 && point <= 0xfdef);
}

// `text` with U+FFFD for each of those: "&#1;" is how one gets in.
inline std::string only_characters(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const auto point = next_code_point(text, at);
    if (!point) ++at;
    if (!point || is_no_character(*point))
      kept += "\xef\xbf\xbd";
    else
      kept += text.substr(begin, at - begin);
  }
  return kept;
}

// Writes one document. Its only state is the HTML so far, so each element is closed by the node
// that opened it.
class html_writer final {
 public:
  explicit html_writer(const limits& most) : most_{most} {}

  // The HTML of `document`; nothing if it would be deeper or longer than the limits allow, or if a
  // reader would see none of it (of a link's definition, for one).
  std::optional<std::string> write(cmark_node* document) {
    const std::unique_ptr<cmark_iter, decltype(&cmark_iter_free)> steps{cmark_iter_new(document),
                                                                        cmark_iter_free};
    std::size_t depth = 0;
    for (cmark_event_type step; (step = cmark_iter_next(steps.get())) != CMARK_EVENT_DONE;) {
      cmark_node* const node = cmark_iter_get_node(steps.get());
      const bool is_parent = cmark_node_first_child(node) != nullptr;
      if (step == CMARK_EVENT_ENTER && is_parent && ++depth > most_.depth_max) return std::nullopt;
      if (step == CMARK_EVENT_EXIT && is_parent) --depth;
      if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_INLINE)
        write_inline(node, step == CMARK_EVENT_ENTER);
      else
        write_block(node, step == CMARK_EVENT_ENTER);
      if (html_.size() > most_.html_bytes_max) return std::nullopt;
    }
    if (seen_ == 0) return std::nullopt;
    return std::move(html_);
  }

 private:
  static std::string_view view(const char* text) { return text ? text : std::string_view{}; }

  void write_block(cmark_node* node, bool is_enter) {
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_PARAGRAPH:
        if (!is_tight(node)) element("p", is_enter, "", "\n");
        break;
      case CMARK_NODE_HEADING: {
        // The page's own outline has its h1 and h2.
        const int level = std::min(cmark_node_get_heading_level(node) + 2, 6);
        element("h" + std::to_string(level), is_enter, "", "\n");
        break;
      }
      case CMARK_NODE_BLOCK_QUOTE: element("blockquote", is_enter, "\n", "\n"); break;
      case CMARK_NODE_LIST: write_list(node, is_enter); break;
      case CMARK_NODE_ITEM: element("li", is_enter, "", "\n"); break;
      case CMARK_NODE_THEMATIC_BREAK:
        begin_line();
        html_ += "<hr>\n";
        break;
      case CMARK_NODE_CODE_BLOCK: write_code_block(node); break;
      case CMARK_NODE_HTML_BLOCK: {
        const std::string source = only_characters(view(cmark_node_get_literal(node)));
        begin_line();
        html_ += to_paragraphs(source);
        see(source);
        break;
      }
      default: break;
    }
  }

  void write_inline(cmark_node* node, bool is_enter) {
    switch (cmark_node_get_type(node)) {
      case CMARK_NODE_TEXT:
      case CMARK_NODE_HTML_INLINE: write_text(view(cmark_node_get_literal(node))); break;
      case CMARK_NODE_CODE:
        html_ += "<code>";
        write_text(view(cmark_node_get_literal(node)));
        html_ += "</code>";
        break;
      case CMARK_NODE_SOFTBREAK:  // whoever breaks a line in a comment means it
      case CMARK_NODE_LINEBREAK: html_ += "<br>\n"; break;
      case CMARK_NODE_EMPH: html_ += is_enter ? "<em>" : "</em>"; break;
      case CMARK_NODE_STRONG: html_ += is_enter ? "<strong>" : "</strong>"; break;
      case CMARK_NODE_LINK:
      case CMARK_NODE_IMAGE: is_enter ? enter_link(node) : exit_link(node); break;
      default:
        if (view(cmark_node_get_type_string(node)) == "strikethrough")
          html_ += is_enter ? "<del>" : "</del>";
    }
  }

  // A picture would tell a stranger's server who reads here, so it is a link with its description
  // as text. A link whose text nobody would see has its address as text. A link within a link is
  // none in HTML: the outer one stays.
  void enter_link(cmark_node* node) {
    const std::string href = open_link_ ? "" : to_href(view(cmark_node_get_url(node)));
    if (!href.empty()) {
      open_link_ = node;
      html_ += "<a href=\"" + href + "\" rel=\"nofollow ugc noopener noreferrer\">";
    }
    links_.push_back(html_.size());
  }

  void exit_link(cmark_node* node) {
    if (seen_ <= links_.back()) write_text(view(cmark_node_get_url(node)));
    links_.pop_back();
    if (open_link_ != node) return;
    html_ += "</a>";
    open_link_ = nullptr;
  }

  void write_list(cmark_node* node, bool is_enter) {
    const bool is_ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
    const int start = cmark_node_get_list_start(node);
    if (!is_enter || !is_ordered || start == 1)
      return element(is_ordered ? "ol" : "ul", is_enter, "\n", "\n");
    begin_line();
    html_ += "<ol start=\"" + std::to_string(start) + "\">\n";
  }

  void write_code_block(cmark_node* node) {
    const std::string language = to_language_class(view(cmark_node_get_fence_info(node)));
    begin_line();
    html_ += language.empty() ? "<pre><code>" : "<pre><code class=\"" + language + "\">";
    write_text(view(cmark_node_get_literal(node)));
    html_ += "</code></pre>\n";
  }

  // The one way for a user's words into the HTML, but for addresses and languages.
  void write_text(std::string_view text) {
    html_ += escape_html(only_characters(text));
    see(text);
  }

  void see(std::string_view text) {
    if (!is_blank(text)) seen_ = html_.size();
  }

  void element(const std::string& name, bool is_enter, std::string_view after_begin,
               std::string_view after_end) {
    if (is_enter) begin_line();
    html_ += (is_enter ? "<" : "</") + name + ">";
    html_ += is_enter ? after_begin : after_end;
  }

  void begin_line() {
    if (!html_.empty() && html_.back() != '\n') html_ += '\n';
  }

  // Whether a paragraph stands in a list whose items have no blank lines between them.
  static bool is_tight(cmark_node* paragraph) {
    cmark_node* const item = cmark_node_parent(paragraph);
    cmark_node* const list = item ? cmark_node_parent(item) : nullptr;
    return list && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
  }

  const limits& most_;
  std::string html_{};
  std::size_t seen_{0};               // where the last text ended that a reader can see
  std::vector<std::size_t> links_{};  // where the text of each begins, the innermost last
  cmark_node* open_link_{nullptr};    // the one that is an <a>
};

using document = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;

// The document that `source` is, with links for its bare addresses or without. cmark-gfm keeps what
// its extensions listen for in tables of the whole process while it parses, so one thread at a time
// does. Where memory runs out cmark ends the process.
inline document parse(std::string_view source, bool is_linked) {
  static std::mutex one_at_a_time;
  const std::lock_guard lock{one_at_a_time};
  cmark_gfm_core_extensions_ensure_registered();
  const std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)> parser{
      cmark_parser_new(CMARK_OPT_VALIDATE_UTF8), cmark_parser_free};
  const auto attach = [&](const char* name) {
    if (cmark_syntax_extension* const extension = cmark_find_syntax_extension(name))
      cmark_parser_attach_syntax_extension(parser.get(), extension);
  };
  attach("strikethrough");
  if (is_linked) attach("autolink");
  cmark_parser_feed(parser.get(), source.data(), source.size());
  return {cmark_parser_finish(parser.get()), cmark_node_free};
}

// `source` as HTML: well-formed on its own, with nothing in it that runs, loads or looks like the
// page around it, and at most `html_bytes_max` long, or six times the source if that is more. What
// is past a limit, or would show nothing, is shown as it was written, by `to_paragraphs`.
// Safe to call from any thread.
inline std::string render(std::string_view source, const limits& most = {}) {
  constexpr std::string_view byte_order_mark =
      "\xef\xbb\xbf";  // skipped by cmark: it hides markers
  if (source.starts_with(byte_order_mark)) source.remove_prefix(byte_order_mark.size());
  if (is_within(most, source)) {
    const document parsed = parse(source, count_scanned(source) <= most.scanned_max);
    if (auto html = html_writer{most}.write(parsed.get())) return std::move(*html);
  }
  return to_paragraphs(source);
}

// The renderer for a service. Another cmark-gfm is another name, and so is another `form`.
inline renderer make_renderer() {
  return {.name = "cmark-gfm " + std::string{cmark_version_string()} + ", " + std::to_string(form),
          .to_html = [](std::string_view source) { return render(source); }};
}

}  // namespace comments::markdown

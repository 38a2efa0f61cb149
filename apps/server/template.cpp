#include "template.hpp"

#include "assets.hpp"
#include "language.hpp"

#include <comments/http/message.hpp>
#include <comments/text.hpp>

#include <kainjow/mustache.hpp>

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

namespace server {
namespace {

namespace mustache = kainjow::mustache;

// Empty text is false, so that a section asks whether there is any.
mustache::data to_data(std::string_view text) {
  return text.empty() ? mustache::data{false} : mustache::data{std::string{text}};
}

// Where a template's names are looked up: words, assets, and values from the innermost section out.
class lookup final : public mustache::basic_context<std::string> {
 public:
  lookup(const mustache::data& root, const language& words) : words_{words}, open_{&root} {}

  void push(const mustache::data* section) override { open_.push_back(section); }
  void pop() override { open_.pop_back(); }

  const mustache::data* get(const std::string& name) const override {
    if (name.starts_with("words.")) return found(words_.word(name.substr(6)));
    if (name.starts_with("assets.")) return found(path_of(find_asset(name.substr(7))));
    for (auto at = open_.rbegin(); at != open_.rend(); ++at)
      if (const mustache::data* value = (*at)->get(name)) return value;
    return nullptr;
  }

  // No template includes another one: each part of a page is rendered by itself.
  const mustache::data* get_partial(const std::string&) const override { return nullptr; }

 private:
  const mustache::data* found(std::string_view text) const {
    found_ = to_data(text);
    return &found_;
  }

  const language& words_;
  std::vector<const mustache::data*> open_;
  mutable mustache::data found_{};  // until the next name is looked up
};

// What the library writes to.
struct output {
  void operator<<(const std::string& part) { text += part; }

  std::string text{};
};

// Each source, parsed once. Rendering is not const in the library, but changes a template only
// where it has lambdas or partials, and ours have none: so threads may share it.
using templates = std::map<std::string_view, mustache::mustache>;

templates parse_all() {
  templates all;
  for (const asset& source : page_sources()) {
    if (!source.name.ends_with(".html")) continue;
    mustache::mustache parsed{std::string{source.text}};
    parsed.set_custom_escape([](const std::string& text) { return comments::escape_html(text); });
    assert(parsed.is_valid());
    all.emplace(source.name, std::move(parsed));
  }
  return all;
}

bool is_relative(std::string_view text) {
  const auto is_bad = [](unsigned char c) { return c <= ' ' || c == 0x7f || c == '\\'; };
  if (std::ranges::any_of(text, is_bad) || text.starts_with('/')) return false;
  return text.substr(0, text.find_first_of("/?#")).find(':') == text.npos;
}

}  // namespace

safe_html safe_html::of_body(const comments::comment& item, const comments::json::style& style) {
  return safe_html{comments::json::find_html(item, style)};
}

relative_url::relative_url(std::string_view text) : text_{is_relative(text) ? text : "./"} {}

relative_url relative_url::with(std::string_view name, std::string_view value) const {
  relative_url made{*this};
  const bool has_query = text_.find('?') != text_.npos;
  if (!has_query || !text_.ends_with('?')) made.text_ += has_query ? '&' : '?';
  made.text_ += comments::http::percent_encode(name) + "=" + comments::http::percent_encode(value);
  return made;
}

relative_url relative_url::at(std::string_view fragment) const {
  relative_url made{*this};
  made.text_ += "#" + comments::http::percent_encode(fragment);
  return made;
}

struct values::parts {
  mustache::data all{};
};

values::values() : parts_{std::make_unique<parts>()} {}
values::values(values&&) noexcept = default;
values& values::operator=(values&&) noexcept = default;
values::~values() = default;

void values::set_text(value_name<kind::plain> name, std::string_view text) {
  parts_->all[name.text()] = to_data(text);
}

void values::set_flag(value_name<kind::plain> name, bool is_set) {
  parts_->all[name.text()] = mustache::data{is_set};
}

void values::set_url(value_name<kind::url> name, const relative_url& address) {
  parts_->all[name.text()] = to_data(address.text());
}

void values::set_html(value_name<kind::html> name, const safe_html& html) {
  parts_->all[name.text()] = to_data(html.text());
}

void values::set_list(value_name<kind::plain> name, const std::vector<values>& items) {
  mustache::data list{mustache::data::type::list};
  for (const values& item : items) list.push_back(item.parts_->all);
  parts_->all[name.text()] = std::move(list);
}

safe_html render(std::string_view name, const values& shown, const language& words) {
  static templates all = parse_all();
  const auto found = all.find(name);
  assert(found != all.end());
  lookup names{shown.parts_->all, words};
  output html;
  found->second.render(names, html);
  return safe_html{std::move(html.text)};
}

}  // namespace server

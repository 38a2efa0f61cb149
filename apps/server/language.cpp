#include "language.hpp"

#include "assets.hpp"

#include <comments/json/document.hpp>
#include <comments/text.hpp>

#include <algorithm>

namespace server {

using namespace comments;

namespace {

void replace(std::string& text, std::string_view name, std::string_view value) {
  const std::string mark = "{" + std::string{name} + "}";
  std::size_t at = 0;
  while ((at = text.find(mark, at)) != text.npos) {
    text.replace(at, mark.size(), value);
    at += value.size();
  }
}

language read(std::string code) {
  const std::string_view json = find_page_source(code + ".json").text;
  return {std::move(code), json};
}

const language& portuguese() {
  static const language words = read("pt-BR");
  return words;
}

}  // namespace

language::language(std::string code, std::string_view json) : code_{std::move(code)} {
  words_.emplace("lang", forms{code_, code_});
  constexpr std::size_t depth_max = 8;
  const json::value all = json::parse(json, depth_max).value_or({});
  for (const char* section : {"thread", "page", "status"}) {
    const json::value& words = *all.find(section);
    for (std::size_t i = 0; i < words.names.size(); ++i) {
      const json::value& word = words.items[i];
      const json::value& one = word.is_object() ? *word.find("one") : word;
      const json::value& other = word.is_object() ? *word.find("other") : word;
      words_.emplace(words.names[i], forms{one.text, other.text});
    }
  }
}

std::string_view language::word(std::string_view key) const {
  const auto found = words_.find(key);
  return found == words_.end() ? std::string_view{} : found->second.other;
}

std::string language::say(std::string_view key, std::initializer_list<value> named) const {
  std::string text{word(key)};
  for (const auto& [name, text_of_it] : named) replace(text, name, text_of_it);
  return text;
}

std::string language::count(std::string_view key, std::int64_t number) const {
  const auto found = words_.find(key);
  if (found == words_.end()) return {};
  const bool is_one = number == 1 || (number == 0 && code_ != "en");  // "0 comentário"
  std::string text = is_one ? found->second.one : found->second.other;
  replace(text, "n", std::to_string(number));
  return text;
}

const language& english() {
  static const language words = read("en");
  return words;
}

const language& language_for(const http::request& asked) {
  const std::string_view target = asked.target;
  const auto query =
      http::parse_query(target.substr(std::min(target.find('?'), target.size() - 1) + 1));
  std::string_view tag = http::find_header(asked.headers, "Accept-Language").value_or("");
  if (query) tag = http::find_field(*query, "lang").value_or(tag);
  return to_lower_ascii(tag.substr(0, 2)) == "pt" ? portuguese() : english();
}

}  // namespace server

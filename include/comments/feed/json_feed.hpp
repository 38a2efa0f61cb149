#pragma once
// feed/json_feed.hpp - a feed as JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/).
//
// It has no links: JSON Feed knows nothing of relative ones.
//
//   std::string text = feed::to_json(made);
//   answer.headers.emplace_back("Content-Type", feed::json_type);

#include <comments/feed/document.hpp>
#include <comments/json/encode.hpp>

#include <string>
#include <string_view>

namespace comments::feed {

inline constexpr std::string_view json_type = "application/feed+json";

namespace detail {

inline void append_item(std::string& to, const entry& from) {
  json::append_text(to += R"({"id":)", from.id);
  json::append_text(to += R"(,"title":)", from.title);
  json::append_text(to += R"(,"content_html":)", from.html);
  json::append_text(to += R"(,"date_published":)", to_rfc3339(from.published));
  if (from.edited) json::append_text(to += R"(,"date_modified":)", to_rfc3339(*from.edited));
  json::append_text(to += R"(,"authors":[{"name":)", from.author);
  to += "}]}";
}

}  // namespace detail

inline std::string to_json(const document& from) {
  std::string text = R"({"version":"https://jsonfeed.org/version/1.1","title":)";
  json::append_text(text, from.title);
  text += R"(,"items":[)";
  for (const entry& one : from.entries) {
    if (&one != &from.entries.front()) text += ",";
    detail::append_item(text, one);
  }
  return text += "]}";
}

}  // namespace comments::feed

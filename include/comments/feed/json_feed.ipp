#pragma once
// feed/json_feed.ipp - definitions of feed/json_feed.hpp.

#include <comments/feed/json_feed.hpp>

#include <comments/json/encode.hpp>

namespace comments::inline v0::feed {

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

COMMENTS_INLINE std::string to_json(const document& from) {
  std::string text = R"({"version":"https://jsonfeed.org/version/1.1","title":)";
  json::append_text(text, from.title);
  text += R"(,"items":[)";
  for (const entry& item : from.entries) {
    if (&item != &from.entries.front()) text += ",";
    detail::append_item(text, item);
  }
  return text += "]}";
}

}  // namespace comments::inline v0::feed

#pragma once
// feed/document.ipp - definitions of feed/document.hpp.

#include <comments/feed/document.hpp>

#include <comments/text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace comments::inline v0::feed {

COMMENTS_INLINE std::string to_urn(const comment_id& id) { return "urn:uuid:" + to_string(id); }

COMMENTS_INLINE std::string to_line(std::string_view html) {
  constexpr std::array<std::pair<std::string_view, char>, 5> entities{
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}}};
  std::string line;
  std::size_t points = 0;
  bool is_blank_due = false;
  for (std::size_t at = 0; at < html.size();) {
    if (html[at] == '<') {
      at = std::min(html.find('>', at), html.size() - 1) + 1;
      continue;
    }
    const std::size_t start = at;
    const auto point = next_code_point(html, at);
    if (!point) ++at;
    if (!point || is_invisible(*point)) {
      is_blank_due = points > 0;
      continue;
    }
    if (points + is_blank_due >= title_max) return line += "…";
    if (is_blank_due) line += ' ';
    points += is_blank_due ? 2 : 1;
    is_blank_due = false;
    std::string_view shown = html.substr(start, at - start);
    for (const auto& [entity, meant] : entities)
      if (html.substr(start).starts_with(entity)) {
        shown = {&meant, 1};
        at = start + entity.size();
      }
    line += shown;
  }
  return line;
}

COMMENTS_INLINE entry make_entry(const comment& comment, const json::style& style,
                                 std::string_view prefix) {
  entry made{.id = to_urn(comment.id),
             .author = comment.author.name.empty() ? "Anonymous" : comment.author.name,
             .html = json::find_html(comment, style),
             .link = std::string{prefix} + "/api/v1/comments/" + to_string(comment.id),
             .published = comment.created_at,
             .edited = comment.edited_at};
  if (comment.reply_to) made.in_reply_to = to_urn(*comment.reply_to);
  const std::string line = to_line(made.html);
  made.title = line.empty() ? made.author : made.author + ": " + line;
  return made;
}

COMMENTS_INLINE document make_document(const page& page, const json::style& style, std::string id,
                                       std::string link, instant updated, std::string_view prefix) {
  document made{.id = std::move(id),
                .title = "Comments on " + page.content.content_id,
                .link = std::move(link),
                .updated = updated};
  for (const comment& item : page.items) made.entries.push_back(make_entry(item, style, prefix));
  return made;
}

}  // namespace comments::inline v0::feed

#pragma once
// feed/document.hpp - a content's latest comments as a feed, whatever it is written as.
//
// It has no address of its own: the library does not know under which name it is reached, and the
// Host header is anybody's to choose. Links are paths, relative to where the feed came from.
//
//   feed::document made = feed::make_document(page, style, "urn:uuid:…", updated);
//   std::string xml = feed::to_atom(made);      // feed/atom.hpp
//   std::string text = feed::to_json(made);     // feed/json_feed.hpp

#include <comments/json/encode.hpp>
#include <comments/store.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::feed {

// Of a title, in code points; what is longer is cut and ends in "…".
inline constexpr std::size_t title_max = 80;

struct entry {
  std::string id{};
  std::string title{};
  std::string author{};                      // a name, never an address
  std::string html{};                        // safe to put into a page as it is
  std::string link{};                        // the comment itself, as JSON
  std::optional<std::string> in_reply_to{};  // the id of the entry that it answers
  instant published{};
  std::optional<instant> edited{};
};

struct document {
  std::string id{};  // a URI that stays the same as long as the feed lives
  std::string title{};
  std::string link{};  // the feed itself
  instant updated{};
  std::vector<entry> entries{};  // newest first
};

// "urn:uuid:" and the id (RFC 9562, section 4).
inline std::string to_urn(const comment_id& id) { return "urn:uuid:" + to_string(id); }

// What `html` says, on one line: without tags, the entities of `escape_html` decoded, what leaves
// no mark as single blanks, and cut at `title_max`.
inline std::string to_line(std::string_view html) {
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
    std::string_view sign = html.substr(start, at - start);
    for (const auto& [entity, meant] : entities)
      if (html.substr(start).starts_with(entity)) {
        sign = {&meant, 1};
        at = start + entity.size();
      }
    line += sign;
  }
  return line;
}

inline entry make_entry(const comment& comment, const json::style& style, std::string_view prefix) {
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

// `page` is newest first; `id` and `link` are the feed's, `updated` is when it last changed, and
// `prefix` is where the API is mounted.
inline document make_document(const page& page, const json::style& style, std::string id,
                              std::string link, instant updated, std::string_view prefix = {}) {
  document made{.id = std::move(id),
                .title = "Comments on " + page.content.content_id,
                .link = std::move(link),
                .updated = updated};
  for (const comment& item : page.items) made.entries.push_back(make_entry(item, style, prefix));
  return made;
}

}  // namespace comments::feed

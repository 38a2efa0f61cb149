#pragma once
// json/answer.ipp - definitions of json/answer.hpp.

#include <comments/json/answer.hpp>

#include <comments/json/typed_fields.hpp>
#include <comments/validation.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace comments::inline v0::json {

namespace detail {

// Answers are no deeper: a page, its items, an item, its author.
inline constexpr std::size_t answer_depth_max{8};

inline comment_answer read_comment(const value& object, const std::string& prefix,
                                   std::vector<violation>& found) {
  comment_answer read;
  comment& seen = read.comment;
  typed_fields fields{object, prefix, found};
  fields.read("id", seen.id);
  fields.read("content_id", seen.content_id);
  fields.read("parent_id", seen.parent);
  seen.reply_to = seen.parent;
  fields.read_optional("reply_to", seen.reply_to);
  fields.read("status", seen.status);
  fields.read("body", seen.body);
  fields.read("body_html", read.body_html);
  fields.read("votes", seen.votes);
  fields.read("replies", seen.replies);
  fields.read("created_at", seen.created_at);
  fields.read("edited_at", seen.edited_at);
  fields.read("version", seen.version);
  fields.read_optional("edit_token", read.edit_token);
  fields.read_optional("browser", read.browser);
  if (const value* const author = fields.object("author")) {
    typed_fields inner{*author, prefix + "author/", found};
    inner.read("name", seen.author.name);
    inner.read("verified", seen.author.verified);
    inner.read("key", read.author_key);
    inner.read_optional("email", seen.author.email);
  }
  return read;
}

inline content read_content(const value& object, std::string prefix,
                            std::vector<violation>& found) {
  content read;
  typed_fields fields{object, std::move(prefix), found};
  fields.read("content_id", read.content_id);
  fields.read("version", read.version);
  fields.read("comments", read.comments);
  fields.read("status", read.status);
  return read;
}

// Returns what `read` makes of an object, of which it notes all that is wrong.
template <typename Value, typename Read>
result<Value> decode_answer(std::string_view text, Read&& read) {
  const auto parsed = parse_object(text, answer_depth_max);
  if (!parsed) return parsed.error();
  std::vector<violation> found;
  Value value = read(*parsed, found);
  if (!found.empty()) return to_error(std::move(found));
  return value;
}

}  // namespace detail

COMMENTS_INLINE result<comment_answer> decode_comment_answer(std::string_view text) {
  return detail::decode_answer<comment_answer>(
      text, [](const value& root, auto& found) { return detail::read_comment(root, "/", found); });
}

COMMENTS_INLINE result<page_answer> decode_page_answer(std::string_view text) {
  return detail::decode_answer<page_answer>(text, [](const value& root, auto& found) {
    page_answer read;
    typed_fields fields{root, "/", found};
    std::optional<std::string> next;
    fields.read("next", next);
    read.next = next.value_or("");
    if (const value* const items = fields.list("items"))
      for (std::size_t i = 0; i < items->items.size(); ++i)
        read.items.push_back(
            detail::read_comment(items->items[i], "/items/" + std::to_string(i) + "/", found));
    if (const value* const content = fields.object("content"))
      read.content = detail::read_content(*content, "/content/", found);
    return read;
  });
}

COMMENTS_INLINE result<content> decode_content_answer(std::string_view text) {
  return detail::decode_answer<content>(
      text, [](const value& root, auto& found) { return detail::read_content(root, "/", found); });
}

COMMENTS_INLINE result<std::vector<content>> decode_counts_answer(std::string_view text) {
  using contents = std::vector<content>;
  return detail::decode_answer<contents>(text, [](const value& root, auto& found) {
    contents read;
    typed_fields fields{root, "/", found};
    const value* const counts = fields.object("counts");
    if (!counts) return read;
    for (const std::string& content_id : counts->names) {
      read.push_back({.content_id = content_id});
      typed_fields inner{*counts, "/counts/", found};
      inner.read(content_id.c_str(), read.back().comments);
    }
    return read;
  });
}

COMMENTS_INLINE result<event> decode_event_answer(std::string_view text) {
  return detail::decode_answer<event>(text, [](const value& root, auto& found) {
    event read;
    typed_fields fields{root, "/", found};
    fields.read("content_id", read.content_id);
    fields.read("version", read.version);
    fields.read("kind", read.kind);
    std::optional<comment_id> comment;
    fields.read("comment_id", comment);
    read.comment = comment.value_or(comment_id{});
    fields.read("status", read.status);
    fields.read("at", read.at);
    return read;
  });
}

}  // namespace comments::inline v0::json

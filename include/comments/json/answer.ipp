#pragma once
// json/answer.ipp - definitions of json/answer.hpp.

#include <comments/json/answer.hpp>

#include <comments/json/typed_fields.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace comments::inline v0::json {

namespace detail {

// Answers are no deeper: a page, its items, an item, its author.
inline constexpr std::size_t answer_depth_max{8};

inline comment_answer read_comment(typed_fields fields) {
  comment_answer read;
  comment& seen = read.comment;
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
  if (auto author = fields.inside("author")) {
    author->read("name", seen.author.name);
    author->read("verified", seen.author.verified);
    author->read("key", read.author_key);
    author->read_optional("email", seen.author.email);
  }
  return read;
}

inline content read_content(typed_fields fields) {
  content read;
  std::string epoch;
  fields.read_optional("epoch", epoch);
  read.epoch = parse_epoch(epoch).value_or(0);
  fields.read("content_id", read.content_id);
  fields.read("version", read.version);
  fields.read("comments", read.comments);
  fields.read("status", read.status);
  return read;
}

inline page_answer read_page(typed_fields fields) {
  page_answer read;
  std::optional<std::string> next;
  fields.read("next", next);
  read.next = next.value_or("");
  for (typed_fields& item : fields.each("items")) read.items.push_back(read_comment(item));
  if (auto content = fields.inside("content")) read.content = read_content(*std::move(content));
  return read;
}

inline std::vector<content> read_counts(typed_fields fields) {
  std::vector<content> read;
  auto counts = fields.inside("counts");
  if (!counts) return read;
  for (const std::string& content_id : counts->names()) {
    read.push_back({.content_id = content_id});
    counts->read(content_id.c_str(), read.back().comments);
  }
  return read;
}

inline event read_event(typed_fields fields) {
  event read;
  fields.read("content_id", read.content_id);
  fields.read("version", read.version);
  fields.read("kind", read.kind);
  std::optional<comment_id> comment;
  fields.read("comment_id", comment);
  read.comment = comment.value_or(comment_id{});
  fields.read("status", read.status);
  fields.read("at", read.at);
  return read;
}

}  // namespace detail

COMMENTS_INLINE result<comment_answer> decode_comment_answer(std::string_view text) {
  return read_object<comment_answer>(text, detail::answer_depth_max, detail::read_comment);
}

COMMENTS_INLINE result<page_answer> decode_page_answer(std::string_view text) {
  return read_object<page_answer>(text, detail::answer_depth_max, detail::read_page);
}

COMMENTS_INLINE result<content> decode_content_answer(std::string_view text) {
  return read_object<content>(text, detail::answer_depth_max, detail::read_content);
}

COMMENTS_INLINE result<std::vector<content>> decode_counts_answer(std::string_view text) {
  return read_object<std::vector<content>>(text, detail::answer_depth_max, detail::read_counts);
}

COMMENTS_INLINE result<event> decode_event_answer(std::string_view text) {
  return read_object<event>(text, detail::answer_depth_max, detail::read_event);
}

}  // namespace comments::inline v0::json

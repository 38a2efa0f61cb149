#pragma once
// store/postgres/rows.ipp - definitions of store/postgres/rows.hpp.

#include <comments/store/postgres/rows.hpp>

#include <comments/store/sql_schema.hpp>

#include <algorithm>

namespace comments::inline v0::postgres {

COMMENTS_INLINE ending end_of(const transaction& ended) {
  return {ended.failed(), ended.is_in_doubt()};
}

COMMENTS_INLINE error to_error(const ending& end) {
  if (end.is_in_doubt) return in_doubt();
  if (end.why == failure::rejected)
    return {errc::invalid, "The database does not take this.", {{"", "unacceptable"}}};
  return unavailable();
}

COMMENTS_INLINE std::size_t select_content(transaction& reading, std::string_view content_id) {
  return reading.send("SELECT version, comments, status FROM content WHERE content_id = $1",
                      content_id);
}

COMMENTS_INLINE std::size_t select_locked_content(transaction& writing,
                                                  std::string_view content_id) {
  return writing.send(
      "SELECT version, comments, status FROM content WHERE content_id = $1 FOR UPDATE", content_id);
}

COMMENTS_INLINE content read_content(const rows& from, std::string_view content_id) {
  content found{.content_id = std::string{content_id}};
  if (from.empty()) return found;
  found.version = from.number(0, 0);
  found.comments = from.number(0, 1);
  found.status = parse<content_status>(from.text(0, 2));
  return found;
}

COMMENTS_INLINE void insert_content(transaction& writing, std::string_view content_id) {
  writing.send(
      "INSERT INTO content (content_id, version, comments, status) "
      "VALUES ($1, 0, 0, '') ON CONFLICT (content_id) DO NOTHING",
      content_id);
}

COMMENTS_INLINE std::optional<content> lock_content(transaction& writing,
                                                    std::string_view content_id) {
  auto place = select_locked_content(writing, content_id);
  if (!writing.receive()) return std::nullopt;
  if (writing.rows(place).empty()) {
    insert_content(writing, content_id);
    place = select_locked_content(writing, content_id);
    if (!writing.receive()) return std::nullopt;
  }
  return read_content(writing.rows(place), content_id);
}

COMMENTS_INLINE void update_content(transaction& writing, const content& before,
                                    const content& moved) {
  writing.send(
      "UPDATE content SET version = CASE version WHEN $2 THEN $3 END, comments = comments + $4, "
      "status = $5 WHERE content_id = $1",
      moved.content_id, before.version, moved.version, moved.comments - before.comments,
      moved.status ? to_text(*moved.status) : std::string_view{});
}

COMMENTS_INLINE std::size_t select_comment(transaction& reading, std::string_view content_id,
                                           std::string_view id) {
  static const std::string sql = "SELECT " + std::string{sql_schema::comment_columns} +
                                 " FROM comment WHERE content_id = $1 AND id = $2";
  return reading.send(sql, content_id, id);
}

COMMENTS_INLINE comment read_comment(const rows& from, int row) {
  const auto text = [&](int column) { return from.text(row, column); };
  const auto number = [&](int column) { return from.number(row, column); };
  return {.id = parse_comment_id(text(0)).value_or(comment_id{}),
          .content_id = text(1),
          .parent = parse_comment_id(text(2)),
          .reply_to = parse_comment_id(text(16)),
          .depth = number(17),
          .position = number(3),
          .status = parse<comments::status>(text(4)).value_or(status::removed),
          .author = {text(5), text(6), text(7), number(8) != 0, text(19), number(21) != 0},
          .body = text(9),
          .votes = number(10),
          .replies = number(11),
          .reports = number(18),
          .created_at = from_milliseconds(number(12)),
          .edited_at =
              from.is_null(row, 13) ? std::nullopt : std::optional{from_milliseconds(number(13))},
          .version = number(14),
          .origin = text(20),
          .browser = text(22),
          .held = number(23) != 0,
          .encoded = text(15)};
}

COMMENTS_INLINE std::vector<comment> read_comments(const rows& from) {
  std::vector<comment> found;
  found.reserve(static_cast<std::size_t>(from.size()));
  for (int row = 0; row < from.size(); ++row) found.push_back(read_comment(from, row));
  return found;
}

COMMENTS_INLINE void insert_event(transaction& writing, const event& cause) {
  const std::string about = cause.comment == comment_id{} ? "" : to_string(cause.comment);
  writing.send(
      "INSERT INTO event (content_id, version, kind, comment_id, at, by_whom, reason, status, "
      "text_before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      cause.content_id, cause.version, to_text(cause.kind), about, to_milliseconds(cause.at),
      cause.by, cause.reason, cause.status, cause.before);
}

COMMENTS_INLINE void notify(transaction& writing, std::string_view node,
                            std::string_view content_id) {
  writing.send("SELECT pg_notify($1, $2)", channel, std::string{node}.append(content_id));
}

COMMENTS_INLINE ending commit_and_notify(transaction& writing, const moved_contents& moved,
                                         const notifier& to) {
  writing.commit([&] {
    if (!*to.is_possible) return;
    for (const std::string& content_id : moved) notify(writing, to.node, content_id);
  });
  const failure why = writing.follow_up_failed();
  if (why != failure::none && why != failure::disconnected) *to.is_possible = false;
  return end_of(writing);
}

COMMENTS_INLINE std::int64_t as_number(std::size_t count) {
  return static_cast<std::int64_t>(std::min<std::size_t>(count, 1'000'000'000));
}

}  // namespace comments::inline v0::postgres

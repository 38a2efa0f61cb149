#pragma once
// store/postgres/rows.hpp - comments, contents and events as rows of PostgreSQL: how they are read,
// and what every change writes.
//
// Functions of a unit of work that somebody else began and commits. Whoever changes anything of a
// content locks its row first, so that its changes come one after another and its version moves in
// the order of their commits.
//
//   postgres::work work{connection, postgres::work::writing};
//   auto home = postgres::lock_content(work, content_id);

#include <comments/store.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/sql_schema.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::postgres {

// How a unit of work ended.
struct ending {
  failure why{failure::none};
  bool is_in_doubt{};  // it failed, and may have taken effect all the same
};
inline ending end_of(const work& ended) { return {ended.failed(), ended.is_in_doubt()}; }

// Returns the error for the caller of a write that ended so.
inline error to_error(const ending& end) {
  if (end.is_in_doubt) return in_doubt();
  if (end.why == failure::refused)
    return {errc::invalid, "The database does not take this.", {{"", "unacceptable"}}};
  return unavailable();
}

// A billion is as good as all, and one more than it is still a number.
inline std::int64_t as_number(std::size_t count) {
  return static_cast<std::int64_t>(std::min<std::size_t>(count, 1'000'000'000));
}

// In the order of `schema::comment_columns`.
inline comment read_comment(const rows& from, int row) {
  const auto text = [&](int column) { return from.text(row, column); };
  const auto number = [&](int column) { return from.number(row, column); };
  return {.id = parse_comment_id(text(0)).value_or(comment_id{}),
          .content_id = text(1),
          .parent = parse_comment_id(text(2)),
          .reply_to = parse_comment_id(text(16)),
          .depth = number(17),
          .position = number(3),
          .status = parse<comments::status>(text(4)).value_or(status::removed),
          .author = {text(5), text(6), text(7), number(8) != 0, text(19)},
          .body = text(9),
          .votes = number(10),
          .replies = number(11),
          .reports = number(18),
          .created_at = from_milliseconds(number(12)),
          .edited_at =
              from.is_null(row, 13) ? std::nullopt : std::optional{from_milliseconds(number(13))},
          .version = number(14),
          .origin = text(20),
          .encoded = text(15)};
}

inline std::vector<comment> read_comments(const rows& from) {
  std::vector<comment> found;
  found.reserve(static_cast<std::size_t>(from.size()));
  for (int row = 0; row < from.size(); ++row) found.push_back(read_comment(from, row));
  return found;
}

// Of version, comments and status; a content of version 0 if there is no row.
inline content read_content(const rows& from, std::string_view content_id) {
  content found{.content_id = std::string{content_id}};
  if (from.empty()) return found;
  found.version = from.number(0, 0);
  found.comments = from.number(0, 1);
  found.status = parse<content_status>(from.text(0, 2));
  return found;
}

inline std::size_t ask_content(work& reading, std::string_view content_id) {
  return reading.ask("SELECT version, comments, status FROM content WHERE content_id = $1",
                     content_id);
}

// What a unit of work has done, for who must know it behind the commit.
struct changes {
  std::vector<std::string> moved{};  // contents; one may be there several times
};

// Asks for a content's row, to be held until the commit. No row: `make_content`, and again.
inline std::size_t ask_locked(work& writing, std::string_view content_id) {
  return writing.ask(
      "SELECT version, comments, status FROM content WHERE content_id = $1 FOR UPDATE", content_id);
}
inline void make_content(work& writing, std::string_view content_id) {
  writing.ask(
      "INSERT INTO content (content_id, version, comments, status) "
      "VALUES ($1, 0, 0, '') ON CONFLICT (content_id) DO NOTHING",
      content_id);
}

// A content as it is, and will be until the commit; it is made if it is not there.
inline std::optional<content> lock_content(work& writing, std::string_view content_id) {
  auto place = ask_locked(writing, content_id);
  if (!writing.run()) return std::nullopt;
  if (writing.rows(place).empty()) {
    make_content(writing, content_id);
    place = ask_locked(writing, content_id);
    if (!writing.run()) return std::nullopt;
  }
  return read_content(writing.rows(place), content_id);
}

inline void write_content(work& writing, const content& moved) {
  writing.ask("UPDATE content SET version = $2, comments = $3, status = $4 WHERE content_id = $1",
              moved.content_id, moved.version, moved.comments,
              moved.status ? to_text(*moved.status) : std::string_view{});
}

inline void append_event(work& writing, const event& cause) {
  const std::string about = cause.comment == comment_id{} ? "" : to_string(cause.comment);
  writing.ask(
      "INSERT INTO event (content_id, version, kind, comment_id, at, by_whom, reason, status, "
      "text_before) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      cause.content_id, cause.version, to_text(cause.kind), about, to_milliseconds(cause.at),
      cause.by, cause.reason, cause.status, cause.before);
}

// Asks for a comment of a content that is known.
inline std::size_t ask_comment(work& reading, std::string_view content_id, std::string_view id) {
  static const std::string sql = "SELECT " + std::string{sql_schema::comment_columns} +
                                 " FROM comment WHERE content_id = $1 AND id = $2";
  return reading.ask(sql, content_id, id);
}

// Tells other nodes that a content has changed. Outside of transactions: notifying within one makes
// all who commit wait for one another, and a database that cannot notify would undo it.
inline constexpr std::string_view channel = "comments_changed";
inline void notify(work& writing, std::string_view node, std::string_view content_id) {
  writing.ask("SELECT pg_notify($1, $2)", channel, std::string{node}.append(content_id));
}

}  // namespace comments::postgres

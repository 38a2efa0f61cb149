#pragma once
// store/sqlite/rows.ipp - definitions of store/sqlite/rows.hpp.

#include <comments/store/sqlite/rows.hpp>

#include <comments/store/algorithms.hpp>
#include <comments/store/sql_schema.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0::sqlite {

COMMENTS_INLINE std::int64_t as_number(std::size_t count) {
  return static_cast<std::int64_t>(std::min<std::size_t>(count, 1'000'000'000));
}

namespace detail {

// Returns `text` with `to` in each place of `from`, which is not empty.
inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string made;
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from)) {
    made.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return made.append(text);
}

inline constexpr std::string_view body_mark = "\xff";  // in no UTF-8

}  // namespace detail

COMMENTS_INLINE std::string take_body(std::string encoded, std::string_view body) {
  return body.empty() ? encoded : detail::replace_all(encoded, body, detail::body_mark);
}
COMMENTS_INLINE std::string put_body(std::string kept, std::string_view body) {
  return body.empty() ? kept : detail::replace_all(kept, detail::body_mark, body);
}

COMMENTS_INLINE comment read_comment(const statement& row) {
  return {.id = parse_comment_id(row.text(0)).value_or(comment_id{}),
          .content_id = row.text(1),
          .parent = parse_comment_id(row.text(2)),
          .reply_to = parse_comment_id(row.text(16)),
          .depth = row.number(17),
          .position = row.number(3),
          .status = parse<comments::status>(row.text(4)).value_or(status::removed),
          .author = {row.text(5), row.text(6), row.text(7), row.number(8) != 0, row.text(19),
                     row.number(21) != 0},
          .body = row.text(9),
          .votes = row.number(10),
          .replies = row.number(11),
          .reports = row.number(18),
          .created_at = from_milliseconds(row.number(12)),
          .edited_at =
              row.is_null(13) ? std::nullopt : std::optional{from_milliseconds(row.number(13))},
          .version = row.number(14),
          .origin = row.text(20),
          .browser = row.text(22),
          .held = row.number(23) != 0,
          .encoded = put_body(row.text(15), row.text(9))};
}

namespace detail {

// Reads the next row, of version, comments and status; without one the content is at version 0.
inline content read_content(statement& row, std::string_view content_id) {
  content found{.content_id = std::string{content_id}};
  if (!row.step()) return found;
  found.version = row.number(0);
  found.comments = row.number(1);
  found.status = parse<content_status>(row.text(2));
  return found;
}

}  // namespace detail

COMMENTS_INLINE std::optional<comment> find_comment(transaction& work, const comment_id& id) {
  static const std::string sql =
      "SELECT " + std::string{sql_schema::comment_columns} + " FROM comment WHERE id = ?1";
  const std::string text = to_string(id);
  auto row = work->prepare(sql, text);
  if (!row.step()) return std::nullopt;
  return read_comment(row);
}

COMMENTS_INLINE content find_content(transaction& work, std::string_view content_id) {
  auto row = work->prepare("SELECT version, comments, status FROM content WHERE content_id = ?1",
                           content_id);
  return detail::read_content(row, content_id);
}

// Two statements, because UPSERT and RETURNING both make SQLite build a table and a journal for
// each call, which doubles the cost of all.
COMMENTS_INLINE content move_content(transaction& work, content moved, std::int64_t more,
                                     effects& noted) {
  ++moved.version;
  moved.comments += more;
  work->run(moved.version == 1
                ? "INSERT INTO content (content_id, version, comments, status) "
                  "VALUES (?1, ?2, ?3, '')"
                : "UPDATE content SET version = ?2, comments = ?3 WHERE content_id = ?1",
            moved.content_id, moved.version, moved.comments);
  noted.contents.push_back(moved);
  return moved;
}

COMMENTS_INLINE void append_event(transaction& work, const event& cause) {
  const std::string about = cause.comment == comment_id{} ? "" : to_string(cause.comment);
  work->run("INSERT INTO change VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", cause.content_id,
            cause.version, to_text(cause.kind), about, to_milliseconds(cause.at), cause.by,
            cause.reason, cause.status, cause.before);
}

COMMENTS_INLINE event of_post(const comment& made, event cause) {
  cause.content_id = made.content_id;
  cause.version = made.position;
  cause.comment = made.id;
  cause.at = made.created_at;
  return cause;
}

COMMENTS_INLINE void count_reply(transaction& work, const std::string& content_id,
                                 std::string parent, std::int64_t change, std::int64_t version) {
  while (!parent.empty() && change != 0 && !work->failed()) {
    std::string above;
    std::int64_t replies = 0;
    bool is_visible = false;
    {
      auto row = work->prepare(
          "SELECT parent_id, replies, status FROM comment WHERE id = ?1 AND content_id = ?2",
          parent, content_id);
      if (!row.step()) return;
      above = row.text(0);
      replies = row.number(1) + change;
      is_visible = row.text(2) == to_text(status::published);
    }
    const bool is_listed = is_visible || replies > 0, was = is_visible || replies - change > 0;
    work->run("UPDATE comment SET replies = ?3, version = ?4 WHERE id = ?1 AND content_id = ?2",
              parent, content_id, replies, version);
    if (is_listed != was)  // apart, because it costs two indexes
      work->run("UPDATE comment SET listed = ?3 WHERE id = ?1 AND content_id = ?2", parent,
                content_id, std::int64_t{is_listed});
    change = std::int64_t{is_listed} - std::int64_t{was};
    parent = std::move(above);
  }
}

namespace detail {

// Returns what the draft's key has made before, replayed; an empty result if the key is new.
inline result<post_result> replay(transaction& work, const draft& draft) {
  auto row = work->prepare(
      "SELECT id, request_fingerprint FROM comment WHERE content_id = ?1 AND request_key = ?2",
      draft.content_id, draft.key);
  const bool is_known = row.step();
  if (work->failed()) return unavailable();
  if (!is_known) return post_result{};
  auto made = find_comment(work, parse_comment_id(row.text(0)).value_or(comment_id{}));
  if (!made) return unavailable();
  if (row.number(1) != fingerprint(draft) && made->status != status::removed) return key_reused();
  return post_result{.stored = std::move(*made), .replayed = true};
}

// Where a comment hangs.
struct place {
  std::string parent{};  // empty for a comment that starts a thread
  std::int64_t depth{};
};

// Returns nothing if the draft answers something other than a visible comment of its content.
inline std::optional<place> find_place(transaction& work, const insertion& wanted) {
  const draft& draft = wanted.said;
  if (!draft.parent) return place{};
  std::string at = to_string(*draft.parent);
  for (bool is_first = true;; is_first = false) {
    auto row = work->prepare(
        "SELECT depth, parent_id, status FROM comment WHERE id = ?1 AND content_id = ?2", at,
        draft.content_id);
    if (!row.step()) return std::nullopt;
    if (is_first && row.text(2) != to_text(status::published)) return std::nullopt;
    const std::int64_t depth = row.number(0);
    std::string above = row.text(1);
    if (depth < wanted.depth_max || above.empty()) return place{at, depth + 1};
    at = std::move(above);
  }
}

// Writes all that a new comment changes, and returns the comment.
inline comment write(transaction& work, const pending_insert& pending, content current,
                     const place& where, effects& noted) {
  const auto& [wanted, now, id, buckets, has_tokens] = pending;
  const draft& draft = wanted.said;
  const bool is_shown = wanted.status == status::published;
  const std::int64_t version = move_content(work, std::move(current), is_shown, noted).version;
  const std::string id_text = to_string(id);
  const std::string reply_to = draft.parent ? to_string(*draft.parent) : "";
  const std::int64_t at = to_milliseconds(now);
  const std::string encoded = take_body(wanted.encoded, draft.body);
  {
    auto row = work->prepare(
        "INSERT INTO comment (content_id, position, id, parent_id, status, author_name, "
        "author_email, author_url, author_verified, body, votes, replies, created_at, version, "
        "request_key, request_fingerprint, encoded, reply_to, depth, listed, author_subject, "
        "origin, email_shown, browser, held) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, "
        "0, ?11, ?2, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
        draft.content_id, version, id_text, where.parent, to_text(wanted.status), draft.author.name,
        draft.author.email, draft.author.url, std::int64_t{draft.author.verified}, draft.body, at);
    if (!draft.key.empty()) row.bind(12, draft.key);
    row.bind(13, draft.key.empty() ? 0 : fingerprint(draft));  // which only a key's replay asks for
    row.bind(14, encoded);
    row.bind(15, reply_to);
    row.bind(16, where.depth);
    row.bind(17, std::int64_t{is_shown});
    row.bind(18, draft.author.subject);
    row.bind(19, wanted.origin);
    row.bind(20, std::int64_t{draft.author.email_shown});
    row.bind(21, wanted.browser);
    row.bind(22, std::int64_t{!is_shown});
    row.step();
  }
  if (is_shown) count_reply(work, draft.content_id, where.parent, 1, version);
  comment made = to_comment(wanted, id, version, now);
  made.parent = parse_comment_id(where.parent);
  made.depth = where.depth;
  event cause = to_event(wanted);
  if (!is_shown || !cause.reason.empty()) append_event(work, of_post(made, std::move(cause)));
  return made;
}

}  // namespace detail

COMMENTS_INLINE result<post_result> insert(transaction& work, pending_insert& pending,
                                           effects& noted) {
  const draft& draft = pending.wanted.said;
  if (!draft.key.empty()) {
    if (auto known = detail::replay(work, draft); !known || known->replayed) return known;
  }
  content current = find_content(work, draft.content_id);
  if (!is_met(pending.wanted.expected, current)) return version_moved();
  const auto where = detail::find_place(work, pending.wanted);
  if (!where) return parent_not_found();
  if (!pending.has_tokens) {
    if (auto taken = take_tokens(pending.buckets, pending.wanted, pending.now); !taken)
      return std::move(taken).error();
    pending.has_tokens = true;
  }
  return post_result{.stored = detail::write(work, pending, std::move(current), *where, noted)};
}

}  // namespace comments::inline v0::sqlite

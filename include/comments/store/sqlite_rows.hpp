#pragma once
// store/sqlite_rows.hpp - comments as rows of a SQLite file: how one is read, and how one is
// written.
//
// Functions of a unit of work that somebody else began and commits; whether it went well is theirs
// to ask. `sqlite_store` says when, this says what.
//
//   sqlite::transaction work{connection, "BEGIN IMMEDIATE"};
//   auto made = sqlite::write_one(work, {draft, now, make_comment_id(now)}, moved);
//   if (!work->commit()) return sqlite::unavailable();

#include <comments/store.hpp>
#include <comments/store/schema.hpp>
#include <comments/store/sqlite_connection.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::sqlite {

inline error unavailable() { return {errc::unavailable, "The store cannot do this now."}; }

// In the order of `schema::comment_columns`.
inline comment read_comment(const statement& row) {
  return {.id = parse_comment_id(row.text(0)).value_or(comment_id{}),
          .content_id = row.text(1),
          .parent = parse_comment_id(row.text(2)),
          .position = row.number(3),
          .status = parse<comments::status>(row.text(4)).value_or(status::removed),
          .author = {row.text(5), row.text(6), row.text(7), row.number(8) != 0},
          .body = row.text(9),
          .votes = row.number(10),
          .replies = row.number(11),
          .created_at = from_milliseconds(row.number(12)),
          .edited_at =
              row.is_null(13) ? std::nullopt : std::optional{from_milliseconds(row.number(13))},
          .version = row.number(14),
          .encoded = row.text(15)};
}

// The next row, of version, comments and status; a content of version 0 if there is none.
inline content read_content(statement& row, std::string_view content_id) {
  content found{.content_id = std::string{content_id}};
  if (!row.step()) return found;
  found.version = row.number(0);
  found.comments = row.number(1);
  found.status = parse<content_status>(row.text(2)).value_or(found.status);
  return found;
}

inline std::optional<comment> find_in(transaction& work, const comment_id& id) {
  static const std::string sql =
      "SELECT " + std::string{schema::comment_columns} + " FROM comment WHERE id = ?1";
  const std::string text = to_string(id);
  auto row = work->prepare(sql, text);
  if (!row.step()) return std::nullopt;
  return read_comment(row);
}

inline content find_content(transaction& work, std::string_view content_id) {
  auto row = work->prepare("SELECT version, comments, status FROM content WHERE content_id = ?1",
                           content_id);
  return read_content(row, content_id);
}

// What a caller of `insert` wants written.
struct insertion {
  const comments::draft& draft;
  instant now{};
  comment_id id{};
};

// What the draft's key made before, replayed; an empty posting if the key is new.
inline result<posting> replay(transaction& work, const draft& draft) {
  auto row = work->prepare(
      "SELECT id, request_fingerprint FROM comment WHERE content_id = ?1 AND request_key = ?2",
      draft.content_id, draft.key);
  const bool is_known = row.step();
  if (work->failed()) return unavailable();
  if (!is_known) return posting{};
  if (row.number(1) != fingerprint(draft)) return key_reused();
  auto made = find_in(work, parse_comment_id(row.text(0)).value_or(comment_id{}));
  if (!made) return unavailable();
  return posting{.stored = std::move(*made), .replayed = true};
}

inline bool is_repliable(transaction& work, const draft& draft) {
  return work
      ->prepare("SELECT 1 FROM comment WHERE id = ?1 AND content_id = ?2 AND status = 'published'",
                to_string(*draft.parent), draft.content_id)
      .step();
}

// The content with one comment more, at its next version. In two statements, because UPSERT and
// RETURNING both make SQLite build a table and a journal for each call: twice the cost of all.
inline content move_content(transaction& work, const std::string& content_id) {
  content moved = find_content(work, content_id);
  ++moved.version;
  ++moved.comments;
  work->run(moved.version == 1 ? "INSERT INTO content VALUES (?1, ?2, ?3, 'open')"
                               : "UPDATE content SET version = ?2, comments = ?3 "
                                 "WHERE content_id = ?1",
            content_id, moved.version, moved.comments);
  return moved;
}

// All that one new comment changes. Whether it took effect, the commit tells.
inline comment write(transaction& work, const insertion& wanted, std::vector<content>& moved) {
  const auto& [draft, now, id] = wanted;
  moved.push_back(move_content(work, draft.content_id));
  const std::int64_t version = moved.back().version;
  const std::string id_text = to_string(id);
  const std::string parent = draft.parent ? to_string(*draft.parent) : "";
  const std::int64_t at = to_milliseconds(now);
  auto row = work->prepare(
      "INSERT INTO comment VALUES (?1, ?2, ?3, ?4, 'published', ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, "
      "NULL, ?2, ?11, ?12, ?13)",
      draft.content_id, version, id_text, parent, draft.author.name, draft.author.email,
      draft.author.url, std::int64_t{draft.author.verified}, draft.body, at);
  if (!draft.key.empty()) row.bind(11, draft.key);
  row.bind(12, fingerprint(draft));
  row.bind(13, draft.encoded);
  row.step();
  if (draft.parent)
    work->run(
        "UPDATE comment SET replies = replies + 1, version = ?3 WHERE id = ?1 AND "
        "content_id = ?2",
        parent, draft.content_id, version);
  work->run("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5)", draft.content_id, version,
            to_text(event_kind::posted), id_text, at);
  return to_comment(draft, id, version, now);
}

// Adds to `moved` what it made of a content.
inline result<posting> write_one(transaction& work, const insertion& wanted,
                                 std::vector<content>& moved) {
  const draft& draft = wanted.draft;
  if (!draft.key.empty()) {
    if (auto known = replay(work, draft); !known || known->replayed) return known;
  }
  if (draft.parent && !is_repliable(work, draft)) return parent_not_found();
  return posting{.stored = write(work, wanted, moved)};
}

// Each in a savepoint of its own, so that one that fails does so alone.
inline void write_apart(transaction& work, std::span<const insertion* const> works,
                        std::span<std::optional<result<posting>>> outcomes,
                        std::vector<content>& moved) {
  for (std::size_t i = 0; i < works.size(); ++i) {
    const std::size_t before = moved.size();
    if (work->attempt([&] { outcomes[i] = write_one(work, *works[i], moved); })) continue;
    outcomes[i] = unavailable();
    moved.resize(before);
  }
}
}  // namespace comments::sqlite

#pragma once
// store/schema.hpp - the tables and the reading statements that every SQL store shares.
//
// Migrations are data, numbered 1, 2, 3 …; a released one never changes, a new need is a new
// number. Every table that grows is keyed by content_id first and every unique constraint contains
// it, so a database can be spread over machines by content. Times are milliseconds since 1970, ids
// are the text form of UUIDs, and a comment without a parent has the parent_id ''.

#include <comments/store.hpp>

#include <array>
#include <string>
#include <string_view>

namespace comments::schema {

struct migration {
  int number{};
  std::string_view sql{};
};

inline constexpr std::array migrations{migration{1, R"sql(
CREATE TABLE setting (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE content (
  content_id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  comments BIGINT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('open', 'premoderated', 'locked'))
);
CREATE TABLE comment (
  content_id TEXT NOT NULL REFERENCES content (content_id),
  position BIGINT NOT NULL,
  id TEXT NOT NULL,
  parent_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('published', 'pending', 'spam', 'removed')),
  author_name TEXT NOT NULL,
  author_email TEXT NOT NULL,
  author_url TEXT NOT NULL,
  author_verified BIGINT NOT NULL,
  body TEXT NOT NULL,
  votes BIGINT NOT NULL,
  replies BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  edited_at BIGINT,
  version BIGINT NOT NULL,
  request_key TEXT,
  request_fingerprint BIGINT NOT NULL,
  PRIMARY KEY (content_id, position)
);
CREATE UNIQUE INDEX comment_id ON comment (id, content_id);
CREATE UNIQUE INDEX comment_request_key ON comment (content_id, request_key);
CREATE INDEX comment_by_position ON comment (content_id, parent_id, status, position);
CREATE INDEX comment_by_votes ON comment (content_id, parent_id, status, votes DESC, position);
CREATE TABLE event (
  content_id TEXT NOT NULL REFERENCES content (content_id),
  version BIGINT NOT NULL,
  kind TEXT NOT NULL,
  comment_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (content_id, version)
);
)sql"},
                                       migration{2, R"sql(
ALTER TABLE comment ADD COLUMN encoded TEXT NOT NULL DEFAULT '';
DROP INDEX comment_request_key;
CREATE UNIQUE INDEX comment_request_key ON comment (content_id, request_key)
  WHERE request_key IS NOT NULL;
)sql"}};

// The newest schema that this program knows.
inline constexpr int newest = migrations.back().number;

// What a comment is read from, in the order that the stores read it.
inline constexpr std::string_view comment_columns =
    "id, content_id, parent_id, position, status, author_name, author_email, author_url, "
    "author_verified, body, votes, replies, created_at, edited_at, version, encoded";

// The statement for one page. Parameters: ?1 content_id, ?2 parent_id, ?3 limit, ?4 the cursor's
// position, ?5 its votes; those that a scope or sort does not use stand in no condition. Each form
// is one walk along an index (but all of a content by votes, which nobody pages through), so a page
// costs the same from any depth
// (`tests/store/sqlite_test.cpp` shows the plans).
inline std::string list_sql(scope scope, sort sort, bool has_cursor) {
  const auto select = [&](std::string_view condition, std::string_view order) {
    std::string sql{"SELECT "};
    sql.append(comment_columns).append(" FROM comment WHERE content_id = ?1");
    if (scope != scope::all) sql += " AND parent_id = ?2";
    sql.append(" AND status = 'published'").append(condition);
    return sql.append(" ORDER BY ").append(order).append(" LIMIT ?3");
  };
  constexpr std::string_view by_votes = "votes DESC, position";
  if (sort == sort::newest) return select(has_cursor ? " AND position < ?4" : "", "position DESC");
  if (sort == sort::oldest) return select(has_cursor ? " AND position > ?4" : "", "position");
  if (!has_cursor) return select("", by_votes);
  // First the rest of those with as many votes, then all with fewer: two walks, each of its index.
  std::string sql = "SELECT * FROM (" + select(" AND votes = ?5 AND position > ?4", "position");
  sql += ") UNION ALL SELECT * FROM (" + select(" AND votes < ?5", by_votes) + ") ORDER BY ";
  return sql.append(by_votes).append(" LIMIT ?3");
}

}  // namespace comments::schema

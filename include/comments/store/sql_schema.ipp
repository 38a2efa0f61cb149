#pragma once
// store/sql_schema.ipp - definitions of store/sql_schema.hpp.

#include <comments/store/sql_schema.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace comments::inline v0::sql_schema {

namespace detail {

inline constexpr std::array all_migrations{migration{1, R"sql(
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
)sql"},
                                           migration{3, R"sql(
CREATE TABLE content_3 (
  content_id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  comments BIGINT NOT NULL,
  status TEXT NOT NULL
);
INSERT INTO content_3
  SELECT content_id, version, comments, iif(status = 'open', '', status) FROM content;
DROP TABLE content;
ALTER TABLE content_3 RENAME TO content;

CREATE TABLE event_3 (
  content_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  kind TEXT NOT NULL,
  comment_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  by_whom TEXT NOT NULL,
  reason TEXT NOT NULL,
  status TEXT NOT NULL,
  text_before TEXT NOT NULL,
  PRIMARY KEY (content_id, version)
) WITHOUT ROWID;
INSERT INTO event_3
  SELECT content_id, version, kind, comment_id, at, '', '', 'published', '' FROM event;
DROP TABLE event;
ALTER TABLE event_3 RENAME TO event;
CREATE INDEX event_by_comment ON event (content_id, comment_id, version)
  WHERE kind IN ('edited', 'moderated', 'removed');

ALTER TABLE comment ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
ALTER TABLE comment ADD COLUMN depth BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comment ADD COLUMN listed BIGINT NOT NULL DEFAULT 1;
ALTER TABLE comment ADD COLUMN reports BIGINT NOT NULL DEFAULT 0;
ALTER TABLE comment ADD COLUMN author_subject TEXT NOT NULL DEFAULT '';
ALTER TABLE comment ADD COLUMN origin TEXT NOT NULL DEFAULT '';
CREATE TABLE comment_depth (
  content_id TEXT NOT NULL,
  id TEXT NOT NULL,
  depth BIGINT NOT NULL,
  PRIMARY KEY (content_id, id)
);
INSERT INTO comment_depth
  WITH RECURSIVE below (content_id, id, depth) AS (
    SELECT content_id, id, 0 FROM comment WHERE parent_id = ''
    UNION ALL
    SELECT reply.content_id, reply.id, below.depth + 1 FROM below JOIN comment AS reply
      ON reply.content_id = below.content_id AND reply.parent_id = below.id
  )
  SELECT content_id, id, depth FROM below WHERE depth > 0;
UPDATE comment SET reply_to = parent_id,
  depth = coalesce((SELECT known.depth FROM comment_depth AS known
    WHERE known.content_id = comment.content_id AND known.id = comment.id), 1)
  WHERE parent_id <> '';
UPDATE comment SET listed = 0 WHERE status <> 'published' AND replies = 0;
DROP TABLE comment_depth;

DROP INDEX comment_by_position;
DROP INDEX comment_by_votes;
CREATE INDEX comment_by_position ON comment (content_id, parent_id, position) WHERE listed = 1;
CREATE INDEX comment_by_votes ON comment (content_id, parent_id, votes DESC, position)
  WHERE listed = 1;
CREATE INDEX comment_by_status ON comment (status, id) WHERE status <> 'published';
CREATE INDEX comment_by_subject ON comment (author_subject, id) WHERE author_subject <> '';
CREATE INDEX comment_by_email ON comment (lower(author_email), id) WHERE author_email <> '';
CREATE INDEX comment_by_origin ON comment (created_at) WHERE origin <> '';

CREATE TABLE vote (
  content_id TEXT NOT NULL,
  comment_id TEXT NOT NULL,
  voter TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (content_id, comment_id, voter)
) WITHOUT ROWID;
CREATE INDEX vote_by_voter ON vote (voter, comment_id);
CREATE INDEX vote_by_origin ON vote (at) WHERE voter >= 'a:' AND voter < 'a;';

CREATE TABLE complaint (
  content_id TEXT NOT NULL,
  comment_id TEXT NOT NULL,
  reporter TEXT NOT NULL,
  reason TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (content_id, comment_id, reporter)
) WITHOUT ROWID;
CREATE INDEX complaint_by_time ON complaint (content_id, comment_id, at);
CREATE INDEX complaint_by_reporter ON complaint (reporter);
CREATE INDEX complaint_by_origin ON complaint (at) WHERE reporter >= 'a:' AND reporter < 'a;';
)sql"},
                                           migration{4, R"sql(
CREATE TABLE deployment (
  position BIGINT NOT NULL PRIMARY KEY,
  id TEXT NOT NULL,
  component TEXT NOT NULL,
  version TEXT NOT NULL,
  responsible TEXT NOT NULL,
  status TEXT NOT NULL,
  run TEXT NOT NULL,
  date BIGINT NOT NULL
);
CREATE INDEX deployment_by_component ON deployment (component, position);
CREATE UNIQUE INDEX deployment_by_run ON deployment (component, run, status) WHERE run <> '';
)sql"},
                                           migration{5, R"sql(
CREATE INDEX comment_visible ON comment (content_id, position) WHERE status = 'published';
ALTER TABLE comment ADD COLUMN email_shown BIGINT NOT NULL DEFAULT 0;
DROP INDEX complaint_by_reporter;
CREATE INDEX complaint_by_reporter ON complaint (reporter, comment_id);
)sql"},
                                           migration{6, R"sql(
ALTER TABLE vote ADD COLUMN browser TEXT NOT NULL DEFAULT '';
CREATE INDEX vote_by_browser ON vote (browser, comment_id) WHERE browser <> '';

CREATE TABLE comment_6 (
  id TEXT NOT NULL,
  content_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  parent_id TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('published', 'pending', 'spam', 'removed')),
  votes BIGINT NOT NULL,
  replies BIGINT NOT NULL,
  depth BIGINT NOT NULL DEFAULT 0,
  listed BIGINT NOT NULL DEFAULT 1,
  reports BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL,
  edited_at BIGINT,
  version BIGINT NOT NULL,
  held BIGINT NOT NULL DEFAULT 0,
  reply_to TEXT NOT NULL DEFAULT '',
  request_key TEXT,
  request_fingerprint BIGINT NOT NULL,
  author_name TEXT NOT NULL,
  author_email TEXT NOT NULL,
  author_url TEXT NOT NULL,
  author_verified BIGINT NOT NULL,
  author_subject TEXT NOT NULL DEFAULT '',
  email_shown BIGINT NOT NULL DEFAULT 0,
  origin TEXT NOT NULL DEFAULT '',
  browser TEXT NOT NULL DEFAULT '',
  body TEXT NOT NULL,
  encoded TEXT NOT NULL DEFAULT '',
  id_rest TEXT AS (substr(id, 1 + 14 * (substr(id, 1, 14) =
    printf('%08x-%04x-', created_at >> 16, created_at & 65535))))
);
INSERT INTO comment_6
  SELECT id, content_id, position, parent_id, status, votes, replies, depth, listed, reports,
    created_at, edited_at, version, 0, reply_to, request_key, request_fingerprint, author_name,
    author_email, author_url, author_verified, author_subject, email_shown, origin, '', body,
    replace(encoded, body, CAST(x'ff' AS TEXT)) FROM comment;
DROP TABLE comment;
ALTER TABLE comment_6 RENAME TO comment;
CREATE UNIQUE INDEX comment_id ON comment (id, content_id);
CREATE UNIQUE INDEX comment_request_key ON comment (content_id, request_key)
  WHERE request_key IS NOT NULL;
CREATE INDEX comment_by_votes ON comment (content_id, parent_id, votes DESC, position,
  created_at, id_rest) WHERE listed = 1;
CREATE INDEX comment_voted ON comment (content_id, parent_id, position, created_at, id_rest)
  WHERE listed = 1 AND votes <> 0;
CREATE INDEX comment_reply ON comment (content_id, position, created_at, id_rest)
  WHERE status = 'published' AND parent_id <> '';
CREATE INDEX comment_by_status ON comment (status, id) WHERE status <> 'published';
CREATE INDEX comment_by_subject ON comment (author_subject, id) WHERE author_subject <> '';
CREATE INDEX comment_by_email ON comment (lower(author_email), id) WHERE author_email <> '';
CREATE INDEX comment_by_origin ON comment (created_at) WHERE origin <> '';
CREATE INDEX comment_waiting ON comment (browser, content_id, id)
  WHERE status = 'pending' AND browser <> '';
CREATE INDEX comment_known ON comment (browser, id)
  WHERE status = 'published' AND held = 1 AND browser <> '';

CREATE TABLE change (
  content_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  kind TEXT NOT NULL,
  comment_id TEXT NOT NULL,
  at BIGINT NOT NULL,
  by_whom TEXT NOT NULL,
  reason TEXT NOT NULL,
  status TEXT NOT NULL,
  text_before TEXT NOT NULL,
  PRIMARY KEY (content_id, version)
) WITHOUT ROWID;
INSERT INTO change SELECT * FROM event WHERE NOT (kind = 'posted' AND by_whom = '' AND
  reason = '' AND status = 'published' AND text_before = '' AND EXISTS (
    SELECT 1 FROM comment WHERE id = event.comment_id AND comment.content_id = event.content_id
    AND position = event.version AND created_at = event.at AND comment.status = 'published'));
DROP TABLE event;
CREATE INDEX change_by_comment ON change (content_id, comment_id, version)
  WHERE kind IN ('edited', 'moderated', 'removed');
CREATE INDEX change_by_decision ON change (at, content_id, version)
  WHERE substr(by_whom, 1, 9) = 'moderator' AND kind <> 'posted';
CREATE INDEX change_by_content_decision ON change (content_id, at, version)
  WHERE substr(by_whom, 1, 9) = 'moderator' AND kind <> 'posted';
CREATE VIEW event AS
  SELECT * FROM change
  UNION ALL
  SELECT content_id, position, CAST('posted' AS TEXT), id, created_at, CAST('' AS TEXT),
      CAST('' AS TEXT), status, CAST('' AS TEXT) FROM comment
    WHERE status = 'published' AND NOT EXISTS (
      SELECT 1 FROM change WHERE change.content_id = comment.content_id AND version = position);
)sql"}};

}  // namespace detail

COMMENTS_INLINE std::span<const migration> migrations() {
  static_assert(detail::all_migrations.back().number == newest);
  return detail::all_migrations;
}

namespace detail {

// Returns one walk along an index: the comments of a content for which `claim` holds.
inline std::string select_comments(std::string_view claim, std::string_view condition = "") {
  std::string sql{"SELECT "};
  sql.append(comment_columns).append(" FROM comment WHERE content_id = ?1 AND ").append(claim);
  return sql.append(condition);
}

inline constexpr std::string_view below_parent = "parent_id = ?2 AND listed = 1";

inline std::string top_sql(std::string_view claim, bool has_cursor) {
  const std::string end = " ORDER BY votes DESC, position LIMIT ?3";
  if (!has_cursor) return select_comments(claim) + end;
  // First the rest of those with as many votes, then all with fewer: two walks, each of its index.
  return "SELECT * FROM (" + select_comments(claim, " AND votes = ?5 AND position > ?4") +
         " ORDER BY position LIMIT ?3) AS equal UNION ALL SELECT * FROM (" +
         select_comments(claim, " AND votes < ?5") + end + ") AS fewer" + end;
}

// Returns several walks, merged by position.
inline std::string merge_sql(std::span<const std::string_view> claims, sort sort, bool has_cursor) {
  const bool is_newest = sort == sort::newest;
  const std::string_view after = is_newest ? " AND position < ?4" : " AND position > ?4";
  std::string sql;
  for (const std::string_view claim : claims)
    sql.append(sql.empty() ? "" : " UNION ALL ")
        .append(select_comments(claim, has_cursor ? after : ""));
  return sql.append(is_newest ? " ORDER BY position DESC" : " ORDER BY position")
      .append(" LIMIT ?3");
}

}  // namespace detail

COMMENTS_INLINE std::string list_sql(scope scope, sort sort, bool has_cursor) {
  const std::string_view claim =
      scope == scope::all ? std::string_view{"status = 'published'"} : detail::below_parent;
  if (sort == sort::top) return detail::top_sql(claim, has_cursor);
  return detail::merge_sql({&claim, 1}, sort, has_cursor);
}

COMMENTS_INLINE std::string merged_list_sql(scope scope, sort sort, bool has_cursor) {
  static constexpr std::array below_parent{
      std::string_view{"parent_id = ?2 AND listed = 1 AND votes = 0"},
      std::string_view{"parent_id = ?2 AND listed = 1 AND votes <> 0"}};
  static constexpr std::array visible{
      std::string_view{"status = 'published' AND listed = 1 AND parent_id = '' AND votes = 0"},
      std::string_view{"status = 'published' AND listed = 1 AND parent_id = '' AND votes <> 0"},
      std::string_view{"status = 'published' AND parent_id <> ''"}};
  const bool is_of_all = scope == scope::all;
  if (sort == sort::top)
    return detail::top_sql(is_of_all ? "status = 'published' AND listed = 1" : detail::below_parent,
                           has_cursor);
  if (is_of_all) return detail::merge_sql(visible, sort, has_cursor);
  return detail::merge_sql(below_parent, sort, has_cursor);
}

// A listed comment that is not published has a row in `change`, so the indexes tell all.
COMMENTS_INLINE std::array<std::string, 4> event_walks() {
  static constexpr std::array posts{
      std::string_view{"listed = 1 AND parent_id = '' AND votes = 0"},
      std::string_view{"listed = 1 AND parent_id = '' AND votes <> 0"},
      std::string_view{"status = 'published' AND parent_id <> ''"}};
  std::array<std::string, 4> walks{
      "SELECT * FROM change WHERE content_id = ?1 AND version > ?2 ORDER BY version"};
  for (std::size_t i = 0; i < posts.size(); ++i)
    walks[i + 1]
        .append(
            "SELECT content_id, position, 'posted', id_rest, created_at, '', '', 'published', '' "
            "FROM comment WHERE content_id = ?1 AND position > ?2 AND ")
        .append(posts[i])
        .append(" ORDER BY position");
  return walks;
}

// The second condition on status, subject, e-mail or browser is that of a partial index, which the
// database can use then.
COMMENTS_INLINE std::string search_sql(const search& wanted, const std::string& find) {
  std::string sql{"SELECT "};
  sql.append(comment_columns).append(" FROM comment WHERE id > ?1");
  const bool is_of_browser = !wanted.browser.empty();
  if (wanted.status) sql += " AND status = ?3";
  if (wanted.status && is_of_browser)
    sql.append(" AND status = '").append(to_text(*wanted.status)).append("'");
  else if (wanted.status && *wanted.status != status::published)
    sql += " AND status <> 'published'";
  if (!wanted.subject.empty()) sql += " AND author_subject = ?4 AND author_subject <> ''";
  if (!wanted.email.empty()) sql += " AND lower(author_email) = ?5 AND author_email <> ''";
  if (wanted.verified) sql += " AND author_verified = ?6";
  if (!wanted.content_id.empty()) sql += " AND content_id = ?8";
  if (is_of_browser) sql += " AND browser = ?9 AND browser <> '' AND held = 1";
  if (!wanted.text.empty())
    sql += " AND (" + find + "(lower(body), ?7) > 0 OR " + find + "(lower(author_name), ?7) > 0)";
  return sql + " ORDER BY id LIMIT ?2";
}

// The conditions on `by_whom` and `kind` are those of partial indexes.
COMMENTS_INLINE std::string decisions_sql(bool has_content, bool has_place,
                                          std::string_view events) {
  std::string sql{"SELECT "};
  sql.append(event_columns).append(" FROM ").append(events);
  sql += " WHERE substr(by_whom, 1, 9) = 'moderator' AND kind <> 'posted'";
  if (has_content) sql += " AND content_id = ?2";
  if (has_place) sql += " AND (at, content_id, version) < (?3, ?4, ?5)";
  return sql + " ORDER BY at DESC, content_id DESC, version DESC LIMIT ?1";
}

COMMENTS_INLINE std::string recorded_sql() {
  std::string sql{"SELECT "};
  return sql.append(deployment_columns)
      .append(" FROM deployment WHERE component = ?1 AND run = ?2 AND status = ?3 AND run <> ''");
}

COMMENTS_INLINE std::string record_sql() {
  std::string sql{"INSERT INTO deployment ("};
  return sql.append(deployment_columns).append(") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
}

COMMENTS_INLINE std::string deployments_sql(bool has_component) {
  std::string sql{"SELECT "};
  sql.append(deployment_columns).append(" FROM deployment WHERE position < ?1");
  if (has_component) sql += " AND component = ?3";
  return sql + " ORDER BY position DESC LIMIT ?2";
}

}  // namespace comments::inline v0::sql_schema

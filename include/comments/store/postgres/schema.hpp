#pragma once
// store/postgres/schema.hpp - the tables as PostgreSQL has them, and how a database gets them.
//
// The numbers are those of `store/sql_schema.hpp`: the same number means the same columns. There is
// no sequence, trigger or foreign key, and each unique constraint contains content_id (except in
// the log of deployments), so that the tables can be spread over machines by it. Text compares by
// its bytes (COLLATE "C"), as in every other store.
//
// The database says which schema it has, and the oldest that a program may know to work with it
// (rows `schema` and `schema_min` of `setting`): a program that is older than a migration goes on
// working as long as the migration only adds to what was there.
//
//   if (const auto migrated = postgres::migrate(options, 10min); !migrated)
//     return fail(migrated.error().message);

#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::postgres {

struct migration {
  int number{};
  int works_with{};        // the oldest schema that a program may know and still run on this one
  std::string_view sql{};  // statements; each ends with ";" and its line
};

// Oldest first. A released one never changes.
inline constexpr std::array migrations{migration{3, 3, R"sql(
CREATE TABLE content (
  content_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  comments BIGINT NOT NULL,
  status TEXT COLLATE "C" NOT NULL
);
CREATE TABLE comment (
  content_id TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  parent_id TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  author_name TEXT COLLATE "C" NOT NULL,
  author_email TEXT COLLATE "C" NOT NULL,
  author_url TEXT COLLATE "C" NOT NULL,
  author_verified BIGINT NOT NULL,
  author_subject TEXT COLLATE "C" NOT NULL,
  body TEXT COLLATE "C" NOT NULL,
  votes BIGINT NOT NULL,
  replies BIGINT NOT NULL,
  reports BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  edited_at BIGINT,
  version BIGINT NOT NULL,
  request_key TEXT COLLATE "C",
  request_fingerprint BIGINT NOT NULL,
  encoded TEXT COLLATE "C" NOT NULL,
  reply_to TEXT COLLATE "C" NOT NULL,
  depth BIGINT NOT NULL,
  listed BIGINT NOT NULL,
  origin TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (content_id, position)
);
CREATE UNIQUE INDEX comment_id ON comment (id, content_id);
CREATE UNIQUE INDEX comment_request_key ON comment (content_id, request_key)
  WHERE request_key IS NOT NULL;
CREATE INDEX comment_by_position ON comment (content_id, parent_id, position) WHERE listed = 1;
CREATE INDEX comment_by_votes ON comment (content_id, parent_id, votes DESC, position)
  WHERE listed = 1;
CREATE INDEX comment_by_status ON comment (status, id) WHERE status <> 'published';
CREATE INDEX comment_by_subject ON comment (author_subject, id) WHERE author_subject <> '';
CREATE INDEX comment_by_email ON comment (lower(author_email), id) WHERE author_email <> '';
CREATE INDEX comment_by_origin ON comment (created_at) WHERE origin <> '';
CREATE TABLE event (
  content_id TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  comment_id TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  by_whom TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  text_before TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (content_id, version)
);
CREATE INDEX event_by_comment ON event (content_id, comment_id, version)
  WHERE kind IN ('edited', 'moderated', 'removed');
CREATE TABLE vote (
  content_id TEXT COLLATE "C" NOT NULL,
  comment_id TEXT COLLATE "C" NOT NULL,
  voter TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (content_id, comment_id, voter)
);
CREATE INDEX vote_by_voter ON vote (voter, comment_id);
CREATE INDEX vote_by_origin ON vote (at) WHERE voter >= 'a:' AND voter < 'a;';
CREATE TABLE complaint (
  content_id TEXT COLLATE "C" NOT NULL,
  comment_id TEXT COLLATE "C" NOT NULL,
  reporter TEXT COLLATE "C" NOT NULL,
  reason TEXT COLLATE "C" NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (content_id, comment_id, reporter)
);
CREATE INDEX complaint_by_time ON complaint (content_id, comment_id, at);
CREATE INDEX complaint_by_reporter ON complaint (reporter);
CREATE INDEX complaint_by_origin ON complaint (at) WHERE reporter >= 'a:' AND reporter < 'a;';
CREATE TABLE bucket (
  content_id TEXT COLLATE "C" NOT NULL,
  client TEXT COLLATE "C" NOT NULL,
  level BIGINT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (content_id, client)
);
CREATE INDEX bucket_by_time ON bucket (at);
)sql"},
                                       migration{4, 3, R"sql(
CREATE TABLE deployment (
  position BIGINT NOT NULL PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL,
  component TEXT COLLATE "C" NOT NULL,
  version TEXT COLLATE "C" NOT NULL,
  responsible TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  run TEXT COLLATE "C" NOT NULL,
  date BIGINT NOT NULL
);
CREATE INDEX deployment_by_component ON deployment (component, position);
CREATE UNIQUE INDEX deployment_by_run ON deployment (component, run, status) WHERE run <> '';
)sql"},
                                       migration{5, 3, R"sql(
CREATE INDEX comment_visible ON comment (content_id, position) WHERE status = 'published';
ALTER TABLE comment ADD COLUMN email_shown BIGINT NOT NULL DEFAULT 0;
DROP INDEX complaint_by_reporter;
CREATE INDEX complaint_by_reporter ON complaint (reporter, comment_id);
)sql"},
                                       migration{6, 3, R"sql(
ALTER TABLE comment ADD COLUMN browser TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE comment ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
CREATE INDEX comment_waiting ON comment (browser, content_id, id)
  WHERE status = 'pending' AND browser <> '';
CREATE INDEX comment_known ON comment (browser, id)
  WHERE status = 'published' AND held = 1 AND browser <> '';
ALTER TABLE vote ADD COLUMN browser TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX vote_by_browser ON vote (browser, comment_id) WHERE browser <> '';
CREATE INDEX event_by_decision ON event (at, content_id, version)
  WHERE substr(by_whom, 1, 9) = 'moderator' AND kind <> 'posted';
CREATE INDEX event_by_content_decision ON event (content_id, at, version)
  WHERE substr(by_whom, 1, 9) = 'moderator' AND kind <> 'posted';
)sql"}};

// The newest schema that this program knows.
inline constexpr int newest = migrations.back().number;

// Makes the tables, or brings them to the newest schema, in one transaction. A database that has it
// already is only read, so its user needs no right to change tables. If another process migrates,
// waits for it, for at most `wait`. Returns `unavailable`, with a sentence for the operator, if the
// database cannot be reached or upgraded, belongs to another program, or has a schema that this
// program is too old for.
result<done> migrate(connection_options options, std::chrono::milliseconds wait);

// Returns which schema a database has, 0 if none; the error is one of those of `migrate`.
result<int> read_schema(connection& on);

// Returns the key that every process signs with.
result<std::string> read_key(const connection_options& options);
// Returns a new one, as `setting` holds it: in hexadecimal digits.
std::string make_key();

// Returns a value of `setting`, or nothing if there is none or the transaction failed. `lock` is
// appended to the statement.
std::optional<std::string> read_setting(transaction& reading, std::string_view name,
                                        std::string_view lock = "");

// Returns a statement of `store/sql_schema.hpp`, whose parameters are ?1, ?2 …, with $1, $2 …
std::string with_dollars(std::string sql);

// Sends statements of which each ends with ";" and its line, one by one: a prepared statement must
// be alone.
void send_all(transaction& to, std::string_view sql);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/schema.ipp>
#endif

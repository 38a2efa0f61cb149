#pragma once
// store/postgres/schema.hpp - the tables as PostgreSQL has them, and how a database comes to them.
//
// The numbers are those of `schema.hpp`: the same number is the same content in the same columns.
// There is no sequence, trigger or foreign key, and no unique constraint without content_id, so
// that the tables can be spread over machines by it. Text compares by its bytes (COLLATE "C"), as
// in every other store.
//
// The database says which schema it has, and the oldest that a program may know to work with it
// (rows `schema` and `schema_min` of `setting`): a node that is older than a migration goes on
// working as long as that migration only adds to what was there.
//
//   if (auto is = postgres::bring_up_to_date(options, wait); !is) return is.error();

#include <comments/id.hpp>
#include <comments/result.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/sql_schema.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace comments::postgres {

struct migration {
  int number{};
  int works_with{};  // the oldest schema that a program may know and still run on this one
  std::string_view sql{};
};

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
)sql"}};

inline constexpr int newest = migrations.back().number;

// A statement of `schema.hpp`, whose parameters are ?1, ?2 …
inline std::string with_dollars(std::string sql) {
  for (char& c : sql)
    if (c == '?') c = '$';
  return sql;
}

// Asks for each statement of a text of several, each of which ends its line: a prepared one can
// only be alone.
inline void ask_all(work& to, std::string_view sql) {
  while (!sql.empty()) {
    const std::size_t end = sql.find(";\n");
    const std::string_view one = sql.substr(0, end);
    if (one.find_first_not_of(" \n") != one.npos) to.ask(one);
    sql.remove_prefix(end == sql.npos ? sql.size() : end + 1);
  }
}

inline std::optional<std::string> read_setting(work& reading, std::string_view name,
                                               std::string_view lock = "") {
  const auto place =
      reading.ask(std::string{"SELECT value FROM setting WHERE name = $1"}.append(lock), name);
  if (!reading.run() || reading.rows(place).empty()) return std::nullopt;
  return reading.rows(place).text(0, 0);
}

inline int to_number(const std::optional<std::string>& text) {
  int number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

// Which schema a database has, 0 if none; refused if this program is too old for it.
inline result<int> read_schema(connection& on) {
  const error not_ours = refused("it belongs to another program");
  work reading{on, work::single};
  // Ours have `setting` before any other table.
  const auto tables = reading.ask(
      "SELECT to_regclass('setting')::text, count(to_regclass(name)) FROM unnest(ARRAY['content', "
      "'comment', 'event', 'vote', 'complaint', 'deployment', 'bucket']) AS name");
  if (!reading.run()) return refused(no_answer);
  const rows named = reading.rows(tables);
  if (named.is_null(0, 0)) return named.number(0, 1) == 0 ? result<int>{0} : not_ours;
  const int found = to_number(read_setting(reading, "schema"));
  const int least = to_number(read_setting(reading, "schema_min"));
  if (reading.failed() != failure::none) return not_ours;
  if (least > newest)
    return refused("a newer version of this program wrote it (its schema is " +
                   std::to_string(found) + ", this program knows " + std::to_string(newest) + ")");
  return found;
}

// Of several that do this at once, one makes the table; another's attempt fails, which is as good.
inline void make_settings(connection& on) {
  work making{on, work::writing};
  making.ask(
      "CREATE TABLE IF NOT EXISTS setting (name TEXT COLLATE \"C\" NOT NULL PRIMARY KEY, "
      "value TEXT COLLATE \"C\" NOT NULL)");
  making.commit();
}

// In hexadecimal digits, as the SQL stores keep it.
inline std::string make_key() {
  std::string hex;
  for (const std::uint8_t byte : random_bytes<32>()) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex.append({digits[byte >> 4], digits[byte & 15]});
  }
  return hex;
}

// All of it in one transaction, by one node; the others wait for its row, and find nothing to do.
inline bool migrate(connection& on) {
  work migrating{on, work::writing};
  migrating.ask("INSERT INTO setting VALUES ('schema', '0') ON CONFLICT (name) DO NOTHING");
  migrating.ask("INSERT INTO setting VALUES ('schema_min', '0') ON CONFLICT (name) DO NOTHING");
  const int found = to_number(read_setting(migrating, "schema", " FOR UPDATE"));
  if (migrating.failed() != failure::none || found >= newest)
    return migrating.failed() == failure::none;
  for (const migration& step : migrations) {
    if (step.number <= found) continue;
    ask_all(migrating, step.sql);
    migrating.ask("UPDATE setting SET value = $1 WHERE name = 'schema'",
                  std::to_string(step.number));
    migrating.ask("UPDATE setting SET value = $1 WHERE name = 'schema_min'",
                  std::to_string(step.works_with));
  }
  migrating.ask("INSERT INTO setting VALUES ('signing_key', $1) ON CONFLICT (name) DO NOTHING",
                make_key());
  return migrating.commit();
}

// Makes the tables, or brings them to the newest schema; does nothing to a database that has it,
// for which its user needs no right to. Waits up to `wait` for another node that does it.
inline result<done> bring_up_to_date(server_options options, std::chrono::milliseconds wait) {
  options.statement_wait = options.lock_wait = wait;
  auto opened = connect(options);
  if (!opened) return std::move(opened).error();
  for (int attempts = 0; attempts < 3; ++attempts) {
    const auto found = read_schema(**opened);
    if (!found) return found.error();
    if (*found >= newest) return ok();
    make_settings(**opened);
    migrate(**opened);
    if ((*opened)->is_lost()) break;
  }
  return refused("its schema cannot be brought up to date");
}

// The key that every node signs with.
inline result<std::string> read_key(const server_options& options) {
  auto opened = connect(options);
  if (!opened) return std::move(opened).error();
  work reading{**opened, work::single};
  const std::string hex = read_setting(reading, "signing_key").value_or("");
  std::string key;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    key += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  if (key.size() != 32) return refused("it is damaged: its signing key is missing");
  return key;
}

}  // namespace comments::postgres

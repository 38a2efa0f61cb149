#pragma once
// store/postgres/schema.ipp - definitions of store/postgres/schema.hpp.

#include <comments/store/postgres/schema.hpp>

#include <comments/id.hpp>
#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/values.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace comments::inline v0::postgres {

COMMENTS_INLINE std::string with_dollars(std::string sql) {
  for (char& c : sql)
    if (c == '?') c = '$';
  return sql;
}

COMMENTS_INLINE void send_all(transaction& to, std::string_view sql) {
  while (!sql.empty()) {
    const std::size_t end = sql.find(";\n");
    const std::string_view statement = sql.substr(0, end);
    if (statement.find_first_not_of(" \n") != statement.npos) to.send(statement);
    sql.remove_prefix(end == sql.npos ? sql.size() : end + 1);
  }
}

COMMENTS_INLINE std::optional<std::string> read_setting(transaction& reading, std::string_view name,
                                                        std::string_view lock) {
  const auto place =
      reading.send(std::string{"SELECT value FROM setting WHERE name = $1"}.append(lock), name);
  if (!reading.receive() || reading.rows(place).empty()) return std::nullopt;
  return reading.rows(place).text(0, 0);
}

namespace detail {

inline int to_number(const std::optional<std::string>& text) {
  int number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

// Makes the table that says which schema there is. If several processes do this at once, one of
// them succeeds, which is enough for all.
inline void make_settings(connection& on) {
  transaction making{on, transaction::writing};
  making.send(
      "CREATE TABLE IF NOT EXISTS setting (name TEXT COLLATE \"C\" NOT NULL PRIMARY KEY, "
      "value TEXT COLLATE \"C\" NOT NULL)");
  making.commit();
}

// Runs all migrations that are missing in one transaction. Other processes wait at the row
// `schema`, and find nothing to do.
inline void run_migrations(connection& on) {
  transaction migrating{on, transaction::writing};
  migrating.send("INSERT INTO setting VALUES ('schema', '0') ON CONFLICT (name) DO NOTHING");
  migrating.send("INSERT INTO setting VALUES ('schema_min', '0') ON CONFLICT (name) DO NOTHING");
  const int found = to_number(read_setting(migrating, "schema", " FOR UPDATE"));
  if (migrating.failed() != failure::none || found >= newest) return;
  for (const migration& step : migrations) {
    if (step.number <= found) continue;
    send_all(migrating, step.sql);
    migrating.send("UPDATE setting SET value = $1 WHERE name = 'schema'",
                   std::to_string(step.number));
    migrating.send("UPDATE setting SET value = $1 WHERE name = 'schema_min'",
                   std::to_string(step.works_with));
  }
  migrating.send("INSERT INTO setting VALUES ('signing_key', $1) ON CONFLICT (name) DO NOTHING",
                 make_key());
  migrating.commit();
}

}  // namespace detail

COMMENTS_INLINE result<int> read_schema(connection& on) {
  const error not_ours = unusable("it belongs to another program");
  transaction reading{on, transaction::autocommit};
  // Our databases have `setting` before any other table.
  const auto tables = reading.send(
      "SELECT to_regclass('setting')::text, count(to_regclass(name)) FROM unnest(ARRAY['content', "
      "'comment', 'event', 'vote', 'complaint', 'deployment', 'bucket']) AS name");
  if (!reading.receive()) return unusable(no_answer);
  const rows named = reading.rows(tables);
  if (named.is_null(0, 0)) return named.number(0, 1) == 0 ? result<int>{0} : not_ours;
  const int found = detail::to_number(read_setting(reading, "schema"));
  const int least = detail::to_number(read_setting(reading, "schema_min"));
  if (reading.failed() == failure::disconnected) return unusable(no_answer);
  if (reading.failed() != failure::none) return not_ours;
  if (least > newest)
    return unusable("a newer version of this program wrote it (its schema is " +
                    std::to_string(found) + ", this program knows " + std::to_string(newest) + ")");
  return found;
}

COMMENTS_INLINE result<done> migrate(connection_options options, std::chrono::milliseconds wait) {
  options.statement_wait = options.lock_wait = wait;
  auto opened = connect(options);
  if (!opened) return std::move(opened).error();
  connection& on = **opened;
  for (int attempts = 0; attempts < 3; ++attempts) {
    const auto found = read_schema(on);
    if (!found) return found.error();
    if (*found >= newest) return ok();
    detail::make_settings(on);
    detail::run_migrations(on);
    if (on.check_lost()) return unusable(no_answer);
  }
  return unusable("its schema cannot be brought up to date");
}

COMMENTS_INLINE std::string make_key() {
  std::string hex;
  for (const std::uint8_t byte : random_bytes<32>()) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex.append({digits[byte >> 4], digits[byte & 15]});
  }
  return hex;
}

COMMENTS_INLINE result<std::string> read_key(const connection_options& options) {
  auto opened = connect(options);
  if (!opened) return std::move(opened).error();
  transaction reading{**opened, transaction::autocommit};
  const std::string hex = read_setting(reading, "signing_key").value_or("");
  if (reading.failed() == failure::disconnected) return unusable(no_answer);
  std::string key;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    key += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  }
  if (key.size() != 32) return unusable("it is damaged: its signing key is missing");
  return key;
}

}  // namespace comments::inline v0::postgres

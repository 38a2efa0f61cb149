#pragma once
// store/sqlite/schema.ipp - definitions of store/sqlite/schema.hpp.

#include <comments/store/sqlite/schema.hpp>

#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/database_file.hpp>

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

namespace comments::inline v0::sqlite {

namespace detail {

// Returns why a file is not ours to migrate, having changed nothing; empty if it is.
inline std::string ownership_problem(connection& on, std::int64_t version) {
  const bool is_ours = on.number("PRAGMA application_id") == application_id;
  const bool is_empty = on.number("SELECT count(*) FROM sqlite_schema") == 0;
  if (on.failed()) return "it is no SQLite database, or damaged";
  if (!is_ours && !is_empty) return "it belongs to another program";
  if (version > sql_schema::newest)
    return "a newer version of this program wrote it (its schema is " + std::to_string(version) +
           ", this program knows " + std::to_string(sql_schema::newest) + ")";
  return "";
}

// Turns the write-ahead log on. Returns whether it is on.
inline bool turn_log_on(connection& on) {
  auto row = on.prepare("PRAGMA journal_mode = WAL");
  return row.step() && row.text(0) == "wal";
}

// Writes all that the file holds to `copy`, which is whole once it has that name.
inline bool copy_to(connection& on, const std::string& copy) {
  const std::string unfinished = copy + "-copying";
  std::error_code failed;
  std::filesystem::remove(unfinished, failed);  // what one that was ended has left
  const int made = open_private(unfinished);
  if (made < 0) return false;
  ::close(made);
  on.run("VACUUM INTO ?1", unfinished);
  const bool is_whole = !on.failed() && sync(unfinished);
  if (is_whole && ::rename(unfinished.c_str(), copy.c_str()) == 0) return sync(folder_of(copy));
  std::filesystem::remove(unfinished, failed);
  return false;
}

inline bool run_migrations(connection& on, std::int64_t version) {
  transaction work{on, "BEGIN IMMEDIATE"};
  for (const sql_schema::migration& step : sql_schema::migrations())
    if (step.number > version) work->execute(std::string{step.sql});
  if (version == 0)
    work->execute("INSERT INTO setting VALUES ('signing_key', lower(hex(randomblob(32))))");
  work->execute("PRAGMA application_id = " + std::to_string(application_id) +
                "; PRAGMA user_version = " + std::to_string(sql_schema::newest));
  return work->commit();
}

inline std::string read_setting(connection& on, std::string_view name) {
  auto row = on.prepare("SELECT value FROM setting WHERE name = ?1", name);
  return row.step() ? row.text(0) : "";
}

}  // namespace detail

COMMENTS_INLINE std::string path_before(const std::string& path) {
  return path + ".before-" + std::to_string(sql_schema::newest);
}

COMMENTS_INLINE result<done> migrate(connection& on, const std::string& path) {
  const std::int64_t version = on.number("PRAGMA user_version");
  if (const auto problem = detail::ownership_problem(on, version); !problem.empty())
    return unusable(problem);
  if (!detail::turn_log_on(on)) return unusable("it cannot be written");
  if (version == sql_schema::newest) return ok();
  if (version > 0 && !path.empty() && !detail::copy_to(on, path_before(path)))
    return unusable("it has an older schema, and cannot be copied to " + path_before(path) +
                    " before that is changed");
  on.execute("PRAGMA foreign_keys = OFF");  // a table that others refer to may be made anew
  if (!detail::run_migrations(on, version) || !on.execute("PRAGMA foreign_keys = ON"))
    return unusable("it cannot be written");
  return ok();
}

COMMENTS_INLINE std::uint32_t mark_anew(connection& on) {
  {
    transaction work{on, "BEGIN IMMEDIATE"};
    const std::int64_t before = work->number("PRAGMA schema_version");
    std::int64_t mark = work->number("SELECT random() & 0x7fffffff");
    if (mark == before) ++mark;
    work->execute("PRAGMA schema_version = " + std::to_string(mark));
    work->commit();  // without it the file keeps the mark that it has
  }
  transaction reading{on, "BEGIN"};
  return static_cast<std::uint32_t>(reading->number("PRAGMA schema_version"));
}

COMMENTS_INLINE std::string read_key(connection& on) {
  const std::string hex = detail::read_setting(on, "signing_key");
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string key;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    key += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return key;
}

COMMENTS_INLINE std::uint64_t read_epoch(connection& on) {
  return parse_epoch(detail::read_setting(on, "epoch")).value_or(0);
}

COMMENTS_INLINE std::uint64_t renew_epoch(connection& on) {
  const std::uint64_t made = make_epoch();
  transaction work{on, "BEGIN IMMEDIATE"};
  work->run("INSERT INTO setting VALUES ('epoch', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
            epoch_text(made));
  return work->commit() ? made : 0;
}

}  // namespace comments::inline v0::sqlite

#pragma once
// store/sqlite/backup.ipp - definitions of store/sqlite/backup.hpp.

#include <comments/store/sqlite/backup.hpp>

#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/check.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/database_file.hpp>
#include <comments/store/sqlite/log_file.hpp>
#include <comments/store/sqlite/schema.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace comments::inline v0::sqlite {

namespace detail {

inline constexpr std::array<const char*, 3> companions{"-wal", "-shm", "-journal"};

inline bool is_there(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

// Removes a file that has not become anything, and what SQLite put beside it.
class unfinished_file final {
 public:
  explicit unfinished_file(std::string path) : path_{std::move(path)} {}
  unfinished_file(const unfinished_file&) = delete;
  unfinished_file& operator=(const unfinished_file&) = delete;
  ~unfinished_file() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
    for (const char* const end : companions) std::filesystem::remove(path_ + end, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

// Gives a file the name `to`, unless something has it. Returns whether it has it now.
inline bool publish(const std::string& path, const std::string& to) {
  if (::link(path.c_str(), to.c_str()) == 0) return true;
  if (errno == EEXIST || is_there(to)) return false;
  return ::rename(path.c_str(), to.c_str()) == 0;  // a file system without links
}

inline error failed(std::string_view what, std::string_view why) {
  return {errc::unavailable, std::string{what}.append(": ").append(why).append(".")};
}

// Waits for a moment if the file's own process has just begun its log anew: then what was noted and
// what is read may be of two moments.
inline std::string steady_log_problem(const std::string& path) {
  for (int tries = 0;; ++tries) {
    const auto noted = to_log_origin(file_reader{path + "-lock"}.read(0, 1024));
    std::string problem = log_problem(path, noted);
    if (problem.empty() || tries == 10) return problem;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

// Copies a file to a new one, durably. Returns whether all of it is there.
inline bool copy_file(const std::string& from, const std::string& to) {
  const file_reader source{from};
  const int target = open_private(to);
  if (target < 0) return false;
  bool is_well = true;
  for (std::int64_t at = 0; is_well;) {
    const std::string bytes = source.read(at, std::size_t{1} << 20);
    if (bytes.empty()) break;
    const auto count = ::pwrite(target, bytes.data(), bytes.size(), at);
    is_well = count > 0;
    at += count;
  }
  is_well = ::fsync(target) == 0 && is_well;
  ::close(target);
  std::error_code ignored;
  return is_well &&
         std::filesystem::file_size(from, ignored) == std::filesystem::file_size(to, ignored);
}

// Whether each page is as it should be, and each index says what its table says.
inline bool is_whole(connection& on) {
  auto found = on.prepare("PRAGMA integrity_check(1)");
  return found.step() && found.text(0) == "ok";
}

// Returns why a file is no database of comments that can be served, or nothing. Plays its log into
// it, if it has one.
inline std::string backup_problem(const std::string& path, std::int64_t& comments) {
  const auto opened = connect({.path = path, .may_be_made = false});
  if (!opened) return "it is no SQLite database, or damaged";
  connection& on = **opened;
  const std::int64_t version = on.number("PRAGMA user_version");
  if (on.number("PRAGMA application_id") != application_id || version == 0)
    return on.failed() ? "it is no SQLite database, or damaged" : "it is no database of comments";
  if (version > sql_schema::newest) return "a newer version of this program wrote it";
  if (!is_whole(on) || read_key(on).size() != 32) return "it is damaged";
  comments = on.number("SELECT count(*) FROM comment");
  // What was said since the backup is gone, and its versions will be made again.
  if (renew_epoch(on) == 0) return "it cannot be written";
  on.checkpoint(checkpoint_mode::truncate, std::chrono::milliseconds{0});
  return on.failed() ? "it cannot be read" : "";
}

// Copies a database that nothing writes to, with its log. Returns the problem, if there is one.
inline std::string copy_database(const std::string& from, const std::string& to) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(from, ignored)) return "it is no file";
  if (::access(from.c_str(), R_OK) != 0) return "it cannot be read";
  if (header_problem(from) != "" || read_header(from).empty())
    return "it is no SQLite database, or damaged";
  if (std::string problem = steady_log_problem(from); !problem.empty()) return problem;
  if (!copy_file(from, to)) return "it cannot be copied to the folder of the database";
  for (const char* const end : {"-wal", "-journal"})
    if (is_there(from + end) && !copy_file(from + end, to + end))
      return "its log cannot be copied to the folder of the database";
  return "";
}

// Returns a name for the database before that nothing has.
inline std::string name_kept(const std::string& path, instant now) {
  std::string time = to_rfc3339(now).substr(0, 19);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  const std::string name = path + ".before-" + time + "Z";
  for (int number = 1;; ++number) {
    std::string kept = number == 1 ? name : name + "-" + std::to_string(number);
    if (!is_there(kept) && !is_there(kept + "-wal-of-another")) return kept;
  }
}

// Plays a log into its database. Returns whether that is done, or cannot be because the file is
// damaged; not if another tool reads it, or the disk is full.
inline bool play_log(const std::string& path) {
  bool is_damaged = false;
  const auto note = [&](severity found, std::string_view) {
    is_damaged |= found == severity::damage;
  };
  const auto opened = connect({.path = path, .on_failure = note, .may_be_made = false});
  return !opened || is_damaged ||
         (*opened)->checkpoint(checkpoint_mode::truncate, std::chrono::milliseconds{0}) ||
         is_damaged;
}

// Makes a database stand alone: plays its log into it. Where that cannot be, because the log is
// another file's or the file is damaged, moves the log away, so that nothing plays it.
inline bool settle(const database_claim& old, const std::string& kept) {
  const bool is_its_own = log_problem(old.path, old.lock->noted()).empty();
  if (is_its_own && is_there(old.path) && !play_log(old.path)) return false;
  for (const char* const end : {"-wal", "-journal"}) {
    if (!is_there(old.path + end)) continue;
    const std::string to = kept + end + (is_its_own ? "" : "-of-another");
    if (::rename((old.path + end).c_str(), to.c_str()) != 0) return false;
  }
  std::error_code ignored;
  std::filesystem::remove(old.path + "-shm", ignored);
  return sync(folder_of(old.path));
}

}  // namespace detail

COMMENTS_INLINE result<backup_result> back_up(const std::string& from, const std::string& to) {
  constexpr std::string_view what = "The backup cannot be made";
  std::error_code ignored;
  if (!std::filesystem::exists(from, ignored))
    return error{errc::not_found, "There is no database to back up."};
  if (detail::is_there(to)) return error{errc::conflict, "There is a file of that name already."};
  const auto place = std::filesystem::weakly_canonical(from, ignored).string();
  if (const auto problem = header_problem(place); !problem.empty()) return unusable(problem);
  if (const auto problem = detail::steady_log_problem(place); !problem.empty())
    return unusable(problem);
  std::string name = to + ".XXXXXX";
  const int made = ::mkstemp(name.data());
  if (made < 0) return detail::failed(what, "its file cannot be made");
  static_cast<void>(::fchmod(made, 0600));  // whatever the umask
  ::close(made);
  const detail::unfinished_file unfinished{name};
  std::string why = "the database cannot be read";
  const auto opened = connect({.path = place,
                               .on_failure = [&](severity, std::string_view said) { why = said; },
                               .may_be_made = false});
  if (!opened) return opened.error();
  if ((*opened)->number("PRAGMA application_id") != application_id)
    return unusable("it is no database of comments");
  (*opened)->run("VACUUM INTO ?1", name);
  if ((*opened)->failed() || !sync(name)) return detail::failed(what, why);
  const auto size = std::filesystem::file_size(name, ignored);
  if (!detail::publish(name, to)) return detail::failed(what, "there is a file of that name now");
  if (!sync(folder_of(to))) return detail::failed(what, "its folder is not synced");
  return backup_result{to, size};
}

COMMENTS_INLINE result<restore_result> restore(const std::string& from, const std::string& to,
                                               instant now) {
  constexpr std::string_view what = "The backup cannot be restored";
  std::error_code ignored;
  if (!std::filesystem::exists(from, ignored))
    return error{errc::not_found, "There is no such backup."};
  if (std::filesystem::equivalent(from, to, ignored))
    return detail::failed(what, "it is the database itself");
  const auto claimed = claim_path(to);
  if (!claimed) return claimed.error();
  finish_restore(claimed->path);
  const auto source = std::filesystem::weakly_canonical(from, ignored).string();
  if (detail::is_there(source + "-lock")) {
    const file_lock lock{source + "-lock"};
    if (lock.is_possible() && !lock.is_held())
      return detail::failed(what, "a process is using it; `comments-server backup` copies it");
  }
  const detail::unfinished_file copied{claimed->path + "-copying"};
  static_cast<void>(detail::unfinished_file{copied.path()});  // what one before has left
  restore_result done{.path = claimed->path};
  if (const auto problem = detail::copy_database(source, copied.path()); !problem.empty())
    return detail::failed(what, problem);
  if (const auto problem = detail::backup_problem(copied.path(), done.comments); !problem.empty())
    return detail::failed(what, problem);
  const std::string kept = detail::name_kept(claimed->path, now),
                    ready = restored_path(claimed->path);
  if (!sync(copied.path()) || !detail::settle(*claimed, kept))
    return detail::failed(what,
                          "the database that it replaces cannot be closed; does a tool use it?");
  if (::rename(copied.path().c_str(), ready.c_str()) != 0)
    return detail::failed(what, "the folder cannot be written");
  if (detail::is_there(claimed->path)) {
    if (::rename(claimed->path.c_str(), kept.c_str()) != 0)
      return detail::failed(what, "the folder cannot be written");
    done.kept = kept;
  }
  if (::rename(ready.c_str(), claimed->path.c_str()) != 0 || !sync(folder_of(claimed->path)))
    return detail::failed(what, "the folder cannot be written");
  return done;
}

}  // namespace comments::inline v0::sqlite

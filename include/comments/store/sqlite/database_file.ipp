#pragma once
// store/sqlite/database_file.ipp - definitions of store/sqlite/database_file.hpp.

#include <comments/store/sqlite/database_file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace comments::inline v0::sqlite {

namespace detail {

// Returns why a database cannot be at this path, without opening it; empty if it can.
inline std::string_view path_problem(const std::filesystem::path& path) {
  std::error_code ignored;
  if (path.empty() || std::filesystem::is_directory(path, ignored))
    return "it cannot be opened for writing";
  // Each name would have a log of its own, and the file would be torn between them.
  if (std::filesystem::is_regular_file(path, ignored) &&
      std::filesystem::hard_link_count(path, ignored) > 1)
    return "the file has a second name (a hard link)";
  return "";
}

}  // namespace detail

COMMENTS_INLINE error unusable(std::string_view problem) {
  return {errc::unavailable, std::string{"The database cannot be used: "}.append(problem) + "."};
}

COMMENTS_INLINE std::string_view header_problem(const std::string& path) {
  const std::string found = read_header(path).substr(0, database_magic.size());
  return found.empty() || found == database_magic ? "" : "it is no SQLite database, or damaged";
}

COMMENTS_INLINE int open_private(const std::string& path) {
  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  static_cast<void>(::fchmod(made, 0600));
  struct stat folder {};
  if (::geteuid() == 0 && ::stat(folder_of(path).c_str(), &folder) == 0)
    static_cast<void>(!::fchown(made, folder.st_uid, folder.st_gid));
  return made;
}

COMMENTS_INLINE bool sync(const std::string& path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (opened < 0) return false;
  const bool is_synced = ::fsync(opened) == 0;
  ::close(opened);
  return is_synced;
}

COMMENTS_INLINE std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path{path}.parent_path();
  return parent.empty() ? "." : parent.string();
}

COMMENTS_INLINE file_lock::file_lock(std::string path)
    : path_{std::move(path)},
      descriptor_{open_private(path_)},
      is_held_{descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0} {}

COMMENTS_INLINE file_lock::~file_lock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

COMMENTS_INLINE void file_lock::note(const log_origin& origin) const {
  const std::string line = to_line(origin);
  if (::pwrite(descriptor_, line.data(), line.size(), 0) > 0)
    static_cast<void>(::fdatasync(descriptor_));
}

COMMENTS_INLINE std::optional<log_origin> file_lock::noted() const {
  return to_log_origin(file_reader{path_}.read(0, 1024));
}

COMMENTS_INLINE std::string restored_path(const std::string& path) { return path + "-restoring"; }

// It has not moved the database away as long as that is there.
COMMENTS_INLINE void finish_restore(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) || ignored)
    std::filesystem::remove(restored_path(path), ignored);
  else
    std::filesystem::rename(restored_path(path), path, ignored);
}

COMMENTS_INLINE result<database_claim> claim_path(const std::string& path) {
  std::error_code failed;
  const auto place = std::filesystem::weakly_canonical(path, failed);
  if (failed) return unusable("it cannot be opened for writing");
  if (const auto problem = detail::path_problem(place); !problem.empty()) return unusable(problem);
  auto lock = std::make_unique<file_lock>(place.string() + "-lock");
  if (!lock->is_possible()) return unusable("it cannot be opened for writing");
  if (!lock->is_held()) return unusable("another process is using it");
  return database_claim{place.string(), std::move(lock)};
}

COMMENTS_INLINE result<database_claim> claim_database(const std::string& path) {
  auto claimed = claim_path(path);
  if (!claimed) return claimed;
  finish_restore(claimed->path);
  if (const auto problem = header_problem(claimed->path); !problem.empty()) {
    std::error_code ignored;
    std::filesystem::remove(claimed->lock->path(), ignored);  // nothing of ours is there
    return unusable(problem);
  }
  if (const auto problem = log_problem(claimed->path, claimed->lock->noted()); !problem.empty())
    return unusable(problem);
  return claimed;
}

}  // namespace comments::inline v0::sqlite

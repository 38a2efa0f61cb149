#pragma once
// store/sqlite/database_file.ipp - definitions of store/sqlite/database_file.hpp.

#include <comments/store/sqlite/database_file.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace comments::sqlite {

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

// Returns why a file cannot be a database, as far as its first bytes tell; empty if it can. The
// caller has the lock, so no connection of this process has the file open: closing the file here
// drops every lock that the process has on it.
inline std::string_view header_problem(const std::filesystem::path& path) {
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  char head[magic.size()];
  std::ifstream file{path, std::ios::binary};
  file.read(head, sizeof head);
  const std::string_view found{head, static_cast<std::size_t>(file.gcount())};
  return found.empty() || found == magic ? "" : "it is no SQLite database, or damaged";
}

}  // namespace detail

COMMENTS_INLINE error unusable(std::string_view problem) {
  return {errc::unavailable, std::string{"The database cannot be used: "}.append(problem) + "."};
}

COMMENTS_INLINE file_lock::file_lock(const std::string& path)
    : descriptor_{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)},
      is_held_{descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0} {}

COMMENTS_INLINE file_lock::~file_lock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

COMMENTS_INLINE result<database_claim> claim_database(const std::string& path) {
  std::error_code failed;
  const auto place = std::filesystem::weakly_canonical(path, failed);
  if (failed) return unusable("it cannot be opened for writing");
  if (const auto problem = detail::path_problem(place); !problem.empty()) return unusable(problem);
  const std::string lock_path = place.string() + "-lock";
  auto lock = std::make_unique<file_lock>(lock_path);
  if (!lock->is_possible()) return unusable("it cannot be opened for writing");
  if (!lock->is_held()) return unusable("another process is using it");
  if (const auto problem = detail::header_problem(place); !problem.empty()) {
    std::filesystem::remove(lock_path, failed);  // nothing of ours is there
    return unusable(problem);
  }
  return database_claim{place.string(), std::move(lock)};
}

}  // namespace comments::sqlite

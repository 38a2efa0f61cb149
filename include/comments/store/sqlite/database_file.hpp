#pragma once
// store/sqlite/database_file.hpp - claims a file as the database of this process alone.
//
// SQLite makes a file that is not there and trusts one that is. `claim_database` looks first, so
// that a file that is no database, or that another process uses, is left as it was. The claim is a
// lock on a file beside the database: it follows the database through links, and ends with the
// process, however that ends. In that file also stands which log belongs to the database.
//
//   const auto claim = sqlite::claim_database("comments.db");
//   if (!claim) throw std::runtime_error{claim.error().message};
//   const auto opened = sqlite::connect({.path = claim->path});

#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store/sqlite/log_file.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::sqlite {

// Returns the error of a database that is not opened: `unavailable`, with a sentence for its
// operator.
error unusable(std::string_view problem);

// A lock on a file, which is made for it, and what the file says of a log.
class file_lock final {
 public:
  // Tries once to lock the file, and does not wait. Only the owner may open one that it makes.
  explicit file_lock(std::string path);
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock();

  // False if the file cannot be opened.
  bool is_possible() const { return descriptor_ >= 0; }
  // False if another lock holds the file, in this process or another one.
  bool is_held() const { return is_held_; }
  const std::string& path() const { return path_; }

  // Notes which log belongs to the database, durably if that can be. Only while the lock is held.
  void note(const log_origin& origin) const;
  // Returns what was noted last, by whichever process.
  std::optional<log_origin> noted() const;

 private:
  const std::string path_;
  const int descriptor_;
  const bool is_held_;
};

struct database_claim {
  std::string path{};  // of the file itself, whatever link led to it
  std::unique_ptr<file_lock> lock{};
};

// Claims the database at `path`, which need not be there yet. The lock is on `path` + "-lock".
// `unavailable` if the path cannot be that of a database, if the file has a second name, if its
// first bytes are not SQLite's, if another claim holds it, or if the log beside it is another
// file's. Finishes a restore that was ended between its last two steps (store/sqlite/backup.hpp).
result<database_claim> claim_database(const std::string& path);

// --- for a restore ---

// Claims what is at `path`, a database or not.
result<database_claim> claim_path(const std::string& path);

// Returns why a file cannot be a database, as far as its first bytes tell; empty if it can. An
// empty file can be one. No connection of this process may have the file open.
std::string_view header_problem(const std::string& path);

// Returns a descriptor of a file to write to, or -1. One that it makes is its owner's alone,
// whatever the umask, and the owner is that of the folder, if this process may choose.
int open_private(const std::string& path);

// Makes what was written to a file, or the names in a folder, survive a power cut. Returns whether
// they do.
bool sync(const std::string& path);

// Returns the folder that a file stands in.
std::string folder_of(const std::string& path);

// A restore moves the database at `path` away, and then puts the file at `restored_path` in its
// place. `finish_restore` does the second step if the process ended after the first; if it ended
// before both, that file is removed.
std::string restored_path(const std::string& path);
void finish_restore(const std::string& path);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/database_file.ipp>
#endif

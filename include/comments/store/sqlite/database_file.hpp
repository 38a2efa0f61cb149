#pragma once
// store/sqlite/database_file.hpp - claims a file as the database of this process alone.
//
// SQLite makes a file that is not there and trusts one that is. `claim_database` looks first, so
// that a file that is no database, or that another process uses, is left as it was. The claim is a
// lock on a file beside the database: it follows the database through links, and ends with the
// process, however that ends.
//
//   const auto claim = sqlite::claim_database("comments.db");
//   if (!claim) throw std::runtime_error{claim.error().message};
//   const auto opened = sqlite::connect({.path = claim->path});

#include <comments/config.hpp>
#include <comments/result.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace comments::sqlite {

// Returns the error of a database that is not opened: `unavailable`, with a sentence for its
// operator.
error unusable(std::string_view problem);

// A lock on a file, which is made for it.
class file_lock final {
 public:
  // Tries once to lock the file, and does not wait.
  explicit file_lock(const std::string& path);
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock();

  // False if the file cannot be opened.
  bool is_possible() const { return descriptor_ >= 0; }
  // False if another lock holds the file, in this process or another one.
  bool is_held() const { return is_held_; }

 private:
  int descriptor_;
  bool is_held_;
};

struct database_claim {
  std::string path{};  // of the file itself, whatever link led to it
  std::unique_ptr<file_lock> lock{};
};

// Claims the database at `path`, which need not be there yet. The lock is on `path` + "-lock".
// `unavailable` if the path cannot be that of a database, if the file has a second name, if its
// first bytes are not SQLite's, or if another claim holds it.
result<database_claim> claim_database(const std::string& path);

}  // namespace comments::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/database_file.ipp>
#endif

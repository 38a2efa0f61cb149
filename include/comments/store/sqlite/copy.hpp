#pragma once
// store/sqlite/copy.hpp - one side of a copy between stores: all rows of a SQLite store.
//
//   const auto from = sqlite_copy_side::open({.path = "comments.db"});
//   if (!from) throw std::runtime_error{from.error().message};

#include <comments/config.hpp>
#include <comments/store/copy.hpp>
#include <comments/store/sqlite.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace comments::inline v0 {

// Used by one thread at a time.
class sqlite_copy_side final : public copy_side {
 public:
  // Opens the file as `sqlite_store::open` does, and keeps it from all other processes.
  static result<std::unique_ptr<copy_side>> open(sqlite_options options);

  COMMENTS_INLINE result<std::vector<cells>> read(const table& from, const cells& after,
                                                  std::size_t limit) override;
  COMMENTS_INLINE result<cells> last(const table& of) override;
  COMMENTS_INLINE result<std::int64_t> count(const table& of) override;
  COMMENTS_INLINE result<done> write(const table& to, std::span<const cells> rows) override;
  COMMENTS_INLINE result<std::string> read_setting(std::string_view name) override;
  COMMENTS_INLINE result<done> write_setting(std::string_view name,
                                             const std::string& value) override;

 private:
  sqlite_copy_side(std::unique_ptr<sqlite_store> owner, std::unique_ptr<sqlite::connection> on);

  const std::unique_ptr<sqlite_store> owner_;  // of the lock on the file
  const std::unique_ptr<sqlite::connection> on_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/copy.ipp>
#endif

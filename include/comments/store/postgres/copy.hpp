#pragma once
// store/postgres/copy.hpp - all rows of a PostgreSQL store, to be copied to or from another store.
//
//   auto to = postgres_copy_side::open({.conninfo = "postgresql://db.example.com/comments"});

#include <comments/config.hpp>
#include <comments/store/copy.hpp>
#include <comments/store/postgres.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace comments::inline v0 {

// Used by one thread. Errors are those of the store: `unavailable`, `in_doubt`, and `invalid` for a
// value that the database does not accept.
class postgres_copy_side final : public copy_side {
 public:
  // Connects, and brings the schema up to date; errors are those of `postgres_store::open`, but it
  // does not wait for a database that is away. Nothing keeps other processes from writing: stop the
  // servers first.
  static result<std::unique_ptr<copy_side>> open(const postgres_options& options);

  COMMENTS_INLINE result<std::vector<cells>> read(const table& from, const cells& after,
                                                  std::size_t limit) override;
  COMMENTS_INLINE result<cells> last(const table& of) override;
  COMMENTS_INLINE result<std::int64_t> count(const table& of) override;
  // By COPY; in one statement behind a pooler, or where a key is there already. The error of a row
  // that the database does not take names its key.
  COMMENTS_INLINE result<done> write(const table& to, std::span<const cells> rows) override;
  COMMENTS_INLINE result<std::string> read_setting(std::string_view name) override;
  COMMENTS_INLINE result<done> write_setting(std::string_view name,
                                             const std::string& value) override;

 private:
  explicit postgres_copy_side(std::unique_ptr<postgres::connection> on);

  result<std::vector<cells>> read_all(const std::string& sql, const cells& values,
                                      std::size_t columns);

  using places = std::vector<bool>;
  struct destination {
    const table& of;
    const places& numbers;
    bool may_be_there{};  // some of the keys
  };

  result<places> find_numbers(const table& of);
  postgres::ending try_to_write(const destination& to, std::span<const cells> rows,
                                bool is_to_stay);
  error name_refused(const destination& to, std::span<const cells> rows);

  const std::unique_ptr<postgres::connection> on_;
  std::map<std::string, places, std::less<>> numbers_{};  // the columns of a table that are numbers
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/copy.ipp>
#endif

#pragma once
// store/copy.hpp - copies everything that one SQL store holds to another one, row by row.
//
// Rows are copied in the order of their keys, and rows that are there already stay. So a copy that
// was interrupted goes on behind the last row when it is started again. At the end both sides are
// read once more and compared. Nothing else may write to either side meanwhile.
//
//   const auto from = sqlite_copy_side::open({.path = "comments.db"});
//   const auto to = sqlite_copy_side::open({.path = "copy.db"});
//   if (!from || !to) throw std::runtime_error{"cannot be opened"};
//   const auto copied = copy(**from, **to, [](const copy_progress& now) {
//     std::cout << now.table << ": " << now.rows << " of " << now.total << '\n';
//   });

#include <comments/config.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace comments::inline v0 {

using cell = std::variant<std::monostate, std::int64_t, std::string>;  // NULL, BIGINT, TEXT
using cells = std::vector<cell>;                                       // of a row or a key

// A table that is copied. Its first `keys` columns are the key of its rows.
struct table {
  std::string_view name{};
  std::size_t keys{};
  std::vector<std::string_view> columns{};
};

// Returns every table of the schema, but for the signing key, which is copied apart, and for what
// rate limits have left, which is not copied.
const std::vector<table>& tables();

// The statements of a copy. Each takes its parameters as ?1, ?2 …
// Returns rows in the order of their keys: those behind a key, or from the first. Parameters: the
// key, if there is one, then the limit.
std::string read_sql(const table& from, bool has_after);
// Returns the key of the last row.
std::string last_sql(const table& of);
// Adds a row, unless its key is there. Parameters: all columns.
std::string write_sql(const table& to);
std::string count_sql(const table& of);

// One of the two stores of a copy: the source or the target. Two threads never call it at once, but
// different ones may, one after the other. Each function may return
// `unavailable`, if nothing was done, and those that write `in_doubt`. What they have written is
// durable.
class copy_side {
 public:
  virtual ~copy_side() = default;
  // Returns at most `limit` rows in the order of their keys: those behind `after`, or the first
  // ones if it is empty.
  virtual result<std::vector<cells>> read(const table& from, const cells& after,
                                          std::size_t limit) = 0;
  // Returns the key of the last row; empty if there are no rows.
  virtual result<cells> last(const table& of) = 0;
  virtual result<std::int64_t> count(const table& of) = 0;
  // Adds the rows whose keys are not there: all of them or none.
  virtual result<done> write(const table& to, std::span<const cells> rows) = 0;
  // The signing key and the epoch, in the form in which the database holds them; empty if it has
  // none.
  virtual result<std::string> read_setting(std::string_view name) = 0;
  virtual result<done> write_setting(std::string_view name, const std::string& value) = 0;
};

struct copy_progress {
  std::string_view table{};
  std::int64_t rows{};     // that the target has
  std::int64_t total{};    // that it will have
  std::string checksum{};  // once both sides were read and are equal; empty before
};

// Copies all of `from` to `to`, with the signing key and the epoch, so that cursors, tokens and
// tags stay valid. Calls `show` after each thousand rows, and for each table once both sides are
// compared. Returns the error of a side, `conflict` if the target holds something else, or if in
// the end the two differ, and `unavailable` if `show` throws. What was copied until then stays, and
// the next call goes on.
result<done> copy(copy_side& from, copy_side& to,
                  const std::function<void(const copy_progress&)>& show);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/copy.ipp>
#endif

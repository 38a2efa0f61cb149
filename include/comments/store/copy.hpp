#pragma once
// store/copy.hpp - everything that a SQL store holds, row by row: to move it to another one.
//
// Rows are copied in the order of their keys, and those that are there already stay; so a copy that
// was interrupted goes on where the last row is. At its end both sides are read once more and
// compared. Nobody else may write to either side meanwhile.
//
//   auto moved = copy(*sqlite, *postgres, [](const progress& now) { show(now); });
//   if (!moved) return fail(moved.error().message);

#include <comments/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace comments {

using cell = std::variant<std::monostate, std::int64_t, std::string>;  // NULL, BIGINT, TEXT
using cells = std::vector<cell>;

// What is moved of a table: the first `keys` columns tell its rows apart.
struct table {
  std::string_view name{};
  std::size_t keys{};
  std::vector<std::string_view> columns{};
};

// All but the signing key, and what a rate has left, which nobody misses.
inline const std::vector<table>& tables() {
  static const std::vector<table> all{
      {"content", 1, {"content_id", "version", "comments", "status"}},
      {"comment",
       2,
       {"content_id",
        "position",
        "id",
        "parent_id",
        "status",
        "author_name",
        "author_email",
        "author_url",
        "author_verified",
        "body",
        "votes",
        "replies",
        "created_at",
        "edited_at",
        "version",
        "request_key",
        "request_fingerprint",
        "encoded",
        "reply_to",
        "depth",
        "listed",
        "reports",
        "author_subject",
        "origin"}},
      {"event",
       2,
       {"content_id", "version", "kind", "comment_id", "at", "by_whom", "reason", "status",
        "text_before"}},
      {"vote", 3, {"content_id", "comment_id", "voter", "at"}},
      {"complaint", 3, {"content_id", "comment_id", "reporter", "reason", "at"}},
      {"deployment",
       1,
       {"position", "id", "component", "version", "responsible", "status", "run", "date"}}};
  return all;
}

// "a, b" of the first `count` columns, each behind `before` and followed by `after`.
inline std::string join_columns(const table& from, std::size_t count, std::string_view after = "") {
  std::string joined;
  for (std::size_t i = 0; i < count; ++i)
    joined.append(i > 0 ? ", " : "").append(from.columns[i]).append(after);
  return joined;
}
// "?1, ?2", so many of them.
inline std::string join_parameters(std::size_t count) {
  std::string joined;
  for (std::size_t i = 1; i <= count; ++i)
    joined.append(i > 1 ? ", ?" : "?").append(std::to_string(i));
  return joined;
}

// The rows behind a key, or from the first; parameters: the key, and the limit behind it.
inline std::string read_sql(const table& from, bool has_after) {
  const std::string keys = join_columns(from, from.keys);
  std::string sql = "SELECT " + join_columns(from, from.columns.size());
  sql.append(" FROM ").append(from.name);
  if (has_after) sql += " WHERE (" + keys + ") > (" + join_parameters(from.keys) + ")";
  sql += " ORDER BY " + keys;
  return sql + " LIMIT ?" + std::to_string(has_after ? from.keys + 1 : 1);
}
// The key of the last row.
inline std::string last_sql(const table& of) {
  return "SELECT " + join_columns(of, of.keys) + " FROM " + std::string{of.name} + " ORDER BY " +
         join_columns(of, of.keys, " DESC") + " LIMIT 1";
}
// Adds a row, unless its key is there.
inline std::string write_sql(const table& to) {
  return "INSERT INTO " + std::string{to.name} + " (" + join_columns(to, to.columns.size()) +
         ") VALUES (" + join_parameters(to.columns.size()) + ") ON CONFLICT (" +
         join_columns(to, to.keys) + ") DO NOTHING";
}
inline std::string count_sql(const table& of) {
  return "SELECT count(*) FROM " + std::string{of.name};
}

// One side. Each function may answer `unavailable`; what writes is durable then, or not done.
class archive {
 public:
  virtual ~archive() = default;
  // At most `limit` rows in the order of their keys: those behind `after`, or the first if it is
  // empty.
  virtual result<std::vector<cells>> read(const table& from, const cells& after,
                                          std::size_t limit) = 0;
  // The key of the last row; empty if there is none.
  virtual result<cells> last(const table& of) = 0;
  virtual result<std::int64_t> count(const table& of) = 0;
  // Adds those rows whose keys are not there.
  virtual result<done> write(const table& to, std::span<const cells> rows) = 0;
  // As the database holds it.
  virtual result<std::string> read_key() = 0;
  virtual result<done> write_key(const std::string& key) = 0;
};

struct progress {
  std::string_view table{};
  std::int64_t rows{};     // that are there
  std::int64_t of{};       // that will be
  std::string checksum{};  // once they were compared
};

namespace detail {

constexpr std::size_t rows_at_once = 1000;

struct digest {
  std::int64_t rows{};
  std::uint64_t sum{14695981039346656037u};  // 64-bit FNV-1a of all cells in their order

  friend bool operator==(const digest&, const digest&) = default;

  void add(std::string_view bytes) {
    for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211u;
    sum = (sum ^ 0xff) * 1099511628211u;  // 0xff is no UTF-8: cells cannot run into each other
  }
  void add(const cells& one) {
    ++rows;
    for (const cell& each : one) {
      if (const auto* text = std::get_if<std::string>(&each)) add(*text);
      if (const auto* number = std::get_if<std::int64_t>(&each)) add(std::to_string(*number));
      if (std::holds_alternative<std::monostate>(each)) add("\xfe");
    }
  }
};

inline cells key_of(const table& of, const cells& one) {
  return {one.begin(), one.begin() + static_cast<std::ptrdiff_t>(of.keys)};
}

// Calls `with` for parts of all rows behind `after`.
template <typename With>
result<done> for_each_part(archive& from, const table& of, cells after, With&& with) {
  for (;;) {
    const auto rows = from.read(of, after, rows_at_once);
    if (!rows) return rows.error();
    if (rows->empty()) return ok();
    if (auto is = with(*rows); !is) return is;
    after = key_of(of, rows->back());
  }
}

inline result<digest> sum_up(archive& from, const table& of) {
  digest sum;
  auto read = for_each_part(from, of, {}, [&](const std::vector<cells>& rows) {
    for (const cells& one : rows) sum.add(one);
    return ok();
  });
  if (!read) return std::move(read).error();
  return sum;
}

// A target is empty, or a copy that was begun.
inline result<done> take_key(archive& from, archive& to) {
  const auto key = from.read_key(), known = to.read_key();
  if (!key || !known) return (key ? known : key).error();
  if (*key == *known) return ok();
  for (const table& each : tables()) {
    const auto last = to.last(each);
    if (!last) return last.error();
    if (!last->empty())
      return error{errc::conflict, "The target holds comments of its own, or another copy."};
  }
  return to.write_key(*key);
}

inline result<done> copy_table(archive& from, archive& to, const table& each,
                               const std::function<void(const progress&)>& tell) {
  const auto total = from.count(each), known = to.count(each);
  if (!total || !known) return (total ? known : total).error();
  auto last = to.last(each);
  if (!last) return std::move(last).error();
  progress now{each.name, *known, *total, {}};
  tell(now);
  return for_each_part(from, each, std::move(*last), [&](const std::vector<cells>& rows) {
    auto written = to.write(each, rows);
    now.rows += static_cast<std::int64_t>(rows.size());
    if (written) tell(now);
    return written;
  });
}

}  // namespace detail

// Copies all of `from` to `to`, the signing key too, so that cursors and tokens stay good; `tell`
// hears how far it is. `conflict` if the target holds something else, or if in the end the two
// differ, which they do if somebody writes meanwhile. Doing it again goes on.
inline result<done> copy(archive& from, archive& to,
                         const std::function<void(const progress&)>& tell) {
  if (auto is = detail::take_key(from, to); !is) return is;
  for (const table& each : tables())
    if (auto is = detail::copy_table(from, to, each, tell); !is) return is;
  for (const table& each : tables()) {
    const auto here = detail::sum_up(from, each), there = detail::sum_up(to, each);
    if (!here || !there) return (here ? there : here).error();
    if (*here != *there)
      return error{errc::conflict, "The two differ in the table " + std::string{each.name} + "."};
    constexpr std::string_view digits = "0123456789abcdef";
    progress end{each.name, there->rows, here->rows, {}};
    for (int shift = 60; shift >= 0; shift -= 4) end.checksum += digits[here->sum >> shift & 15];
    tell(end);
  }
  return ok();
}

}  // namespace comments

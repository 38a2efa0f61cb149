#pragma once
// store/copy.ipp - definitions of store/copy.hpp.

#include <comments/store/copy.hpp>

#include <comments/guarded.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace comments::inline v0 {

COMMENTS_INLINE const std::vector<table>& tables() {
  static const std::vector<table> all{
      {"content", 1, {"content_id", "version", "comments", "status"}},
      {"comment",
       2,
       {"id",
        "content_id",
        "position",
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
        "origin",
        "email_shown",
        "browser",
        "held"}},
      {"event",
       2,
       {"content_id", "version", "kind", "comment_id", "at", "by_whom", "reason", "status",
        "text_before"}},
      {"vote", 3, {"content_id", "comment_id", "voter", "at", "browser"}},
      {"complaint", 3, {"content_id", "comment_id", "reporter", "reason", "at"}},
      {"deployment",
       1,
       {"position", "id", "component", "version", "responsible", "status", "run", "date"}}};
  return all;
}

namespace detail {

// Returns "a, b", the first `count` columns, each followed by `after`.
inline std::string join_columns(const table& from, std::size_t count, std::string_view after = "") {
  std::string joined;
  for (std::size_t i = 0; i < count; ++i)
    joined.append(i > 0 ? ", " : "").append(from.columns[i]).append(after);
  return joined;
}

// Returns "?1, ?2", `count` of them.
inline std::string join_parameters(std::size_t count) {
  std::string joined;
  for (std::size_t i = 1; i <= count; ++i)
    joined.append(i > 1 ? ", ?" : "?").append(std::to_string(i));
  return joined;
}

}  // namespace detail

COMMENTS_INLINE std::string read_sql(const table& from, bool has_after) {
  const std::string keys = detail::join_columns(from, from.keys);
  std::string sql = "SELECT " + detail::join_columns(from, from.columns.size());
  sql.append(" FROM ").append(from.name);
  if (has_after) sql += " WHERE (" + keys + ") > (" + detail::join_parameters(from.keys) + ")";
  sql += " ORDER BY " + keys;
  return sql + " LIMIT ?" + std::to_string(has_after ? from.keys + 1 : 1);
}

COMMENTS_INLINE std::string last_sql(const table& of) {
  return "SELECT " + detail::join_columns(of, of.keys) + " FROM " + std::string{of.name} +
         " ORDER BY " + detail::join_columns(of, of.keys, " DESC") + " LIMIT 1";
}

COMMENTS_INLINE std::string write_sql(const table& to) {
  return "INSERT INTO " + std::string{to.name} + " (" +
         detail::join_columns(to, to.columns.size()) + ") VALUES (" +
         detail::join_parameters(to.columns.size()) + ") ON CONFLICT (" +
         detail::join_columns(to, to.keys) + ") DO NOTHING";
}

COMMENTS_INLINE std::string count_sql(const table& of) {
  return "SELECT count(*) FROM " + std::string{of.name};
}

namespace detail {

inline constexpr std::size_t rows_at_once = 1000;

// A checksum over the rows of a table: 64-bit FNV-1a of all cells in their order.
struct table_digest {
  std::int64_t rows{};
  std::uint64_t sum{14695981039346656037u};

  friend bool operator==(const table_digest&, const table_digest&) = default;

  void add(std::string_view bytes) {
    for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211u;
    sum = (sum ^ 0xff) * 1099511628211u;  // 0xff is no UTF-8: cells cannot run into each other
  }
  void add(const cells& row) {
    ++rows;
    for (const cell& value : row) {
      if (const auto* text = std::get_if<std::string>(&value)) add(*text);
      if (const auto* number = std::get_if<std::int64_t>(&value)) add(std::to_string(*number));
      if (std::holds_alternative<std::monostate>(value)) add("\xfe");
    }
  }

  std::string to_hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (int shift = 60; shift >= 0; shift -= 4) hex += digits[sum >> shift & 15];
    return hex;
  }
};

inline cells key_of(const table& of, const cells& row) {
  return {row.begin(), row.begin() + static_cast<std::ptrdiff_t>(of.keys)};
}

// What may be done at once with something else, if there is a thread for it.
constexpr auto at_once = std::launch::async | std::launch::deferred;

// Calls `use` with all rows behind `after`, a thousand at a time. The next are read meanwhile.
template <typename Use>
result<done> for_each_chunk(copy_side& from, const table& of, cells after, Use&& use) {
  auto rows = from.read(of, after, rows_at_once);
  while (rows && !rows->empty()) {
    after = key_of(of, rows->back());
    auto reading = std::async(at_once, [&] { return from.read(of, after, rows_at_once); });
    auto used = use(*rows);
    auto next = reading.get();
    if (!used) return used;
    rows = std::move(next);
  }
  if (!rows) return std::move(rows).error();
  return ok();
}

inline result<table_digest> sum_up(copy_side& from, const table& of) {
  table_digest sum;
  auto read = for_each_chunk(from, of, {}, [&](const std::vector<cells>& rows) {
    for (const cells& row : rows) sum.add(row);
    return ok();
  });
  if (!read) return std::move(read).error();
  return sum;
}

// Gives the target the source's signing key. A target is empty, or has the key already.
inline result<done> copy_key(copy_side& from, copy_side& to) {
  const auto key = from.read_setting("signing_key");
  if (!key) return key.error();
  const auto known = to.read_setting("signing_key");
  if (!known) return known.error();
  if (*key == *known) return ok();
  for (const table& of : tables()) {
    const auto last = to.last(of);
    if (!last) return last.error();
    if (!last->empty())
      return error{errc::conflict, "The target holds comments of its own, or another copy."};
  }
  return to.write_setting("signing_key", *key);
}

inline result<done> copy_epoch(copy_side& from, copy_side& to) {
  const auto epoch = from.read_setting("epoch");
  if (!epoch) return epoch.error();
  return epoch->empty() ? result<done>{ok()} : to.write_setting("epoch", *epoch);
}

inline result<done> show_to(const std::function<void(const copy_progress&)>& show,
                            const copy_progress& now) {
  if (guarded([&] { show(now); })) return ok();
  return error{errc::unavailable, "The progress of the copy could not be shown."};
}

inline result<done> copy_table(copy_side& from, copy_side& to, const table& of,
                               const std::function<void(const copy_progress&)>& show) {
  const auto total = from.count(of);
  if (!total) return total.error();
  const auto known = to.count(of);
  if (!known) return known.error();
  auto last = to.last(of);
  if (!last) return std::move(last).error();
  copy_progress now{of.name, *known, *total, {}};
  if (auto shown = show_to(show, now); !shown) return shown;
  return for_each_chunk(from, of, std::move(*last), [&](const std::vector<cells>& rows) {
    auto written = to.write(of, rows);
    if (!written) return written;
    // Some may have been there: an event that a store tells from the comment's own row.
    now.rows = std::min(now.rows + static_cast<std::int64_t>(rows.size()), now.total);
    return show_to(show, now);
  });
}

inline result<done> compare_table(copy_side& from, copy_side& to, const table& of,
                                  const std::function<void(const copy_progress&)>& show) {
  auto summing = std::async(at_once, [&] { return sum_up(from, of); });
  const auto target = sum_up(to, of);
  const auto source = summing.get();
  if (!source) return source.error();
  if (!target) return target.error();
  if (*source != *target)
    return error{errc::conflict, "The two differ in the table " + std::string{of.name} + "."};
  return show_to(show, {of.name, target->rows, source->rows, source->to_hex()});
}

}  // namespace detail

COMMENTS_INLINE result<done> copy(copy_side& from, copy_side& to,
                                  const std::function<void(const copy_progress&)>& show) {
  if (auto copied = detail::copy_key(from, to); !copied) return copied;
  for (const table& of : tables())
    if (auto copied = detail::copy_table(from, to, of, show); !copied) return copied;
  for (const table& of : tables())
    if (auto compared = detail::compare_table(from, to, of, show); !compared) return compared;
  return detail::copy_epoch(from, to);
}

}  // namespace comments::inline v0

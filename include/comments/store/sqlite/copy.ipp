#pragma once
// store/sqlite/copy.ipp - definitions of store/sqlite/copy.hpp.

#include <comments/store/sqlite/copy.hpp>

#include <comments/store.hpp>
#include <comments/store/sqlite/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace comments {

namespace detail {

inline void bind(sqlite::statement& to, const cells& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int place = static_cast<int>(i) + 1;
    if (const auto* text = std::get_if<std::string>(&values[i])) to.bind(place, *text);
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) to.bind(place, *number);
  }
}

inline cells read_cells(const sqlite::statement& from, std::size_t count) {
  cells found;
  for (std::size_t i = 0; i < count; ++i) {
    const int column = static_cast<int>(i);
    if (from.is_null(column))
      found.emplace_back();
    else if (from.is_number(column))
      found.emplace_back(from.number(column));
    else
      found.emplace_back(from.text(column));
  }
  return found;
}

}  // namespace detail

COMMENTS_INLINE sqlite_copy_side::sqlite_copy_side(std::unique_ptr<sqlite_store> owner,
                                                   std::unique_ptr<sqlite::connection> on)
    : owner_{std::move(owner)}, on_{std::move(on)} {}

COMMENTS_INLINE result<std::unique_ptr<copy_side>> sqlite_copy_side::open(sqlite_options options) {
  const sqlite::file_options file{.path = options.path, .vfs = options.vfs};
  auto owner = sqlite_store::open(std::move(options));
  if (!owner) return std::move(owner).error();
  auto opened = sqlite::connect(file);
  if (!opened) return std::move(opened).error();
  return std::unique_ptr<copy_side>{new sqlite_copy_side{std::move(*owner), std::move(*opened)}};
}

COMMENTS_INLINE result<std::vector<cells>> sqlite_copy_side::read(const table& from,
                                                                  const cells& after,
                                                                  std::size_t limit) {
  std::vector<cells> found;
  sqlite::transaction work{*on_, "BEGIN"};
  {
    auto rows = work->prepare(read_sql(from, !after.empty()));
    detail::bind(rows, after);
    rows.bind(static_cast<int>(after.size()) + 1, sqlite::as_number(limit));
    while (rows.step()) found.push_back(detail::read_cells(rows, from.columns.size()));
  }
  if (work->failed()) return unavailable();
  return found;
}

COMMENTS_INLINE result<cells> sqlite_copy_side::last(const table& of) {
  cells found;
  sqlite::transaction work{*on_, "BEGIN"};
  {
    auto rows = work->prepare(last_sql(of));
    if (rows.step()) found = detail::read_cells(rows, of.keys);
  }
  if (work->failed()) return unavailable();
  return found;
}

COMMENTS_INLINE result<std::int64_t> sqlite_copy_side::count(const table& of) {
  sqlite::transaction work{*on_, "BEGIN"};
  const std::int64_t found = work->number(count_sql(of));
  if (work->failed()) return unavailable();
  return found;
}

COMMENTS_INLINE result<done> sqlite_copy_side::write(const table& to, std::span<const cells> rows) {
  sqlite::transaction work{*on_, "BEGIN IMMEDIATE"};
  for (const cells& row : rows) {
    auto adding = work->prepare(write_sql(to));
    detail::bind(adding, row);
    adding.step();
  }
  if (!work->commit()) return work->commit_error();
  return ok();
}

COMMENTS_INLINE result<std::string> sqlite_copy_side::read_key() {
  std::string key;
  sqlite::transaction work{*on_, "BEGIN"};
  {
    auto rows = work->prepare("SELECT value FROM setting WHERE name = 'signing_key'");
    if (rows.step()) key = rows.text(0);
  }
  if (work->failed()) return unavailable();
  return key;
}

COMMENTS_INLINE result<done> sqlite_copy_side::write_key(const std::string& key) {
  sqlite::transaction work{*on_, "BEGIN IMMEDIATE"};
  work->run("UPDATE setting SET value = ?1 WHERE name = 'signing_key'", key);
  if (!work->commit()) return work->commit_error();
  return ok();
}

}  // namespace comments

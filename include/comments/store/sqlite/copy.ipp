#pragma once
// store/sqlite/copy.ipp - definitions of store/sqlite/copy.hpp.

#include <comments/store/sqlite/copy.hpp>

#include <comments/store.hpp>
#include <comments/store/sqlite/rows.hpp>
#include <comments/store/sqlite/search.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace comments::inline v0 {

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

// Events stand in the table `change`, but for those that the view `event` adds.
inline table as_stored(table of) {
  if (of.name == "event") of.name = "change";
  return of;
}

// Adds an event, unless the view has the same already.
inline constexpr std::string_view write_event_sql =
    "INSERT INTO change SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS ("
    "SELECT 1 FROM event WHERE content_id = ?1 AND version = ?2 AND kind = ?3 AND comment_id = ?4 "
    "AND at = ?5 AND by_whom = ?6 AND reason = ?7 AND status = ?8 AND text_before = ?9) "
    "ON CONFLICT (content_id, version) DO NOTHING";

inline cells to_cells(event of) {
  return {std::move(of.content_id),      of.version,
          std::string{to_text(of.kind)}, of.comment == comment_id{} ? "" : to_string(of.comment),
          to_milliseconds(of.at),        std::move(of.by),
          std::move(of.reason),          std::move(of.status),
          std::move(of.before)};
}

// Returns the events behind `after`, content by content: the view has no order over all of them.
inline std::vector<cells> read_events(sqlite::transaction& work, const cells& after,
                                      std::size_t limit) {
  std::vector<cells> found;
  std::string content_id = after.empty() ? "" : std::get<std::string>(after[0]);
  std::int64_t version = after.empty() ? 0 : std::get<std::int64_t>(after[1]);
  for (;;) {
    for (event& one : sqlite::events(work, content_id, version, limit - found.size()))
      found.push_back(to_cells(std::move(one)));
    auto next =
        work->prepare("SELECT min(content_id) FROM content WHERE content_id > ?1", content_id);
    if (found.size() == limit || !next.step() || next.is_null(0)) return found;
    content_id = next.text(0);
    version = 0;
  }
}

// Lets `change` make the cell `encoded` of each row of comments, with its body.
template <typename Change>
void change_encoded(const table& of, std::vector<cells>& rows, const Change& change) {
  const auto place_of = [&](std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(of.columns, name) - of.columns.begin());
  };
  for (cells& row : rows) {
    auto& encoded = std::get<std::string>(row[place_of("encoded")]);
    encoded = change(std::move(encoded), std::get<std::string>(row[place_of("body")]));
  }
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
  if (from.name == "event") {
    found = detail::read_events(work, after, limit);
  } else {
    auto rows = work->prepare(read_sql(from, !after.empty()));
    detail::bind(rows, after);
    rows.bind(static_cast<int>(after.size()) + 1, sqlite::as_number(limit));
    while (rows.step()) found.push_back(detail::read_cells(rows, from.columns.size()));
    if (from.name == "comment") detail::change_encoded(from, found, sqlite::put_body);
  }
  if (work->failed()) return unavailable();
  return found;
}

COMMENTS_INLINE result<cells> sqlite_copy_side::last(const table& of) {
  cells found;
  sqlite::transaction work{*on_, "BEGIN"};
  {
    auto rows = work->prepare(last_sql(detail::as_stored(of)));
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
  std::vector<cells> kept{rows.begin(), rows.end()};
  if (to.name == "comment") detail::change_encoded(to, kept, sqlite::take_body);
  sqlite::transaction work{*on_, "BEGIN IMMEDIATE"};
  const bool is_event = to.name == "event";
  for (const cells& row : kept) {
    auto adding = work->prepare(is_event ? std::string{detail::write_event_sql} : write_sql(to));
    detail::bind(adding, row);
    adding.step();
  }
  if (!work->commit()) return work->commit_error();
  return ok();
}

COMMENTS_INLINE result<std::string> sqlite_copy_side::read_setting(std::string_view name) {
  std::string value;
  sqlite::transaction work{*on_, "BEGIN"};
  {
    auto rows = work->prepare("SELECT value FROM setting WHERE name = ?1", name);
    if (rows.step()) value = rows.text(0);
  }
  if (work->failed()) return unavailable();
  return value;
}

COMMENTS_INLINE result<done> sqlite_copy_side::write_setting(std::string_view name,
                                                             const std::string& value) {
  sqlite::transaction work{*on_, "BEGIN IMMEDIATE"};
  work->run("INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2", name,
            value);
  if (!work->commit()) return work->commit_error();
  return ok();
}

}  // namespace comments::inline v0

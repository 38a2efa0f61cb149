#pragma once
// store/sqlite/copy.hpp - all rows of a SQLite store, to be moved.
//
//   auto from = sqlite_archive::open({.path = "comments.db"});

#include <comments/store/copy.hpp>
#include <comments/store/sqlite.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace comments {

class sqlite_archive final : public archive {
 public:
  // Opens the file as `sqlite_store::open` does, and keeps it from everybody else.
  static result<std::unique_ptr<archive>> open(sqlite_options options) {
    const sqlite::file_options file{.path = options.path, .vfs = options.vfs};
    auto owner = sqlite_store::open(std::move(options));
    if (!owner) return std::move(owner).error();
    auto opened = sqlite::connect(file);
    if (!opened) return std::move(opened).error();
    return std::unique_ptr<archive>{new sqlite_archive{std::move(*owner), std::move(*opened)}};
  }

  result<std::vector<cells>> read(const table& from, const cells& after,
                                  std::size_t limit) override {
    std::vector<cells> found;
    sqlite::transaction work{*on_, "BEGIN"};
    {
      auto rows = work->prepare(read_sql(from, !after.empty()));
      bind(rows, after);
      rows.bind(static_cast<int>(after.size()) + 1, sqlite::as_number(limit));
      while (rows.step()) found.push_back(read_row(rows, from.columns.size()));
    }
    if (work->failed()) return unavailable();
    return found;
  }

  result<cells> last(const table& of) override {
    cells found;
    sqlite::transaction work{*on_, "BEGIN"};
    {
      auto rows = work->prepare(last_sql(of));
      if (rows.step()) found = read_row(rows, of.keys);
    }
    if (work->failed()) return unavailable();
    return found;
  }

  result<std::int64_t> count(const table& of) override {
    sqlite::transaction work{*on_, "BEGIN"};
    const std::int64_t found = work->number(count_sql(of));
    if (work->failed()) return unavailable();
    return found;
  }

  result<done> write(const table& to, std::span<const cells> rows) override {
    sqlite::transaction work{*on_, "BEGIN IMMEDIATE"};
    for (const cells& one : rows) {
      auto adding = work->prepare(write_sql(to));
      bind(adding, one);
      adding.step();
    }
    if (!work->commit()) return work->is_in_doubt() ? in_doubt() : unavailable();
    return ok();
  }

  result<std::string> read_key() override {
    std::string key;
    sqlite::transaction work{*on_, "BEGIN"};
    {
      auto rows = work->prepare("SELECT value FROM setting WHERE name = 'signing_key'");
      if (rows.step()) key = rows.text(0);
    }
    if (work->failed()) return unavailable();
    return key;
  }

  result<done> write_key(const std::string& key) override {
    sqlite::transaction work{*on_, "BEGIN IMMEDIATE"};
    work->run("UPDATE setting SET value = ?1 WHERE name = 'signing_key'", key);
    if (!work->commit()) return work->is_in_doubt() ? in_doubt() : unavailable();
    return ok();
  }

 private:
  sqlite_archive(std::unique_ptr<sqlite_store> owner, std::unique_ptr<sqlite::connection> on)
      : owner_{std::move(owner)}, on_{std::move(on)} {}

  static void bind(sqlite::statement& to, const cells& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const int place = static_cast<int>(i) + 1;
      if (const auto* text = std::get_if<std::string>(&values[i])) to.bind(place, *text);
      if (const auto* number = std::get_if<std::int64_t>(&values[i])) to.bind(place, *number);
    }
  }

  static cells read_row(const sqlite::statement& from, std::size_t count) {
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

  const std::unique_ptr<sqlite_store> owner_;  // of the lock on the file
  const std::unique_ptr<sqlite::connection> on_;
};

}  // namespace comments

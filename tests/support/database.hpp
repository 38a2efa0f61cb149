#pragma once
// database.hpp - SQLite beneath a store: a connection of the test's own, and a look at the store's.
//
//   const auto seen = connections::opened_by([&] { store = sqlite_store::open(options); });
//   for (sqlite3* handle : seen.handles()) text_of(handle, "PRAGMA synchronous");   // "2"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace testing {

// The rows that `sql` answers, each joined by "|". An error fails the test.
inline std::vector<std::string> rows_of(sqlite3* handle, const std::string& sql) {
  std::vector<std::string> rows;
  const auto note = [](void* found, int count, char** values, char**) {
    std::string row;
    for (int i = 0; i < count; ++i) row.append(i > 0 ? "|" : "").append(values[i] ? values[i] : "");
    static_cast<std::vector<std::string>*>(found)->push_back(row);
    return 0;
  };
  const int code = sqlite3_exec(handle, sql.c_str(), note, &rows, nullptr);
  INFO(sql << ": " << sqlite3_errmsg(handle));
  REQUIRE(code == SQLITE_OK);
  return rows;
}

// The first of them, or nothing.
inline std::string text_of(sqlite3* handle, const std::string& sql) {
  const auto rows = rows_of(handle, sql);
  return rows.empty() ? "" : rows.front();
}

// One step of SQLite's plan for a statement, and the step that it is a part of, if it is.
struct plan_line {
  std::string what{};
  std::string within{};
};

inline std::vector<plan_line> plan_of(sqlite3* handle, const std::string& sql) {
  std::map<std::string, std::string> known;
  std::vector<plan_line> plan;
  for (const std::string& row : rows_of(handle, "EXPLAIN QUERY PLAN " + sql)) {
    const std::size_t id = row.find('|'), parent = row.find('|', id + 1);
    const std::string what = row.substr(row.rfind('|') + 1);
    known[row.substr(0, id)] = what;
    plan.push_back({what, known[row.substr(id + 1, parent - id - 1)]});
  }
  return plan;
}

// Whether a step takes longer, the more rows a table holds: it reads all of it, or sorts what it
// read. A subquery with a limit of its own is no table: going through that or sorting it is fine.
inline bool is_growing(const plan_line& line) {
  const bool is_of_table = !line.within.starts_with("LEFT") && !line.within.starts_with("RIGHT");
  if (line.what.starts_with("USE TEMP B-TREE")) return is_of_table;
  // The last two are what the two halves of a list by votes are called.
  constexpr std::array small{"SCAN CONSTANT ROW", "SCAN equal", "SCAN fewer"};
  return line.what.starts_with("SCAN ") && !line.what.starts_with("SCAN (subquery-") &&
         std::ranges::find(small, line.what) == small.end();
}

class database final {
 public:
  explicit database(const std::string& path) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open(path.c_str(), &opened);
    handle_.reset(opened);
    REQUIRE(code == SQLITE_OK);
  }

  sqlite3* handle() const { return handle_.get(); }
  void run(const std::string& sql) const { rows_of(handle(), sql); }
  std::string text(const std::string& sql) const { return text_of(handle(), sql); }

 private:
  struct closer {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };
  std::unique_ptr<sqlite3, closer> handle_{};
};

// Connections that others opened. Look at them only while they are still open.
class connections final {
 public:
  // Those that `open` opens, by whatever means.
  template <typename Open>
  static connections opened_by(Open&& open) {
    noted().clear();
    const auto hook = reinterpret_cast<void (*)()>(&note);
    sqlite3_auto_extension(hook);
    open();
    sqlite3_cancel_auto_extension(hook);
    return connections{noted()};
  }

  const std::vector<sqlite3*>& handles() const { return handles_; }

  // The statements that they keep prepared.
  std::vector<sqlite3_stmt*> statements() const {
    std::vector<sqlite3_stmt*> kept;
    for (sqlite3* handle : handles_)
      for (auto* next = sqlite3_next_stmt(handle, nullptr); next;
           next = sqlite3_next_stmt(handle, next))
        kept.push_back(next);
    return kept;
  }

  // How many steps SQLite's machine has made in these statements since it was asked last.
  std::int64_t take_steps() const {
    std::int64_t sum = 0;
    for (auto* statement : statements())
      sum += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
  }

  // How many pages of their files they have looked at since they were asked last.
  std::int64_t take_pages() const {
    std::int64_t sum = 0;
    for (sqlite3* handle : handles_)
      for (const int counter : {SQLITE_DBSTATUS_CACHE_HIT, SQLITE_DBSTATUS_CACHE_MISS}) {
        int count = 0, most = 0;
        sqlite3_db_status(handle, counter, &count, &most, 1);
        sum += count;
      }
    return sum;
  }

 private:
  explicit connections(std::vector<sqlite3*> handles) : handles_{std::move(handles)} {}

  static std::vector<sqlite3*>& noted() {
    static std::vector<sqlite3*> handles;
    return handles;
  }
  static int note(sqlite3* handle, char**, const struct sqlite3_api_routines*) {
    noted().push_back(handle);
    return SQLITE_OK;
  }

  std::vector<sqlite3*> handles_{};
};

}  // namespace testing

#include <comments/store/sqlite/connection.hpp>

#include "support/size.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

using namespace comments;
using testing::temporary_folder;

namespace {

// A database of one table, and the failures of its connection.
struct notebook {
  temporary_folder folder{};
  std::vector<std::string> reports{};
  std::unique_ptr<sqlite::connection> connection = open();

  std::unique_ptr<sqlite::connection> open() {
    auto opened =
        sqlite::connect({.path = folder.path("notes.db"),
                         .busy_wait = std::chrono::milliseconds{50},
                         .on_failure = [this](auto, auto why) { reports.emplace_back(why); }});
    REQUIRE(opened);
    REQUIRE((*opened)->execute("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text)"));
    return std::move(*opened);
  }
  std::int64_t count() { return connection->number("SELECT count(*) FROM note"); }
};

}  // namespace

TEST_CASE("what is committed stays, and what is not is undone") {
  notebook notes;
  {
    sqlite::transaction work{*notes.connection, "BEGIN IMMEDIATE"};
    work->run("INSERT INTO note VALUES (?1, ?2)", std::int64_t{1}, std::string{"kept"});
    CHECK(work->commit());
  }
  {
    sqlite::transaction work{*notes.connection, "BEGIN IMMEDIATE"};
    work->run("INSERT INTO note VALUES (?1, ?2)", std::int64_t{2}, std::string{"dropped"});
  }
  CHECK(notes.count() == 1);
  notes.connection = notes.open();
  CHECK(notes.count() == 1);
}

TEST_CASE("a failure sticks until the next transaction, and its listener is called once") {
  notebook notes;
  {
    sqlite::transaction work{*notes.connection, "BEGIN IMMEDIATE"};
    work->run("INSERT INTO note VALUES (?1, ?2)", std::int64_t{1}, std::string{"first"});
    work->run("INSERT INTO note VALUES (?1, ?2)", std::int64_t{1}, std::string{"again"});
    CHECK(work->failed());
    CHECK_FALSE(work->prepare("SELECT 1").step());
    CHECK(work->number("SELECT 1") == 0);
    work->run("INSERT INTO nonsense VALUES (1)");
    CHECK_FALSE(work->commit());
  }
  CHECK(notes.reports == std::vector<std::string>{"UNIQUE constraint failed: note.id"});
  sqlite::transaction work{*notes.connection, "BEGIN IMMEDIATE"};
  CHECK_FALSE(work->failed());
  CHECK(work->number("SELECT count(*) FROM note") == 0);
}

TEST_CASE("a statement that cannot be prepared fails like one that cannot be run") {
  notebook notes;
  sqlite::transaction work{*notes.connection, "BEGIN"};
  const auto broken = work->prepare("SELECT * FROM nonsense WHERE id = ?1", std::int64_t{1});
  CHECK(broken.text(0).empty());
  CHECK(broken.number(0) == 0);
  CHECK(work->failed());
}

TEST_CASE("a statement used again remembers nothing of the last time") {
  notebook notes;
  const std::string sql = "SELECT ?1 IS NULL, ?2 IS NULL";
  notes.connection->prepare(sql, std::int64_t{1}, std::string{"bound"}).step();
  auto unbound = notes.connection->prepare(sql);
  REQUIRE(unbound.step());
  CHECK(unbound.number(0) == 1);
  CHECK(unbound.number(1) == 1);
}

TEST_CASE("values come back as they were bound") {
  notebook notes;
  const std::string text{"a\0b \xf0\x9f\x98\x80", 8};
  auto row = notes.connection->prepare("SELECT ?1, ?2, ?3, ?4", text, std::int64_t{-1} << 63,
                                       nullptr, std::string_view{});
  REQUIRE(row.step());
  CHECK(row.text(0) == text);
  CHECK(row.number(1) == std::int64_t{-1} << 63);
  CHECK(row.is_null(2));
  CHECK_FALSE(row.is_null(3));
  CHECK(row.text(3).empty());
}

TEST_CASE("of rows that move and go nothing returns to the log once the pages are forgotten" *
          testing::one_thread) {
  notebook notes;
  sqlite::connection& on = *notes.connection;
  REQUIRE(
      on.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
                 "CREATE TABLE word (text TEXT PRIMARY KEY, flag) WITHOUT ROWID"));
  const auto read = [&](const std::string& name) {
    std::ifstream file{notes.folder.path(name), std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  std::mt19937 dice{1};
  std::vector<std::string> there;
  for (int i = 0; i < testing::size(300, 1000); ++i) {
    there.push_back(std::to_string(1000 + dice() % 9000) + "-word-" + std::to_string(i) + "-" +
                    std::string(dice() % 300, 'x'));
    on.run("INSERT INTO word VALUES (?1, 0)", there.back());
    if (dice() % 3 > 0) continue;
    const auto which = there.begin() + static_cast<std::ptrdiff_t>(dice() % there.size());
    const std::string gone = which->substr(0, which->find("-", 10) + 1);
    on.run("DELETE FROM word WHERE text = ?1", *which);
    there.erase(which);
    REQUIRE(on.checkpoint(sqlite::checkpoint_mode::truncate, {}));
    on.forget_pages();
    on.execute("UPDATE word SET flag = 1 - flag");  // writes every page, and moves nothing
    CHECK(read("notes.db").find(gone) == std::string::npos);
    CHECK(read("notes.db-wal").find(gone) == std::string::npos);
  }
}

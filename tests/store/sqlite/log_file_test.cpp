#include <comments/store/sqlite/log_file.hpp>

#include <doctest/doctest.h>

#include "support/database.hpp"
#include "support/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using namespace comments;
using sqlite::log_origin;
using sqlite::log_problem;
using testing::temporary_folder;

namespace {

void copy(const std::string& from, const std::string& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

// A database in a folder, and what its process would leave if it were killed, in another one.
struct left_behind {
  temporary_folder living{}, left{};
  testing::database on{living.path("any.db")};
  log_origin noted{};

  left_behind() {
    on.run("PRAGMA journal_mode = WAL; CREATE TABLE said (what TEXT)");
    on.run("PRAGMA schema_version = 123456; PRAGMA wal_checkpoint(TRUNCATE)");
    on.run("INSERT INTO said VALUES ('one')");
    noted = {sqlite::read_salts(living.path("any.db-wal")),
             sqlite::read_header(living.path("any.db"))};
  }
  std::string path() const { return left.path("any.db"); }
  void kill() const {
    for (const std::string end : {"", "-wal"}) copy(living.path("any.db" + end), path() + end);
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a log belongs to its file, before and after pages of it were moved there") {
  left_behind database;
  database.kill();
  CHECK(log_problem(database.path(), database.noted) == "");
  for (const char* const mode : {"PASSIVE", "FULL"}) {
    for (int i = 0; i < 50; ++i) database.on.run("INSERT INTO said VALUES (zeroblob(9000))");
    database.on.run("CREATE TABLE " + std::string{mode} + " (what TEXT)");
    database.on.run("PRAGMA wal_checkpoint(" + std::string{mode} + ")");
    database.kill();
    CHECK(sqlite::read_header(database.path()) != database.noted.header);
    CHECK(log_problem(database.path(), database.noted) == "");
  }
}

TEST_CASE("a log that is played into a copy of its file is found out, however the copy was made") {
  left_behind database;
  temporary_folder copies;
  SUBCASE("a copy by VACUUM") { database.on.run("VACUUM INTO '" + copies.path("any.db") + "'"); }
  SUBCASE("a file from before the last start") {
    database.on.run("PRAGMA wal_checkpoint(TRUNCATE)");
    copy(database.living.path("any.db"), copies.path("any.db"));
    database.on.run("PRAGMA schema_version = 7; PRAGMA wal_checkpoint(TRUNCATE)");
    database.on.run("INSERT INTO said VALUES ('two')");
    database.noted = {sqlite::read_salts(database.living.path("any.db-wal")),
                      sqlite::read_header(database.living.path("any.db"))};
  }
  SUBCASE("another database") {
    testing::database{copies.path("any.db")}.run("CREATE TABLE other (what TEXT)");
  }
  database.kill();
  copy(copies.path("any.db"), database.path());
  CHECK(has(log_problem(database.path(), database.noted), "belongs to another file"));
  CHECK(log_problem(database.path(), {}) == "");  // nothing is known of it
  CHECK(log_problem(database.path(), log_origin{"of other", database.noted.header}) == "");
}

TEST_CASE("a log without its file is one that must not be thrown away") {
  left_behind database;
  database.kill();
  SUBCASE("missing") { std::filesystem::remove(database.path()); }
  SUBCASE("empty") { std::filesystem::resize_file(database.path(), 0); }
  CHECK(has(log_problem(database.path(), {}), "missing or empty"));
  std::filesystem::resize_file(database.path() + "-wal", 40);  // nothing of it would be played
  CHECK(log_problem(database.path(), {}) == "");
}

TEST_CASE("what stands beside a database and is no log is nobody's") {
  left_behind database;
  database.kill();
  for (const std::string text : {"", "a letter", "37"}) {
    std::ofstream{database.path() + "-wal"} << text;
    CHECK(log_problem(database.path(), database.noted) == "");
    CHECK_FALSE(sqlite::read_log(database.path() + "-wal").has_commit);
  }
}

TEST_CASE("what is noted of a log is read again, and nothing else is") {
  const log_origin noted{std::string{"\0\x01salts\xff", 8}, std::string(100, '\xfe')};
  const std::string line = sqlite::to_line(noted);
  const auto read = sqlite::to_log_origin(line);
  REQUIRE(read);
  CHECK(read->salts == noted.salts);
  CHECK(read->header == noted.header);
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK_FALSE(sqlite::to_log_origin(line.substr(0, size)));
  CHECK_FALSE(sqlite::to_log_origin(line + " "));
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    std::string other = line;
    other[i] = '?';
    CHECK_FALSE(sqlite::to_log_origin(other));
  }
}

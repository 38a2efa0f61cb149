#include <comments/store/sqlite/backup.hpp>

#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/database.hpp"
#include "support/temporary_folder.hpp"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

using namespace comments;

namespace {

std::unique_ptr<sqlite_store> open(const std::string& path) {
  auto opened = sqlite_store::open({.path = path});
  REQUIRE(opened);
  return std::move(*opened);
}
void say(sqlite_store& to, const std::string& body) {
  REQUIRE(to.insert({.said = {.content_id = "1", .body = body}}, from_milliseconds(0)));
}
std::string last_body(const std::string& path) {
  const auto store = open(path);
  return store->list({.content_id = "1", .sort = sort::newest, .limit = 1})->items.at(0).body;
}
std::string why_not(const std::string& from, const std::string& to) {
  const auto done = sqlite::restore(from, to, from_milliseconds(0));
  REQUIRE_FALSE(done);
  return done.error().message;
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a backup of a database in use stands alone, and comes back beside the one it replaces") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db"), copy = folder.path("copy.db");
  {
    const auto store = open(path);
    say(*store, "before");
    const auto made = sqlite::back_up(path, copy);
    REQUIRE(made);
    CHECK(made->size == std::filesystem::file_size(copy));
    CHECK(std::filesystem::status(copy).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(sqlite::back_up(path, copy).error().code == errc::conflict);
    say(*store, "after");
    CHECK(has(why_not(copy, path), "another process is using it"));
  }
  const auto back = sqlite::restore(copy, path, from_milliseconds(1'700'000'000'000));
  REQUIRE(back);
  CHECK(back->comments == 1);
  CHECK(back->kept == back->path + ".before-20231114T221320Z");
  CHECK(last_body(path) == "before");
  CHECK(last_body(back->kept) == "after");
  const auto again = sqlite::restore(back->kept, path, from_milliseconds(1'700'000'000'000));
  REQUIRE(again);
  CHECK(again->kept == back->kept + "-2");
  CHECK(last_body(path) == "after");
}

TEST_CASE("what is no sound database of comments is not restored, and nothing changes") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db"), copy = folder.path("copy.db");
  say(*open(path), "kept");
  CHECK(sqlite::back_up(folder.path("missing.db"), copy).error().code == errc::not_found);
  CHECK(sqlite::restore(copy, path, from_milliseconds(0)).error().code == errc::not_found);
  REQUIRE(sqlite::back_up(path, copy));
  CHECK(has(why_not(path, path), "the database itself"));
  SUBCASE("a text") {
    std::ofstream{copy} << "a letter to a friend";
    CHECK(has(why_not(copy, path), "no SQLite database"));
  }
  SUBCASE("nothing") {
    std::filesystem::resize_file(copy, 0);
    CHECK(has(why_not(copy, path), "no SQLite database"));
  }
  SUBCASE("a part") {
    std::filesystem::resize_file(copy, 3 * 4096);
    CHECK(has(why_not(copy, path), "damaged"));
  }
  SUBCASE("another program's") {
    testing::database{copy}.run("PRAGMA application_id = 7");
    CHECK(has(why_not(copy, path), "no database of comments"));
  }
  SUBCASE("a newer version's") {
    testing::database{copy}.run("PRAGMA user_version = 999");
    CHECK(has(why_not(copy, path), "newer version"));
  }
  SUBCASE("one without its key") {
    testing::database{copy}.run("DELETE FROM setting");
    CHECK(has(why_not(copy, path), "damaged"));
  }
  SUBCASE("a folder") { CHECK(has(why_not(folder.path(), path), "no file")); }
  CHECK(last_body(path) == "kept");
  int files = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{folder.path()})
    ++files;
  CHECK(files == 3);  // the two and the lock
}

TEST_CASE("a restore that ended between its last steps is finished, one before them is forgotten") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db"), ready = sqlite::restored_path(path);
  say(*open(path), "old");
  say(*open(ready), "new");
  std::filesystem::remove(ready + "-lock");
  CHECK(last_body(path) == "old");
  CHECK_FALSE(std::filesystem::exists(ready));
  say(*open(ready), "new");
  std::filesystem::rename(path, folder.path("kept.db"));
  CHECK(last_body(path) == "new");
  CHECK_FALSE(std::filesystem::exists(ready));
  CHECK(last_body(folder.path("kept.db")) == "old");
}

TEST_CASE("a database that cannot be opened any more is replaced, and kept") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db"), copy = folder.path("copy.db");
  say(*open(path), "good");
  REQUIRE(sqlite::back_up(path, copy));
  SUBCASE("damaged") {
    std::ofstream{path} << "a letter to a friend";
    const auto back = sqlite::restore(copy, path, from_milliseconds(0));
    REQUIRE(back);
    CHECK(std::filesystem::file_size(back->kept) == 20);
  }
  SUBCASE("missing") {
    std::filesystem::remove(path);
    const auto back = sqlite::restore(copy, path, from_milliseconds(0));
    REQUIRE(back);
    CHECK(back->kept == "");
  }
  CHECK(last_body(path) == "good");
}

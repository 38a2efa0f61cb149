#include <comments/store/sqlite/watch.hpp>

#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/database.hpp"
#include "support/temporary_folder.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace comments;

namespace {

// A store whose thread does not look: a test says when, by a write or by `recover`.
struct watched {
  testing::temporary_folder folder{};
  std::vector<std::string> told{};
  std::unique_ptr<sqlite_store> store{};

  watched() {
    std::filesystem::create_directory(folder.path("data"));
    auto opened = sqlite_store::open({.path = path(),
                                      .watch_pause = std::chrono::hours{1},
                                      .on_failure = [this](auto why) { told.emplace_back(why); }});
    REQUIRE(opened);
    store = std::move(*opened);
    CHECK(say());
  }
  std::string path(const std::string& end = "") const {
    return folder.path("data/comments.db" + end);
  }
  bool say() {
    const auto made =
        store->insert({.said = {.content_id = "1", .body = "x"}}, from_milliseconds(0));
    return made || made.error().code != errc::unavailable;
  }
  std::int64_t count() const {
    const std::string id = "1";
    return store->contents({&id, 1})->front().comments;
  }
  bool has_told(const std::string& part) const {
    return told.size() == 1 && told[0].find(part) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("a database whose files are moved takes no writes until they are back") {
  for (const std::string end : {"", "-wal", "-shm", "-lock"}) {
    CAPTURE(end);
    watched at;
    std::filesystem::rename(at.path(end), at.path("-away"));
    if (end == "") CHECK_FALSE(at.say());  // a write looks by itself
    at.store->recover();
    CHECK_FALSE(at.store->is_writable());
    CHECK_FALSE(at.say());
    CHECK(at.has_told("comments.db" + end + " is gone"));
    CHECK(at.count() == 1);
    CHECK_FALSE(std::filesystem::exists(at.path(end)));  // nobody has made it anew
    std::filesystem::rename(at.path("-away"), at.path(end));
    at.store->recover();
    CHECK(at.store->is_writable());
    CHECK(at.say());
    CHECK(at.told.size() == 1);
  }
}

TEST_CASE("a folder that is moved is noticed, and so is its return") {
  watched at;
  std::filesystem::rename(at.folder.path("data"), at.folder.path("away"));
  CHECK_FALSE(at.say());
  CHECK(at.has_told(" is gone"));
  std::filesystem::rename(at.folder.path("away"), at.folder.path("data"));
  CHECK(at.say());
}

TEST_CASE("a database that is removed keeps its log, and another one gets nothing of it") {
  watched at;
  std::filesystem::remove(at.path());
  CHECK_FALSE(at.say());
  std::ofstream{at.path()} << "another file";
  CHECK_FALSE(at.say());
  at.store->recover();
  CHECK_FALSE(at.store->is_writable());
  CHECK(at.told.size() == 1);
  at.store.reset();
  CHECK(std::filesystem::file_size(at.path()) == 12);
  CHECK(std::filesystem::file_size(at.path("-wal")) > 0);
}

TEST_CASE("a database that is cut or written over is never written again") {
  watched at;
  std::string other;
  {
    watched another;
    another.store.reset();
    std::ifstream file{another.path(), std::ios::binary};
    other.assign(std::istreambuf_iterator<char>{file}, {});
  }
  SUBCASE("emptied") { std::filesystem::resize_file(at.path(), 0); }
  SUBCASE("cut") { std::filesystem::resize_file(at.path(), 8192); }
  SUBCASE("written over by another database") {
    std::ofstream{at.path(), std::ios::binary} << other;
  }
  const auto size = std::filesystem::file_size(at.path());
  at.store->recover();
  CHECK_FALSE(at.store->is_writable());
  CHECK(at.has_told("was written over, or cut"));
  CHECK_FALSE(at.say());
  at.store->recover();
  CHECK_FALSE(at.store->is_writable());
  at.store.reset();
  CHECK(std::filesystem::file_size(at.path()) == size);
  CHECK(std::filesystem::file_size(at.path("-wal")) > 0);
}

TEST_CASE("what other tools may do to a database in use goes on") {
  watched at;
  const testing::database other{at.path()};
  for (const std::string sql :
       {"PRAGMA wal_checkpoint(TRUNCATE)", "CREATE INDEX another ON comment (created_at)",
        "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(PASSIVE)"}) {
    CAPTURE(sql);
    other.run(sql);
    CHECK(at.say());
    at.store->recover();
    CHECK(at.store->is_writable());
  }
  CHECK(at.told.empty());
}

TEST_CASE("a thread looks again and again, and ends when it is told to") {
  std::atomic<int> looks{};
  {
    const sqlite::watch_thread looking{std::chrono::milliseconds{1}, [&] {
                                         ++looks;
                                         throw 1;
                                       }};
    while (looks < 3) std::this_thread::yield();
  }
  const sqlite::watch_thread never{std::chrono::hours{1}, [] { FAIL("too early"); }};
}

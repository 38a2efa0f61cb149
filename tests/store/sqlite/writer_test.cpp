#include <comments/store/sqlite/writer.hpp>

#include <comments/store/sqlite/schema.hpp>

#include <doctest/doctest.h>

#include "support/faulty_disk.hpp"
#include "support/parallel.hpp"
#include "support/temporary_folder.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace comments;
using sqlite::ending;
using testing::disk_call;

namespace {

// A writer of a file on a disk that can fail.
struct opened {
  testing::temporary_folder folder{};
  testing::faulty_disk disk{};
  manual_clock now{from_milliseconds(1'000'000)};
  std::shared_ptr<sqlite::health> health{
      std::make_shared<sqlite::health>(std::chrono::milliseconds{500}, now.as_clock())};
  content_cache cache{};
  std::unique_ptr<sqlite::writer> writes{};

  opened() {
    const sqlite::file_options file{
        .path = folder.path("any.db"), .vfs = disk.name(), .on_failure = health->listener({})};
    auto on = sqlite::connect(file);
    REQUIRE(on);
    REQUIRE(sqlite::migrate(**on));
    std::string key = sqlite::read_key(**on);
    writes = std::make_unique<sqlite::writer>(
        sqlite::writer_options{.file = file, .health = health, .key = std::move(key)},
        std::move(*on), cache);
  }

  ending set(const std::string& name) {
    return writes->run(
        [&](auto& work, auto&) { work->run("INSERT INTO setting VALUES (?1, 'x')", name); });
  }
  std::int64_t count() const {
    const auto on = sqlite::connect({.path = folder.path("any.db")});
    REQUIRE(on);
    return (*on)->number("SELECT count(*) FROM setting") - 1;  // but the signing key
  }
};

}  // namespace

TEST_CASE("a job is committed, or undone alone if it fails or throws") {
  opened file;
  CHECK(file.set("a") == ending::committed);
  CHECK(file.set("a") == ending::undone);  // the name is taken
  CHECK(file.writes->run([](auto&, auto&) { throw std::runtime_error{"no"}; }) == ending::undone);
  CHECK(file.health->is_well());
  std::atomic<int> committed{}, undone{};
  in_parallel(8, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      const bool is_bad = (thread + i) % 4 == 0;
      const std::string name = std::to_string(thread) + " " + std::to_string(i);
      const auto end = file.set(is_bad ? "a" : name);
      committed += end == ending::committed;
      undone += end == ending::undone;
    }
  });
  CHECK(committed == 120);
  CHECK(undone == 40);
  CHECK(file.count() == 121);
}

TEST_CASE("a job that nobody waits for ends as it would for one who waits") {
  opened file;
  const std::vector<std::string> names{"a", "b", "a"};
  std::vector<sqlite::writer::job> jobs;
  std::vector<ending> ends;
  for (const std::string& name : names)
    jobs.push_back(
        [&name](auto& work, auto&) { work->run("INSERT INTO setting VALUES (?1, 'x')", name); });
  jobs.push_back([](auto&, auto&) { throw std::runtime_error{"no"}; });
  const auto begin = [&](const sqlite::writer::job& job) {
    file.writes->begin(job, [&](ending how) { ends.push_back(how); });
  };
  for (const auto& job : jobs) begin(job);
  file.disk.fail(disk_call::sync, SQLITE_IOERR_FSYNC);
  const sqlite::writer::job last = [](auto& work, auto&) {
    work->run("INSERT INTO setting VALUES ('c', 'x')");
  };
  begin(last);
  CHECK(ends == std::vector<ending>{ending::committed, ending::committed, ending::undone,
                                    ending::undone, ending::in_doubt});
}

TEST_CASE("the cache has what a commit has changed, and nothing after one that failed") {
  opened file;
  const content changed{.content_id = "1", .version = 7};
  const auto note = [&](auto& work, sqlite::effects& noted) {
    work->run("INSERT INTO setting VALUES ('a', 'x')");
    noted.contents.push_back(changed);
  };
  CHECK(file.writes->run(note) == ending::committed);
  CHECK(file.cache.find("1").found == changed);
  CHECK(file.writes->run(note) == ending::undone);
  CHECK_FALSE(file.cache.find("1").found);
}

TEST_CASE("a result counts if its job is committed; an error is never in doubt") {
  opened file;
  const auto answer = [&](const std::string& name, bool is_error) {
    return file.writes->write<int>([&](auto& work, auto&) -> result<int> {
      work->run("INSERT INTO setting VALUES (?1, 'x')", name);
      if (is_error) return error{errc::not_found};
      return 1;
    });
  };
  CHECK(answer("a", false).value_or(0) == 1);
  CHECK(answer("a", false).error().code == errc::unavailable);
  CHECK(answer("b", true).error().code == errc::not_found);
  for (const bool is_error : {false, true}) {
    file.disk.fail(disk_call::sync, SQLITE_IOERR_FSYNC);
    CHECK(answer("c", is_error).error().code == (is_error ? errc::unavailable : errc::in_doubt));
    file.disk.heal();
    CHECK(answer("c", false).error().code == errc::unavailable);  // not repaired yet
    file.now.advance(std::chrono::milliseconds{500});
    file.writes->recover();
    CHECK(file.health->is_well());
  }
  CHECK(answer("c", false).value_or(0) == 1);
}

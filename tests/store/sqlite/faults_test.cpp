#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/database.hpp"
#include "support/faulty_disk.hpp"
#include "support/no_threads.hpp"
#include "support/parallel.hpp"
#include "support/size.hpp"
#include "support/temporary_folder.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace comments;
using comments::contract::look;
using comments::contract::must;
using comments::contract::noon;
using testing::disk_call;

namespace {

bool is_refusal(errc code) { return code == errc::unavailable || code == errc::in_doubt; }

// A store on a disk that can be made to fail, and what it has answered.
struct patient {
  testing::temporary_folder folder{};
  testing::faulty_disk disk{};
  testing::faulty_disk other_disk{};  // never fails
  manual_clock now{noon};
  std::set<std::string> acknowledged{};
  std::set<std::string> in_doubt{};
  bool is_begun{};
  std::unique_ptr<sqlite_store> store{open(disk.name())};

  std::unique_ptr<sqlite_store> open(const std::string& vfs) {
    return must(sqlite_store::open({.path = path(), .clock = now.as_clock(), .vfs = vfs}));
  }
  std::string path() const { return folder.path("comments.db"); }

  // Posts a comment, with its body as its key, by turns in each of the two ways. Returns the error,
  // if it was refused. Then what was answered, now and before, must be true even if the process
  // were killed at this moment.
  std::optional<errc> post(const std::string& body) {
    const insertion wanted{{.content_id = "1", .body = body, .key = body}};
    is_begun = !is_begun;
    const auto made =
        is_begun ? comments::contract::post_later(*store, wanted) : store->insert(wanted, noon);
    if (made) {
      acknowledged.insert(body);
      return std::nullopt;
    }
    const errc code = made.error().code;
    CHECK(is_refusal(code));
    if (code == errc::in_doubt) in_doubt.insert(body);
    const auto found = bodies_after_kill();
    CHECK(std::ranges::includes(found, acknowledged));
    for (const std::string& body_found : found)
      CHECK((acknowledged.contains(body_found) || in_doubt.contains(body_found)));
    return code;
  }
  bool say(const std::string& body) { return !post(body); }

  // What a process would find that opened the files as they stand now.
  std::set<std::string> bodies_after_kill() const {
    const testing::temporary_folder copies;
    const std::string copy = copies.path("comments.db");
    for (const std::string end : {"", "-wal"})
      if (std::filesystem::exists(path() + end))
        std::filesystem::copy_file(path() + end, copy + end);
    return bodies(*must(sqlite_store::open({.path = copy, .vfs = other_disk.name()})));
  }
  static std::set<std::string> bodies(const comments::store& store) {
    std::set<std::string> found;
    for (const comment& one : must(store.list({.content_id = "1", .limit = 100'000})).items)
      CHECK(found.insert(one.body).second);
    return found;
  }
  // That the store shows just what it has acknowledged, and so does the file without it.
  void check_all_is_there() {
    CHECK(bodies(*store) == acknowledged);
    store.reset();
    store = open("");
    CHECK(bodies(*store) == acknowledged);
    CHECK(testing::database{path()}.text("PRAGMA integrity_check") == "ok");
  }
};

const std::string long_body(30'000, 'x');  // several pages

}  // namespace

TEST_CASE("a disk that is full at any write loses nothing, and the store serves when it is not" *
          testing::one_thread) {
  long last = 0;
  for (long n = 1; last != n; ++n) {
    CAPTURE(n);
    patient ill;
    REQUIRE(ill.say("before"));
    const long before = ill.disk.calls(disk_call::write);
    ill.disk.fail(disk_call::write, SQLITE_FULL, n);
    const bool is_through = ill.say(long_body);
    CHECK(is_through == (ill.disk.calls(disk_call::write) - before < n));
    if (is_through) last = n + 1;
    CHECK(patient::bodies(*ill.store) == ill.acknowledged);
    CHECK(ill.post("another") == errc::unavailable);
    CHECK(ill.in_doubt.empty());
    CHECK(ill.store->is_writable());  // nothing is in doubt: the next write may go well
    ill.disk.heal();
    CHECK(ill.say("after"));
    CHECK(ill.say(long_body));
    ill.check_all_is_there();
  }
  CHECK(last > 10);
}

TEST_CASE("on a disk that may lose sectors, one that is full leaves the last write in doubt" *
          testing::one_thread) {
  bool has_come_back = false;
  bool is_through = false;
  for (long n = 1; !is_through; ++n) {
    CAPTURE(n);
    patient ill;
    ill.disk.lose_sectors();
    ill.store.reset();
    ill.store = ill.open(ill.disk.name());
    REQUIRE(ill.say("before"));
    ill.disk.fail(disk_call::write, SQLITE_FULL, n);
    is_through = ill.say(long_body);
    CHECK(patient::bodies(*ill.store) == ill.acknowledged);
    has_come_back |= !is_through && ill.bodies_after_kill().contains(long_body);
    ill.disk.heal();
    ill.now.advance(std::chrono::seconds{1});
    CHECK(ill.say("after"));
    ill.check_all_is_there();
  }
  CHECK(has_come_back);
}

TEST_CASE("a commit that finds no memory once it is in the log is in doubt" * testing::one_thread) {
  // The index of the log grows by a block with page 4,063, behind the sync.
  for (const int code : {SQLITE_NOMEM, SQLITE_IOERR_SHMMAP}) {
    CAPTURE(code);
    patient ill;
    ill.store.reset();
    ill.store = must(sqlite_store::open({.path = ill.path(),
                                         .log = {.pages_step = 10'000, .pages_max = 10'000},
                                         .clock = ill.now.as_clock(),
                                         .vfs = ill.disk.name()}));
    ill.disk.fail(disk_call::map, code);
    const std::string body(1'000'000, 'x');
    std::optional<errc> failed;
    for (int i = 0; i < 30 && !failed; ++i) failed = ill.post(std::to_string(i) + body);
    CHECK(failed == errc::in_doubt);
    CHECK(std::ranges::includes(ill.bodies_after_kill(), ill.in_doubt));
    CHECK(patient::bodies(*ill.store) == ill.acknowledged);
    CHECK_FALSE(ill.store->is_writable());
    ill.disk.heal();
    CHECK(ill.post("too early") == errc::unavailable);
    ill.now.advance(std::chrono::seconds{1});
    CHECK(ill.say("after"));
    ill.check_all_is_there();
  }
}

TEST_CASE("a write that fails before its commit is refused, not in doubt") {
  patient ill;
  REQUIRE(ill.say("before"));
  SUBCASE("another program writes") {
    ill.store.reset();
    ill.store = must(sqlite_store::open(
        {.path = ill.path(), .busy_wait = std::chrono::milliseconds{1}, .vfs = ill.disk.name()}));
    const testing::database other{ill.path()};
    other.run("BEGIN IMMEDIATE");
    CHECK(ill.post("refused") == errc::unavailable);
    other.run("ROLLBACK");
  }
  SUBCASE("what it reads cannot be read") {
    ill.store.reset();
    ill.store = ill.open(ill.disk.name());  // with nothing in memory
    ill.disk.fail(disk_call::read, SQLITE_IOERR_READ);
    CHECK(ill.post("refused") == errc::unavailable);
    ill.disk.heal();
    ill.now.advance(std::chrono::seconds{1});
  }
  CHECK(ill.in_doubt.empty());
  CHECK(ill.say("after"));
  ill.check_all_is_there();
}

TEST_CASE("a sync that fails is never acknowledged, and writes stop until the file is made good") {
  for (const int code : {SQLITE_IOERR_FSYNC, SQLITE_IOERR}) {
    patient ill;
    REQUIRE(ill.say("before"));
    ill.disk.fail(disk_call::sync, code);
    CHECK(ill.post("in doubt") == errc::in_doubt);
    CHECK(ill.bodies_after_kill().contains("in doubt"));
    ill.disk.heal();
    CHECK_FALSE(ill.store->is_writable());
    CHECK(ill.post("too early") == errc::unavailable);
    CHECK(patient::bodies(*ill.store) == ill.acknowledged);
    ill.now.advance(std::chrono::milliseconds{999});
    CHECK_FALSE(ill.store->is_writable());
    ill.now.advance(std::chrono::milliseconds{1});
    SUBCASE("by a write") { CHECK(ill.say("after")); }
    SUBCASE("by who asks for it") { ill.store->recover(); }
    CHECK(ill.store->is_writable());
    CHECK(patient::bodies(*ill.store) == ill.acknowledged);
    CHECK(ill.bodies_after_kill() == ill.acknowledged);  // it cannot come back any more
    CHECK(ill.say("later"));
    CHECK(ill.say("in doubt"));  // by its key: it was not there, so it is made now
    ill.check_all_is_there();
  }
}

TEST_CASE("a comment in doubt gives back what it took, so that it can be posted again") {
  patient ill;
  const insertion written{.said = {.content_id = "1", .body = "in doubt", .key = "k"},
                          .allowances = {{"ana", {.per_minute = 1}}}};
  ill.disk.fail(disk_call::sync, SQLITE_IOERR_FSYNC);
  CHECK(ill.store->insert(written, noon).error().code == errc::in_doubt);
  ill.disk.heal();
  ill.now.advance(std::chrono::seconds{1});
  CHECK_FALSE(must(ill.store->insert(written, noon)).replayed);
  insertion another = written;
  another.said.key = "another";
  CHECK(ill.store->insert(another, noon).error().code == errc::rate_limited);
}

TEST_CASE("inserts that nobody waits for are all in doubt with their commit, and give back") {
  patient ill;
  std::vector<insertion> wanted(8);
  for (std::size_t i = 0; i < wanted.size(); ++i)
    wanted[i] = {.said = {.content_id = "1", .body = "x", .key = std::to_string(i)},
                 .allowances = {{std::to_string(i), {.per_minute = 1}}}};
  ill.disk.fail(disk_call::sync, SQLITE_IOERR_FSYNC);
  std::atomic<std::size_t> in_doubt{}, refused{};
  for (const insertion& one : wanted)
    ill.store->begin_insert(one, noon, [&](const std::optional<result<post_result>>& made) {
      ++(!*made && made->error().code == errc::in_doubt ? in_doubt : refused);
    });
  while (in_doubt + refused < wanted.size()) std::this_thread::yield();
  CHECK(in_doubt > 0);
  CHECK_FALSE(ill.store->is_writable());
  ill.disk.heal();
  ill.now.advance(std::chrono::seconds{1});
  for (const insertion& one : wanted) CHECK_FALSE(must(ill.store->insert(one, noon)).replayed);
}

TEST_CASE("recovery that fails is tried again after a pause, not before") {
  patient ill;
  REQUIRE(ill.say("before"));
  ill.disk.fail(disk_call::sync, SQLITE_IOERR_FSYNC);
  CHECK_FALSE(ill.say("in doubt"));
  for (int i = 0; i < 3; ++i) {
    ill.now.advance(std::chrono::seconds{1});
    const long before = ill.disk.calls(disk_call::sync);
    ill.store->recover();
    CHECK_FALSE(ill.store->is_writable());
    const long tried = ill.disk.calls(disk_call::sync);
    CHECK(tried > before);
    CHECK_FALSE(ill.say("still not"));
    ill.store->recover();
    CHECK_FALSE(ill.store->is_writable());
    CHECK(ill.disk.calls(disk_call::sync) == tried);
    CHECK(patient::bodies(*ill.store) == ill.acknowledged);
  }
  ill.disk.heal();
  ill.now.advance(std::chrono::seconds{1});
  CHECK(ill.say("after"));
  ill.check_all_is_there();
}

// In which way, and of which kind, a call to the disk may fail.
const std::pair<disk_call, int> faults[] = {{disk_call::write, SQLITE_IOERR_WRITE},
                                            {disk_call::write, SQLITE_FULL},
                                            {disk_call::sync, SQLITE_IOERR_FSYNC},
                                            {disk_call::read, SQLITE_IOERR_READ},
                                            {disk_call::truncate, SQLITE_IOERR_TRUNCATE}};

TEST_CASE("whatever call fails in whatever way, only what is acknowledged is there, and all of it" *
          testing::one_thread) {
  for (const auto& fault : faults)
    for (long n = 1; n <= testing::size(6, 12); ++n) {
      CAPTURE(fault.second);
      CAPTURE(n);
      patient ill;
      for (int i = 0; i < 3; ++i) REQUIRE(ill.say("before " + std::to_string(i)));
      ill.disk.fail(fault.first, fault.second, n, 2);
      for (int i = 0; i < 12; ++i) {
        ill.say("ill " + std::to_string(i));
        if (i % 3 == 2) ill.now.advance(std::chrono::seconds{1});
      }
      ill.disk.heal();
      ill.now.advance(std::chrono::seconds{1});
      CHECK(ill.say("after"));
      ill.check_all_is_there();
    }
}

TEST_CASE("whatever call fails, a change to a comment is made and acknowledged, or neither" *
          testing::one_thread) {
  for (const auto& fault : faults)
    for (long n = 1; n <= testing::size(4, 8); ++n) {
      CAPTURE(fault.second);
      CAPTURE(n);
      patient ill;
      std::vector<comment> made;
      for (const std::string body : {"edited", "removed", "voted", "reported"})
        made.push_back(must(ill.store->insert({{.content_id = "1", .body = body}}, noon)).stored);
      ill.disk.fail(fault.first, fault.second, n, 2);
      int acknowledged = 0, refused = 0;
      const auto keep = [&](std::size_t which, const result<comment>& answer) {
        if (answer) made[which] = *answer;
        if (!answer) CHECK(is_refusal(answer.error().code));
        ++(answer ? acknowledged : refused);
        ill.now.advance(std::chrono::seconds{1});
      };
      for (int i = 0; i < 4; ++i) {
        const std::string who = std::to_string(i);
        keep(0, ill.store->amend(made[0].id, comments::contract::rewrite(who), noon));
        keep(2, ill.store->vote(made[2].id, {who}, true, noon));
        keep(3, ill.store->report(made[3].id, {who}, "rude", noon));
        keep(1, ill.store->amend(made[1].id, comments::contract::to(status::removed), noon));
      }
      ill.disk.heal();
      ill.now.advance(std::chrono::seconds{1});
      CHECK(acknowledged + refused == 16);
      CHECK(acknowledged > 4);
      for (int i = 0; i < 2; ++i) {
        const auto seen = look(*ill.store, "1");
        CHECK(seen.comments == made);
        CHECK(seen.all.content.version == static_cast<std::int64_t>(seen.events.size()));
        CHECK(seen.reports[3].size() == static_cast<std::size_t>(made[3].reports));
        comments::contract::check_counts(*ill.store, "1");
        ill.store.reset();
        ill.store = ill.open("");
      }
      CHECK(testing::database{ill.path()}.text("PRAGMA integrity_check") == "ok");
    }
}

TEST_CASE("whatever call fails, a deployment's step that was acknowledged is in the log" *
          testing::one_thread) {
  for (const auto& fault : faults)
    for (long n = 1; n <= testing::size(4, 8); ++n) {
      CAPTURE(fault.second);
      CAPTURE(n);
      patient ill;
      std::vector<deployment> kept;
      std::vector<std::string> refused;
      const auto record = [&](const std::string& run) {
        const auto made = ill.store->record(comments::contract::step(1, "comments", run), noon);
        if (made) kept.insert(kept.begin(), made->stored);
        if (!made) CHECK(is_refusal(made.error().code));
        if (!made) refused.push_back(run);
        ill.now.advance(std::chrono::seconds{1});
      };
      record("before");
      ill.disk.fail(fault.first, fault.second, n, 2);
      for (int i = 0; i < 8; ++i) record(std::to_string(i));
      ill.disk.heal();
      const std::vector<std::string> again = refused;
      for (const std::string& run : again) record(run);  // as a pipeline does
      CHECK(kept.size() == 9);
      for (int i = 0; i < 2; ++i) {
        CHECK(must(ill.store->deployments({})).items == kept);
        ill.store.reset();
        ill.store = ill.open("");
      }
    }
}

TEST_CASE("a file with a damaged page is refused, or, if it is large, found out and not written") {
  for (const std::uintmax_t checked_max : {std::uintmax_t{4} << 20, std::uintmax_t{0}}) {
    CAPTURE(checked_max);
    const testing::temporary_folder folder;
    const std::string path = folder.path("comments.db");
    {
      const auto store = must(sqlite_store::open({.path = path}));
      for (int i = 0; i < 200; ++i)
        must(store->insert({{.content_id = "1", .body = std::string(1000, 'x')}}, noon));
    }
    std::fstream bytes{path, std::ios::binary | std::ios::in | std::ios::out};
    bytes.seekp(-4096, std::ios::end);
    bytes << std::string(4096, '?') << std::flush;
    std::atomic<bool> is_told{};
    const auto opened = sqlite_store::open(
        {.path = path, .checked_max = checked_max, .on_failure = [&](std::string_view why) {
           if (why.find("damaged") == why.npos) return;
           is_told = true;
           is_told.notify_all();
         }});
    CHECK(opened.has_value() == (checked_max == 0));
    if (!opened) {
      CHECK(opened.error().message == "The database cannot be used: it is damaged.");
      continue;
    }
    is_told.wait(false);
    CHECK_FALSE((*opened)->is_writable());
    CHECK_FALSE((*opened)->insert({{.content_id = "2", .body = "x"}}, noon).has_value());
    CHECK((*opened)->contents(std::vector<std::string>{"1"}).has_value());
  }
}

TEST_CASE("with no thread for the check a file is checked before it is opened (needs glibc)" *
          doctest::skip(!testing::no_threads::is_possible)) {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.db");
  {
    const auto store = must(sqlite_store::open({.path = path}));
    for (int i = 0; i < 200; ++i)
      must(store->insert({{.content_id = "1", .body = std::string(1000, 'x')}}, noon));
  }
  const auto open = [&] {
    const testing::no_threads shortage;
    return sqlite_store::open({.path = path, .checked_max = 0});
  };
  {
    const auto opened = open();
    REQUIRE(opened);
    CHECK((*opened)->insert({{.content_id = "2", .body = "x"}}, noon));
  }
  std::fstream bytes{path, std::ios::binary | std::ios::in | std::ios::out};
  bytes.seekp(-4096, std::ios::end);
  bytes << std::string(4096, '?') << std::flush;
  const auto refused = open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "The database cannot be used: it is damaged.");
}

TEST_CASE("a clock that steps back shuffles no order and doubles no id") {
  patient well;
  std::set<comment_id> ids;
  std::int64_t position = 0;
  for (const int hours : {0, -1, -1000, 5, -2, -600'000}) {
    const instant at = noon + std::chrono::hours{hours};
    for (int i = 0; i < 3; ++i) {
      const auto made = must(well.store->insert({{.content_id = "1", .body = "x"}}, at));
      CHECK(made.stored.created_at == at);
      CHECK(made.stored.position == ++position);
      CHECK(made.stored.version == position);
      CHECK(ids.insert(made.stored.id).second);
    }
  }
  const auto seen = look(*well.store, "1");
  std::int64_t next = 0;
  for (const comment& one : seen.all.items) CHECK(one.position == ++next);
  CHECK(next == position);
}

TEST_CASE("what was acknowledged is there after a power cut, at any moment") {
  for (unsigned seed = 1; seed <= testing::size(25u, 100u); ++seed) {
    CAPTURE(seed);
    std::mt19937 dice{seed};
    testing::temporary_folder folder;
    testing::faulty_disk disk;
    const std::string path = folder.path("comments.db");
    std::mutex mutex;
    std::set<std::string> sent, acknowledged;
    std::vector<comment> made;
    const long calls = 1 + static_cast<long>(dice() % 500);
    disk.cut_power_after(calls);
    if (auto store = sqlite_store::open({.path = path, .vfs = disk.name()}))
      in_parallel(4, [&](int thread) {
        for (int i = 0; disk.has_power(); ++i) {
          const std::string body = std::to_string(thread) + " " + std::to_string(i);
          {
            const std::lock_guard lock{mutex};
            sent.insert(body);
          }
          const auto posted =
              (*store)->insert({{.content_id = std::to_string(i % 3), .body = body}}, noon);
          const std::lock_guard lock{mutex};
          if (posted) acknowledged.insert(body), made.push_back(posted->stored);
        }
      });
    disk.lose_power_content(dice);
    std::filesystem::remove(path + "-shm");  // memory
    const auto store = must(sqlite_store::open({.path = path}));
    std::set<std::string> found;
    for (const std::string id : {"0", "1", "2"})
      for (const comment& one : must(store->list({.content_id = id, .limit = 100'000})).items)
        CHECK(found.insert(one.body).second);
    CHECK(std::includes(found.begin(), found.end(), acknowledged.begin(), acknowledged.end()));
    CHECK(std::includes(sent.begin(), sent.end(), found.begin(), found.end()));
    for (const comment& one : made) CHECK(must(store->find(one.id)) == one);
    CHECK(testing::database{path}.text("PRAGMA integrity_check") == "ok");
    CHECK(testing::database{path}.text("PRAGMA foreign_key_check").empty());
  }
}

// The store of examples/lmdb_store.hpp keeps the promises of a store: those that the contract
// shows, and those that only its own means can show.

#include "../../examples/lmdb_store.hpp"

#include <doctest/doctest.h>

#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "support/contract.hpp"
#include "support/failing_memory.hpp"
#include "support/temporary_folder.hpp"

using comments::comment;
using comments::comment_id;
using comments::errc;
using comments::insertion;
using comments::contract::look;
using comments::contract::must;
using comments::contract::noon;
using comments::contract::post;
using lmdb::lmdb_store;

namespace {

// A function of the system that fails from its n-th call on, for an n of the test's.
class failing final {
 public:
  void begin_after(int calls) { left_ = calls; }
  // Returns how often it has failed.
  int end() {
    left_ = -1;
    return failed_.exchange(0);
  }
  bool now() {
    if (left_ < 0) return false;
    if (left_ > 0) return left_-- == 0;
    return ++failed_ > 0;
  }

 private:
  std::atomic<int> left_{-1};
  std::atomic<int> failed_{};
};
failing writes, syncs;
failing marks;  // the last writes of commits, which are shorter than a page

constexpr std::size_t page_bytes = 4096;

}  // namespace

// What LMDB writes with, under the names that the linker knows them by.
extern "C" {
ssize_t write_or_fail(int, const void*, std::size_t, off_t) __asm__("pwrite");
ssize_t write_or_fail(int file, const void* from, std::size_t size, off_t at) {
  const bool is_mark = size < page_bytes;
  if (is_mark ? marks.now() : writes.now()) {
    errno = is_mark ? EIO : ENOSPC;
    return -1;
  }
  return ::syscall(SYS_pwrite64, file, from, size, at);
}
ssize_t write_all_or_fail(int, const iovec*, int) __asm__("writev");
ssize_t write_all_or_fail(int file, const iovec* from, int count) {
  if (!writes.now()) return ::syscall(SYS_writev, file, from, count);
  errno = ENOSPC;
  return -1;
}
int sync_or_fail(int) __asm__("fdatasync");
int sync_or_fail(int file) {
  if (!syncs.now()) return static_cast<int>(::syscall(SYS_fdatasync, file));
  errno = EIO;
  return -1;
}
}

namespace {

// In memory, if that can be: the contract has nothing to say about a disk, and waits for it.
std::string fastest_folder() {
  return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

class lmdb_maker final {
 public:
  explicit lmdb_maker(const lmdb::lmdb_options& options = {}) : options_{options} { reopen(); }

  lmdb_store& store() { return *store_; }
  std::string path() const { return folder_.path("comments.lmdb"); }
  void reopen(const lmdb::lmdb_options& options) {
    options_ = options;
    reopen();
  }
  void reopen() {
    store_.reset();
    store_ = must(lmdb_store::open(path(), options_));
  }

 private:
  lmdb::lmdb_options options_;
  testing::temporary_folder folder_{fastest_folder()};
  std::unique_ptr<lmdb_store> store_{};
};

// What a store says of a write that failed, and that nothing of it is there.
template <typename Write>
comments::error refused(lmdb_store& store, Write&& write) {
  const auto before = look(store, "1");
  const auto answer = write();
  REQUIRE(!answer);
  CHECK(look(store, "1") == before);
  return answer.error();
}

}  // namespace

STORE_CONTRACT(lmdb_store, lmdb_maker);
DURABLE_STORE_CONTRACT(lmdb_store_reopened, lmdb_maker);

TEST_CASE("a full file refuses what is too much, clearly, and takes it once it may grow") {
  lmdb_maker maker{{.map_bytes_max = 1 << 20}};
  const insertion wanted{.said = {.content_id = "1", .body = std::string(2000, 'x')},
                         .allowances = {{"ana", {.per_minute = 10'000}}}};
  auto made = maker.store().insert(wanted, noon);
  int kept = 0;
  for (; made; made = maker.store().insert(wanted, noon)) ++kept;
  CHECK(made.error() == comments::error{errc::unavailable, "The store's file is full."});
  CHECK(kept > 50);
  CHECK(refused(maker.store(), [&] { return maker.store().insert(wanted, noon); }).message ==
        "The store's file is full.");
  CHECK(maker.store().is_writable());
  CHECK(look(maker.store(), "1").all.content.comments == kept);

  maker.reopen({.map_bytes_max = 2 << 20});
  CHECK(maker.store().insert(wanted, noon).has_value());
}

TEST_CASE("a full disk refuses a write, wherever it is met, and the next one is taken") {
  lmdb_maker maker;
  const insertion wanted{.said = {.content_id = "1", .body = std::string(20'000, 'x')}};
  int refusals = 0;
  for (int n = 0;; ++n) {
    const auto before = look(maker.store(), "1");
    writes.begin_after(n);
    const auto made = maker.store().insert(wanted, noon);
    if (writes.end() == 0) break;
    REQUIRE(!made);
    CHECK(made.error() == comments::error{errc::unavailable, "The store's disk is full."});
    CHECK(look(maker.store(), "1") == before);
    maker.reopen();
    CHECK(look(maker.store(), "1") == before);
    CHECK(maker.store().insert(wanted, noon).has_value());
    ++refusals;
  }
  CHECK(refusals > 0);
}

TEST_CASE("a sync that fails refuses the write, which gives back what it took") {
  lmdb_maker maker;
  const insertion wanted{.said = {.content_id = "1", .body = "x", .key = "k"},
                         .allowances = {{"ana", {.per_minute = 1}}}};
  syncs.begin_after(0);
  const auto why = refused(maker.store(), [&] { return maker.store().insert(wanted, noon); });
  CHECK(syncs.end() == 1);
  CHECK(why.code == errc::unavailable);
  CHECK(!must(maker.store().insert(wanted, noon)).replayed);
}

TEST_CASE("a commit that fails at its last write is in doubt, and a retry ends the doubt") {
  lmdb_maker maker;
  const insertion wanted{.said = {.content_id = "1", .body = "x", .key = "k"}};
  const comment first = post(maker.store(), {.content_id = "1", .body = "first"});
  marks.begin_after(0);
  const auto made = maker.store().insert(wanted, noon);
  CHECK(marks.end() > 0);
  REQUIRE(!made);
  CHECK(made.error().code == errc::in_doubt);
  CHECK(maker.store().is_writable());
  CHECK(must(maker.store().find(first.id)) == first);
  const comment kept = must(maker.store().insert(wanted, noon)).stored;
  CHECK(must(maker.store().insert(wanted, noon)).replayed);
  maker.reopen();
  CHECK(must(maker.store().find(kept.id)) == kept);
  CHECK(look(maker.store(), "1").all.content.comments == 2);
}

TEST_CASE("a store whose file cannot be opened again says so until it can") {
  lmdb_maker maker;
  const std::string away = maker.path() + "-away";
  const comment first = post(maker.store(), {.content_id = "1", .body = "first"});
  std::filesystem::rename(maker.path(), away);
  std::filesystem::create_directory(maker.path());
  marks.begin_after(0);
  const auto made = maker.store().insert({{.content_id = "1", .body = "x"}}, noon);
  CHECK(marks.end() > 0);
  REQUIRE(!made);
  CHECK(made.error().code == errc::in_doubt);
  CHECK(!maker.store().is_writable());
  CHECK(maker.store().find(first.id).error().code == errc::unavailable);
  CHECK(maker.store().vote(first.id, {"ana"}, true, noon).error().code == errc::unavailable);
  maker.store().recover();
  CHECK(!maker.store().is_writable());

  std::filesystem::remove(maker.path());
  std::filesystem::rename(away, maker.path());
  maker.store().recover();
  CHECK(maker.store().is_writable());
  CHECK(must(maker.store().find(first.id)) == first);
  CHECK(must(maker.store().vote(first.id, {"ana"}, true, noon)).votes == 1);
}

TEST_CASE("without memory a write is refused, and nothing of it is there; or it is done") {
  if (!testing::failing_memory::is_possible) return;
  lmdb_maker maker;
  const comment_id parent = post(maker.store(), {.content_id = "1", .body = "x"}).id;
  const insertion wanted{.said = {.content_id = "1", .parent = parent, .body = "y", .key = "k"}};
  int refused = 0;
  for (std::size_t n = 1;; ++n) {
    CAPTURE(n);
    const auto before = look(maker.store(), "1");
    bool is_made = false;
    testing::failing_memory shortage{n};
    try {
      is_made = maker.store().insert(wanted, noon).has_value();
    } catch (const std::bad_alloc&) {
    }
    const bool has_failed = shortage.has_failed();
    shortage.end();
    if (is_made) CHECK(!has_failed);
    if (is_made) break;
    CHECK(look(maker.store(), "1") == before);
    ++refused;
  }
  CHECK(refused > 10);
  CHECK(look(maker.store(), "1").all.content.comments == 2);
}

// To read a comment takes a dozen allocations, so a walk through all rows would need far more.
TEST_CASE("an answer costs what it shows, and not a walk through all rows") {
  if (!testing::failing_memory::is_possible) return;
  constexpr std::size_t allocations_max = 500;
  lmdb_maker maker;
  lmdb_store& store = maker.store();
  std::vector<comment_id> made;
  for (int i = 0; i < 1000; ++i) {
    insertion wanted{.said = {.content_id = "1", .body = "x"}};
    if (i % 300 == 0) wanted.status = comments::status::pending;
    if (i % 300 == 1) wanted.said.author.subject = "ana";
    made.push_back(post(store, wanted, noon + std::chrono::milliseconds{i}).id);
  }
  for (const std::size_t at : {1U, 501U, 901U}) {
    must(store.vote(made[at], {"ana"}, true, noon));
    must(store.report(made[at], {"ana"}, "rude", noon));
    must(store.amend(made[at], comments::contract::to(comments::status::spam), noon));
  }
  const auto cheap = [&](const auto& answer) {
    const testing::failing_memory shortage{allocations_max};
    const bool is_whole = answer().has_value();
    CHECK(!shortage.has_failed());
    CHECK(is_whole);
  };
  for (const auto scope : {comments::scope::roots, comments::scope::all})
    for (const auto sort : {comments::sort::oldest, comments::sort::newest, comments::sort::top})
      cheap([&] {
        return store.list({.content_id = "1",
                           .scope = scope,
                           .sort = sort,
                           .limit = 3,
                           .after = comments::cursor{500, 0}});
      });
  cheap([&] { return store.find(made[700]); });
  cheap([&] { return store.contents(std::array<std::string, 1>{"1"}); });
  cheap([&] { return store.events("1", 700, 3); });
  cheap([&] { return store.history(made[501], 0, 9); });
  cheap([&] { return store.decisions({.limit = 3}); });
  cheap([&] { return store.decisions({.content_id = "1", .limit = 3}); });
  cheap([&] { return store.reports_of(made[501], 9); });
  cheap([&] { return store.votes_of("ana", {}, 9); });
  cheap([&] { return store.reports_by("ana", {}, 9); });
  cheap([&] { return store.find_all({.status = comments::status::pending}); });
  cheap([&] { return store.find_all({.subject = "ana"}); });
  cheap([&] { return store.find_all({.after = made[500], .limit = 3}); });
}

TEST_CASE("more threads may read than LMDB has places for readers") {
  for (const unsigned readers_max : {0U, 1U, 3U}) {
    lmdb_maker maker{{.readers_max = readers_max}};
    const comment made = post(maker.store(), {.content_id = "1", .body = "x"});
    std::atomic<int> wrong{};
    comments::contract::at_once(16, [&](int) {
      for (int i = 0; i < 50; ++i) wrong += !maker.store().find(made.id);
    });
    CHECK(wrong == 0);
  }
}

TEST_CASE("texts with the same hash are different texts, however long they are") {
  // Its hash is 0, and stays that with every zero byte.
  const std::string one = "!0IC=VloaY", other = one + '\0',
                    long_one = "u:" + std::string(2000, 'x');
  REQUIRE(lmdb::hash(one) == lmdb::hash(other));
  lmdb_maker maker;
  lmdb_store& store = maker.store();
  std::vector<comment_id> made;
  for (const std::string& name : {one, other, long_one, long_one + "y"}) {
    insertion wanted{.said = {.content_id = "1", .body = "x", .key = name}};
    wanted.said.author = {.name = "Ana", .verified = true, .subject = name};
    const auto now = noon + std::chrono::milliseconds{std::ssize(made)};  // ids order by time
    made.push_back(post(store, wanted, now).id);
    must(store.vote(made.back(), {name}, true, noon));
    must(store.vote(made.front(), {name}, true, noon));
    must(store.report(made.back(), {name}, "rude", noon));
    const auto again = must(store.insert(wanted, noon));
    CHECK(again.replayed);
    CHECK(again.stored.id == made.back());
  }
  CHECK(must(store.find(made.front())).votes == 4);
  for (const std::string& name : {other, long_one}) {
    const comment_id its = name == other ? made[1] : made[2];
    CHECK(must(store.votes_of(name, {}, 9)).size() == 2);
    CHECK(must(store.votes_of(name, made.front(), 9)).front().comment == its);
    CHECK(must(store.find_all({.subject = name})).items.front().id == its);
    must(store.forget_reporter(name));
    CHECK(must(store.reports_by(name, {}, 9)).empty());
  }
  CHECK(must(store.reports_by(one, {}, 9)).size() == 1);
  CHECK(must(store.votes_of(one, {}, 9)).size() == 1);
}

TEST_CASE("a content's id has room for what a service takes, and is refused when it is too long") {
  lmdb_maker maker;
  const std::string longest(lmdb::content_key_bytes_max - 2, 'x');  // what ends it has two bytes
  for (const std::string& id : {longest, std::string(255, 'x'), std::string("a\0b", 3)}) {
    const comment made = post(maker.store(), {.content_id = id, .body = "x"});
    must(maker.store().amend(made.id, comments::contract::to(comments::status::spam), noon));
    must(maker.store().set_status(id, comments::content_status::locked, {},
                                  {.kind = comments::event_kind::moderated, .by = "moderator"},
                                  noon));
    CHECK(must(maker.store().decisions({.content_id = id})).items.size() >= 1);
    CHECK(look(maker.store(), id).all.content.version == 3);
  }
  for (const std::string& id : {longest + "x", std::string(5000, 'x'), std::string(200, '\0')}) {
    CHECK(maker.store().insert({{.content_id = id, .body = "x"}}, noon).error().code ==
          errc::invalid);
    CHECK(maker.store().set_status(id, {}, {}, {}, noon).error().code == errc::invalid);
    CHECK(look(maker.store(), id).all.content.version == 0);
  }
}

TEST_CASE("a file that is in use, of a newer version, or not this store's is refused") {
  const auto why = [](const std::string& path) {
    const auto opened = lmdb_store::open(path);
    return opened ? "" : opened.error().message;
  };
  lmdb_maker maker;
  const comment made = post(maker.store(), {.content_id = "1", .body = "x"});
  const std::string before = "The store's file cannot be used: ";
  CHECK(why(maker.path()) == before + "another process has it.");
  CHECK(why(maker.path() + "/none/x") == before + "it cannot be opened.");
  CHECK(must(maker.store().find(made.id)) == made);

  const testing::temporary_folder folder;
  const auto write = [&](const std::string& path, std::string_view name, std::int64_t value) {
    lmdb::environment in{1};
    REQUIRE(mdb_env_create(&in.handle) == 0);
    REQUIRE(mdb_env_set_maxdbs(in.handle, lmdb::tables) == 0);
    REQUIRE(mdb_env_open(in.handle, path.c_str(), MDB_NOSUBDIR, 0600) == 0);
    lmdb::transaction changing{in, lmdb::transaction::kind::writing};
    changing.open_tables();
    changing.put(lmdb::table::setting, name, lmdb::number(value));
    changing.commit();
    REQUIRE(changing.failure() == 0);
  };
  write(folder.path("other"), "theirs", 1);
  CHECK(why(folder.path("other")) == before + "it belongs to another program.");
  CHECK(why(folder.path("newer")).empty());
  write(folder.path("newer"), lmdb::schema_name, lmdb::schema_newest + 1);
  CHECK(why(folder.path("newer")) == before + "a newer version wrote it.");
  write(folder.path("newer"), lmdb::schema_name, lmdb::schema_newest);
  CHECK(why(folder.path("newer")).empty());
  std::filesystem::resize_file(folder.path("other"), 3);
  CHECK(why(folder.path("other")) == before + "LMDB cannot open it.");
}

TEST_CASE("what a process said before it was killed is there") {
  const testing::temporary_folder folder;
  const std::string path = folder.path("comments.lmdb");
  std::vector<comment_id> told;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto store = lmdb_store::open(path);
      while (store) {
        const auto made = (*store)->insert({{.content_id = "1", .body = "x"}}, noon);
        if (!made || ::write(ends[1], made->stored.id.bytes.data(), 16) != 16) break;
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    comment_id next;
    const std::size_t enough = told.size() + 5 + static_cast<std::size_t>(round) * 3;
    while (told.size() < enough && ::read(ends[0], next.bytes.data(), 16) == 16)
      told.push_back(next);
    ::kill(child, SIGKILL);
    while (::read(ends[0], next.bytes.data(), 16) == 16) told.push_back(next);
    int how = 0;
    REQUIRE(::waitpid(child, &how, 0) == child);
    ::close(ends[0]);
    REQUIRE(WIFSIGNALED(how));

    const auto store = must(lmdb_store::open(path));
    for (const comment_id& id : told) CHECK(store->find(id).has_value());
    const auto seen = look(*store, "1");
    CHECK(seen.all.items.size() >= told.size());
    CHECK(seen.all.content.version == std::ssize(seen.events));
    CHECK(seen.all.content.comments == std::ssize(seen.comments));
  }
}

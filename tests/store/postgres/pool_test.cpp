#include <comments/store/postgres/pool.hpp>

#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_schema.hpp"
#include "support/wire.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using testing::eventually;

namespace {

thread_local bool is_unlucky = false;  // this thread cannot open a connection

// Opens connections, unless told to fail.
struct opener {
  testing::postgres_schema schema{};
  std::atomic<int> asked{};
  std::atomic<int> opened{};
  std::atomic<bool> fails{};

  postgres::pool::opener as_opening() {
    return [this]() -> result<std::unique_ptr<postgres::connection>> {
      ++asked;
      if (fails || is_unlucky) return postgres::unusable("it was told so");
      ++opened;
      return postgres::connect({.conninfo = schema.conninfo()});
    };
  }
};

// Waits that no test gets to the end of.
constexpr postgres::pool_limits patient{.open_max = 3, .take_wait = 10min, .idle_wait = 10min};

constexpr postgres::pool_limits with(postgres::pool_limits limits, std::size_t open_max) {
  limits.open_max = open_max;
  return limits;
}

bool works(postgres::connection& on) {
  postgres::transaction asking{on, postgres::transaction::autocommit};
  asking.send("SELECT 1");
  return asking.receive();
}

}  // namespace

TEST_CASE("one after another the connection given back last is lent, at once as many as may be") {
  opener made;
  postgres::pool pool{patient, made.as_opening()};
  CHECK(pool.open() == 0);
  for (int i = 0; i < 5; ++i) CHECK(pool.take());
  CHECK(made.opened == 1);
  std::vector<postgres::pool::loan> lent;
  std::set<postgres::connection*> all;
  for (int i = 0; i < 3; ++i) {
    lent.push_back(pool.take());
    all.insert(lent.back().get());
  }
  CHECK(all.size() == 3);
  CHECK(pool.open() == 3);
  CHECK(eventually([&] { return made.schema.connections() == 3; }));
  postgres::connection* const last = lent[1].get();
  lent[0].reset();
  lent[1].reset();
  CHECK(pool.take().get() == last);
  CHECK(made.opened == 3);
}

TEST_CASE("past their number a caller waits, and gets the one that is given back") {
  opener made;
  postgres::pool pool{with(patient, 1), made.as_opening()};
  auto lent = pool.take();
  postgres::connection* const only = lent.get();
  std::atomic<bool> is_back{}, was_back{};
  std::thread waiting{[&] {
    const auto mine = pool.take();
    was_back = is_back.load();
    CHECK(mine.get() == only);
  }};
  CHECK(eventually([&] { return made.schema.connections() == 1; }));
  is_back = true;
  lent.reset();
  waiting.join();
  CHECK(was_back);
  CHECK(made.asked == 1);
}

TEST_CASE("a caller that waits for too long gets none") {
  opener made;
  postgres::pool pool{{.open_max = 1, .take_wait = 20ms, .idle_wait = 10min}, made.as_opening()};
  const auto lent = pool.take();
  CHECK_FALSE(pool.take());
  CHECK(works(*lent));
  CHECK(pool.open() == 1);
}

TEST_CASE("a limit of none still gives a connection") {
  opener made;
  postgres::pool pool{with(patient, 0), made.as_opening()};
  CHECK(pool.take());
}

TEST_CASE("an idle connection is closed after a while, and one that is lent is not") {
  opener made;
  postgres::pool pool{{.open_max = 3, .take_wait = 10min, .idle_wait = 1ms}, made.as_opening()};
  const auto lent = pool.take();
  pool.take().reset();
  CHECK(eventually([&] { return pool.open() == 1; }));
  CHECK(eventually([&] { return made.schema.connections() == 1; }));
  CHECK(works(*lent));
  CHECK(pool.take());
}

TEST_CASE("one that was closed by the other side is not lent, nor taken back") {
  opener made;
  postgres::pool pool{patient, made.as_opening()};
  auto lent = pool.take();
  pool.take().reset();
  CHECK(made.schema.cut_connections() >= 2);
  CHECK(eventually([&] { return lent->check_lost(); }));
  lent.reset();
  CHECK(pool.open() == 1);
  CHECK(works(*pool.take()));
  CHECK(pool.open() == 1);
  CHECK(made.opened == 3);
}

TEST_CASE("all that are not lent are dropped at once when it is likely that they are lost") {
  opener made;
  postgres::pool pool{patient, made.as_opening()};
  const auto lent = pool.take();
  {
    const auto second = pool.take(), third = pool.take();
    CHECK(pool.open() == 3);
  }
  pool.drop_idle();
  CHECK(pool.open() == 1);
  CHECK(eventually([&] { return made.schema.connections() == 1; }));
  CHECK(works(*lent));
  CHECK(works(*pool.take()));
}

TEST_CASE(
    "where none can be opened there is none at once, and where one is open it is waited for") {
  opener made;
  postgres::pool pool{patient, made.as_opening()};
  made.fails = true;
  CHECK_FALSE(pool.take());
  CHECK(pool.open() == 0);
  made.fails = false;
  auto first = pool.take();
  REQUIRE(first);
  made.fails = true;
  postgres::connection* const only = first.get();
  std::thread other{[&] { CHECK(pool.take().get() == only); }};
  CHECK(eventually([&] { return made.asked == 3; }));
  first.reset();
  other.join();
  CHECK(made.opened == 1);
}

TEST_CASE(
    "a caller that waits for the last connection gets none once it is lost and no other can be "
    "opened") {
  opener made;
  postgres::pool pool{patient, made.as_opening()};
  auto only = pool.take();
  made.fails = true;
  std::thread other{[&] { CHECK_FALSE(pool.take()); }};
  CHECK(eventually([&] { return made.asked == 2; }));
  made.schema.cut_connections();
  CHECK(eventually([&] { return only->check_lost(); }));
  only.reset();
  other.join();
  CHECK(pool.open() == 0);
}

// The room that a lost connection left was announced to one waiter, which could not use it.
TEST_CASE("a waiter that may open a connection is woken when there is room, and others too") {
  opener made;
  postgres::pool_limits limits = with(patient, 2);
  limits.take_wait = 20s;
  postgres::pool pool{limits, made.as_opening()};
  auto first = pool.take();
  std::thread unlucky{[&] {
    is_unlucky = true;
    CHECK(pool.take());  // which can only be one that is given back
  }};
  CHECK(eventually([&] { return made.asked == 2; }));
  auto second = pool.take();
  std::atomic<bool> is_asking{};
  std::thread able{[&] {
    is_asking = true;
    CHECK(pool.take());
  }};
  CHECK(eventually([&] { return is_asking.load(); }));
  made.schema.cut_connections();
  CHECK(eventually([&] { return first->check_lost(); }));
  first.reset();
  able.join();
  unlucky.join();
  CHECK(made.opened == 3);
}

TEST_CASE("however many threads take connections, none is shared, and there are not too many") {
  opener made;
  postgres::pool pool{patient, made.as_opening()};
  std::atomic<int> shared{}, refused{};
  std::mutex mutex;
  std::set<postgres::connection*> used;
  in_parallel(8, [&](int) {
    for (int i = 0; i < 200; ++i) {
      const auto lent = pool.take();
      refused += !lent;
      {
        const std::lock_guard lock{mutex};
        shared += !used.insert(lent.get()).second;
      }
      std::this_thread::yield();
      const std::lock_guard lock{mutex};
      used.erase(lent.get());
    }
  });
  CHECK(shared == 0);
  CHECK(refused == 0);
  CHECK(made.opened <= 3);
  CHECK(pool.open() <= 3);
}

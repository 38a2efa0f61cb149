#include <comments/store/sqlite/pool.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "support/parallel.hpp"

using namespace comments;

namespace {

// Opens connections to nothing in particular, unless told to fail.
struct opener {
  std::atomic<int> opened{};
  std::atomic<bool> fails{};

  sqlite::pool::opener as_opener() {
    return [this]() -> result<std::unique_ptr<sqlite::connection>> {
      if (fails) return sqlite::unusable("it was told so");
      ++opened;
      return sqlite::connect({.path = ":memory:"});
    };
  }
};

}  // namespace

TEST_CASE("one after another the same connection is lent, at once as many as there may be") {
  opener made;
  sqlite::pool pool{3, made.as_opener()};
  CHECK(made.opened == 0);
  for (int i = 0; i < 5; ++i) CHECK(pool.take());
  CHECK(made.opened == 1);
  std::vector<sqlite::pool::loan> lent;
  std::set<sqlite::connection*> all;
  for (int i = 0; i < 3; ++i) {
    lent.push_back(pool.take());
    all.insert(lent.back().get());
  }
  CHECK(made.opened == 3);
  CHECK(all.size() == 3);
  sqlite::connection* const last = lent.front().get();
  lent.front().reset();
  CHECK(pool.take().get() == last);
}

TEST_CASE("past their number callers wait, and no two share a connection") {
  opener made;
  sqlite::pool pool{3, made.as_opener()};
  std::atomic<int> shared{}, at_once{}, most{};
  std::atomic<bool> is_used[3]{};
  std::mutex mutex;
  std::vector<sqlite::connection*> known;
  in_parallel(8, [&](int) {
    for (int i = 0; i < 500; ++i) {
      const auto lent = pool.take();
      std::size_t which = 0;
      {
        const std::lock_guard lock{mutex};
        which = static_cast<std::size_t>(std::ranges::find(known, lent.get()) - known.begin());
        if (which == known.size()) known.push_back(lent.get());
      }
      shared += is_used[which].exchange(true);
      const int now = ++at_once;
      for (int before = most; before < now && !most.compare_exchange_weak(before, now);) continue;
      --at_once;
      is_used[which] = false;
    }
  });
  CHECK(shared == 0);
  CHECK(most <= 3);
  CHECK(made.opened <= 3);
}

TEST_CASE("where none can be opened there is none, and where one is open it is waited for") {
  opener made;
  sqlite::pool pool{3, made.as_opener()};
  made.fails = true;
  CHECK_FALSE(pool.take());
  made.fails = false;
  auto first = pool.take();
  REQUIRE(first);
  made.fails = true;
  sqlite::connection* const only = first.get();
  std::thread other{[&] { CHECK(pool.take().get() == only); }};
  first.reset();
  other.join();
  CHECK(made.opened == 1);
}

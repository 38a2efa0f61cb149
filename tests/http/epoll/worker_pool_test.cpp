#include <comments/http/epoll/worker_pool.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <vector>

#include "support/parallel.hpp"

using namespace comments::http::epoll;

TEST_CASE("works are begun in the order they came") {
  std::vector<int> done;
  {
    worker_pool workers{1, 100};
    for (int i = 0; i < 100; ++i)
      while (!workers.submit([&done, i] { done.push_back(i); })) std::this_thread::yield();
  }
  REQUIRE(done.size() == 100);
  CHECK(std::ranges::is_sorted(done));
}

TEST_CASE("there are as many threads as are needed, up to the limit") {
  constexpr int threads_max = 3;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::atomic<int> running{}, most{};
  std::latch all_busy{threads_max};  // passed only if three works run at once
  {
    worker_pool workers{threads_max, 100};
    for (int i = 0; i < 50; ++i)
      REQUIRE(workers.submit([&, i] {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        if (i < threads_max) all_busy.arrive_and_wait();
        {
          const std::lock_guard lock{mutex};
          threads.insert(std::this_thread::get_id());
        }
        --running;
      }));
  }
  CHECK(threads.size() == threads_max);
  CHECK(most == threads_max);
}

TEST_CASE("a thread that is free is used again") {
  std::set<std::thread::id> threads;
  {
    worker_pool workers{64, 1};
    for (int i = 0; i < 20; ++i) {
      std::latch done{1};
      while (!workers.submit([&] {
        threads.insert(std::this_thread::get_id());
        done.count_down();
      })) {
      }
      done.wait();
    }
  }
  CHECK(threads.size() <= 20);
  CHECK(!threads.empty());
}

TEST_CASE("as much work may wait as the limit says, and not one more") {
  std::latch started{1}, go_on{1};
  std::atomic<int> done{};
  {
    worker_pool workers{1, 3};
    REQUIRE(workers.submit([&] {
      started.count_down();
      go_on.wait();
    }));
    started.wait();
    for (int i = 0; i < 3; ++i) CHECK(workers.submit([&] { ++done; }));
    CHECK_FALSE(workers.submit([&] { ++done; }));
    go_on.count_down();
  }
  CHECK(done == 3);
}

TEST_CASE("its end waits until all work is done, and what the work held is let go") {
  const auto held = std::make_shared<int>(7);
  std::atomic<int> done{};
  {
    worker_pool workers{4, 1'000};
    for (int i = 0; i < 1'000; ++i) CHECK(workers.submit([&done, held] { done += *held - 6; }));
  }
  CHECK(done == 1'000);
  CHECK(held.use_count() == 1);
}

TEST_CASE("work comes from many threads, and from works") {
  std::atomic<int> done{};
  {
    worker_pool workers{4, 100'000};
    in_parallel(4, [&](int) {
      for (int i = 0; i < 250; ++i)
        workers.submit([&] {
          ++done;
          workers.submit([&] { ++done; });
        });
    });
    // Works that submit works must be through before the end, which takes none in any more.
    while (done < 2'000) std::this_thread::yield();
  }
  CHECK(done == 2'000);
}

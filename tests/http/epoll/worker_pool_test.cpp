#include <comments/http/epoll/worker_pool.hpp>

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/parallel.hpp"

using namespace comments::http::epoll;

TEST_CASE("works are begun in the order they came") {
  std::vector<int> done;
  {
    worker_pool workers{{.threads_max = 1, .jobs_max = 100}};
    for (int i = 0; i < 100; ++i)
      while (!workers.submit("a", [&done, i] { done.push_back(i); })) std::this_thread::yield();
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
    worker_pool workers{{.threads_max = threads_max, .jobs_max = 100}};
    for (int i = 0; i < 50; ++i)
      REQUIRE(workers.submit("a", [&, i] {
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
    worker_pool workers{{.threads_max = 64, .jobs_max = 1}};
    for (int i = 0; i < 20; ++i) {
      std::latch done{1};
      while (!workers.submit("a", [&] {
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
    worker_pool workers{{.threads_max = 1, .jobs_max = 3}};
    REQUIRE(workers.submit("a", [&] {
      started.count_down();
      go_on.wait();
    }));
    started.wait();
    for (int i = 0; i < 3; ++i) CHECK(workers.submit("a", [&] { ++done; }));
    CHECK_FALSE(workers.submit("a", [&] { ++done; }));
    go_on.count_down();
  }
  CHECK(done == 3);
}

TEST_CASE("of one client as much work may wait as its share says, and not one more") {
  std::latch started{1}, go_on{1};
  std::atomic<int> done{};
  {
    worker_pool workers{{.threads_max = 1, .jobs_max = 5, .client_jobs_max = 2}};
    REQUIRE(workers.submit("a", [&] {
      started.count_down();
      go_on.wait();
    }));
    started.wait();
    for (const char* client : {"a", "a", "b", "b"}) CHECK(workers.submit(client, [&] { ++done; }));
    CHECK_FALSE(workers.submit("a", [&] { ++done; }));
    CHECK_FALSE(workers.submit("b", [&] { ++done; }));
    CHECK(workers.submit("c", [&] { ++done; }));
    CHECK_FALSE(workers.submit("d", [&] { ++done; }));  // now as much waits as may wait in all
    CHECK(workers.submit_anyway("a", [&] { ++done; }));
    go_on.count_down();
  }
  CHECK(done == 6);
}

TEST_CASE("clients take turns, however much one of them asks for") {
  std::latch started{1}, go_on{1};
  std::string order;
  {
    worker_pool workers{{.threads_max = 1}};
    REQUIRE(workers.submit("x", [&] {
      started.count_down();
      go_on.wait();
    }));
    started.wait();
    const auto submit = [&](const std::string& client, int count) {
      for (int i = 0; i < count; ++i)
        REQUIRE(workers.submit(client, [&order, client] { order += client; }));
    };
    submit("a", 6);
    submit("b", 2);
    submit("c", 1);
    submit("a", 1);
    go_on.count_down();
  }
  CHECK(order == "abcabaaaaa");
}

TEST_CASE("a client that comes back stands behind those that wait") {
  std::latch started{1}, go_on{1};
  std::string order;
  {
    worker_pool workers{{.threads_max = 1}};
    const auto submit = [&](const std::string& client) {
      CHECK(workers.submit(client, [&order, client] { order += client; }));
    };
    REQUIRE(workers.submit("a", [&] {
      started.count_down();
      go_on.wait();
      submit("a");
    }));
    started.wait();
    submit("b");
    submit("c");
    go_on.count_down();
    std::latch is_through{1};
    REQUIRE(workers.submit("d", [&] { is_through.count_down(); }));
    is_through.wait();
  }
  CHECK(order == "bca");
}

TEST_CASE("its threads step back behind others by as much as is said (needs Linux)") {
  const int before = ::getpriority(PRIO_PROCESS, 0);
  std::atomic<int> inside{};
  {
    worker_pool workers{{.threads_max = 1, .nice = 3}};
    REQUIRE(workers.submit("a", [&] { inside = ::getpriority(PRIO_PROCESS, 0); }));
  }
  CHECK(inside == std::min(before + 3, 19));
  CHECK(::getpriority(PRIO_PROCESS, 0) == before);
}

TEST_CASE("its end waits until all work is done, and what the work held is let go") {
  const auto held = std::make_shared<int>(7);
  std::atomic<int> done{};
  {
    worker_pool workers{{.threads_max = 4, .jobs_max = 1'000}};
    for (int i = 0; i < 1'000; ++i)
      CHECK(workers.submit("a", [&done, held] { done += *held - 6; }));
  }
  CHECK(done == 1'000);
  CHECK(held.use_count() == 1);
}

TEST_CASE("what has not begun can be dropped, and what it held is let go") {
  const auto held = std::make_shared<int>(7);
  std::latch started{1}, go_on{1};
  std::atomic<int> done{};
  {
    worker_pool workers{{.threads_max = 1}};
    REQUIRE(workers.submit("a", [&] {
      started.count_down();
      go_on.wait();
      ++done;
    }));
    started.wait();
    for (const char* client : {"a", "b", "b"})
      REQUIRE(workers.submit(client, [&done, held] { done += 100; }));
    workers.drop_waiting();
    CHECK(held.use_count() == 1);
    REQUIRE(workers.submit("b", [&done, held] { ++done; }));  // it goes on
    go_on.count_down();
  }
  CHECK(done == 2);
  CHECK(held.use_count() == 1);
}

TEST_CASE("work comes from many threads, and from works") {
  std::atomic<int> done{};
  {
    worker_pool workers{{.threads_max = 4, .jobs_max = 100'000}};
    in_parallel(4, [&](int) {
      for (int i = 0; i < 250; ++i)
        workers.submit("a", [&] {
          ++done;
          workers.submit("a", [&] { ++done; });
        });
    });
    // Works that submit works must be through before the end, which takes none in any more.
    while (done < 2'000) std::this_thread::yield();
  }
  CHECK(done == 2'000);
}

TEST_CASE("a job that goes on without a thread keeps its place until it is given back") {
  std::latch kept{1};
  std::atomic<int> done{};
  {
    worker_pool workers{{.threads_max = 1}};
    REQUIRE(workers.submit("a", [&] {
      workers.keep_place();
      kept.count_down();
    }));
    kept.wait();
    for (int i = 0; i < 3; ++i) REQUIRE(workers.submit("b", [&] { ++done; }));
    CHECK(done == 0);
    workers.give_back();
  }
  CHECK(done == 3);
}

TEST_CASE("a pool is over once all places are given back") {
  std::atomic<bool> is_given_back{};
  std::thread other;
  {
    worker_pool workers{{.threads_max = 2}};
    std::latch kept{1};
    REQUIRE(workers.submit("a", [&] {
      workers.keep_place();
      kept.count_down();
    }));
    kept.wait();
    other = std::thread{[&] {
      is_given_back = true;
      workers.give_back();
    }};
  }
  CHECK(is_given_back);
  other.join();
}

TEST_CASE("no job is left behind, however many threads come and go") {
  constexpr int jobs = 2'000;
  std::atomic<int> done{};
  {
    worker_pool workers{{.threads_max = 4, .jobs_max = jobs * 4, .client_jobs_max = jobs * 4}};
    in_parallel(4, [&](int thread) {
      for (int i = 0; i < jobs; ++i) {
        const bool keeps = i % 3 == 0;
        while (!workers.submit(std::to_string(thread), [&, keeps] {
          if (keeps) workers.keep_place();
          ++done;
          if (keeps) workers.give_back();
        }))
          std::this_thread::yield();
        if (i % 100 == 0)
          while (done < i) std::this_thread::yield();
      }
    });
  }
  CHECK(done == 4 * jobs);
}

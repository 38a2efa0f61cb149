#include <comments/store/group_commit.hpp>

#include <doctest/doctest.h>

#include "support/failing_memory.hpp"
#include "support/no_threads.hpp"

#include <algorithm>
#include <atomic>
#include <latch>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <set>
#include <thread>
#include <vector>

using namespace comments;

namespace {

using group = group_commit<int, int>;

// A group whose commits wait until they are released, and note how many works each one has.
struct held_group {
  explicit held_group(group_limits limits)
      : writing{limits, [this](auto works, auto outcomes) {
                  sizes.push_back(works.size());
                  started.fetch_add(1);
                  started.notify_all();
                  released.wait(false);
                  for (std::size_t i = 0; i < works.size(); ++i) outcomes[i] = 10 * *works[i];
                }} {}

  void wait_for_start(int count) {
    for (int seen = started; seen < count; seen = started) started.wait(seen);
  }
  void wait_for_queue(std::size_t count) const {
    while (writing.waiting() < count) std::this_thread::yield();
  }
  void release() {
    released = true;
    released.notify_all();
  }

  std::vector<std::size_t> sizes{};
  std::atomic<int> started{};
  std::atomic<bool> released{};
  group writing;
};

}  // namespace

TEST_CASE("a caller that is alone leads a batch of one and does not wait") {
  std::vector<std::size_t> sizes;
  group writing{{}, [&](auto works, auto outcomes) {
                  sizes.push_back(works.size());
                  outcomes[0] = *works[0] + 1;
                }};
  CHECK(writing.submit(1).outcome == 2);
  CHECK(writing.submit(5).outcome == 6);
  CHECK(sizes == std::vector<std::size_t>{1, 1});
  CHECK(writing.waiting() == 0);
}

TEST_CASE("callers that come while a commit runs share the next one, up to batch_max, in order") {
  held_group held{{.batch_max = 4}};
  std::vector<std::thread> callers;
  std::vector<std::optional<int>> outcomes(7);
  const auto call = [&](std::size_t i) {
    outcomes[i] = held.writing.submit(static_cast<int>(i)).outcome;
  };
  callers.emplace_back(call, 0);
  held.wait_for_start(1);
  for (std::size_t i = 1; i < 7; ++i) {
    callers.emplace_back(call, i);
    held.wait_for_queue(i + 1);
  }
  held.release();
  for (std::thread& caller : callers) caller.join();
  CHECK(held.sizes == std::vector<std::size_t>{1, 4, 2});
  for (std::size_t i = 0; i < 7; ++i) CHECK(outcomes[i] == static_cast<int>(10 * i));
}

TEST_CASE("queue_max callers wait, and one more is refused at once: full, and nothing done") {
  held_group held{{.batch_max = 1, .queue_max = 3}};
  std::vector<std::thread> callers;
  std::atomic<int> answered{};
  for (std::size_t i = 0; i < 3; ++i) {
    callers.emplace_back([&] { answered += held.writing.submit(1).outcome.has_value(); });
    held.wait_for_queue(i + 1);
  }
  const auto refused = held.writing.submit(2);
  CHECK_FALSE(refused.outcome.has_value());
  CHECK(refused.why == refusal::full);
  held.release();
  for (std::thread& caller : callers) caller.join();
  CHECK(answered == 3);
  CHECK(held.sizes.size() == 3);
  CHECK(held.writing.submit(3).outcome == 30);
}

TEST_CASE("a commit that throws leaves its own batch without outcomes: unknown") {
  bool throws = true;
  group writing{{}, [&](auto works, auto outcomes) {
                  for (std::size_t i = 0; i < works.size(); ++i) outcomes[i] = 10 * *works[i];
                  if (throws) throw std::bad_alloc{};
                }};
  const auto refused = writing.submit(1);
  CHECK_FALSE(refused.outcome.has_value());
  CHECK(refused.why == refusal::unknown);
  CHECK(writing.waiting() == 0);
  throws = false;
  CHECK(writing.submit(2).outcome == 20);
}

TEST_CASE("a work that a commit gives no outcome is unknown, and the others have theirs") {
  group writing{{}, [&](auto works, auto outcomes) {
                  if (*works[0] > 0) outcomes[0] = *works[0];
                }};
  CHECK(writing.submit(-1).why == refusal::unknown);
  CHECK(writing.submit(1).outcome == 1);
}

TEST_CASE("a commit that calls its own group is refused at once, and the group goes on") {
  group* self = nullptr;
  std::optional<refusal> why;
  group writing{{}, [&](auto works, auto outcomes) {
                  const auto inner = self->submit(7);
                  if (!inner.outcome) why = inner.why;
                  outcomes[0] = *works[0];
                }};
  self = &writing;
  CHECK(writing.submit(1).outcome == 1);
  CHECK(why == refusal::nested);
  CHECK(writing.waiting() == 0);
  CHECK(writing.submit(2).outcome == 2);
}

TEST_CASE("a caller without memory gets std::bad_alloc, and nothing was done") {
  if (!testing::failing_memory::is_possible) return;
  std::vector<int> done;
  done.reserve(100);
  group writing{{}, [&](auto works, auto outcomes) {
                  for (std::size_t i = 0; i < works.size(); ++i) done.push_back(*works[i]);
                  for (std::size_t i = 0; i < works.size(); ++i) outcomes[i] = *works[i];
                }};
  for (std::size_t n = 1;; ++n) {
    CAPTURE(n);
    std::optional<int> outcome;
    bool has_thrown = false;
    {
      testing::failing_memory shortage{n};
      try {
        outcome = writing.submit(static_cast<int>(n)).outcome;
      } catch (const std::bad_alloc&) {
        has_thrown = true;
      }
    }
    CHECK(writing.waiting() == 0);
    CHECK(outcome.has_value() != has_thrown);
    CHECK(done.empty() == has_thrown);
    if (!has_thrown) break;
  }
  CHECK(writing.submit(0).outcome == 0);
}

TEST_CASE("when the leader's commit throws, its followers go on, and so does the next batch") {
  std::atomic<int> commits{};
  held_group held{{.batch_max = 3}};
  group writing{{.batch_max = 3}, [&](auto works, auto outcomes) {
                  held.writing.submit(0);  // waits until the batches behind this one are full
                  if (++commits == 2) throw 7;
                  for (std::size_t i = 0; i < works.size(); ++i) outcomes[i] = -*works[i];
                }};
  std::vector<std::thread> callers;
  std::vector<group::submission> ended(7);
  for (std::size_t i = 0; i < 7; ++i) {
    callers.emplace_back([&, i] { ended[i] = writing.submit(static_cast<int>(i)); });
    if (i == 0) held.wait_for_start(1);
    while (writing.waiting() < i + 1) std::this_thread::yield();
  }
  held.release();
  for (std::thread& caller : callers) caller.join();
  CHECK(commits == 3);
  std::vector<std::optional<int>> outcomes;
  for (const auto& submission : ended) outcomes.push_back(submission.outcome);
  CHECK(outcomes == std::vector<std::optional<int>>{0, {}, {}, {}, -4, -5, -6});
  for (std::size_t i = 1; i < 4; ++i) CHECK(ended[i].why == refusal::unknown);
}

TEST_CASE("many threads, each with its own outcome, and commits one at a time") {
  constexpr int threads = 16, rounds = 200;
  std::atomic<int> inside{};
  std::atomic<bool> has_overlapped{};
  std::set<int> seen;
  group writing{{.batch_max = 5}, [&](auto works, auto outcomes) {
                  if (inside.fetch_add(1) != 0) has_overlapped = true;
                  for (std::size_t i = 0; i < works.size(); ++i) {
                    seen.insert(*works[i]);
                    outcomes[i] = -*works[i];
                  }
                  inside.fetch_sub(1);
                }};
  std::latch start{threads};
  std::atomic<int> wrong{};
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t)
    callers.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < rounds; ++i) {
        const int work = t * rounds + i;
        wrong += writing.submit(work).outcome != -work;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
  CHECK_FALSE(has_overlapped);
  CHECK(seen.size() == threads * rounds);
}

// --- works that nobody waits for ---

namespace {

// What a group says of works that nobody waits for.
struct told {
  std::mutex mutex{};
  std::vector<group::submission> all{};

  group::receiver receiver() {
    return [this](group::submission ended) {
      const std::lock_guard lock{mutex};
      all.push_back(std::move(ended));
    };
  }
  std::vector<std::optional<int>> outcomes() {
    const std::lock_guard lock{mutex};
    std::vector<std::optional<int>> found;
    for (const auto& one : all) found.push_back(one.outcome);
    std::ranges::sort(found);  // works of two commits may be told at the same moment
    return found;
  }
  void wait_for(std::size_t count) {
    while (outcomes().size() < count) std::this_thread::yield();
  }
};

const std::vector<int> numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

}  // namespace

TEST_CASE("a work that nobody waits for is carried out by its caller if no commit runs") {
  told heard;
  std::thread::id by;
  group writing{{}, [&](auto works, auto outcomes) {
                  by = std::this_thread::get_id();
                  outcomes[0] = 10 * *works[0];
                }};
  writing.submit(numbers[7], heard.receiver());
  CHECK(heard.outcomes() == std::vector<std::optional<int>>{70});
  CHECK(by == std::this_thread::get_id());
  CHECK(writing.waiting() == 0);
}

TEST_CASE("works that come while a commit runs are left to the group, and keep nobody waiting") {
  held_group held{{.batch_max = 3}};
  told heard;
  std::thread first{[&] { held.writing.submit(numbers[0], heard.receiver()); }};
  held.wait_for_start(1);
  for (int i = 1; i < 6; ++i)
    held.writing.submit(numbers[static_cast<std::size_t>(i)], heard.receiver());
  CHECK(heard.outcomes().empty());
  CHECK(held.writing.waiting() == 6);
  held.release();
  first.join();
  heard.wait_for(6);
  CHECK(held.sizes == std::vector<std::size_t>{1, 3, 2});
  CHECK(heard.outcomes() == std::vector<std::optional<int>>{0, 10, 20, 30, 40, 50});
}

TEST_CASE("callers that wait share commits with works that nobody waits for, whoever came first") {
  for (const bool is_waiter_first : {false, true}) {
    CAPTURE(is_waiter_first);
    held_group held{{.batch_max = 2}};
    told heard;
    std::thread first{[&] { held.writing.submit(numbers[0], heard.receiver()); }};
    held.wait_for_start(1);
    std::optional<int> outcome;
    const auto wait = [&] { outcome = held.writing.submit(1).outcome; };
    std::thread waiter;
    if (is_waiter_first) waiter = std::thread{wait};
    if (is_waiter_first) held.wait_for_queue(2);
    held.writing.submit(numbers[2], heard.receiver());
    if (!is_waiter_first) waiter = std::thread{wait};
    held.wait_for_queue(3);
    held.writing.submit(numbers[3], heard.receiver());
    held.release();
    first.join();
    waiter.join();
    heard.wait_for(3);
    CHECK(outcome == 10);
    CHECK(held.sizes == std::vector<std::size_t>{1, 2, 1});
    CHECK(heard.outcomes() == std::vector<std::optional<int>>{0, 20, 30});
  }
}

TEST_CASE(
    "a work that nobody waits for is told at once that the queue is full, or of its nesting") {
  held_group held{{.batch_max = 1, .queue_max = 2}};
  told heard, refused;
  std::thread first{[&] { held.writing.submit(numbers[0], heard.receiver()); }};
  held.wait_for_start(1);
  held.writing.submit(numbers[1], heard.receiver());
  held.writing.submit(numbers[2], refused.receiver());
  REQUIRE(refused.all.size() == 1);
  CHECK_FALSE(refused.all[0].outcome.has_value());
  CHECK(refused.all[0].why == refusal::full);
  held.release();
  first.join();
  heard.wait_for(2);
  group* self = nullptr;
  group nesting{{}, [&](auto works, auto outcomes) {
                  self->submit(numbers[3], refused.receiver());
                  outcomes[0] = *works[0];
                }};
  self = &nesting;
  CHECK(nesting.submit(1).outcome == 1);
  REQUIRE(refused.all.size() == 2);
  CHECK(refused.all[1].why == refusal::nested);
}

TEST_CASE(
    "works of a commit that throws are told that their outcome is unknown, and others go on") {
  told heard;
  bool throws = true;
  group writing{{}, [&](auto works, auto outcomes) {
                  if (throws) throw 7;
                  outcomes[0] = *works[0];
                }};
  writing.submit(numbers[1], heard.receiver());
  throws = false;
  writing.submit(numbers[2], heard.receiver());
  CHECK(heard.outcomes() == std::vector<std::optional<int>>{{}, 2});
  CHECK(heard.all[0].why == refusal::unknown);
}

TEST_CASE("a group that is destroyed has told all") {
  told heard;
  std::atomic<bool> is_begun{};
  std::thread first;
  {
    group writing{{.batch_max = 1}, [&](auto works, auto outcomes) {
                    is_begun = true;
                    while (writing.waiting() < 10 && *works[0] == 0) std::this_thread::yield();
                    outcomes[0] = *works[0];
                  }};
    first = std::thread{[&] { writing.submit(numbers[0], heard.receiver()); }};
    while (!is_begun) std::this_thread::yield();
    for (std::size_t i = 1; i < 10; ++i) writing.submit(numbers[i], heard.receiver());
    first.join();
  }
  CHECK(heard.outcomes().size() == 10);
}

TEST_CASE("without a thread of its own for it, whoever has committed goes on with what waits") {
  if (!testing::no_threads::is_possible) return;
  held_group held{{.batch_max = 1}};
  told heard;
  std::thread first{[&] { held.writing.submit(0); }};
  held.wait_for_start(1);
  for (std::size_t i = 1; i < 4; ++i) held.writing.submit(numbers[i], heard.receiver());
  {
    const testing::no_threads shortage;
    held.release();
    first.join();
    CHECK(heard.outcomes() == std::vector<std::optional<int>>{10, 20, 30});
  }
  held.writing.submit(numbers[4], heard.receiver());
  CHECK(heard.outcomes().size() == 4);
}

TEST_CASE("a work that finds no memory to wait in is not done, and its receiver never called") {
  if (!testing::failing_memory::is_possible) return;
  for (std::size_t n = 1;; ++n) {
    CAPTURE(n);
    std::vector<int> done;
    done.reserve(10);
    int calls = 0;
    std::optional<int> outcome;
    bool has_thrown = false;
    group writing{{}, [&](auto works, auto outcomes) {
                    done.push_back(*works[0]);
                    outcomes[0] = *works[0];
                  }};
    {
      testing::failing_memory shortage{n};
      try {
        writing.submit(numbers[5], [&](group::submission ended) {
          ++calls;
          outcome = ended.outcome;
        });
      } catch (const std::bad_alloc&) {
        has_thrown = true;
      }
    }
    CHECK(writing.waiting() == 0);
    CHECK(done.empty() == has_thrown);
    CHECK(calls == (has_thrown ? 0 : 1));
    if (!has_thrown) CHECK(outcome == 5);
    if (!has_thrown) break;
    CHECK(writing.submit(3).outcome == 3);
  }
}

TEST_CASE("many threads that wait or not: each work is told once, and commits are one at a time") {
  constexpr int threads = 8, rounds = 200;
  std::atomic<int> inside{}, told{}, wrong{};
  std::vector<int> works(threads * rounds);
  std::iota(works.begin(), works.end(), 0);
  {
    group writing{{.batch_max = 5}, [&](auto all, auto outcomes) {
                    if (inside.fetch_add(1) != 0) ++wrong;
                    for (std::size_t i = 0; i < all.size(); ++i) outcomes[i] = -*all[i];
                    inside.fetch_sub(1);
                  }};
    std::vector<std::thread> callers;
    for (int t = 0; t < threads; ++t)
      callers.emplace_back([&, t] {
        for (int i = 0; i < rounds; ++i) {
          const int& work = works[static_cast<std::size_t>(t * rounds + i)];
          if ((t + i) % 3 == 0)
            wrong += writing.submit(work).outcome != -work;
          else
            writing.submit(work, [&](group::submission ended) {
              wrong += ended.outcome != -work;
              ++told;
            });
        }
      });
    for (std::thread& caller : callers) caller.join();
  }
  CHECK(wrong == 0);
  int expected = 0;
  for (int t = 0; t < threads; ++t)
    for (int i = 0; i < rounds; ++i) expected += (t + i) % 3 != 0;
  CHECK(told == expected);
}

#include <comments/store/group_commit.hpp>

#include <doctest/doctest.h>

#include "support/failing_memory.hpp"

#include <atomic>
#include <latch>
#include <new>
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

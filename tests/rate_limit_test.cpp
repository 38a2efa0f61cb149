#include <comments/rate_limit.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "support/parallel.hpp"

using namespace comments;
using namespace std::chrono_literals;

namespace {

const instant start = from_milliseconds(1'700'000'000'000);

bool is_allowed(rate_limiter& limiter, std::string_view key, instant now = start) {
  return limiter.take(key, now).is_allowed;
}

// Takes until it is refused, at most `most` times. How often it got something.
int drain(rate_limiter& limiter, std::string_view key, instant now = start, int most = 1000) {
  int taken = 0;
  while (taken < most && is_allowed(limiter, key, now)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("without a rate everything is allowed and nothing is remembered") {
  rate_limiter limiter{{.per_minute = 0, .burst = 3}};
  CHECK(drain(limiter, "a") == 1000);
  CHECK(limiter.take("a", start).limit == 0);
  CHECK(limiter.window() == 0s);
  CHECK(limiter.keys() == 0);
}

TEST_CASE("a minute's worth can be taken at once, and one more is refused") {
  rate_limiter limiter{{.per_minute = 30}};
  CHECK(drain(limiter, "a") == 30);
  CHECK(drain(limiter, "b") == 30);
}

TEST_CASE("a burst is as large as it is said to be, and at least one") {
  rate_limiter small{{.per_minute = 30, .burst = 2}}, large{{.per_minute = 1, .burst = 99}};
  CHECK(drain(small, "a") == 2);
  CHECK(drain(large, "a") == 99);
  rate_limiter slow{{.per_minute = 1}};
  CHECK(drain(slow, "a") == 1);
}

TEST_CASE("a token comes back after its time and not a millisecond sooner") {
  rate_limiter limiter{{.per_minute = 30}};
  drain(limiter, "a");
  CHECK_FALSE(is_allowed(limiter, "a", start + 1'999ms));
  CHECK(is_allowed(limiter, "a", start + 2'000ms));
  CHECK_FALSE(is_allowed(limiter, "a", start + 2'000ms));
}

TEST_CASE("a rate that divides no second is kept exactly, however often it is asked") {
  rate_limiter limiter{{.per_minute = 7, .burst = 1}};
  int taken = 0;
  for (auto now = 0ms; now <= 1h; now += 13ms) taken += is_allowed(limiter, "a", start + now);
  // Each token waits for the next question: at most 13 ms of 8,571.
  CHECK(taken <= 7 * 60 + 1);
  CHECK(taken >= 7 * 60 - 1);
}

TEST_CASE("a quota says what is left, when there is one again and when all are") {
  rate_limiter limiter{{.per_minute = 30}};
  const quota first = limiter.take("a", start);
  CHECK(first.limit == 30);
  CHECK(first.remaining == 29);
  CHECK(first.next == 0s);
  CHECK(first.reset == 2s);
  drain(limiter, "a");
  const quota refused = limiter.take("a", start + 1ms);
  CHECK_FALSE(refused.is_allowed);
  CHECK(refused.remaining == 0);
  CHECK(refused.next == 2s);  // 1,999 ms, rounded up
  CHECK(refused.reset == 60s);
  CHECK(is_allowed(limiter, "a", start + 1ms + refused.next));
}

TEST_CASE("the window is how long an empty bucket takes to fill") {
  CHECK(rate_limiter{{.per_minute = 30}}.window() == 60s);
  CHECK(rate_limiter{{.per_minute = 30, .burst = 10}}.window() == 20s);
  CHECK(rate_limiter{{.per_minute = 7, .burst = 1}}.window() == 9s);
}

TEST_CASE("peeking takes nothing and remembers no key") {
  rate_limiter limiter{{.per_minute = 1}};
  for (int i = 0; i < 5; ++i) CHECK(limiter.peek("a", start).is_allowed);
  CHECK(limiter.keys() == 0);
  limiter.take("a", start);
  CHECK_FALSE(limiter.peek("a", start).is_allowed);
  CHECK(limiter.peek("a", start).next == 60s);
  CHECK(limiter.peek("a", start + 60s).is_allowed);
}

TEST_CASE("in no stretch of time does a key get more than the burst and the rate allow") {
  std::mt19937 random{20261123};
  for (int round = 0; round < 40; ++round) {
    const rate allowed{.per_minute = 1 + static_cast<std::int64_t>(random() % 200),
                       .burst = static_cast<std::int64_t>(random() % 20)};
    rate_limiter limiter{allowed};
    CAPTURE(allowed.per_minute);
    CAPTURE(limiter.burst());
    std::vector<std::int64_t> taken;  // milliseconds
    std::int64_t now = to_milliseconds(start);
    for (int i = 0; i < 2'000; ++i) {
      now += random() % 10 == 0 ? random() % 20'000 : random() % 50;
      if (is_allowed(limiter, "a", from_milliseconds(now))) taken.push_back(now);
    }
    bool is_kept = true;
    for (std::size_t i = 0; i < taken.size(); ++i)
      for (std::size_t j = i; j < taken.size() && is_kept; ++j)
        is_kept = static_cast<std::int64_t>(j - i + 1) * 60'000 <=
                  limiter.burst() * 60'000 + (taken[j] - taken[i]) * allowed.per_minute;
    CHECK(is_kept);
    CHECK(taken.size() > 10);
  }
}

TEST_CASE("as many keys are kept as may be, and one more puts out the one unused longest") {
  rate_limiter limiter{{.per_minute = 1}, 3};
  for (const char* key : {"a", "b", "c"}) CHECK(is_allowed(limiter, key));
  CHECK(limiter.keys() == 3);
  CHECK_FALSE(is_allowed(limiter, "a"));  // a refusal is a use too
  CHECK(is_allowed(limiter, "d"));
  CHECK(limiter.keys() == 3);
  CHECK_FALSE(is_allowed(limiter, "a"));
  CHECK_FALSE(is_allowed(limiter, "c"));
  CHECK_FALSE(is_allowed(limiter, "d"));
  CHECK(is_allowed(limiter, "b"));  // forgotten, so it starts full
}

TEST_CASE("a hundred thousand keys are kept, and not one more") {
  rate_limiter limiter{{.per_minute = 1}};
  for (int i = 0; i < 100'000; ++i) limiter.take(std::to_string(i), start);
  CHECK(limiter.keys() == 100'000);
  CHECK_FALSE(limiter.peek("0", start).is_allowed);
  limiter.take("one more", start);
  CHECK(limiter.keys() == 100'000);
  CHECK(limiter.peek("1", start).is_allowed);  // "0" was looked at
  CHECK_FALSE(limiter.peek("2", start).is_allowed);
}

TEST_CASE("keys up to the limit are told apart by their end, and longer ones are limited too") {
  rate_limiter limiter{{.per_minute = 1}};
  const std::string longest(rate_limiter::key_bytes_max - 1, 'x');
  CHECK(is_allowed(limiter, longest + "a"));
  CHECK(is_allowed(limiter, longest + "b"));
  CHECK_FALSE(is_allowed(limiter, longest + "a"));
  CHECK(is_allowed(limiter, longest + "ab"));
  CHECK(is_allowed(limiter, longest + "ac"));
  CHECK_FALSE(is_allowed(limiter, longest + "ab"));
  const std::string all_bytes("\0\xff", 2);
  CHECK(is_allowed(limiter, all_bytes));
  CHECK(is_allowed(limiter, ""));
  CHECK_FALSE(is_allowed(limiter, ""));
}

TEST_CASE("a clock that is set back gives nothing away and locks no client out") {
  rate_limiter limiter{{.per_minute = 60}};
  CHECK(drain(limiter, "a") == 60);
  const instant past = start - 24h;
  CHECK_FALSE(is_allowed(limiter, "a", past));
  CHECK_FALSE(is_allowed(limiter, "a", past + 999ms));
  CHECK(is_allowed(limiter, "a", past + 1'000ms));
  CHECK_FALSE(is_allowed(limiter, "a", past + 1'000ms));
}

TEST_CASE("threads whose clocks are a little apart gain nothing by it") {
  rate_limiter limiter{{.per_minute = 60}};
  drain(limiter, "a");
  int taken = 0;
  for (int i = 1; i <= 1'000; ++i) {
    taken += is_allowed(limiter, "a", start + i * 1ms);
    taken += is_allowed(limiter, "a", start + i * 1ms - rate_limiter::skew_max);
  }
  CHECK(taken == 1);
}

TEST_CASE("no moment and no rate overflows") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  rate_limiter limiter{{.per_minute = most, .burst = most}};
  CHECK(limiter.burst() == rate_limiter::rate_max);
  for (const std::int64_t at : {std::int64_t{0}, most / 2, most / 2 - 10'000, std::int64_t{-1}})
    CHECK(limiter.take("a", from_milliseconds(at)).is_allowed);
  rate_limiter slow{{.per_minute = 1, .burst = most}};
  CHECK(slow.take("a", start).reset == 60s);
  CHECK(slow.window().count() == rate_limiter::rate_max * 60);
  rate_limiter none{{.per_minute = -1, .burst = -1}};
  CHECK_FALSE(none.is_limited());
}

TEST_CASE("a token that is given back can be taken again, and no bucket gets fuller than full") {
  const token_rate two{{.per_minute = 1, .burst = 2}}, none{rate{}};
  bucket_table buckets{2};
  const std::string names[] = {"a", std::string(1000, 'a')};  // the second is kept by its hash
  for (const std::string& name : names) {
    buckets.give_back(name, two);  // of a key that is not known there is nothing to give back
    CHECK(buckets.keys() == static_cast<std::size_t>(&name - names));
    CHECK(buckets.take(name, two, start).remaining == 1);
    CHECK(buckets.take(name, two, start).remaining == 0);
    CHECK_FALSE(buckets.take(name, two, start).is_allowed);
    buckets.give_back(name, none);  // without a limit nothing was taken
    CHECK_FALSE(buckets.take(name, two, start).is_allowed);
    buckets.give_back(name, two);
    CHECK(buckets.peek(name, two, start).remaining == 1);
    for (int i = 0; i < 5; ++i) buckets.give_back(name, two);
    CHECK(buckets.peek(name, two, start).remaining == 2);
    CHECK(buckets.take(name, two, start).reset == 60s);
  }
}

TEST_CASE("many threads at once get exactly the burst") {
  rate_limiter limiter{{.per_minute = 500}};
  std::atomic<int> taken{0};
  in_parallel(16, [&](int) {
    for (int i = 0; i < 100; ++i) taken += is_allowed(limiter, "a");
  });
  CHECK(taken == 500);
}

#include <comments/rules/typing_time.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using namespace comments;
using namespace std::chrono_literals;

namespace {

const instant now = from_milliseconds(1'700'000'000'000);

verdict judged(const rule& ask, instant shown) {
  return ask({}, {.now = now, .form_shown_at = shown});
}

}  // namespace

TEST_CASE("what was written in less than the time it takes is spam, to the millisecond") {
  const rule ask = rules::typing_time();
  CHECK(judged(ask, now - 3000ms) == accept());
  CHECK(judged(ask, now - 2999ms) == as_spam("written too fast"));
  CHECK(judged(ask, now) == as_spam("written too fast"));
}

TEST_CASE("a form of the future counts as one that was just shown") {
  const rule ask = rules::typing_time();
  CHECK(judged(ask, now + 1ms) == as_spam("written too fast"));
  CHECK(judged(ask, now + 1000h) == as_spam("written too fast"));
}

TEST_CASE("a form is good for a day, and a millisecond longer it waits") {
  const rule ask = rules::typing_time();
  CHECK(judged(ask, now - 24h) == accept());
  CHECK(judged(ask, now - 24h - 1ms) == hold("form too old"));
  CHECK(judged(ask, from_milliseconds(0)) == hold("form too old"));
}

TEST_CASE("a draft from no form of ours waits") {
  CHECK(rules::typing_time()({}, {.now = now}) == hold("no form time"));
}

TEST_CASE("both times are the host's to choose") {
  const rule ask = rules::typing_time({.least = 10ms, .most = 20ms});
  CHECK(judged(ask, now - 9ms) == as_spam("written too fast"));
  CHECK(judged(ask, now - 10ms) == accept());
  CHECK(judged(ask, now - 20ms) == accept());
  CHECK(judged(ask, now - 21ms) == hold("form too old"));
}

TEST_CASE("the ends of time are times too") {
  const rule ask = rules::typing_time();
  using count = std::numeric_limits<std::int64_t>;
  CHECK(judged(ask, from_milliseconds(count::max())) == as_spam("written too fast"));
  CHECK(judged(ask, from_milliseconds(count::min())) == hold("form too old"));
}

TEST_CASE("a draft from no form passes where none is needed, and one from a form is judged") {
  const rule ask = rules::typing_time({.is_form_needed = false});
  CHECK(ask({}, {.now = now}) == accept());
  CHECK(judged(ask, now) == as_spam("written too fast"));
  CHECK(judged(ask, now - 25h) == hold("form too old"));
}

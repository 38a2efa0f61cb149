#include <comments/store/postgres/lock_lanes.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

using namespace std::chrono_literals;
using comments::postgres::permits;

namespace {

struct lane {
  int number{};
};

using held_contents = comments::postgres::held_contents<lane>;

// Numbers lanes as they are made.
std::function<std::unique_ptr<lane>()> numbering() {
  return [made = 0]() mutable { return std::make_unique<lane>(lane{++made}); };
}

}  // namespace

TEST_CASE("as many permits are given as there are, and one more once one is given back") {
  permits patient{2};
  std::optional<permits::permit> first = patient.take(), second = patient.take();
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(patient.take());
  first.reset();
  std::optional<permits::permit> third = patient.take();
  CHECK(third);
  CHECK_FALSE(patient.take());
}

TEST_CASE("leave that is handed on is given back once") {
  permits patient{1};
  {
    std::optional<permits::permit> mine = patient.take();
    std::optional<permits::permit> theirs;
    theirs = std::move(mine);
    CHECK_FALSE(patient.take());
  }
  std::optional<permits::permit> again = patient.take();
  CHECK(again);
  CHECK_FALSE(patient.take());
}

TEST_CASE("no permit is given where there is none") {
  CHECK_FALSE(permits{0}.take());
  CHECK_FALSE(permits{0}.take(1ms));
}

TEST_CASE("a thread that waits for a permit gets the one that is given back") {
  permits patient{1};
  auto mine = patient.take();
  std::thread giving_back{[&] { mine.reset(); }};
  CHECK(patient.take(10min));
  giving_back.join();
}

TEST_CASE("a content is held as long as a caller waits for it") {
  held_contents held{numbering()};
  CHECK_FALSE(held.has("1"));
  {
    const held_contents::waiter one{held, "1"};
    {
      const held_contents::waiter other{held, "1"};
      CHECK(held.has("1"));
      CHECK_FALSE(held.has("2"));
    }
    CHECK(held.has("1"));
  }
  CHECK_FALSE(held.has("1"));
}

TEST_CASE("a content that was found free is held no more, though others still wait for it") {
  held_contents held{numbering()};
  held_contents::waiter one{held, "1"};
  {
    held_contents::waiter other{held, "1"};
    other.set_free(true);
    CHECK_FALSE(held.has("1"));
    one.set_free(false);
    CHECK(held.has("1"));
  }
  CHECK(held.has("1"));
}

TEST_CASE("callers that wait for one content share a lane, which ends with the last of them") {
  held_contents held{numbering()};
  {
    held_contents::waiter one{held, "1"};
    held_contents::waiter other{held, "2"};
    held_contents::waiter again{held, "1"};
    CHECK(one.lane().number == 1);
    CHECK(other.lane().number == 2);
    CHECK(&again.lane() == &one.lane());
  }
  held_contents::waiter later{held, "1"};
  CHECK(later.lane().number == 3);
}

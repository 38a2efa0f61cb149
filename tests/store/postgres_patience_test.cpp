#include <comments/store/postgres_patience.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <utility>

using comments::postgres::held_contents;
using comments::postgres::permits;

TEST_CASE("as many have leave as there is, and one more has none until somebody gives it back") {
  permits patient{2};
  std::optional<permits::one> first = patient.take(), second = patient.take();
  CHECK(first);
  CHECK(second);
  CHECK_FALSE(patient.take());
  first.reset();
  std::optional<permits::one> third = patient.take();
  CHECK(third);
  CHECK_FALSE(patient.take());
}

TEST_CASE("leave that is handed on is given back once") {
  permits patient{1};
  {
    std::optional<permits::one> mine = patient.take();
    std::optional<permits::one> theirs;
    theirs = std::move(mine);
    CHECK_FALSE(patient.take());
  }
  std::optional<permits::one> again = patient.take();
  CHECK(again);
  CHECK_FALSE(patient.take());
}

TEST_CASE("nobody has leave where there is none") { CHECK_FALSE(permits{0}.take()); }

TEST_CASE("a content is held as long as anybody waits for it") {
  held_contents held;
  CHECK_FALSE(held.has("1"));
  {
    const held_contents::guard one{held, "1"};
    {
      const held_contents::guard other{held, "1"};
      CHECK(held.has("1"));
      CHECK_FALSE(held.has("2"));
    }
    CHECK(held.has("1"));
  }
  CHECK_FALSE(held.has("1"));
}

TEST_CASE("a content that was found free is held no more, though others still wait for it") {
  held_contents held;
  held_contents::guard one{held, "1"};
  {
    held_contents::guard other{held, "1"};
    other.tell(true);
    CHECK_FALSE(held.has("1"));
    one.tell(false);
    CHECK(held.has("1"));
  }
  CHECK(held.has("1"));
}

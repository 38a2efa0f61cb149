#include <comments/rules/trap.hpp>

#include <doctest/doctest.h>

using namespace comments;

TEST_CASE("a draft that filled in the hidden field is spam, any other is fine") {
  const rule trap = rules::trap();
  CHECK(trap({}, {.is_trap_filled = true}) == as_spam("trap field filled"));
  CHECK(trap({}, {}) == accept());
}

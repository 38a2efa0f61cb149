#include <comments/rules/honeypot.hpp>

#include <doctest/doctest.h>

using namespace comments;

TEST_CASE("a draft that filled in the hidden field is spam, any other is fine") {
  const rule trap = rules::honeypot();
  CHECK(trap({}, {.is_honeypot_filled = true}) == as_spam("trap field filled"));
  CHECK(trap({}, {}) == accept());
}

#include <comments/store/activity.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments;

TEST_CASE("failures are counted by their kind, and the last success has a time") {
  activity_counter seen{{"busy", "lost"}};
  CHECK_FALSE(seen.look().last_success);
  const instant before = system_clock()();
  seen.succeed();
  seen.fail("busy", false);
  seen.fail("busy", false);
  seen.fail("of another kind", false);
  const store_activity found = seen.look();
  CHECK(found.last_success.value() >= before);
  CHECK(found.failures ==
        std::vector<std::pair<std::string_view, std::uint64_t>>{{"busy", 2}, {"lost", 0}});
  CHECK_FALSE(found.is_away);
}

TEST_CASE("a storage is away from a failure to reach it until it does something again") {
  activity_counter seen{{"busy", "lost"}};
  seen.fail("lost", true);
  CHECK(seen.look().is_away);
  seen.fail("busy", false);
  CHECK(seen.look().is_away);
  seen.succeed();
  CHECK_FALSE(seen.look().is_away);
}

#include <comments/deployments/service.hpp>

#include <doctest/doctest.h>

#include <comments/store/memory.hpp>

#include <string>
#include <vector>

#include "support/violations.hpp"

using namespace comments;

namespace {

const principal pipeline{.role = principal::role::pipeline};
const deployment fine{.component = "comments", .version = "1.2", .responsible = "ana", .run = "1"};

struct desk {
  memory_store store{};
  manual_clock now{from_milliseconds(1'700'000'000'000)};
  deployment_service kept{store, now.as_clock()};

  std::size_t count() const { return store.deployments({.limit = 1000})->items.size(); }
};

}  // namespace

TEST_CASE("the pipeline records, and the date is that of the recording") {
  desk at;
  deployment said = fine;
  said.date = from_milliseconds(1);
  const auto made = at.kept.record(said, pipeline);
  REQUIRE(made);
  CHECK(made->stored.date == at.now.now());
  CHECK(made->stored.version == "1.2");
  at.now.advance(std::chrono::hours{1});
  const auto again = at.kept.record(said, pipeline);
  REQUIRE(again);
  CHECK(again->replayed);
  CHECK(again->stored == made->stored);
  CHECK(at.count() == 1);
}

TEST_CASE("only the pipeline records, and a refusal does not say what was wrong") {
  desk at;
  for (const auto role : {principal::role::anyone, principal::role::editor, principal::role::user,
                          principal::role::moderator}) {
    const principal who{.role = role, .subject = "ana"};
    const auto refused = at.kept.record(deployment{}, who);  // not even that it breaks every rule
    REQUIRE_FALSE(refused.has_value());
    const bool is_anyone = role == principal::role::anyone;
    CHECK(refused.error().code == (is_anyone ? errc::unauthenticated : errc::forbidden));
    CHECK(refused.error().violations.empty());
    CHECK_FALSE(at.kept.record(fine, who).has_value());
  }
  CHECK(at.count() == 0);
}

TEST_CASE("what breaks rules is refused with all that is wrong, and is not stored") {
  desk at;
  const auto refused = at.kept.record({.version = "\n"}, pipeline);
  REQUIRE_FALSE(refused.has_value());
  CHECK(to_line(refused.error().violations) ==
        "/component required, /version required, /responsible required");
  CHECK(at.count() == 0);
}

TEST_CASE("the limits are those of the service") {
  memory_store store;
  deployment_service kept{store, system_clock(), {.version_bytes_max = 3}};
  CHECK(kept.limits().version_bytes_max == 3);
  CHECK(kept.record(fine, pipeline));
  deployment longer = fine;
  longer.version = "1.20";
  CHECK(to_line(kept.record(longer, pipeline).error().violations) == "/version too_long");
}

TEST_CASE("anyone may read pages of 1 to 200 records, of one component or all") {
  desk at;
  for (int i = 0; i < 201; ++i) {
    deployment said = fine;
    said.run = std::to_string(i);
    REQUIRE(at.kept.record(said, pipeline));
  }
  CHECK(at.kept.list({.limit = 200})->items.size() == 200);
  CHECK(at.kept.list({.limit = 200})->next == 2);
  CHECK(at.kept.list({.component = "widget"})->items.empty());
  for (const std::size_t limit : {std::size_t{0}, std::size_t{201}})
    CHECK(to_line(at.kept.list({.limit = limit}).error().violations) == "limit out_of_range");
  CHECK(at.kept.list({.component = std::string(100, 'x')}).has_value());
  CHECK(
      to_line(at.kept.list({.component = std::string(101, 'x'), .limit = 0}).error().violations) ==
      "component too_long, limit out_of_range");
}

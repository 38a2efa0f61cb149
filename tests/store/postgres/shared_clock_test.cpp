#include <comments/store/postgres/shared_clock.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"

#include <chrono>
#include <stdexcept>

using namespace comments;
using namespace std::chrono_literals;
using testing::postgres_notebook;

TEST_CASE("own clocks that are minutes apart show one time, the database's") {
  postgres_notebook notes;
  for (const auto off : {-4min, 0min, 4min}) {
    const comments::clock own = [&] { return system_clock()() + off; };
    postgres::shared_clock shared{own};
    CHECK(shared.to_shared(own()) == own());  // nothing is known yet
    shared.compare(*notes.on);
    const auto difference = shared.to_shared(own()) - system_clock()();
    CHECK(std::chrono::abs(difference) < 30s);  // a busy machine may take long for a round trip
  }
}

TEST_CASE("comparing is due at first, and then not for a while") {
  postgres::shared_clock shared{system_clock()};
  CHECK(shared.is_due());
  CHECK_FALSE(shared.is_due());
}

TEST_CASE("a comparison that fails changes nothing") {
  postgres_notebook notes;
  const instant noon = from_milliseconds(1'700'000'000'000);
  postgres::shared_clock broken{[]() -> instant { throw std::runtime_error{"no clock"}; }};
  broken.compare(*notes.on);
  CHECK(broken.to_shared(noon) == noon);
  notes.schema.cut_connections();
  postgres::shared_clock shared{system_clock()};
  shared.compare(*notes.on);
  CHECK(shared.to_shared(noon) == noon);
}

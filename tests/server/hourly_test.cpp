#include "../../apps/server/hourly.hpp"

#include <doctest/doctest.h>

#include <future>
#include <new>

TEST_CASE("work begins at once, and what it throws ends only that") {
  std::promise<void> done;
  const server::hourly chores{[&] {
    done.set_value();
    throw std::bad_alloc{};
  }};
  done.get_future().wait();
}

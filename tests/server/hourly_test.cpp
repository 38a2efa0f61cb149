#include "../../apps/server/hourly.hpp"

#include <doctest/doctest.h>

#include <future>
#include <new>

TEST_CASE("work begins at once, and what it throws ends only that") {
  std::promise<void> done;
  const server::hourly chores{[&](const auto&) {
    done.set_value();
    throw std::bad_alloc{};
  }};
  done.get_future().wait();
}

TEST_CASE("work that asks between its parts whether it is over ends once it is told to") {
  std::promise<void> begun;
  int parts = 0;
  server::hourly chores{[&](const auto& is_over) {
    while (!is_over())
      if (++parts == 1) begun.set_value();
  }};
  begun.get_future().wait();
  chores.stop();
}

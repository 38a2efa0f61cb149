#include <comments/guarded.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

using namespace comments;

TEST_CASE("a call returns what it returns, moved and not copied") {
  CHECK(guarded([] { return 7; }) == 7);
  const auto made = guarded([] { return std::make_unique<int>(8); });
  REQUIRE(made);
  CHECK(**made == 8);
}

TEST_CASE("a call that throws returns nothing, whatever it throws") {
  CHECK_FALSE(guarded([]() -> int { throw std::runtime_error{"secret"}; }));
  CHECK_FALSE(guarded([]() -> int { throw std::bad_alloc{}; }));
  CHECK_FALSE(guarded([]() -> std::string { throw 7; }));
}

TEST_CASE("a call that returns nothing says whether it came to its end") {
  int calls = 0;
  CHECK(guarded([&] { ++calls; }));
  CHECK(calls == 1);
  CHECK_FALSE(guarded([&] { throw calls; }));
  CHECK_FALSE(guarded(std::function<void()>{}));
}

TEST_CASE("an empty function is one that throws") { CHECK_FALSE(guarded(std::function<int()>{})); }

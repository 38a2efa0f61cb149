#include <comments/http/pump.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

using namespace comments::http;
using state = chunk::state;

TEST_CASE("a pump gets the chunks one by one, to the end") {
  int calls = 0;
  pump parts{[&](const std::function<void()>&) -> chunk {
    ++calls;
    return {.bytes = std::to_string(calls), .then = calls < 3 ? state::more : state::over};
  }};
  std::string sent;
  while (parts.go_on()) sent += parts.next().bytes;
  CHECK(sent == "123");
  CHECK_FALSE(parts.is_broken());
}

TEST_CASE("a pump asks a stream that waits when it is woken, be it before the wait") {
  int calls = 0;
  std::thread other;
  pump parts{[&](const std::function<void()>& wake) -> chunk {
               ++calls;
               if (calls == 1) wake();
               if (calls == 2) other = std::thread{wake};
               return {.bytes = "x", .then = calls < 3 ? state::waiting : state::over};
             },
             std::chrono::hours{1}};
  std::string sent;
  while (parts.go_on()) sent += parts.next().bytes;
  other.join();
  CHECK(sent == "xxx");
}

TEST_CASE("a pump asks a stream that nobody wakes after its time") {
  int calls = 0;
  pump parts{[&](const std::function<void()>&) -> chunk {
               return {.then = ++calls < 2 ? state::waiting : state::over};
             },
             std::chrono::milliseconds{1}};
  while (parts.go_on()) parts.next();
  CHECK(calls == 2);
}

TEST_CASE("a stream that breaks, throws or is empty is broken, and asked no more") {
  const stream broken = [](const auto&) { return chunk{.bytes = "x", .then = state::broken}; };
  const stream throwing = [](const auto&) -> chunk { throw 7; };
  for (const stream& bad : {broken, throwing, stream{}}) {
    pump parts{bad};
    parts.next();
    CHECK(parts.is_broken());
    CHECK_FALSE(parts.go_on());
  }
}

TEST_CASE("what wakes a pump may be called when that is gone") {
  std::function<void()> kept;
  {
    pump parts{[&](const std::function<void()>& wake) {
      kept = wake;
      return chunk{.then = state::waiting};
    }};
    parts.next();
  }
  kept();
}

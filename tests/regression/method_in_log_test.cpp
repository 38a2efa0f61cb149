// The log repeated a request's method, whatever it was, so a client could write into the log.

#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/all_routes.hpp"

using namespace comments;

TEST_CASE("a method that no route has is logged as other") {
  memory_store store;
  service service{store};
  std::string logged;
  const auto api = testing::all_routes(
      service, {.observe = [&](const http::exchange& seen) { logged = seen.method; }});
  CHECK(api({.method = "SECRET", .target = "/healthz"}).status == 405);
  CHECK(logged == "other");
}

// The router kept a view of a copy of the method that was already destroyed. A short method could
// still be read there; a longer one was in memory that had been freed.

#include <comments/http/router.hpp>

#include <doctest/doctest.h>

using namespace comments::http;

TEST_CASE("a method with a long name finds its route") {
  router routes;
  routes.add("VERSION-CONTROL-AND-MORE /x", [](const auto&) { return response{.status = 204}; });
  CHECK(routes({.method = "VERSION-CONTROL-AND-MORE", .target = "/x"}).status == 204);
  CHECK(routes({.method = "VERSION-CONTROL-AND-LESS", .target = "/x"}).status == 405);
}

#include <comments/http/epoll/limits.hpp>

#include <comments/http/middleware.hpp>

#include <doctest/doctest.h>

using namespace comments::http;

TEST_CASE("what the framer lets through, cpp-httplib and the routes can read") {
  const frame_limits frames;
  constexpr std::size_t line_bytes_max_of_httplib = 8'192;
  CHECK(frames.target_bytes_max + 100 < line_bytes_max_of_httplib);
  CHECK(frames.header_bytes_max < line_bytes_max_of_httplib);
  CHECK(frames.target_bytes_max < frames.head_bytes_max);
  CHECK(frames.body_bytes_max <= request_limits{}.request_bytes_max);
  CHECK(frames.headers_max <= request_limits{}.headers_max);
}

TEST_CASE("a stop gives up before a client that idles would have to go") {
  const epoll_limits limits;
  CHECK(limits.idle_drain_wait < limits.request_wait);
  CHECK(limits.idle_drain_wait < limits.drain_wait);
  CHECK(limits.arrival_wait < limits.drain_wait);
}

#include <comments/http/epoll/loop_context.hpp>

#include <comments/http/httplib_in_memory.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments;
using namespace comments::http;

TEST_CASE("the metrics of connections are there before the first connection") {
  httplib_in_memory api;
  registry metrics;
  const epoll_limits limits;
  epoll::shutdown_flags flags;
  const epoll::loop_context context{api, metrics, limits, flags};
  for (const char* name : {"comments_http_connections", "comments_http_connections_refused_total",
                           "comments_http_timeouts_total"})
    CHECK(metrics.to_text().find("\n" + std::string{name} + " 0\n") != std::string::npos);
  CHECK(context.connections == 0);
  CHECK(context.memory.total() == 0);
  CHECK_FALSE(context.is_closed);
  CHECK_FALSE(flags.is_draining);
  CHECK_FALSE(flags.is_stopping);
}

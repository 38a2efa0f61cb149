// From version 0.16 on, cpp-httplib returns headers of one name last first (libstdc++'s hash tables
// do). So a client's own X-Forwarded-For line came after the one that its proxy had added, and was
// believed.

#include <comments/http/httplib/request.hpp>
#include <comments/http/rate_limits.hpp>

#include <doctest/doctest.h>
#include <httplib.h>

#include <string>

using namespace comments;

TEST_CASE("headers of one name come in the order they were sent") {
  httplib::Request from;
  from.method = "GET";
  from.target = "/";
  for (const char* value : {"1", "2", "3"}) {
    from.headers.emplace("X-Forwarded-For", value);
    from.headers.emplace("Other", value);
  }
  std::string seen;
  for (const auto& [name, value] : http::detail::to_request(from, {}).headers)
    if (name == "X-Forwarded-For") seen += value;
  CHECK(seen == "123");
}

TEST_CASE("the address that the proxy added last is the client's") {
  httplib::Request from;
  from.remote_addr = "10.0.0.1";
  from.headers.emplace("X-Forwarded-For", "203.0.113.1");  // forged by the client
  from.headers.emplace("X-Forwarded-For", "192.0.2.1");
  const http::request asked = http::detail::to_request(from, {});
  CHECK(http::client_key(asked, *http::parse_networks("10.0.0.0/8")) == "192.0.2.1");
}

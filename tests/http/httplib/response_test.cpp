#include <comments/http/httplib/response.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments;
using namespace comments::http;

TEST_CASE("a head has the status and all headers; the type comes back") {
  httplib::Request from;
  from.headers.emplace("Accept-Encoding", "br");
  httplib::Response to;
  const response made{.status = 418,
                      .headers = {{"Content-Type", "text/tea"}, {"A", "1"}, {"A", "2"}}};
  CHECK(http::detail::write_head(made, from, to) == "text/tea");
  CHECK(to.status == 418);
  CHECK(to.get_header_value_count("A") == 2);
  CHECK(to.get_header_value("X-Content-Type-Options") == "nosniff");
  CHECK_FALSE(to.has_header("Content-Type"));
  CHECK_FALSE(from.has_header("Accept-Encoding"));  // or cpp-httplib would pack it once more
  CHECK(http::detail::write_head({}, from, to) == "application/octet-stream");
}

TEST_CASE("a response has its body, and the last one has the connection closed") {
  httplib::Request from;
  from.method = "HEAD";
  from.headers.emplace("Content-Length", "28");
  httplib::Response to;
  http::detail::write({.body = "body"}, false, from, to);
  CHECK(to.body == "body");
  CHECK_FALSE(from.has_header("Connection"));
  httplib::Response last;
  http::detail::write({.body = "body"}, true, from, last);
  CHECK(from.get_header_value("Connection") == "close");
  CHECK(from.method == "GET");  // so that cpp-httplib calls the provider, which ends the connection
  CHECK_FALSE(from.has_header("Content-Length"));
}

TEST_CASE("a refusal goes through the API, with what is allowed if the method is not") {
  const handler api = [](request asked) {
    return response{.status = 405, .headers = {{"Why", asked.refusal.value().message}}};
  };
  for (const request_errc code : {request_errc::method_not_allowed, request_errc::malformed}) {
    httplib::Request from;
    httplib::Response to;
    http::detail::refuse(api, {code, "No."}, from, to);
    CHECK(to.get_header_value("Why") == "No.");
    CHECK(to.has_header("Allow") == (code == request_errc::method_not_allowed));
    CHECK(from.get_header_value("Connection") == "close");
  }
}

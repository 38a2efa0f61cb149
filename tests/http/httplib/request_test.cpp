#include <comments/http/httplib/request.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <utility>

using namespace comments;
using namespace comments::http;
using namespace comments::http::detail;

namespace {

// A post with these headers, as cpp-httplib has read it.
httplib::Request post(std::initializer_list<std::pair<const char*, const char*>> headers) {
  httplib::Request made;
  made.method = "POST";
  made.target = "/talk/a?b";
  made.remote_addr = "192.0.2.1";
  for (const auto& [name, value] : headers) made.headers.emplace(name, value);
  return made;
}

}  // namespace

TEST_CASE("a prefix begins with a slash and ends without one, or is empty") {
  for (const char* text : {"/talk", "talk", "/talk/", "talk//"}) CHECK(to_prefix(text) == "/talk");
  for (const char* text : {"", "/", "//"}) CHECK(to_prefix(text) == "");
  CHECK(to_prefix("/a/b/") == "/a/b");
}

TEST_CASE("a request is taken over without its prefix and without headers that no client sent") {
  const request asked =
      to_request(post({{"A", "1"}, {"A", "2"}, {"REMOTE_ADDR", "192.0.2.1"}}), "/talk");
  CHECK(asked.method == "POST");
  CHECK(asked.target == "/a?b");
  CHECK(asked.prefix == "/talk");
  CHECK(asked.peer == "192.0.2.1");
  CHECK(asked.headers == fields{{"A", "1"}, {"A", "2"}});
  CHECK(to_request(post({}), "/other").target == "/talk/a?b");
  httplib::Request named = post({});
  named.target = "http://h/talk/a?b";
  CHECK(to_request(named, "/talk").target == "/a?b");
}

TEST_CASE("a header's value that hides a control character by an encoding is refused") {
  using namespace std::string_literals;
  for (const std::string& hidden : {"a\r\nB: c"s, "a\nb"s, "\0"s, "\x7f"s}) {
    httplib::Request hiding = post({});
    hiding.headers.emplace("A", hidden);
    CHECK(to_request(hiding, "").refusal->code == request_errc::malformed);
  }
  CHECK_FALSE(to_request(post({{"A", "a\tb"}}), "").refusal);
}

TEST_CASE("the framing of a body is a length, chunks or nothing, and else broken") {
  CHECK_FALSE(read_framing(post({})).has_body());
  CHECK_FALSE(read_framing(post({{"Content-Length", "0"}})).has_body());
  const body_framing sized = read_framing(post({{"Content-Length", "28"}}));
  CHECK(sized.has_body());
  CHECK(sized.length == 28);
  CHECK_FALSE(sized.is_broken);
  const body_framing chunked = read_framing(post({{"Transfer-Encoding", "Chunked"}}));
  CHECK(chunked.has_body());
  CHECK(chunked.is_chunked);
  CHECK_FALSE(chunked.is_broken);
  for (const auto& from :
       {post({{"Content-Length", "28"}, {"Content-Length", "28"}}),
        post({{"Content-Length", "28"}, {"Transfer-Encoding", "chunked"}}),
        post({{"Content-Length", "2 8"}}), post({{"Content-Length", "-1"}}),
        post({{"Content-Length", "99999999999999999999"}}), post({{"Content-Length ", "28"}}),
        post({{"Transfer-Encoding", "gzip, chunked"}})}) {
    CHECK(read_framing(from).is_broken);
    CHECK(read_framing(from).has_body());
  }
}

TEST_CASE("a method is refused if no route has it, or if it comes with a body that none reads") {
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    CHECK_FALSE(check_method(method, true));
    CHECK_FALSE(check_method(method, false));
  }
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    CHECK_FALSE(check_method(method, false));
    CHECK(check_method(method, true).value().code == request_errc::malformed);
  }
  for (const char* method : {"", "get", "BREW", "TRACE", "CONNECT"})
    CHECK(check_method(method, false).value().code == request_errc::method_not_allowed);
  httplib::Request reading = post({{"Content-Length", "28"}});
  CHECK_FALSE(check_method(reading));
  reading.method = "GET";
  CHECK(check_method(reading).value().code == request_errc::malformed);
}

TEST_CASE("a refusal of cpp-httplib's is the error of its status, or of its kind") {
  CHECK(error_of_status(414).code == request_errc::target_too_long);
  CHECK(error_of_status(413).code == request_errc::too_large);
  CHECK(error_of_status(404).code == request_errc::not_found);
  CHECK(error_of_status(416).code == request_errc::malformed);
  CHECK(error_of_status(500).code == request_errc::overloaded);
  CHECK(error_of_status(505).code == request_errc::overloaded);
}

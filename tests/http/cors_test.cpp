#include <comments/http/cors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using namespace comments::http;

namespace {

response accept(request) { return {.headers = {{"ETag", "\"1\""}}, .body = "ok"}; }

std::string_view header(const response& answer, std::string_view name) {
  return find_header(answer.headers, name).value_or("none");
}

bool has_cors(const response& answer) {
  return std::ranges::any_of(
      answer.headers, [](const auto& one) { return one.first.starts_with("Access-Control-"); });
}

// What a page of `origin` hears from an API that is open to `origins`.
response ask(std::string_view origins, std::string origin, std::string method,
             std::string target = "/api/v1/comments", fields headers = {}) {
  const auto allowed = parse_origins(origins);
  REQUIRE(allowed);
  headers.emplace_back("Origin", std::move(origin));
  return with_cors(accept, {.origins = *allowed, .open_posts = {"/api/comment/new"}})(
      {.method = std::move(method), .target = std::move(target), .headers = std::move(headers)});
}

response preflight(std::string_view origins, std::string origin, std::string method,
                   std::string target = "/api/v1/comments") {
  return ask(origins, std::move(origin), "OPTIONS", std::move(target),
             {{"Access-Control-Request-Method", std::move(method)},
              {"Access-Control-Request-Headers", "authorization,content-type"}});
}

constexpr const char* listed = "https://example.com";

}  // namespace

TEST_CASE("without origins nothing tells of other sites") {
  const response answer = ask("", listed, "GET");
  CHECK(answer.body == "ok");
  CHECK(answer.headers.size() == 1);
  CHECK(preflight("", listed, "GET").body == "ok");  // OPTIONS goes where it went
}

TEST_CASE("origins are written as browsers write them") {
  const auto one = [](std::string_view text) { return parse_origins(text)->front(); };
  CHECK(one("https://Example.COM") == "https://example.com");
  CHECK(one("https://example.com:443") == "https://example.com");
  CHECK(one("http://example.com:80") == "http://example.com");
  CHECK(one("http://example.com:443") == "http://example.com:443");
  CHECK(one("http://localhost:3000") == "http://localhost:3000");
  CHECK(one("http://[::1]:3000") == "http://[::1]:3000");
  CHECK(one("capacitor://localhost") == "capacitor://localhost");
  CHECK(one("*") == "*");
  CHECK(parse_origins("")->empty());
  CHECK(parse_origins(" https://a.example.com ,*,http://b.example.com")->size() == 3);
}

TEST_CASE("what is no origin is named") {
  for (const std::string bad : {"null",
                                "example.com",
                                "https://",
                                "https://example.com/",
                                "https://example.com/a",
                                "https://*.example.com",
                                "https://user@example.com",
                                "https://example.com:",
                                "https://example.com:https",
                                "https://example.com:123456",
                                "//example.com",
                                "://example.com",
                                "https://exa mple.com",
                                "https://[::1",
                                "https://::1",
                                "https://example.com?",
                                "https:///",
                                "https://ex\xc3\xa4mple.com",
                                "**",
                                "http s://a"}) {
    CAPTURE(bad);
    for (const std::string& list : {bad, "*, " + bad, bad + ",*"}) {
      const auto found = parse_origins(list);
      REQUIRE_FALSE(found);
      CHECK(found.error().message.starts_with("'" + bad + "' is no origin"));
    }
  }
  for (const std::string list : {",", "*,", ",*", "*,,*"}) CHECK_FALSE(parse_origins(list));
}

TEST_CASE("a listed origin may read every answer, its headers too") {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
    const response answer = ask("http://localhost:1, https://example.com", listed, method);
    CHECK(answer.body == "ok");
    CHECK(header(answer, "Access-Control-Allow-Origin") == listed);
    CHECK(header(answer, "Vary") == "Origin");
    for (const char* name : {"ETag", "Link", "Location", "Retry-After", "RateLimit",
                             "RateLimit-Policy", "Idempotency-Replayed", "X-Request-Id"}) {
      const std::string exposed =
          ", " + std::string{header(answer, "Access-Control-Expose-Headers")} + ", ";
      CHECK(exposed.find(", " + std::string{name} + ", ") != exposed.npos);
    }
  }
}

TEST_CASE("an origin that is not listed is answered, and its page may not read the answer") {
  for (const char* origin : {"https://example.org", "https://example.com.evil.example",
                             "http://example.com", "https://example.com:8443",
                             "https://sub.example.com", "null", "", "*", "HTTPS://EXAMPLE.COM"})
    for (const char* method : {"GET", "POST"}) {
      const response answer = ask(listed, origin, method);
      CHECK(answer.body == "ok");
      CHECK_FALSE(has_cors(answer));
      CHECK(header(answer, "Vary") == "Origin");
    }
}

TEST_CASE("a response to no page varies by origin all the same, for caches") {
  const handler api = with_cors(accept, {.origins = {listed}});
  CHECK(header(api({.method = "GET"}), "Vary") == "Origin");
  const handler unchanged =
      with_cors([](request) { return response{.status = 304}; }, {.origins = {"*"}});
  CHECK(header(unchanged({.method = "GET"}), "Vary") == "Origin");
}

TEST_CASE("a listed origin hears that it may do everything") {
  const response answer = preflight(listed, listed, "DELETE", "/api/v1/comments/1");
  CHECK(answer.status == 204);
  CHECK(answer.body.empty());
  CHECK(header(answer, "Access-Control-Allow-Origin") == listed);
  CHECK(header(answer, "Access-Control-Allow-Methods") == "GET, HEAD, POST, PUT, PATCH, DELETE");
  const std::string headers =
      ", " + std::string{header(answer, "Access-Control-Allow-Headers")} + ",";
  for (const char* name : {"Authorization", "Content-Type", "Idempotency-Key", "If-Match",
                           "If-None-Match", "Last-Event-ID", "X-Request-Id"})
    CHECK(headers.find(", " + std::string{name} + ",") != headers.npos);
  CHECK(header(answer, "Access-Control-Max-Age") == "3600");
  CHECK(header(answer, "Vary") == "Origin");
}

TEST_CASE("other origins hear nothing from a preflight") {
  const response answer = preflight(listed, "https://example.org", "DELETE");
  CHECK(answer.status == 204);
  CHECK_FALSE(has_cors(answer));
  CHECK(header(answer, "Vary") == "Origin");
}

TEST_CASE("what an adapter refused is not answered as a preflight") {
  const handler api = with_cors(accept, {.origins = {"*"}});
  CHECK(api({.method = "OPTIONS",
             .headers = {{"Origin", listed}, {"Access-Control-Request-Method", "GET"}},
             .refusal = request_error{request_errc::malformed, "No."}})
            .body == "ok");
}

TEST_CASE("a star opens reading to all origins, and to none with a proof of identity") {
  for (const char* method : {"GET", "HEAD"}) {
    CHECK(header(ask("*", "https://example.org", method), "Access-Control-Allow-Origin") == "*");
    const response before = preflight("*", "https://example.org", method);
    CHECK(header(before, "Access-Control-Allow-Origin") == "*");
    CHECK(header(before, "Access-Control-Allow-Methods") == "GET, HEAD");
    CHECK(header(before, "Access-Control-Allow-Headers") ==
          "Comments-Browser, If-None-Match, Last-Event-ID, X-Request-Id");
  }
  for (const char* origin : {"null", ""}) CHECK_FALSE(has_cors(ask("*", origin, "GET")));
}

TEST_CASE("a star opens the posts that are named, and no other that writes") {
  const response post = ask("*", "https://example.org", "POST", "/api/comment/new");
  CHECK(header(post, "Access-Control-Allow-Origin") == "*");
  const response before = preflight("*", "https://example.org", "POST", "/api/comment/new?a=1");
  CHECK(header(before, "Access-Control-Allow-Methods") == "GET, HEAD, POST");
  CHECK(header(before, "Access-Control-Allow-Headers") ==
        "Comments-Browser, If-None-Match, Last-Event-ID, X-Request-Id, Content-Type");
  for (const char* target : {"/api/v1/comments", "/api/comment/new/", "/x?/api/comment/new"}) {
    CHECK_FALSE(has_cors(ask("*", "https://example.org", "POST", target)));
    CHECK_FALSE(has_cors(preflight("*", "https://example.org", "POST", target)));
  }
  CHECK_FALSE(has_cors(preflight("*", "https://example.org", "DELETE", "/api/comment/new")));
}

TEST_CASE("beside a star, listed origins may do everything still") {
  const std::string both = std::string{"*, "} + listed;
  CHECK(header(ask(both, listed, "POST"), "Access-Control-Allow-Origin") == listed);
  CHECK(header(preflight(both, listed, "DELETE"), "Access-Control-Allow-Origin") == listed);
  CHECK(header(ask(both, "https://example.org", "GET"), "Access-Control-Allow-Origin") == "*");
  CHECK_FALSE(has_cors(ask(both, "https://example.org", "PUT")));
}

TEST_CASE("what a route has opened by itself stays open, and says so once") {
  const auto open = [](request) {
    return response{.headers = {{"Access-Control-Allow-Origin", "*"}}, .body = "ok"};
  };
  for (const char* origins : {listed, "*", ""}) {
    const handler api = with_cors(open, {.origins = *parse_origins(origins)});
    const response answer = api({.method = "GET", .headers = {{"Origin", listed}}});
    CHECK(header(answer, "Access-Control-Allow-Origin") == "*");
    CHECK(std::ranges::count_if(answer.headers, [](const auto& one) {
            return one.first == "Access-Control-Allow-Origin";
          }) == 1);
  }
}

TEST_CASE("credentials are never allowed") {
  for (const char* origin : {listed, "https://example.org"})
    for (const char* method : {"GET", "POST"}) {
      CHECK(header(ask("*, https://example.com", origin, method),
                   "Access-Control-Allow-Credentials") == "none");
      CHECK(header(preflight("*, https://example.com", origin, method),
                   "Access-Control-Allow-Credentials") == "none");
    }
}

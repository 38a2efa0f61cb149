#include <comments/http/router.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

using namespace comments;
using namespace comments::http;

namespace {

// Answers with what the route was given: "name=value;" of path and query.
response echo(request asked) {
  response answer;
  for (const auto& [name, value] : asked.path) answer.body += name + "=" + value + ";";
  for (const auto& [name, value] : asked.query) answer.body += "?" + name + "=" + value + ";";
  return answer;
}

router make_router() {
  router routes;
  routes.add("GET /a", echo);
  routes.add("POST /a", echo);
  routes.add("GET /a/{id}", echo);
  routes.add("GET /a/{id}/b/{name}", echo);
  routes.add("PUT /only/put", echo);
  routes.add("GET /a/fixed", [](request) { return response{.body = "never: the first wins"}; });
  routes.add("GET /b/fixed", [](request) { return response{.body = "fixed"}; });
  routes.add("GET /b/{id}", echo);
  return routes;
}

response ask(std::string method, std::string target) {
  static const router routes = make_router();
  response answer = routes({.method = std::move(method), .target = std::move(target)});
  answer.route = {};
  return answer;
}

std::string allowed(const response& answer) {
  return std::string{find_header(answer.headers, "Allow").value_or("")};
}

std::string pointer(const response& answer) {
  return nlohmann::json::parse(answer.body).at("errors").at(0).at("pointer");
}

}  // namespace

TEST_CASE("a name takes one whole segment, decoded") {
  CHECK(ask("GET", "/a/17").body == "id=17;");
  CHECK(ask("GET", "/a/x%20y/b/%C3%A9").body == "id=x y;name=\xc3\xa9;");
  CHECK(ask("GET", "/a/1+1").body == "id=1+1;");
  CHECK(ask("GET", "/a/%00").body == std::string("id=\0;", 5));
  CHECK(ask("GET", "/a/..").body == "id=..;");
}

TEST_CASE("an encoded slash is part of the name's value") {
  CHECK(ask("GET", "/a/x%2Fb%2fy").body == "id=x/b/y;");
  CHECK(ask("GET", "/a/%2F").body == "id=/;");
  CHECK(ask("GET", "/a%2F17").status == 404);
}

TEST_CASE("paths that differ by an empty segment, a slash or their case are others") {
  for (const char* target :
       {"",          "a",          "/",           "//",       "//a",   "/a//",
        "//a/17/",   "/a/17//",    "/a//b/x",     "/a/17/b/", "/A",    "/a/17/b",
        "/a/17/c/x", "/a/17/c/x/", "/a/17/b/x/y", "/a/../",   "/a/./", "/a/%2e%2e/",
        "/a/%2/",    "*",          "/only"}) {
    CAPTURE(target);
    const response answer = ask("GET", target);
    CHECK(answer.status == 404);
    CHECK(allowed(answer) == "");
  }
}

TEST_CASE("one slash too many leads to the path without it, and keeps the query") {
  for (const auto& [target, way] :
       {std::pair{"/a/17/", "../17"}, std::pair{"/a/17/?x=1&y=/", "../17?x=1&y=/"},
        std::pair{"/a/x%2Fb/", "../x%2Fb"}, std::pair{"/a/17/b/x/", "../x"},
        std::pair{"/b/fixed/", "../fixed"}, std::pair{"/a/", "../a"},
        std::pair{"/a/http:/", "../http:"}}) {
    for (const char* method : {"GET", "HEAD", "POST", "PATCH", "DELETE"}) {
      const response answer = ask(method, target);
      CHECK(answer.status == 308);
      CHECK(find_header(answer.headers, "Location") == way);
      CHECK(answer.body.empty());
    }
  }
}

TEST_CASE("the first pattern that fits answers") {
  CHECK(ask("GET", "/a/fixed").body == "id=fixed;");
  CHECK(ask("GET", "/b/fixed").body == "fixed");
  CHECK(ask("GET", "/b/fixe").body == "id=fixe;");
}

TEST_CASE("another method than a path takes is refused with those it takes") {
  CHECK(ask("DELETE", "/a").status == 405);
  CHECK(allowed(ask("DELETE", "/a")) == "OPTIONS, GET, HEAD, POST");
  CHECK(allowed(ask("POST", "/a/17")) == "OPTIONS, GET, HEAD");
  CHECK(allowed(ask("GET", "/only/put")) == "OPTIONS, PUT");
  CHECK(ask("HEAD", "/only/put").status == 405);
  CHECK(ask("get", "/a").status == 405);
  CHECK(ask("", "/a").status == 405);
  CHECK(ask("POST", "/a/%zz").status == 405);
}

TEST_CASE("HEAD is answered as GET is, body and all") {
  CHECK(ask("HEAD", "/a/17?x=1").body == ask("GET", "/a/17?x=1").body);
  CHECK(ask("HEAD", "/a/17").status == 200);
  CHECK(ask("HEAD", "/nothing").status == 404);
}

TEST_CASE("OPTIONS says what a path takes and does nothing else") {
  const response answer = ask("OPTIONS", "/a");
  CHECK(answer.status == 204);
  CHECK(answer.body == "");
  CHECK(allowed(answer) == "OPTIONS, GET, HEAD, POST");
  CHECK(ask("OPTIONS", "/nothing").status == 404);
}

TEST_CASE("OPTIONS * asks about the server as a whole") {
  CHECK(ask("OPTIONS", "*").status == 204);
  CHECK(allowed(ask("OPTIONS", "*")) == "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE");
  for (const char* method : {"GET", "HEAD", "POST", "DELETE"})
    CHECK(ask(method, "*").status == 404);
}

TEST_CASE("what looks like the name of a server within a path is a part of it") {
  CHECK(ask("GET", "http://example.com/a").status == 404);  // `settle_target` comes before
  CHECK(ask("GET", "/a/http:%2F%2Fx").body == "id=http://x;");
  CHECK(ask("GET", "/a?u=http://x/b").body == "?u=http://x/b;");
}

TEST_CASE("a broken percent-encoding is refused and named") {
  for (const char* target : {"/a/%", "/a/%4", "/a/x%zz", "/a/%4/b/x"}) {
    CAPTURE(target);
    CHECK(ask("GET", target).status == 400);
    CHECK(pointer(ask("GET", target)) == "id");
  }
  CHECK(pointer(ask("GET", "/a/1/b/%")) == "name");
  CHECK(ask("GET", "/a?x=%").status == 400);
  CHECK(pointer(ask("GET", "/a?x=%")) == "x");
  CHECK(pointer(ask("GET", "/a?%=1")) == "query");
}

TEST_CASE("a query is decoded and belongs to no segment") {
  CHECK(ask("GET", "/a?x=1&y=a%20b+c&x=2").body == "?x=1;?y=a b c;?x=2;");
  CHECK(ask("GET", "/a?").body == "");
  CHECK(ask("GET", "/a/17?").body == "id=17;");
  CHECK(ask("GET", "/a?x=/b/c?d").body == "?x=/b/c?d;");
  CHECK(ask("GET", "/a/%3Fx=1").body == "id=?x=1;");
}

TEST_CASE("targets of every length keep their text") {
  for (const std::size_t size :
       {1u, 2u, 9u, 10u, 11u, 12u, 13u, 14u, 15u, 16u, 31u, 32u, 1000u, 8000u, 100'000u}) {
    const std::string text(size, 'x');
    CAPTURE(size);
    CHECK(ask("GET", "/a/" + text + "?q=" + text).body == "id=" + text + ";?q=" + text + ";");
  }
  CHECK(ask("GET", std::string(100'000, '/')).status == 404);
}

TEST_CASE("an answer says which pattern gave it, also when the method was wrong") {
  const router routes = make_router();
  CHECK(routes({.method = "GET", .target = "/a/17/b/x?y"}).route == "/a/{id}/b/{name}");
  CHECK(routes({.method = "GET", .target = "/a/%"}).route == "/a/{id}");
  CHECK(routes({.method = "PATCH", .target = "/a/17"}).route == "/a/{id}");
  CHECK(routes({.method = "GET", .target = "/nothing"}).route == "");
}

TEST_CASE("what else is in a request reaches the handler untouched") {
  router routes;
  request seen;
  routes.add("POST /a/{id}", [&seen](request asked) {
    seen = std::move(asked);
    return response{.status = 201};
  });
  const fields headers{{"A", "1"}, {"a", "2"}};
  CHECK(routes({.method = "POST",
                .target = "/a/17",
                .headers = headers,
                .body = "hello",
                .peer = "192.0.2.1",
                .prefix = "/talk",
                .id = "r1"})
            .status == 201);
  CHECK(seen.target == "/a/17");
  CHECK(seen.headers == headers);
  CHECK(seen.body == "hello");
  CHECK(seen.peer == "192.0.2.1");
  CHECK(seen.prefix == "/talk");
  CHECK(seen.id == "r1");
}

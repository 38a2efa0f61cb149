#include <comments/http/middleware.hpp>

#include <comments/id.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <new>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/no_random_bytes.hpp"
#include "support/parallel.hpp"

using namespace comments;
using namespace comments::http;

namespace {

response accept(request) { return {.body = "ok", .route = "/a/{id}"}; }

response echo_id(request asked) { return {.body = asked.id}; }

std::string request_id(const response& answer) {
  return std::string{find_header(answer.headers, "X-Request-Id").value_or("")};
}

response ask_with_id(std::string id) {
  return with_request_id(echo_id)({.headers = {{"x-request-id", std::move(id)}}});
}

bool is_counted(const registry& metrics, const std::string& line) {
  return metrics.to_text().find(line + "\n") != std::string::npos;
}

nlohmann::json violation_of(const response& answer) {
  return nlohmann::json::parse(answer.body).at("errors").at(0);
}

}  // namespace

TEST_CASE("a head that says two things is refused, with what says them") {
  const handler settled = with_settled_head(with_limits(accept));
  CHECK(settled({.method = "GET", .target = "/"}).status == 200);
  CHECK(settled({.method = "GET", .target = "http://h/a"}).status == 200);
  const response doubled =
      settled({.target = "/", .headers = {{"Authorization", "Bearer a"}, {"authorization", "b"}}});
  CHECK(doubled.status == 400);
  CHECK(violation_of(doubled) ==
        nlohmann::json{{"pointer", "Authorization"}, {"code", "too_many"}});
  const response aimless = settled({.method = "GET", .target = "http://u@h/healthz"});
  CHECK(aimless.status == 400);
  CHECK(violation_of(aimless) == nlohmann::json{{"pointer", "target"}, {"code", "format"}});
  const request_error late{request_errc::timed_out, "Too late."};
  CHECK(settled({.target = "", .refusal = late}).status == 408);
}

TEST_CASE("a request keeps the id it came with, and the answer says it") {
  for (const std::string& id : {std::string{"a"}, std::string{"Az09-_.:"}, std::string(64, 'x')}) {
    const response answer = ask_with_id(id);
    CHECK(answer.body == id);
    CHECK(request_id(answer) == id);
  }
}

TEST_CASE("a request's id that is too long, empty or of other characters is replaced by a UUID") {
  std::vector<std::string> refused{
      "",      std::string(65, 'x'),   "a b", "a/b", "a\nb", "a\"b", "a{b", "\xc3\xa9",
      "a\x7f", std::string("a\0b", 3), "<a>", "a@b"};
  for (const std::string& id : refused) {
    CAPTURE(id);
    const response answer = ask_with_id(id);
    CHECK(parse_comment_id(answer.body));
    CHECK(request_id(answer) == answer.body);
  }
}

TEST_CASE("the length of a request's id is an option") {
  const handler named = with_request_id(echo_id, {.request_id_bytes_max = 3});
  CHECK(named({.headers = {{"X-Request-Id", "abc"}}}).body == "abc");
  CHECK(named({.headers = {{"X-Request-Id", "abcd"}}}).body.size() == 36);
}

TEST_CASE("every request without an id gets another") {
  const handler named = with_request_id(echo_id);
  CHECK(named({}).body != named({}).body);
}

TEST_CASE("ids that requests get are UUIDs of version 7 and differ, whichever thread they are of") {
  std::vector<std::vector<std::string>> made(4);
  in_parallel(4, [&](int thread) {
    for (int i = 0; i < 10'000; ++i)
      made[static_cast<std::size_t>(thread)].push_back(make_request_id());
  });
  std::set<std::string> all;
  for (const auto& of_thread : made) all.insert(of_thread.begin(), of_thread.end());
  CHECK(all.size() == 40'000);
  const auto is_made_so = [](const std::string& id) {
    return id[14] == '7' && std::string_view{"89ab"}.find(id[19]) != std::string_view::npos;
  };
  CHECK(std::ranges::all_of(all, is_made_so));
}

TEST_CASE("a thread that gets no random bytes makes ids all the same") {
  std::set<std::string> made;
  for (int i = 0; i < 3; ++i)
    std::thread{[&] {
      const testing::no_random_bytes shortage;
      for (int j = 0; j < 100; ++j) made.insert(make_request_id());
    }}.join();
  CHECK(made.size() == 300);
}

TEST_CASE("a body of 64 KiB is read, and one byte more is too large") {
  const handler limited = with_limits(accept);
  CHECK(limited({.body = std::string(65'536, 'x')}).status == 200);
  const response refused = limited({.body = std::string(65'537, 'x')});
  CHECK(refused.status == 413);
  CHECK(violation_of(refused).at("code") == "too_long");
}

TEST_CASE("a hundred headers are read, and one more is too many") {
  const handler limited = with_limits(accept);
  fields headers(100, {"A", "1"});
  CHECK(limited({.headers = headers}).status == 200);
  headers.emplace_back("A", "1");
  const response refused = limited({.headers = headers});
  CHECK(refused.status == 431);
  CHECK(violation_of(refused) == nlohmann::json{{"pointer", "headers"}, {"code", "too_many"}});
}

TEST_CASE("limits are options") {
  const handler limited = with_limits(accept, {.request_bytes_max = 3, .headers_max = 1});
  CHECK(limited({.headers = {{"A", "1"}}, .body = "abc"}).status == 200);
  CHECK(limited({.body = "abcd"}).status == 413);
  CHECK(limited({.headers = {{"A", "1"}, {"B", "2"}}}).status == 431);
}

TEST_CASE("what an adapter refused is refused, and as too large if it is that") {
  const handler limited = with_limits(accept, {.request_bytes_max = 3});
  const request_error why{request_errc::malformed, "The body did not arrive whole."};
  CHECK(limited({.body = "abc", .refusal = why}).status == 400);
  CHECK(limited({.refusal = why}).body.find(why.message) != std::string::npos);
  CHECK(limited({.body = "abcd", .refusal = why}).status == 413);
}

TEST_CASE("an exception ends as 503 and says nothing of itself") {
  const auto guarded = [](auto thrown) {
    return with_guard([thrown](request) -> response { throw thrown; })(
        {.target = "/a?secret", .prefix = "/talk", .id = "r1"});
  };
  for (const response& answer : {guarded(std::runtime_error{"near \"SELECT\": /var/secret"}),
                                 guarded(std::bad_alloc{}), guarded(7), guarded("secret")}) {
    CHECK(answer.status == 503);
    CHECK(find_header(answer.headers, "Retry-After") == "1");
    CHECK(answer.body.find("secret") == answer.body.npos);
    CHECK(answer.body.find("SELECT") == answer.body.npos);
    CHECK(answer.body.find("alloc") == answer.body.npos);
    const auto problem = nlohmann::json::parse(answer.body);
    CHECK(problem.at("instance") == "/talk/a");
    CHECK(problem.at("request_id") == "r1");
  }
}

TEST_CASE("after an exception only what cannot have written is not in doubt") {
  const handler guarded =
      with_guard([](request) -> response { throw std::runtime_error{"secret"}; });
  for (const char* method : {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "BREW"}) {
    const auto problem = nlohmann::json::parse(guarded({.method = method}).body);
    const bool is_read = std::string_view{"GET HEAD OPTIONS"}.find(method) != std::string::npos;
    CHECK(problem.at("code") == "unavailable");
    CHECK(problem.contains("in_doubt") == !is_read);
  }
}

TEST_CASE("an observer that throws ends its own request, which is counted and runs no more") {
  registry metrics;
  const handler observed = with_guard(
      with_observer(accept, metrics, [](const exchange&) { throw std::runtime_error{"secret"}; }));
  CHECK(observed({.method = "GET"}).status == 503);
  CHECK(is_counted(metrics,
                   R"(comments_http_requests_total{method="GET",route="/a/{id}",status="200"} 1)"));
  CHECK(is_counted(metrics, "comments_http_requests_running 0"));
}

TEST_CASE("a request whose handler throws runs no more") {
  registry metrics;
  const handler observed =
      with_observer([](request) -> response { throw std::runtime_error{"secret"}; }, metrics);
  CHECK_THROWS(observed({.method = "GET"}));
  CHECK(is_counted(metrics, "comments_http_requests_running 0"));
}

TEST_CASE("a guard leaves an answer as it is") {
  const response answer = with_guard(accept)({});
  CHECK(answer.status == 200);
  CHECK(answer.body == "ok");
  CHECK(answer.route == "/a/{id}");
}

TEST_CASE("the observer hears of each request: id, method, route, status and time") {
  registry metrics;
  std::vector<exchange> seen;
  const handler observed =
      with_observer(accept, metrics, [&](const exchange& one) { seen.push_back(one); });
  observed({.method = "GET", .target = "/a/17", .id = "r1"});
  observed({.method = "BREW", .target = "/a/17", .id = "r2"});
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].id == "r1");
  CHECK(seen[0].method == "GET");
  CHECK(seen[0].route == "/a/{id}");
  CHECK(seen[0].status == 200);
  CHECK(seen[0].duration >= std::chrono::microseconds{0});
  CHECK(seen[0].duration < std::chrono::minutes{1});
  CHECK(seen[1].method == "other");  // any client could send "BREW", so no log repeats it
}

TEST_CASE("where no route answered, the route is a dash") {
  registry metrics;
  std::string route;
  const handler observed = with_observer([](request) { return response{.status = 404}; }, metrics,
                                         [&](const exchange& one) { route = one.route; });
  observed({.method = "GET"});
  CHECK(route == "-");
  CHECK(is_counted(metrics,
                   R"(comments_http_requests_total{method="GET",route="-",status="404"} 1)"));
}

TEST_CASE("answers are counted by method, route and status, and timed by route") {
  registry metrics;
  const handler observed = with_observer(accept, metrics);
  for (int i = 0; i < 3; ++i) observed({.method = "GET"});
  observed({.method = "POST"});
  CHECK(is_counted(metrics,
                   R"(comments_http_requests_total{method="GET",route="/a/{id}",status="200"} 3)"));
  CHECK(is_counted(
      metrics, R"(comments_http_requests_total{method="POST",route="/a/{id}",status="200"} 1)"));
  CHECK(is_counted(metrics, R"(comments_http_request_seconds_count{route="/a/{id}"} 4)"));
  CHECK(is_counted(metrics, "comments_http_requests_running 0"));
}

TEST_CASE("a request counts as running while it is answered, and only then") {
  registry metrics;
  bool is_running = false;
  const handler observed = with_observer(
      [&](request) {
        is_running = is_counted(metrics, "comments_http_requests_running 1");
        return response{};
      },
      metrics);
  observed({});
  CHECK(is_running);
  CHECK(is_counted(metrics, "comments_http_requests_running 0"));
}

TEST_CASE("unknown methods share one label, so that no client can fill the memory") {
  registry metrics;
  const handler observed = with_observer(accept, metrics);
  for (int i = 0; i < 2000; ++i) observed({.method = "X" + std::to_string(i)});
  observed({.method = "a\",evil=\"1"});
  CHECK(is_counted(
      metrics,
      R"(comments_http_requests_total{method="other",route="/a/{id}",status="200"} 2001)"));
  CHECK(metrics.to_text().find("X17") == std::string::npos);
  CHECK(metrics.to_text().find("evil") == std::string::npos);
}

TEST_CASE("nothing is lost when many threads count kinds of answers that none has seen before") {
  registry metrics;
  const handler observed = with_observer(
      [](request asked) { return response{.status = static_cast<int>(asked.body.size())}; },
      metrics);
  in_parallel(4, [&](int) {
    for (std::size_t i = 0; i < 500; ++i) observed({.method = "GET", .body = std::string(i, 'x')});
  });
  for (const char* status : {"0", "1", "255", "256", "257", "499"})
    CHECK(is_counted(metrics, R"(comments_http_requests_total{method="GET",route="-",status=")" +
                                  std::string{status} + "\"} 4"));
  CHECK(is_counted(metrics, R"(comments_http_request_seconds_count{route="-"} 2000)"));
}

TEST_CASE("as many kinds of answers as are kept, and one more, are all counted as their own") {
  registry metrics;
  const int kinds = static_cast<int>(answer_meter::kinds_max) + 1;
  answer_meter meter{metrics};
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < kinds; ++i) meter.count({.method = "GET", .route = "-", .status = i});
  for (int i = 0; i < kinds; ++i)
    CHECK(is_counted(metrics, R"(comments_http_requests_total{method="GET",route="-",status=")" +
                                  std::to_string(i) + "\"} 2"));
}

TEST_CASE("a route's text tells its answers apart, wherever that text lies") {
  registry metrics;
  answer_meter meter{metrics};
  std::string route = "/a";
  meter.count({.method = "GET", .route = route, .status = 200});
  route = "/b";
  meter.count({.method = "GET", .route = route, .status = 200});
  CHECK(is_counted(metrics,
                   R"(comments_http_requests_total{method="GET",route="/a",status="200"} 1)"));
  CHECK(is_counted(metrics,
                   R"(comments_http_requests_total{method="GET",route="/b",status="200"} 1)"));
}

// --- responses that come later ---

namespace {

response accept_later(request) {
  return {.later = [](effort) { return accept({}); }};
}

}  // namespace

TEST_CASE("a response that comes later is seen once, when it is there, and runs until then") {
  registry metrics;
  std::vector<exchange> seen;
  const handler observed =
      with_observer(accept_later, metrics, [&](const exchange& one) { seen.push_back(one); });
  response late = observed({.method = "POST", .id = "7"});
  CHECK(seen.empty());
  CHECK(is_counted(metrics, "comments_http_requests_running 1"));
  CHECK(late_response{std::move(late.later)}(effort::memory).body == "ok");
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].id == "7");
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].route == "/a/{id}");
  CHECK(seen[0].status == 200);
  CHECK(is_counted(metrics, "comments_http_requests_running 0"));
  { const response dropped = observed({.method = "POST"}); }
  CHECK(is_counted(metrics, "comments_http_requests_running 0"));
}

TEST_CASE("a response that comes later has the id of its request") {
  response late = with_request_id(accept_later)({.headers = {{"X-Request-Id", "abc"}}});
  CHECK(request_id(late.later(effort::memory)) == "abc");
}

TEST_CASE("a response that throws when it is asked for later is in doubt, whoever asks") {
  for (const bool is_deferred : {false, true}) {
    const handler guarded = with_guard([is_deferred](request) {
      const late_response thrown = [](effort) -> response { throw std::bad_alloc{}; };
      if (!is_deferred) return response{.later = thrown};
      return response{
          .later = [thrown](effort) { return response{.is_deferred = true, .later = thrown}; }};
    });
    response late = guarded({.method = "POST", .target = "/", .id = "7"});
    if (is_deferred) late = late_response{std::move(late.later)}(effort::memory);
    const response answer = late.later(effort::rest);
    CHECK(answer.status == 503);
    CHECK(nlohmann::json::parse(answer.body).at("in_doubt") == true);
    CHECK(nlohmann::json::parse(answer.body).at("request_id") == "7");
  }
}

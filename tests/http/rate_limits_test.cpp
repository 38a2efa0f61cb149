#include <comments/http/rate_limits.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "support/parallel.hpp"

using namespace comments;
using namespace comments::http;
using namespace std::chrono_literals;

namespace {

response echo_client(request asked) { return {.body = asked.client}; }

// An API behind limits, and the time there.
struct limited_api {
  explicit limited_api(rate_options options)
      : limits{std::make_shared<rate_limits>(std::move(options), time.as_clock())} {}

  response ask(std::string method, std::string target = "/api/v1/comments",
               std::string peer = "192.0.2.1", fields headers = {}) {
    return answer({.method = std::move(method),
                   .target = std::move(target),
                   .headers = std::move(headers),
                   .peer = std::move(peer)});
  }

  manual_clock time{from_milliseconds(1'700'000'000'000)};
  std::shared_ptr<rate_limits> limits;
  handler answer{with_rate_limits(echo_client, limits)};
};

std::string_view header(const response& answer, std::string_view name) {
  return find_header(answer.headers, name).value_or("none");
}

}  // namespace

TEST_CASE("without rates nothing is limited and no header tells of limits") {
  limited_api api{{}};
  for (int i = 0; i < 1'000; ++i) CHECK(api.ask("POST").status == 200);
  CHECK(api.ask("GET").headers.empty());
}

TEST_CASE("as many requests as the rate are answered, and one more is 429 with the time to wait") {
  limited_api api{{.writes = {.per_minute = 30}}};
  for (int i = 0; i < 30; ++i) CHECK(api.ask("POST").status == 200);
  api.time.advance(500ms);
  const response refused = api.ask("POST", "/api/v1/comments?x=1");
  CHECK(refused.status == 429);
  CHECK(header(refused, "Retry-After") == "2");
  CHECK(header(refused, "RateLimit-Policy") == "\"write\";q=30;w=60");
  CHECK(header(refused, "RateLimit") == "\"write\";r=0;t=2");
  const auto problem = nlohmann::json::parse(refused.body);
  CHECK(problem.at("code") == "rate_limited");
  CHECK(problem.at("instance") == "/api/v1/comments");
  api.time.advance(1'499ms);
  CHECK(api.ask("POST").status == 429);
  api.time.advance(1ms);
  CHECK(api.ask("POST").status == 200);
}

TEST_CASE("a client that waits as long as Retry-After says is answered") {
  for (const std::int64_t rate : {1, 7, 59, 61, 1'000}) {
    limited_api api{{.writes = {.per_minute = rate, .burst = 1}}};
    api.ask("POST");
    const response refused = api.ask("POST");
    REQUIRE(refused.status == 429);
    api.time.advance(std::chrono::seconds{std::stoi(std::string{header(refused, "Retry-After")})});
    CHECK(api.ask("POST").status == 200);
  }
}

TEST_CASE("every answer under a limit tells what is left") {
  limited_api api{{.reads = {.per_minute = 60, .burst = 2}, .writes = {.per_minute = 6}}};
  const response first = api.ask("GET");
  CHECK(header(first, "RateLimit-Policy") == "\"read\";q=2;w=2");
  CHECK(header(first, "RateLimit") == "\"read\";r=1;t=1");
  CHECK(header(api.ask("HEAD"), "RateLimit") == "\"read\";r=0;t=1");
  CHECK(api.ask("GET").status == 429);
  CHECK(header(api.ask("DELETE"), "RateLimit") == "\"write\";r=5;t=10");
  CHECK(header(api.ask("PATCH"), "RateLimit") == "\"write\";r=4;t=20");
}

TEST_CASE("clients are counted apart, reading and writing too") {
  limited_api api{{.reads = {.per_minute = 1}, .writes = {.per_minute = 1}}};
  CHECK(api.ask("GET").status == 200);
  CHECK(api.ask("POST").status == 200);
  CHECK(api.ask("PUT").status == 429);
  CHECK(api.ask("GET").status == 429);
  CHECK(api.ask("GET", "/", "192.0.2.2").status == 200);
  CHECK(api.ask("GET", "/", "2001:db8::1").status == 200);
  CHECK(api.ask("GET", "/", "2001:db8::2").status == 429);  // of the same /64
  CHECK(api.ask("GET", "/", "2001:db8:0:1::2").status == 200);
}

TEST_CASE(
    "behind a trusted proxy the client is the one that the proxy names, and handlers know it") {
  limited_api api{{.writes = {.per_minute = 1}, .trusted_proxies = *parse_networks("10.0.0.0/8")}};
  const auto post = [&](std::string peer, std::string forwarded) {
    return api.ask("POST", "/", std::move(peer), {{"X-Forwarded-For", std::move(forwarded)}});
  };
  CHECK(post("10.0.0.1", "192.0.2.1").body == "192.0.2.1");
  CHECK(post("10.0.0.2", "192.0.2.1").status == 429);
  CHECK(post("10.0.0.1", "203.0.113.1, 192.0.2.1").status == 429);  // a forged start
  CHECK(post("10.0.0.1", "192.0.2.2").body == "192.0.2.2");
  CHECK(post("192.0.2.3", "192.0.2.9").body == "192.0.2.3");
  CHECK(post("192.0.2.3", "192.0.2.8").status == 429);
}

TEST_CASE("probes and OPTIONS are never limited, and what looks like a probe is") {
  limited_api api{{.reads = {.per_minute = 1}, .writes = {.per_minute = 1}}};
  api.ask("GET");
  api.ask("POST");
  for (const char* probe : {"/healthz", "/readyz", "/metrics", "/version", "/healthz?x"}) {
    CHECK(api.ask("GET", probe).status == 200);
    CHECK(api.ask("GET", probe).headers.empty());
  }
  CHECK(api.ask("OPTIONS").status == 200);
  for (const char* other : {"/", "/healthz/", "/api/v1/comments?/healthz", "/versions"})
    CHECK(api.ask("GET", other).status == 429);
}

TEST_CASE("handlers know the client also where nothing is limited") {
  limited_api api{{}};
  CHECK(api.ask("GET").body == "192.0.2.1");
  CHECK(api.ask("GET", "/healthz", "2001:db8::1").body == "2001:db8::/64");
}

TEST_CASE("right tokens cost nothing, and after too many wrong ones none is looked at") {
  limited_api api{{.failed_tokens = {.per_minute = 10}}};
  for (int i = 0; i < 100; ++i) CHECK(api.limits->check_tokens("192.0.2.1"));
  for (int i = 0; i < 10; ++i) {
    CHECK(api.limits->check_tokens("192.0.2.1"));
    CHECK(api.limits->count_failed_token("192.0.2.1"));
  }
  CHECK(api.limits->count_failed_token("192.0.2.1").error().code == errc::rate_limited);
  const auto refused = api.limits->check_tokens("192.0.2.1");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().retry_after_seconds == 6);
  CHECK(api.limits->check_tokens("192.0.2.2"));
  api.time.advance(6s);
  CHECK(api.limits->check_tokens("192.0.2.1"));
}

// A /48 counted as 65,536 clients.
TEST_CASE("an IPv6 /48 may do as much as so many clients, however many it has") {
  limited_api api{{.reads = {.per_minute = 3}, .network_clients = 2}};
  const auto get = [&](int site) {
    return api.ask("GET", "/", "2001:db8:7:" + std::to_string(site) + "::1");
  };
  CHECK(header(get(1), "RateLimit") == "\"read\";r=2;t=20");
  for (int i = 0; i < 2; ++i) CHECK(get(1).status == 200);
  CHECK(get(1).status == 429);  // the client's own
  CHECK(header(get(2), "RateLimit") == "\"read\";r=2;t=20");
  for (int site = 3; site < 5; ++site) CHECK(get(site).status == 200);
  const auto refused = get(5);
  CHECK(refused.status == 429);
  CHECK(header(refused, "RateLimit-Policy") == "\"read\";q=6;w=60");
  CHECK(header(refused, "Retry-After") == "10");
  CHECK(api.ask("GET", "/", "2001:db8:8:1::1").status == 200);  // another network
  for (int i = 1; i < 10; ++i)
    CHECK(api.ask("GET", "/", "192.0.2." + std::to_string(i)).status == 200);
}

TEST_CASE("an IPv6 /48 may send as many wrong tokens as so many clients") {
  limited_api api{{.failed_tokens = {.per_minute = 2}, .network_clients = 3}};
  const auto client = [](int site) { return "2001:db8:7:" + std::to_string(site) + "::/64"; };
  for (int site = 0; site < 6; ++site) {
    CHECK(api.limits->check_tokens(client(site)));
    CHECK(api.limits->count_failed_token(client(site)));
  }
  CHECK_FALSE(api.limits->check_tokens(client(6)));
  CHECK_FALSE(api.limits->count_failed_token(client(6)));
  CHECK(api.limits->check_tokens("2001:db8:8::/64"));
  CHECK(api.limits->check_tokens("192.0.2.1"));
}

TEST_CASE("a client forgotten for others starts anew") {
  limited_api api{{.writes = {.per_minute = 1}, .keys_max = 2}};
  for (const char* peer : {"192.0.2.1", "192.0.2.2"})
    CHECK(api.ask("POST", "/", peer).status == 200);
  CHECK(api.ask("POST", "/", "192.0.2.1").status == 429);
  CHECK(api.ask("POST", "/", "192.0.2.3").status == 200);
  CHECK(api.ask("POST", "/", "192.0.2.1").status == 429);
  CHECK(api.ask("POST", "/", "192.0.2.2").status == 200);
}

TEST_CASE("requests at once get no more than the limit") {
  limited_api api{{.writes = {.per_minute = 100}}};
  std::atomic<int> answered{0};
  in_parallel(8, [&](int) {
    for (int i = 0; i < 50; ++i) answered += api.ask("POST").status == 200;
  });
  CHECK(answered == 100);
}

TEST_CASE("what a proxy brings that is not heard may be spared the rates of clients") {
  for (const bool is_spared : {false, true}) {
    limited_api api{{.writes = {.per_minute = 2},
                     .failed_tokens = {.per_minute = 1},
                     .trusted_proxies = parse_networks("10.0.0.1").value(),
                     .spares_unheard_proxies = is_spared}};
    const auto statuses = [&](std::string peer, std::string header) {
      std::string all;
      for (int i = 0; i < 3; ++i) {
        const response got = api.ask("POST", "/", peer, {{header, "198.51.100.7"}});
        all += std::to_string(got.status) + " ";
      }
      return all;
    };
    const std::string limited = "200 200 429 ", spared = is_spared ? "200 200 200 " : limited;
    CHECK(statuses("10.0.0.1", "X-Forwarded-For") == limited);
    CHECK(statuses("192.0.2.1", "X-Forwarded-For") == spared);
    CHECK(statuses("10.0.0.1", "X-Real-IP") == spared);
    CHECK(statuses("192.0.2.2", "X-Anything") == limited);
    // Tokens could be tried without end behind a header that anybody can send.
    CHECK(api.limits->count_failed_token("192.0.2.1"));
    CHECK_FALSE(api.limits->count_failed_token("192.0.2.1"));
  }
}

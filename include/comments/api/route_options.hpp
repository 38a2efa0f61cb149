#pragma once
// api/route_options.hpp - what a program decides about the HTTP API: limits, secrets, its name, and
// further routes.
//
//   http::route_options options{.rates = {.writes = {.per_minute = 30}},
//                               .build = {.component = "shop", .version = "1.2"}};
//   options.more.push_back(
//       {"GET /hello", [](const http::context&) {
//          return [](http::request&&) { return http::response{.body = "hello"}; };
//        }});
//   const http::handler api = http::routes(service, options);

#include <comments/auth/bearer.hpp>
#include <comments/cache.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/deployments/status.hpp>
#include <comments/http/cors.hpp>
#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/proxies.hpp>
#include <comments/http/rate_limits.hpp>
#include <comments/json/encode.hpp>
#include <comments/renderer.hpp>
#include <comments/replaceable.hpp>
#include <comments/version.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace comments::inline v0::http {

// The program that serves the API, as /version and the status page name it.
struct build_info {
  std::string component{"comments"};
  std::string version{comments::library_version};
  std::string commit{};
  std::string build_date{};
};

class context;

// A route beside those of the API: a pattern of http/router.hpp, and a function that makes its
// handler; without one there is no such route, and what it throws is thrown by `routes`. The
// handler may keep the context, which lives as long as the API. A GET is answered by one of few
// threads (`epoll_limits::readers_max`), so it must not wait for others.
struct more_route {
  std::string pattern{};
  std::function<handler(const context&)> make{};
  bool is_ready{};  // it answers from memory, at once, or defers (`effort::memory`)
};

// Makes the page at /status from its data. Called from any thread.
using status_page = std::function<response(const service_status&, const request&)>;

struct route_options {
  request_limits limits{};
  rate_options rates{};
  cors_options cors{};
  auth::secrets secrets{};  // without a secret, no one can do what needs it
  // The secrets, if they may be replaced while the API is served. Null: `secrets` hold.
  std::shared_ptr<const replaceable<auth::secrets>> changing_secrets{};
  renderer body{};  // makes HTML of a comment's text
  json::legacy_emails legacy_emails{};
  build_info build{};
  // Memory for what was sent already, if several APIs share it; then `cache_bytes` does not count.
  std::shared_ptr<cache_memory> cache{};
  std::size_t cache_bytes{67'108'864};  // memory for lists that were sent already; 0: none is kept
  // Streams of one client at once, and half as many again of an IPv6 /48; one more is 503.
  std::size_t client_followers_max{10'000};
  observer observe{};                      // called after each request
  proxy_watch::teller on_unheard_proxy{};  // told of the first proxy that is not heard
  deployment_log* deployments{};           // null: the routes about deployments are 404
  http::status_page status_page{};         // empty, or without `deployments`: /status is 404
  std::vector<more_route> more{};          // served inside the same middleware
};

}  // namespace comments::inline v0::http

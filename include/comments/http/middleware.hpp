#pragma once
// http/middleware.hpp - the layers that every request and its response pass through.
//
// A middleware takes a handler and returns a handler around it. api/routes.hpp puts these around
// the routes, outermost first; each passes on what it does not answer itself:
//
//     with_request_id    names the request
//     with_guard         answers what the layers inside throw
//     with_settled_head  has the head say one thing, or be refused
//     with_observer      counts, times and logs
//     with_cors          answers preflights                  (http/cors.hpp)
//     with_proxy_watch   looks for proxies that are not heard (http/proxies.hpp)
//     with_rate_limits   answers 429                         (http/rate_limits.hpp)
//     with_limits        answers 413, 431 and what the adapter refused
//     with_guard         answers what a route throws, so that it is counted and logged, too
//     with_gzip          packs                               (http/gzip.hpp)

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/metrics.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// The most that a request may have. A request that has exactly as much is accepted.
struct request_limits {
  std::size_t request_bytes_max{65'536};  // of the body
  std::size_t headers_max{100};
  std::size_t request_id_bytes_max{64};
};

// One answered request, for a log. It has nothing that a user wrote.
struct exchange {
  std::string id{};
  std::string method{};      // "other" for a method that no route has: a client can send any text
  std::string_view route{};  // the pattern; "-" where no route answered. Copy it to keep it
  int status{};
  std::chrono::microseconds duration{};
};

// Called after each request, from the thread that answered it.
using observer = std::function<void(const exchange&)>;

// Returns a new UUID of version 7. It is unique, but not a secret.
std::string make_request_id();

// Names each request: by its X-Request-Id, if that is at most `request_id_bytes_max` letters,
// digits, '-', '_', '.' and ':', else by a new UUID. The response has the name in X-Request-Id.
handler with_request_id(handler next, request_limits limits = {});

// Has the target and the headers say one thing (`settle_target`, `settle_headers`). What is left of
// two things is refused as malformed, unless the adapter refuses the request anyway.
handler with_settled_head(handler next);

// Counts and times every response in `metrics`, and calls `observe`, if there is one. `metrics`
// outlives the handler. If `observe` throws, the exception passes on, after the request is counted.
handler with_observer(handler next, registry& metrics, observer observe = {});

// Returns why a body over the limit is refused.
request_error body_too_large(std::size_t bytes_max);

// Answers 413 to a body and 431 to headers over their limits, and then what the adapter refused. An
// adapter need not hold more of a body than one byte over the limit.
handler with_limits(handler next, request_limits limits = {});

// Answers 503 to a request whose handler throws, and breaks off a stream that throws. The client
// hears nothing about the exception. After an exception the outcome of a write is unknown, so a
// request that is not a GET, HEAD or OPTIONS is answered as in doubt. Exceptions of layers outside
// of this one, and of making the 503 itself without memory, pass on to the adapter.
handler with_guard(handler next);

// Counts and times responses in a registry. The series of each kind of response is looked up once
// and kept, so that counting takes no lock. Past `kinds_max` kinds, it is looked up each time. Safe
// to use from any thread; `metrics` outlives it.
class answer_meter final {
 public:
  static constexpr std::size_t kinds_max{256};

  explicit answer_meter(registry& metrics) : metrics_{metrics} {}
  answer_meter(const answer_meter&) = delete;
  answer_meter& operator=(const answer_meter&) = delete;
  ~answer_meter();

  // `method` and `route` are safe as labels.
  void count(const exchange& seen);

 private:
  struct kind;

  const kind& find_or_keep(std::atomic<const kind*>& slot, const exchange& seen);
  kind look_up(const exchange& seen);

  registry& metrics_;
  std::array<std::atomic<const kind*>, kinds_max> kinds_{};
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/middleware.ipp>
#endif

#pragma once
// http/middleware.hpp - what every request goes through on its way to a route and back.
//
// A middleware takes a handler and gives a handler. `routes` puts these around itself, outermost
// first: with_request_id, with_observer, with_limits, with_guard.

#include <comments/http/message.hpp>
#include <comments/http/problem.hpp>
#include <comments/id.hpp>
#include <comments/metrics.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

// The most of everything in a request. Equal is accepted, one more is not.
struct request_limits {
  std::size_t request_bytes_max{65'536};  // of the body
  std::size_t headers_max{100};
  std::size_t request_id_bytes_max{64};
};

// One answered request, for a log: nothing of what anybody wrote is in it.
struct exchange {
  std::string id{};
  std::string method{};      // "other" for one that no route has: anybody could write it
  std::string_view route{};  // the pattern; "-" where no route answered. Copy it to keep it
  int status{};
  std::chrono::microseconds duration{};
};

using observer = std::function<void(const exchange&)>;

// Names each request: by its X-Request-Id, if that is at most `request_id_bytes_max` letters,
// digits, '-', '_', '.' and ':', else by a new UUID. The answer says the name.
inline handler with_request_id(handler next, request_limits limits = {}) {
  return [next = std::move(next), limits](request asked) {
    const std::string_view given = find_header(asked.headers, "X-Request-Id").value_or("");
    const bool is_usable = !given.empty() && given.size() <= limits.request_id_bytes_max &&
                           std::ranges::all_of(given, [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
                                    c == ':';
                           });
    const auto now =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    asked.id = is_usable ? std::string{given} : to_string(make_comment_id(now));
    const std::string id = asked.id;
    response answer = next(std::move(asked));
    answer.headers.emplace_back("X-Request-Id", id);
    return answer;
  };
}

// Counts and times every answer in `metrics`, and tells `observe`, if there is one.
inline handler with_observer(handler next, registry& metrics, observer observe = {}) {
  gauge& running = metrics.gauge_of("comments_http_requests_running", "Requests being answered.");
  return [next = std::move(next), observe = std::move(observe), &metrics, &running](request asked) {
    const auto start = std::chrono::steady_clock::now();
    constexpr std::string_view known[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
    const bool is_known = std::ranges::find(known, asked.method) != std::end(known);
    exchange seen{.id = asked.id, .method = is_known ? asked.method : "other"};
    running.add(1);
    response answer = next(std::move(asked));
    running.add(-1);
    seen.status = answer.status;
    seen.route = answer.route.empty() ? "-" : answer.route;
    seen.duration = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - start);
    const std::string route = "route=\"" + std::string{seen.route} + "\"";
    const std::string labels = "method=\"" + seen.method + "\"," + route + ",status=\"" +
                               std::to_string(seen.status) + "\"";
    metrics.counter_of("comments_http_requests_total", "Requests answered.", labels).add();
    metrics.histogram_of("comments_http_request_seconds", "Time to an answer.", route)
        .observe(static_cast<double>(seen.duration.count()) / 1e6);
    if (observe) observe(seen);
    return answer;
  };
}

// Why a body is refused that is over its limit.
inline error body_too_large(std::size_t bytes_max) {
  return {errc::too_large,
          "A body may have " + std::to_string(bytes_max) + " bytes.",
          {{"", "too_long"}}};
}

// 413 for a body and 431 for headers over their limits, then whatever the adapter refused. An
// adapter need not hold more of a body than one byte over.
inline handler with_limits(handler next, request_limits limits = {}) {
  return [next = std::move(next), limits](request asked) {
    if (asked.headers.size() > limits.headers_max)
      return problem({errc::headers_too_large,
                      "A request may have " + std::to_string(limits.headers_max) + " headers.",
                      {{"headers", "too_many"}}},
                     asked);
    if (asked.body.size() > limits.request_bytes_max)
      return problem(body_too_large(limits.request_bytes_max), asked);
    if (asked.refusal) return problem(*asked.refusal, asked);
    return next(std::move(asked));
  };
}

inline stream guarded(stream rest) {
  return [rest = std::move(rest)](const std::function<void()>& wake) {
    try {
      return rest(wake);
    } catch (...) {
      return piece{.then = piece::state::broken};
    }
  };
}

// The one place where exceptions end: those of third parties and of an empty memory, also while an
// answer goes on as a stream. Says nothing of them to the client.
inline handler with_guard(handler next) {
  return [next = std::move(next)](request asked) {
    const request about{.target = asked.target, .prefix = asked.prefix, .id = asked.id};
    try {
      response answer = next(std::move(asked));
      if (answer.rest) answer.rest = guarded(std::move(answer.rest));
      return answer;
    } catch (...) {
      return problem({errc::unavailable, "The service cannot do this now."}, about);
    }
  };
}

}  // namespace comments::http

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
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
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

// A new UUID of version 7 for a request. It is no secret, so it need not cost what a comment's
// does: SplitMix64, seeded once in each thread. The time is stirred in, so that a forked process
// goes on with ids of its own.
inline std::string make_request_id() {
  thread_local std::uint64_t state = std::bit_cast<std::uint64_t>(random_bytes<8>());
  const auto now = std::chrono::system_clock::now();
  state += static_cast<std::uint64_t>(now.time_since_epoch().count());
  std::array<std::uint64_t, 2> words{};
  for (std::uint64_t& word : words) {
    word = state += 0x9e3779b97f4a7c15;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    word ^= word >> 31;
  }
  return to_string(to_version_7(std::bit_cast<std::array<std::uint8_t, 16>>(words),
                                std::chrono::floor<std::chrono::milliseconds>(now)));
}

// Names each request: by its X-Request-Id, if that is at most `request_id_bytes_max` letters,
// digits, '-', '_', '.' and ':', else by a new UUID. The answer says the name.
inline handler with_request_id(handler next, request_limits limits = {}) {
  return [next = std::move(next), limits](request&& asked) {
    const std::string_view given = find_header(asked.headers, "X-Request-Id").value_or("");
    const bool is_usable = !given.empty() && given.size() <= limits.request_id_bytes_max &&
                           std::ranges::all_of(given, [](char c) {
                             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' ||
                                    c == ':';
                           });
    asked.id = is_usable ? std::string{given} : make_request_id();
    std::string id = asked.id;
    response answer = next(std::move(asked));
    answer.headers.emplace_back("X-Request-Id", std::move(id));
    return answer;
  };
}

// Counts and times answers in a registry. Where the series of a kind of answer is, is looked up
// once and kept, so counting takes no lock; kinds past `kinds_max` are looked up each time.
class answer_meter final {
 public:
  static constexpr std::size_t kinds_max{256};

  explicit answer_meter(registry& metrics) : metrics_{metrics} {}
  answer_meter(const answer_meter&) = delete;
  answer_meter& operator=(const answer_meter&) = delete;
  ~answer_meter() {
    for (const auto& known : kinds_) delete known.load();
  }

  // `method` and `route` are safe as labels.
  void count(const exchange& seen) {
    const std::size_t start = std::hash<std::string_view>{}(seen.route) +
                              static_cast<std::size_t>(seen.status) + seen.method.size();
    for (std::size_t i = 0; i < kinds_max; ++i) {
      const kind& known = find_or_keep(kinds_[(start + i) % kinds_max], seen);
      if (known.is_of(seen)) return known.add(seen);
    }
    look_up(seen).add(seen);
  }

 private:
  struct kind {
    std::string method{};
    std::string route{};
    int status{};
    counter* answered{};
    histogram* spent{};

    bool is_of(const exchange& seen) const {
      return status == seen.status && route == seen.route && method == seen.method;
    }
    void add(const exchange& seen) const {
      answered->add();
      spent->observe(static_cast<double>(seen.duration.count()) / 1e6);
    }
  };

  // What the slot holds: another kind perhaps, if it was taken before or at this moment.
  const kind& find_or_keep(std::atomic<const kind*>& slot, const exchange& seen) {
    const kind* known = slot.load(std::memory_order_acquire);
    if (known) return *known;
    auto made = std::make_unique<const kind>(look_up(seen));
    return slot.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)
               ? *made.release()
               : *known;
  }

  kind look_up(const exchange& seen) {
    const std::string route = "route=\"" + std::string{seen.route} + "\"";
    const std::string labels = "method=\"" + seen.method + "\"," + route + ",status=\"" +
                               std::to_string(seen.status) + "\"";
    return {seen.method, std::string{seen.route}, seen.status,
            &metrics_.counter_of("comments_http_requests_total", "Requests answered.", labels),
            &metrics_.histogram_of("comments_http_request_seconds", "Time to an answer.", route)};
  }

  registry& metrics_;
  std::array<std::atomic<const kind*>, kinds_max> kinds_{};
};

// Counts and times every answer in `metrics`, and tells `observe`, if there is one.
inline handler with_observer(handler next, registry& metrics, observer observe = {}) {
  gauge& running = metrics.gauge_of("comments_http_requests_running", "Requests being answered.");
  return [next = std::move(next), observe = std::move(observe), &running,
          meter = std::make_shared<answer_meter>(metrics)](request&& asked) {
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
    meter->count(seen);
    if (observe) observe(seen);
    return answer;
  };
}

// Why a body is refused that is over its limit.
inline request_error body_too_large(std::size_t bytes_max) {
  return {request_errc::too_large,
          "A body may have " + std::to_string(bytes_max) + " bytes.",
          {{"", "too_long"}}};
}

// 413 for a body and 431 for headers over their limits, then whatever the adapter refused. An
// adapter need not hold more of a body than one byte over.
inline handler with_limits(handler next, request_limits limits = {}) {
  return [next = std::move(next), limits](request&& asked) {
    if (asked.headers.size() > limits.headers_max)
      return problem({request_errc::headers_too_large,
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
      return chunk{.then = chunk::state::broken};
    }
  };
}

// The one place where exceptions end: those of third parties and of an empty memory, also while an
// answer goes on as a stream. Says nothing of them to the client.
inline handler with_guard(handler next) {
  return [next = std::move(next)](request&& asked) {
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

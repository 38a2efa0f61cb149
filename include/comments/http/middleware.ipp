#pragma once
// http/middleware.ipp - definitions of http/middleware.hpp.

#include <comments/http/middleware.hpp>

#include <comments/guarded.hpp>
#include <comments/http/problem.hpp>
#include <comments/id.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace comments::inline v0::http {

// An id need not cost what a comment's does: SplitMix64, seeded once in each thread. The time is
// stirred in, so that a forked process goes on with ids of its own. Without random bytes the
// thread's own id is the seed, because a request's id is no secret.
COMMENTS_INLINE std::string make_request_id() {
  thread_local std::uint64_t state =
      guarded([] {
        return std::bit_cast<std::uint64_t>(random_bytes<8>());
      }).value_or(std::hash<std::thread::id>{}(std::this_thread::get_id()));
  const auto now = std::chrono::system_clock::now();
  state += static_cast<std::uint64_t>(now.time_since_epoch().count());
  std::array<std::uint64_t, 2> words{};
  for (std::uint64_t& word : words) {
    state += 0x9e3779b97f4a7c15;
    word = state;
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9;
    word = (word ^ word >> 27) * 0x94d049bb133111eb;
    word ^= word >> 31;
  }
  return to_string(to_version_7(std::bit_cast<std::array<std::uint8_t, 16>>(words),
                                std::chrono::floor<std::chrono::milliseconds>(now)));
}

namespace detail {

inline bool is_request_id(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.' || c == ':';
  });
}

// Counts a request as running, for as long as it lives.
class running_request final {
 public:
  explicit running_request(gauge& running) : running_{&running} { running.add(1); }
  running_request(running_request&& other) noexcept
      : running_{std::exchange(other.running_, nullptr)} {}
  running_request& operator=(running_request&&) = delete;
  ~running_request() {
    if (running_) running_->add(-1);
  }

 private:
  gauge* running_;
};

inline stream guarded(stream rest) {
  return [rest = std::move(rest)](const std::function<void()>& wake) {
    try {
      return rest(wake);
    } catch (...) {
      return chunk{.then = chunk::state::broken};
    }
  };
}

inline error thrown_by(std::string_view method) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS")
    return {errc::unavailable, "The service cannot do this now."};
  return {errc::in_doubt, "The service failed; whether this was done is unknown."};
}

// Returns what `make` returns, or a problem if it throws.
template <typename Make>
response guarded(const request& about, Make&& make) {
  try {
    response answer = make();
    if (answer.rest) answer.rest = guarded(std::move(answer.rest));
    return answer;
  } catch (...) {
    return problem(thrown_by(about.method), about);
  }
}

// The same of a response that comes later.
inline response guarded_later(request about, response answer) {
  late_response made = std::exchange(answer.later, nullptr);
  answer.later = [about = std::move(about), made = std::move(made)](effort effort) mutable {
    response next = guarded(about, [&] { return made(effort); });
    return next.later ? guarded_later(std::move(about), std::move(next)) : next;
  };
  return answer;
}

}  // namespace detail

COMMENTS_INLINE handler with_request_id(handler next, request_limits limits) {
  return [next = std::move(next), limits](request&& asked) {
    const std::string_view given = find_header(asked.headers, "X-Request-Id").value_or("");
    const bool is_usable = detail::is_request_id(given, limits.request_id_bytes_max);
    asked.id = is_usable ? std::string{given} : make_request_id();
    std::string id = asked.id;
    return then(next(std::move(asked)), [id = std::move(id)](response answer) mutable {
      answer.headers.emplace_back("X-Request-Id", std::move(id));
      return answer;
    });
  };
}

COMMENTS_INLINE handler with_settled_head(handler next) {
  return [next = std::move(next)](request&& asked) {
    if (!settle_target(asked) && !asked.refusal)
      asked.refusal = request_error{
          request_errc::malformed, "The target is not a path.", {{"target", "format"}}};
    const std::string_view doubled = settle_headers(asked.headers);
    if (!doubled.empty() && !asked.refusal)
      asked.refusal = request_error{request_errc::malformed,
                                    "A header that must stand alone came more than once.",
                                    {{std::string{doubled}, "too_many"}}};
    return next(std::move(asked));
  };
}

COMMENTS_INLINE handler with_observer(handler next, registry& metrics, observer observe) {
  gauge& running = metrics.gauge_of("comments_http_requests_running", "Requests being answered.");
  return [next = std::move(next), observe = std::move(observe), &running,
          meter = std::make_shared<answer_meter>(metrics)](request&& asked) {
    const auto start = std::chrono::steady_clock::now();
    constexpr std::string_view known[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
    const bool is_known = std::ranges::find(known, asked.method) != std::end(known);
    exchange seen{.id = asked.id, .method = is_known ? asked.method : "other"};
    const auto see = [&observe, meter = meter.get(), start](exchange& now, response&& answer) {
      now.status = answer.status;
      now.route = answer.route.empty() ? "-" : answer.route;
      now.duration = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now() - start);
      meter->count(now);
      if (observe) observe(now);
      return std::move(answer);
    };
    std::optional<detail::running_request> counted{running};
    response answer = next(std::move(asked));
    if (!answer.later) {
      counted.reset();
      if (answer.is_deferred) return answer;  // it is seen when it is answered
      return see(seen, std::move(answer));
    }
    auto kept = std::make_shared<detail::running_request>(std::move(*counted));
    return then(std::move(answer),
                [see, seen = std::move(seen), kept = std::move(kept)](response made) mutable {
                  kept.reset();
                  return see(seen, std::move(made));
                });
  };
}

COMMENTS_INLINE request_error body_too_large(std::size_t bytes_max) {
  return {request_errc::too_large,
          "A body may have " + std::to_string(bytes_max) + " bytes.",
          {{"", "too_long"}}};
}

COMMENTS_INLINE handler with_limits(handler next, request_limits limits) {
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

COMMENTS_INLINE handler with_guard(handler next) {
  return [next = std::move(next)](request&& asked) {
    request about{
        .method = asked.method, .target = asked.target, .prefix = asked.prefix, .id = asked.id};
    response answer = detail::guarded(about, [&] { return next(std::move(asked)); });
    if (!answer.later) return answer;
    return detail::guarded_later(std::move(about), std::move(answer));
  };
}

struct answer_meter::kind {
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

COMMENTS_INLINE answer_meter::~answer_meter() {
  for (const auto& known : kinds_) delete known.load();
}

COMMENTS_INLINE void answer_meter::count(const exchange& seen) {
  const std::size_t start = std::hash<std::string_view>{}(seen.route) +
                            static_cast<std::size_t>(seen.status) + seen.method.size();
  for (std::size_t i = 0; i < kinds_max; ++i) {
    const kind& known = find_or_keep(kinds_[(start + i) % kinds_max], seen);
    if (known.is_of(seen)) {
      known.add(seen);
      return;
    }
  }
  look_up(seen).add(seen);
}

// Returns what the slot holds: another kind, if it was taken before or at this moment.
COMMENTS_INLINE const answer_meter::kind& answer_meter::find_or_keep(std::atomic<const kind*>& slot,
                                                                     const exchange& seen) {
  const kind* known = slot.load(std::memory_order_acquire);
  if (known) return *known;
  auto made = std::make_unique<const kind>(look_up(seen));
  if (!slot.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel)) return *known;
  return *made.release();
}

COMMENTS_INLINE answer_meter::kind answer_meter::look_up(const exchange& seen) {
  const std::string route = "route=\"" + std::string{seen.route} + "\"";
  const std::string labels =
      "method=\"" + seen.method + "\"," + route + ",status=\"" + std::to_string(seen.status) + "\"";
  return {seen.method, std::string{seen.route}, seen.status,
          &metrics_.counter_of("comments_http_requests_total", "Requests answered.", labels),
          &metrics_.histogram_of("comments_http_request_seconds", "Time to an answer.", route)};
}

}  // namespace comments::inline v0::http

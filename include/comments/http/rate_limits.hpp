#pragma once
// http/rate_limits.hpp - how often a client may ask: 429 past that, and headers that tell what is left.
//
// A client is an address (http/client_address.hpp). What reads and what writes is counted apart,
// and so are wrong tokens, so that nobody guesses one. These counts are of one process; comments
// are counted once more where they are stored (`allowances_of`), for all processes together. Probes
// are never limited, and neither is OPTIONS, which browsers send by themselves.
//
//   const auto limits = std::make_shared<rate_limits>(rate_options{.writes = {.per_minute = 30}});
//   handler api = with_rate_limits(routes(service), limits);

#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/http/client_address.hpp>
#include <comments/http/message.hpp>
#include <comments/http/problem.hpp>
#include <comments/rate_limit.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

struct rate_options {
  rate reads{};                            // of a client: GET and HEAD
  rate writes{};                           // of a client: everything else but OPTIONS
  rate content_writes{};                   // to a content, of all clients together
  rate failed_tokens{};                    // of a client: wrong or expired tokens
  std::size_t keys_max{100'000};           // how many clients or contents each of these remembers
  std::vector<network> trusted_proxies{};  // whose X-Forwarded-For counts
};

// The counts that all requests share. Safe from any thread.
class rate_limits final {
 public:
  explicit rate_limits(rate_options options, clock now = system_clock())
      : options_{std::move(options)}, now_{std::move(now)} {}

  std::string client_of(const request& asked) const {
    return client_key(asked, options_.trusted_proxies);
  }
  // What counts a request of that method, if anything does.
  rate_limiter& limiter_of(std::string_view method) {
    return method == "GET" || method == "HEAD" ? reads_ : writes_;
  }
  quota take(rate_limiter& from, std::string_view key) { return from.take(key, now_()); }

  // What limits a comment of `client`, for the store to count in the transaction that writes it, so
  // that they hold for all who write there. Empty for a client that nobody knows.
  std::vector<allowance> allowances_of(std::string_view client) const {
    std::vector<allowance> all;
    if (options_.writes.per_minute > 0 && !client.empty())
      all.push_back({std::string{client}, options_.writes});
    if (options_.content_writes.per_minute > 0) all.push_back({{}, options_.content_writes});
    return all;
  }

  // Call it before a token is looked at that somebody could guess, so that not even a right one is
  // taken from who tries; `rate_limited` if too many were wrong.
  result<done> check_tokens(std::string_view client) {
    return judge(tokens_.peek(client, now_()), "Too many tokens were wrong.");
  }
  // Call it when one is wrong; `rate_limited` if too many were.
  result<done> count_failed_token(std::string_view client) {
    return judge(tokens_.take(client, now_()), "Too many tokens were wrong.");
  }

  // `rate_limited` if `left` allows nothing.
  static result<done> judge(const quota& left, std::string why) {
    if (left.is_allowed) return ok();
    return error{errc::rate_limited, std::move(why), {}, static_cast<int>(left.next.count())};
  }

 private:
  const rate_options options_;
  const clock now_;
  rate_limiter reads_{options_.reads, options_.keys_max};
  rate_limiter writes_{options_.writes, options_.keys_max};
  rate_limiter tokens_{options_.failed_tokens, options_.keys_max};
};

namespace detail {

// Says how many requests there are in what time, and how many are left for how long
// (draft-ietf-httpapi-ratelimit-headers-10). With none left, the time is until the next one.
inline void tell_quota(response& answer, const rate_limiter& limiter, const quota& left,
                       std::string_view method) {
  const std::string name = method == "GET" || method == "HEAD" ? "\"read\"" : "\"write\"";
  const auto time = left.remaining == 0 ? left.next : left.reset;
  answer.headers.emplace_back(
      "RateLimit-Policy",
      name + ";q=" + std::to_string(left.limit) + ";w=" + std::to_string(limiter.window().count()));
  answer.headers.emplace_back("RateLimit", name + ";r=" + std::to_string(left.remaining) +
                                               ";t=" + std::to_string(time.count()));
}

}  // namespace detail

// Says whose each request is (`request::client`), and answers 429 with Retry-After where a client
// asks too often. Goes around `with_limits`, so that a request counts whatever becomes of it.
inline handler with_rate_limits(handler next, std::shared_ptr<rate_limits> limits) {
  return [next = std::move(next), limits = std::move(limits)](request&& asked) {
    asked.client = limits->client_of(asked);
    rate_limiter& limiter = limits->limiter_of(asked.method);
    if (!limiter.is_limited() || asked.method == "OPTIONS" || is_probe(asked.target))
      return next(std::move(asked));
    const std::string method = asked.method;
    const quota left = limits->take(limiter, asked.client);
    const auto judged = rate_limits::judge(left, "Too many requests in a short time.");
    response answer = judged ? next(std::move(asked)) : problem(judged.error(), asked);
    detail::tell_quota(answer, limiter, left, method);
    return answer;
  };
}

}  // namespace comments::http

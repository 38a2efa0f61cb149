#pragma once
// http/rate_limits.ipp - definitions of http/rate_limits.hpp.

#include <comments/http/rate_limits.hpp>

#include <comments/http/problem.hpp>
#include <comments/http/proxies.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

inline bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

// Says how many requests are allowed in what time, and how many are left for how long. With none
// left, the time is until the next one.
inline void add_quota(response& answer, const client_limiter& limiter, const quota& left,
                      std::string_view method) {
  const std::string name = is_read(method) ? "\"read\"" : "\"write\"";
  const auto time = left.remaining == 0 ? left.next : left.reset;
  answer.headers.emplace_back(
      "RateLimit-Policy",
      name + ";q=" + std::to_string(left.limit) + ";w=" + std::to_string(limiter.window().count()));
  answer.headers.emplace_back("RateLimit", name + ";r=" + std::to_string(left.remaining) +
                                               ";t=" + std::to_string(time.count()));
}

}  // namespace detail

COMMENTS_INLINE rate rate_of_network(const rate_options& options, rate of_client) {
  const auto all = [&](std::int64_t of_one) {
    return std::min(of_one, token_rate::rate_max) * options.network_clients;
  };
  return {.per_minute = all(of_client.per_minute), .burst = all(of_client.burst)};
}

COMMENTS_INLINE client_limiter::client_limiter(const rate_options& options, rate of_client)
    : clients_{of_client, options.keys_max},
      networks_{rate_of_network(options, of_client), options.keys_max} {}

// The network is asked first, so that a client that it refuses keeps its own token.
COMMENTS_INLINE quota client_limiter::take(std::string_view client, instant now) {
  const std::string network = network_key(client);
  if (!network.empty()) {
    if (const quota all = networks_.peek(network, now); !all.is_allowed) return all;
  }
  const quota own = clients_.take(client, now);
  if (network.empty() || !own.is_allowed) return own;
  const quota all = networks_.take(network, now);
  return all.remaining < own.remaining ? all : own;
}

COMMENTS_INLINE quota client_limiter::peek(std::string_view client, instant now) {
  const quota own = clients_.peek(client, now);
  const std::string network = network_key(client);
  if (network.empty() || !own.is_allowed) return own;
  const quota all = networks_.peek(network, now);
  return all.remaining < own.remaining ? all : own;
}

COMMENTS_INLINE rate_limits::rate_limits(rate_options options, clock now)
    : options_{std::move(options)},
      now_{std::move(now)},
      reads_{options_, options_.reads},
      writes_{options_, options_.writes},
      tokens_{options_, options_.failed_tokens} {}

COMMENTS_INLINE void rate_limits::identify(request& asked) const {
  asked.client = client_key(asked, options_.trusted_proxies);
  asked.is_client_shared = find_unheard_proxy(asked, options_.trusted_proxies).has_value();
}

COMMENTS_INLINE client_limiter& rate_limits::limiter_of(std::string_view method) {
  return detail::is_read(method) ? reads_ : writes_;
}

COMMENTS_INLINE quota rate_limits::take(client_limiter& from, std::string_view key) {
  return from.take(key, now_());
}

COMMENTS_INLINE quota rate_limits::peek(client_limiter& from, std::string_view key) {
  return from.peek(key, now_());
}

COMMENTS_INLINE result<done> rate_limits::check_tokens(std::string_view client) {
  return check(tokens_.peek(client, now_()), "Too many tokens were wrong.");
}

COMMENTS_INLINE result<done> rate_limits::count_failed_token(std::string_view client) {
  return check(tokens_.take(client, now_()), "Too many tokens were wrong.");
}

COMMENTS_INLINE result<done> rate_limits::check(const quota& left, std::string why) {
  if (left.is_allowed) return ok();
  return error{errc::rate_limited, std::move(why), {}, static_cast<int>(left.next.count())};
}

COMMENTS_INLINE handler with_rate_limits(handler next, std::shared_ptr<rate_limits> limits) {
  return [next = std::move(next), limits = std::move(limits)](request&& asked) {
    limits->identify(asked);
    client_limiter& limiter = limits->limiter_of(asked.method);
    if (!limiter.is_limited() || asked.method == "OPTIONS" || is_probe(asked.target) ||
        !limits->is_counted(asked))
      return next(std::move(asked));
    const std::string method = asked.method;
    const bool is_counted = asked.effort == effort::rest;
    const quota left =
        is_counted ? limits->peek(limiter, asked.client) : limits->take(limiter, asked.client);
    const auto allowed = rate_limits::check(left, "Too many requests in a short time.");
    const bool is_asked = is_counted || allowed;
    response answer = is_asked ? next(std::move(asked)) : problem(allowed.error(), asked);
    return then(std::move(answer), [&limiter, left, method](response made) {
      detail::add_quota(made, limiter, left, method);
      return made;
    });
  };
}

}  // namespace comments::inline v0::http

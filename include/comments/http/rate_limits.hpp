#pragma once
// http/rate_limits.hpp - how often a client may ask: 429 past that, and headers with what is left.
//
// A client is an address (http/client_address.hpp), and all clients of one IPv6 /48 together get no
// more than `network_clients` of them would. Reads and writes are counted apart, and so are wrong
// tokens, so that no client can guess one. These counts are those of one process; the store
// counts new comments once more, for all processes together. Probes are never limited, and neither
// is OPTIONS, which browsers send by themselves.
//
//   using namespace comments;
//   const http::handler api = [](http::request&&) { return http::response{}; };
//   const auto limits = std::make_shared<http::rate_limits>(
//       http::rate_options{.writes = {.per_minute = 30}});
//   const http::handler limited = http::with_rate_limits(api, limits);

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/http/client_address.hpp>
#include <comments/http/message.hpp>
#include <comments/rate_limit.hpp>
#include <comments/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

struct rate_options {
  rate reads{};                            // of a client: GET and HEAD
  rate writes{};                           // of a client: everything else but OPTIONS
  rate posts{};                            // of a client: new comments; none: as `writes`
  rate content_writes{};                   // new comments of a content, from all clients together
  rate failed_tokens{};                    // of a client: wrong or expired tokens
  std::int64_t network_clients{16};        // an IPv6 /48 may do as much as so many clients
  std::size_t keys_max{100'000};           // how many clients each of these remembers
  std::vector<network> trusted_proxies{};  // whose X-Forwarded-For counts
  // What comes through a proxy that is not heard (http/proxies.hpp) is not counted for its client,
  // but for wrong tokens.
  bool spares_unheard_proxies{};
};

// Returns what all clients of one IPv6 /48 may do together, if one may do `of_client`.
rate rate_of_network(const rate_options& options, rate of_client);

// Counts clients, and the clients of each /48 together. Safe to use from any thread.
class client_limiter final {
 public:
  client_limiter(const rate_options& options, rate of_client);

  bool is_limited() const { return clients_.is_limited(); }
  std::chrono::seconds window() const { return clients_.window(); }

  // Counts one request of the client, and returns what is left to it: the less of what the client
  // and its network have.
  quota take(std::string_view client, instant now);
  // Returns the same, and counts nothing.
  quota peek(std::string_view client, instant now);

 private:
  rate_limiter clients_;
  rate_limiter networks_;
};

// The counts that all requests share. Safe to use from any thread.
class rate_limits final {
 public:
  explicit rate_limits(rate_options options, clock now = system_clock());

  const rate_options& options() const { return options_; }
  // Fills in who the request's client is.
  void identify(request& asked) const;
  // Whether the limits of a client count for the request, which has been identified.
  bool is_counted(const request& asked) const {
    return !asked.is_client_shared || !options_.spares_unheard_proxies;
  }

  // Returns the counts for a request of that method.
  client_limiter& limiter_of(std::string_view method);
  // Counts one request of the client `key`, and returns what is left.
  quota take(client_limiter& from, std::string_view key);
  // Returns what is left, and counts nothing.
  quota peek(client_limiter& from, std::string_view key);

  // `rate_limited` if too many tokens of the client were wrong. Call it before a token that can be
  // guessed is compared: then a client that tries tokens is refused even with the right one.
  result<done> check_tokens(std::string_view client);
  // Counts a wrong token; `rate_limited` if there were too many.
  result<done> count_failed_token(std::string_view client);

  // `rate_limited`, with `why`, if `left` allows nothing.
  static result<done> check(const quota& left, std::string why);

 private:
  const rate_options options_;
  const clock now_;
  client_limiter reads_;
  client_limiter writes_;
  client_limiter tokens_;
};

// Says whose each request is, and answers 429 with Retry-After where a client asks too often. The
// other responses say how much is left (draft-ietf-httpapi-ratelimit-headers-10). Stands around
// `with_limits`, so that a request counts even if it is refused there.
handler with_rate_limits(handler next, std::shared_ptr<rate_limits> limits);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/rate_limits.ipp>
#endif

#pragma once
// http/proxies.hpp - what a proxy in front of the server says: where it shows the server, and for
// whom it asks.
//
// Any client can send any header. So the word of a proxy counts only if its address was named as
// trusted; for whom it asks is then what X-Forwarded-For says (http/client_address.hpp). All
// clients of a proxy that is not heard count as one: one voter, one rate. So the first such proxy
// is told to whoever runs the server.
//
//   using namespace comments;
//   const http::request asked{.headers = {{"X-Forwarded-For", "192.0.2.1"}}, .peer = "10.0.0.1"};
//   const auto unheard = http::find_unheard_proxy(asked, {});
//   const std::string line = http::advice_about(*unheard);  // "… --trusted-proxies 10.0.0.1 …"

#include <comments/config.hpp>
#include <comments/http/client_address.hpp>
#include <comments/http/message.hpp>
#include <comments/mutex.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

// A peer that says for whom it asks, and is not heard.
struct unheard_proxy {
  std::string header{};   // which says so: X-Forwarded-For, Forwarded or X-Real-IP
  std::string address{};  // the peer's; empty for a public one, which may be a person's
  bool is_trusted{};      // the peer would be heard, if it sent X-Forwarded-For

  friend bool operator==(const unheard_proxy&, const unheard_proxy&) = default;
};

// Returns the request's peer if it is one.
std::optional<unheard_proxy> find_unheard_proxy(const request& asked,
                                                std::span<const network> trusted);

// Returns the sentences for whoever runs the server: what happens, the option, and what the proxy
// needs.
std::string advice_about(const unheard_proxy& unheard);

// Remembers the first unheard proxy. One whose address is known takes the place of one that may be
// a client's invention. Safe to use from any thread.
class proxy_watch final {
 public:
  using teller = std::function<void(const unheard_proxy&)>;

  // `tell` is called once for each that is remembered, so at most twice. It may be empty.
  explicit proxy_watch(std::vector<network> trusted, teller tell = {})
      : trusted_{std::move(trusted)}, tell_{std::move(tell)} {}

  void see(const request& asked) COMMENTS_EXCLUDES(mutex_);
  std::optional<unheard_proxy> found() const COMMENTS_EXCLUDES(mutex_);

 private:
  const std::vector<network> trusted_;
  const teller tell_;
  std::atomic<bool> is_settled_{};  // nothing takes the place of what was found
  mutable mutex mutex_{};
  std::optional<unheard_proxy> found_ COMMENTS_GUARDED_BY(mutex_){};
};

// Shows each request to `watch`.
handler with_proxy_watch(handler next, std::shared_ptr<proxy_watch> watch);

// Returns the path below which a proxy shows the server, as links start with it: "/a/b" for "/a/b"
// and "/a/b/", "" for "" and "/". Nothing for what is not the beginning of a path on the same host:
// each segment has letters, digits, '-', '.', '_', '~' and %XX of what is not ASCII, none is empty,
// "." or "..".
std::optional<std::string> parse_path_prefix(std::string_view text);
inline constexpr std::size_t path_prefix_bytes_max = 200;

struct prefix_options {
  // The path, however proxies say it; without it, X-Forwarded-Prefix of a trusted proxy counts.
  std::optional<std::string> fixed{};
  std::vector<network> trusted_proxies{};
};

// Sets each request's `prefix`, and cuts `fixed` off its target, if the proxy did not. `fixed`
// itself, without a slash behind it, is answered with 308.
handler with_path_prefix(handler next, prefix_options options);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/proxies.ipp>
#endif

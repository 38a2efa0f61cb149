#pragma once
// http/proxies.ipp - definitions of http/proxies.hpp.

#include <comments/http/proxies.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

inline bool is_in(std::span<const network> all, const address& peer) {
  return std::ranges::any_of(all, [&](const network& one) { return contains(one, peer); });
}

inline bool is_trusted_peer(const request& asked, std::span<const network> trusted) {
  const auto peer = parse_address(asked.peer);
  return peer && is_in(trusted, *peer);
}

// Whether the address is one that reverse proxies have and readers on the Internet do not: of this
// machine, of a private or local network (RFC 1918, 4193), or of a carrier's or cluster's (RFC
// 6598).
inline bool is_private(const address& peer) {
  static const std::vector<network> known =
      parse_networks(
          "127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, "
          "100.64.0.0/10, ::1/128, fc00::/7, fe80::/10")
          .value();
  return is_in(known, peer);
}

// Cuts `prefix` off the target, if it stands there whole. Returns whether it did.
inline bool cut_prefix(std::string& target, std::string_view prefix) {
  if (prefix.empty() || !target.starts_with(prefix)) return false;
  const std::string_view behind = std::string_view{target}.substr(prefix.size());
  if (!behind.empty() && behind.front() != '/' && behind.front() != '?') return false;
  target.erase(0, prefix.size());
  return true;
}

}  // namespace detail

COMMENTS_INLINE std::optional<unheard_proxy> find_unheard_proxy(const request& asked,
                                                                std::span<const network> trusted) {
  constexpr std::array<std::string_view, 3> names{"X-Forwarded-For", "Forwarded", "X-Real-IP"};
  const auto sent = std::ranges::find_if(
      names, [&](std::string_view name) { return find_header(asked.headers, name).has_value(); });
  if (sent == names.end()) return std::nullopt;
  const auto peer = parse_address(asked.peer);
  const bool is_trusted = peer && detail::is_in(trusted, *peer);
  if (is_trusted && sent == names.begin()) return std::nullopt;
  const bool is_known = peer && (is_trusted || detail::is_private(*peer));
  return unheard_proxy{.header = std::string{*sent},
                       .address = is_known ? to_text(*peer) : "",
                       .is_trusted = is_trusted};
}

COMMENTS_INLINE std::string advice_about(const unheard_proxy& unheard) {
  const std::string needed =
      "the proxy needs: nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
      "HAProxy: option forwardfor; Caddy and Apache send it by themselves.";
  if (unheard.is_trusted)
    return "The trusted proxy " + unheard.address + " names clients in " + unheard.header +
           ", which is not read, so all of them count as one; " + needed;
  const bool is_known = !unheard.address.empty();
  return "A proxy" + (is_known ? " at " + unheard.address : "") + " names clients in " +
         unheard.header +
         " and is not trusted, so all of them count as one. If it is yours: --trusted-proxies " +
         (is_known ? unheard.address : "with its address") + "; " + needed;
}

COMMENTS_INLINE void proxy_watch::see(const request& asked) {
  if (is_settled_.load(std::memory_order_relaxed)) return;
  const auto unheard = find_unheard_proxy(asked, trusted_);
  if (!unheard) return;
  const bool is_known = !unheard->address.empty();
  {
    const mutex_lock lock{mutex_};
    if (is_settled_ || (found_ && !is_known)) return;
    found_ = unheard;
    is_settled_ = is_known;
  }
  if (tell_) tell_(*unheard);
}

COMMENTS_INLINE std::optional<unheard_proxy> proxy_watch::found() const {
  const mutex_lock lock{mutex_};
  return found_;
}

COMMENTS_INLINE handler with_proxy_watch(handler next, std::shared_ptr<proxy_watch> watch) {
  return [next = std::move(next), watch = std::move(watch)](request&& asked) {
    watch->see(asked);
    return next(std::move(asked));
  };
}

COMMENTS_INLINE std::optional<std::string> parse_path_prefix(std::string_view text) {
  if (text.size() > path_prefix_bytes_max) return std::nullopt;
  if (text.ends_with('/')) text.remove_suffix(1);
  const std::string prefix{text};
  while (!text.empty()) {
    if (!text.starts_with('/')) return std::nullopt;
    const std::string_view segment = text.substr(1, text.find('/', 1) - 1);
    text.remove_prefix(segment.size() + 1);
    const auto meant = percent_decode(segment);
    if (segment.empty() || segment == "." || segment == ".." || !meant) return std::nullopt;
    const bool is_plain = std::ranges::all_of(*meant, [](char c) {
      return static_cast<unsigned char>(c) >= 0x80 || percent_encode({&c, 1}).size() == 1;
    });
    // ASCII that is encoded, as "%2e", means something else to some.
    if (!is_plain || percent_encode(*meant).size() != segment.size()) return std::nullopt;
  }
  return prefix;
}

COMMENTS_INLINE handler with_path_prefix(handler next, prefix_options options) {
  return [next = std::move(next), options = std::move(options)](request&& asked) {
    if (options.fixed) {
      asked.prefix.insert(0, *options.fixed);
      detail::cut_prefix(asked.target, *options.fixed);
      if (asked.target.empty() || asked.target.front() == '?')
        return response{.status = 308,
                        .headers = {{"Location", asked.prefix + "/" + asked.target}}};
    } else if (const auto said = find_header(asked.headers, "X-Forwarded-Prefix")) {
      const auto prefix = parse_path_prefix(*said);
      if (prefix && detail::is_trusted_peer(asked, options.trusted_proxies))
        asked.prefix.insert(0, *prefix);
    }
    return next(std::move(asked));
  };
}

}  // namespace comments::inline v0::http

#pragma once
// http/cors.ipp - definitions of http/cors.hpp.

#include <comments/http/cors.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

inline bool is_made_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

// "host", "host:8443", "[::1]:8443", in lower case.
inline bool is_authority(std::string_view text) {
  const bool is_v6 = text.starts_with('[');
  const std::size_t end = is_v6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == text.npos) return false;
  const bool is_host =
      is_v6 ? is_made_of(text.substr(1, end - 1), ":.") : is_made_of(text.substr(0, end), ".-_");
  const std::string_view port = text.substr(end + (is_v6 ? 1 : 0));
  const bool is_port =
      port.size() >= 2 && port.size() <= 6 && port.front() == ':' &&
      std::ranges::all_of(port.substr(1), [](char c) { return c >= '0' && c <= '9'; });
  return is_host && (port.empty() || is_port);
}

// Returns an origin as browsers write it: in lower case, without its scheme's own port. Empty if
// `text` is not an origin.
inline std::string to_origin(std::string_view text) {
  std::string origin{text};
  for (char& c : origin)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const std::size_t mark = origin.find("://");
  if (mark == origin.npos || !is_made_of(origin.substr(0, mark), "+.-") ||
      !is_authority(std::string_view{origin}.substr(mark + 3)))
    return {};
  for (const auto& [scheme, port] : {std::pair{"http://", ":80"}, std::pair{"https://", ":443"}})
    if (origin.starts_with(scheme) && origin.ends_with(port))
      origin.resize(origin.size() - std::string_view{port}.size());
  return origin;
}

// What an origin may do. `read` and `post` are apart, because a browser remembers for the whole
// address that it may send JSON.
enum class access { none, read, post, all };

struct cors_policy {
  cors_options options{};

  bool lists(std::string_view origin) const {
    return std::ranges::find(options.origins, origin) != options.origins.end();
  }
  // Returns what a request may do, which may be one that a preflight announces.
  access of(std::string_view origin, std::string_view method, std::string_view target) const {
    if (origin.empty() || origin == "null" || origin == "*") return access::none;
    if (lists(origin)) return access::all;
    if (!lists("*")) return access::none;
    if (method == "GET" || method == "HEAD") return access::read;
    const std::string_view path = target.substr(0, target.find('?'));
    const bool is_open = std::ranges::find(options.open_posts, path) != options.open_posts.end();
    return method == "POST" && is_open ? access::post : access::none;
  }

  // Returns the response to a preflight.
  response preflight(access allowed) const {
    response answer{.status = 204};
    if (allowed == access::none) return answer;
    std::string methods = "GET, HEAD",
                headers = "Comments-Browser, If-None-Match, Last-Event-ID, X-Request-Id";
    if (allowed != access::read) {
      methods += ", POST";
      headers += ", Content-Type";
    }
    if (allowed == access::all) {
      methods += ", PUT, PATCH, DELETE";
      headers += ", Authorization, Idempotency-Key, If-Match";
    }
    answer.headers = {{"Access-Control-Allow-Methods", std::move(methods)},
                      {"Access-Control-Allow-Headers", std::move(headers)},
                      {"Access-Control-Max-Age", std::to_string(options.max_age.count())}};
    return answer;
  }

  void add_headers(response& answer, access allowed, std::string origin, bool is_preflight) const {
    answer.headers.emplace_back("Vary", "Origin");
    if (allowed == access::none) return;
    // A route may have opened its response itself: two such headers would count as none.
    if (!find_header(answer.headers, "Access-Control-Allow-Origin"))
      answer.headers.emplace_back("Access-Control-Allow-Origin",
                                  allowed == access::all ? std::move(origin) : "*");
    if (!is_preflight)
      answer.headers.emplace_back("Access-Control-Expose-Headers",
                                  "ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, "
                                  "Idempotency-Replayed, X-Request-Id");
  }
};

}  // namespace detail

COMMENTS_INLINE result<std::vector<std::string>> parse_origins(std::string_view list) {
  std::vector<std::string> found;
  if (trim(list).empty()) return found;
  for (bool is_last = false; !is_last;) {
    const std::size_t comma = list.find(',');
    const std::string_view entry = trim(list.substr(0, comma));
    std::string origin = entry == "*" ? "*" : detail::to_origin(entry);
    if (origin.empty())
      return error{errc::invalid,
                   "'" + std::string{entry} + "' is no origin such as https://example.com, nor *."};
    found.push_back(std::move(origin));
    is_last = comma == list.npos;
    list.remove_prefix(is_last ? list.size() : comma + 1);
  }
  return found;
}

COMMENTS_INLINE handler with_cors(handler next, cors_options options) {
  if (options.origins.empty()) return next;
  return [next = std::move(next),
          policy = detail::cors_policy{std::move(options)}](request&& asked) {
    const std::string origin{find_header(asked.headers, "Origin").value_or("")};
    const auto announced = find_header(asked.headers, "Access-Control-Request-Method");
    const bool is_preflight =
        asked.method == "OPTIONS" && !origin.empty() && announced && !asked.refusal;
    const auto allowed = policy.of(origin, is_preflight ? *announced : asked.method, asked.target);
    response answer = is_preflight ? policy.preflight(allowed) : next(std::move(asked));
    return then(std::move(answer), [&policy, allowed, origin, is_preflight](response made) {
      policy.add_headers(made, allowed, origin, is_preflight);
      return made;
    });
  };
}

}  // namespace comments::inline v0::http

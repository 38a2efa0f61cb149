#pragma once
// http/cors.hpp - which sites' pages may use the API from a browser (CORS, Fetch standard).
//
// Without origins there are no such headers, and only pages of the API's own origin can use it. A
// listed origin may do everything. "*" opens to all others what anybody can do without a browser
// and without proof of who they are: reading, and the original API's two endpoints. Credentials are
// allowed to nobody: there are no cookies, and a token is a header that only a listed page may
// send.
//
//   const auto origins = parse_origins("https://example.com, https://www.example.com:8443");
//   handler api = with_cors(routes(service), {.origins = *origins});

#include <comments/http/message.hpp>
#include <comments/result.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

struct cors_options {
  std::vector<std::string> origins{};  // as `parse_origins` gives them
  std::chrono::seconds max_age{3600};  // how long a browser may rely on what a preflight said
};

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

// An origin as browsers write it: in lower case, without its scheme's own port. Empty if `text` is
// none.
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

// What an origin may do. What may only read must not hear that it may send JSON, or its browser
// would remember that for the whole address.
enum class access { none, read, post_original, all };

struct cors_policy {
  cors_options options{};

  bool lists(std::string_view origin) const {
    return std::ranges::find(options.origins, origin) != options.origins.end();
  }
  // For a request of that method, which may be one that is still to come.
  access of(std::string_view origin, std::string_view method, std::string_view target) const {
    if (origin.empty() || origin == "null" || origin == "*") return access::none;
    if (lists(origin)) return access::all;
    if (!lists("*")) return access::none;
    if (method == "GET" || method == "HEAD") return access::read;
    const bool is_original = target.substr(0, target.find('?')) == "/api/comment/new";
    return method == "POST" && is_original ? access::post_original : access::none;
  }

  // What a browser asks before a request that a form could not send.
  response preflight(access allowed) const {
    response answer{.status = 204};
    if (allowed == access::none) return answer;
    std::string methods = "GET, HEAD", headers = "If-None-Match, Last-Event-ID, X-Request-Id";
    if (allowed != access::read) methods += ", POST", headers += ", Content-Type";
    if (allowed == access::all) {
      methods += ", PUT, PATCH, DELETE";
      headers += ", Authorization, Idempotency-Key, If-Match";
    }
    answer.headers = {{"Access-Control-Allow-Methods", std::move(methods)},
                      {"Access-Control-Allow-Headers", std::move(headers)},
                      {"Access-Control-Max-Age", std::to_string(options.max_age.count())}};
    return answer;
  }

  void tell(response& answer, access allowed, std::string origin, bool is_preflight) const {
    answer.headers.emplace_back("Vary", "Origin");
    if (allowed == access::none) return;
    // What a route has opened to everybody by itself stays so: two such headers count as none.
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

// "https://example.com, http://localhost:3000" or "*", with commas between them; an empty text is
// none. `invalid` says which entry is no origin: no path and no "/" belongs to one, and never
// "null", which every sandboxed page is.
inline result<std::vector<std::string>> parse_origins(std::string_view list) {
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

// Tells browsers which pages may read the answers, and answers their preflights. Goes around
// `with_rate_limits`, so that a page can read a 429 and preflights are not counted. Every answer
// has `Vary: Origin`, or a cache would give one site's answer to another.
inline handler with_cors(handler next, cors_options options) {
  if (options.origins.empty()) return next;
  return [next = std::move(next),
          policy = detail::cors_policy{std::move(options)}](request&& asked) {
    const std::string origin{find_header(asked.headers, "Origin").value_or("")};
    const auto to_come = find_header(asked.headers, "Access-Control-Request-Method");
    const bool is_preflight =
        asked.method == "OPTIONS" && !origin.empty() && to_come && !asked.refusal;
    const auto allowed = policy.of(origin, is_preflight ? *to_come : asked.method, asked.target);
    response answer = is_preflight ? policy.preflight(allowed) : next(std::move(asked));
    policy.tell(answer, allowed, origin, is_preflight);
    return answer;
  };
}

}  // namespace comments::http

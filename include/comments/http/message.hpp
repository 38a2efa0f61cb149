#pragma once
// http/message.hpp - a request and its response as values. No sockets here, nor anywhere in http/
// but in the one adapter of each HTTP library.
//
// A handler is a function of a request; so a route is tested by calling it, and another HTTP
// library is one more file that fills a request in and writes a response out.
//
//   response answer = handler({.method = "GET", .target = "/api/v1/comments?content_id=1"});

#include <comments/result.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::http {

// Names and values in the order they came; a name may come more than once.
using fields = std::vector<std::pair<std::string, std::string>>;

// Why HTTP itself refuses a request, before or instead of asking the domain. `http/problem.hpp` has
// the status of each.
enum class request_errc {
  malformed,           // not a request by the letter of RFC 9112, or not a whole one
  not_found,           // no route has the path
  method_not_allowed,  // the path has no route for the method
  too_large,           // a body over its limit, refused unread
  headers_too_large,   // more header lines, or longer ones, than the limits allow
  target_too_long,     // a longer path and query than the limit allows
  timed_out,           // the client took too long to send the request
  unsupported_media,   // the body is of a media type that the route does not read
  overloaded,          // too many connections or requests; nothing was done
};

// A refused request: the counterpart of `error` for what the domain knows nothing about.
struct request_error {
  request_errc code{};
  std::string message{};  // one sentence for people, and nothing that the client sent
  std::vector<violation> violations{};
};

struct request {
  std::string method{};
  std::string target{};  // as it was sent: path, and query behind a '?'
  fields headers{};
  std::string body{};
  std::optional<request_error> refusal{};  // why the adapter refuses it: no route may act on it
  std::string peer{};                      // the address that the connection came from
  std::string client{};  // whom limits count it for; middleware sees to it (http/rate_limits.hpp)
  std::string prefix{};  // what an adapter cut off the target's front; links start with it
  std::string id{};      // names this request in logs and problems; middleware sees to it
  fields path{};         // what stood at the {names} of the route, decoded; the router sees to it
  fields query{};        // the query's parameters, decoded; the router sees to it
};

// What a stream has next, and how it goes on behind that.
struct chunk {
  enum class state {
    more,     // ask again at once
    waiting,  // ask again when woken
    over,     // that was all
    broken,   // the rest cannot be had: the client must see that it has not got everything
  };

  std::string bytes{};
  state then{state::more};
};

// The part of an answer behind its body, if that is too long to hold or not over yet. Each call
// gives the next chunk, of some ten kilobytes, from one thread at a time. A stream that is waiting
// calls `wake` from any thread when it has more, and is asked again after `heartbeat` even so.
using stream = std::function<chunk(const std::function<void()>& wake)>;
inline constexpr std::chrono::seconds heartbeat{15};

// An answer to HEAD has the body that GET would have; the adapter does not send it.
struct response {
  int status{200};
  fields headers{};
  std::string body{};
  stream rest{};  // if there is one, it follows the body, and the length is not known
  std::string_view
      route{};  // the pattern that answered, for logs and metrics; lives with the router
};

// Must be safe to call from any thread. By reference, so that a request is not moved at each of the
// layers; a function of a `request` is one too.
using handler = std::function<response(request&&)>;

// Header names compare without case (RFC 9110, section 5.1).
inline bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

// A header's value, or a part of it, without the blanks around it (RFC 9110, section 5.6.3).
inline std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The first header of that name.
inline std::optional<std::string_view> find_header(const fields& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (is_same_name(key, name)) return value;
  return std::nullopt;
}

// The first parameter of that name; these compare with case.
inline std::optional<std::string_view> find_field(const fields& all, std::string_view name) {
  for (const auto& [key, value] : all)
    if (key == name) return value;
  return std::nullopt;
}

// `text` with %XX decoded, and with '+' as a space in a query. Nothing if a % is not followed by
// two hexadecimal digits.
inline std::optional<std::string> percent_decode(std::string_view text, bool is_query = false) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += is_query && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return std::nullopt;
    decoded += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

// `text` as it can stand in a path or a query: all but RFC 3986's unreserved characters as %XX.
inline std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain)
      encoded += c;
    else
      encoded.append({'%', digits[byte >> 4], digits[byte & 0x0f]});
  }
  return encoded;
}

// What a broken percent-encoding is answered with; `where` is the field that it stands in.
inline error bad_encoding(std::string_view where) {
  return {errc::malformed,
          "The percent-encoding is broken.",
          {{std::string{where}, "percent_encoding"}}};
}

// "a=1&b=2" as fields, or `bad_encoding` of the first that is broken.
inline result<fields> parse_query(std::string_view text) {
  fields found;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) return bad_encoding("query");
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) return bad_encoding(*name);
    found.emplace_back(std::move(*name), std::move(*value));
  }
  return found;
}

// Whether a path asks how the service is: such a request waits for nothing and is never limited.
inline bool is_probe(std::string_view target) {
  constexpr std::string_view probes[] = {"/healthz", "/readyz", "/metrics", "/version"};
  return std::ranges::find(probes, target.substr(0, target.find('?'))) != std::end(probes);
}

// A version as a strong entity tag (RFC 9110, section 8.8.3).
inline std::string to_etag(std::int64_t version) { return '"' + std::to_string(version) + '"'; }

// Whether a list of entity tags has `etag`, or is "*". In the weak comparison, of If-None-Match,
// "W/" does not count; in the strong one, of If-Match, a weak tag is like no other (RFC 9110,
// section 8.8.3.2).
inline bool has_etag(std::string_view header, std::string_view etag, bool is_weak = true) {
  while (!header.empty()) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), one.size() + 1));
    one = trim(one);
    if (is_weak && one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
  }
  return false;
}
inline bool has_strong_etag(std::string_view header, std::string_view etag) {
  return has_etag(header, etag, false);
}

}  // namespace comments::http

#pragma once
// http/message.hpp - a request and its response as values, and the functions that read them.
//
// A handler is a function from a request to a response. So a route is tested by calling it, and
// an adapter for another HTTP library only fills a request in and writes a response out. There is
// no socket here; the adapters (http/httplib.hpp, http/epoll_server.hpp) have them.
//
//   using namespace comments;
//   const http::handler echo = [](http::request&& asked) {
//     return http::response{.body = std::move(asked.body)};
//   };
//   const http::response answer = echo({.method = "POST", .target = "/", .body = "Oi"});

#include <comments/config.hpp>
#include <comments/epoch.hpp>
#include <comments/guarded.hpp>
#include <comments/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

// Names and values in the order they came. A name may come more than once.
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

// Where an adapter asks. Many connections may wait where one request is answered; there, only what
// stands ready in memory is answered, and the adapter asks for the rest where it holds up nobody.
enum class effort {
  whole,   // answer
  memory,  // answer what is in memory, and for other requests return `response::is_deferred`
  rest,    // answer a request that was deferred: what its client may ask for is counted already
};

struct request {
  // The adapter fills these in.
  std::string method{};
  std::string target{};  // a path, and a query behind a '?', as they were sent
  fields headers{};
  std::string body{};
  std::optional<request_error> refusal{};  // why the adapter refuses it; then no route gets it
  std::string peer{};                      // the address that the connection came from
  std::string prefix{};  // what was cut off the target, here or by a proxy; links start with it
  http::effort effort{};
  // If there is one, the response may come later (`response::later`): a route that makes use of
  // that calls it once, from any thread, when the response can be had. It neither throws nor waits.
  // A layer that looks at responses does so by `then`, or takes this away: then they come at once.
  std::function<void()> on_ready{};
  // Middleware fills these in.
  std::string client{};     // the client that limits count it for (http/rate_limits.hpp)
  bool is_client_shared{};  // that is a proxy that is not heard, and stands for many people
  std::string id{};         // names this request in logs and problems
  // The router fills these in.
  fields path{};   // what stands at the {names} of the route's pattern, decoded
  fields query{};  // the query's parameters, decoded
};

// The next part of a stream, and how the stream goes on behind it.
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

// The part of a response behind its body, if that is too long to hold in memory, or not over yet.
// Each call returns the next chunk, of some ten kilobytes. The adapter calls it from one thread at
// a time, and each call replaces the `wake` of the call before.
//
// What an adapter owes a stream: at `more` it asks again once the bytes are sent, so that a client
// that reads slowly holds up the stream and not the memory. At `waiting` it sends the bytes and
// asks again when `wake` is called, which may be before the call that got it returns, on any
// thread, and after the response is gone. After `heartbeat` it asks again even so; asked earlier, a
// stream without news may answer nothing, so it must not be asked in a loop. At `over` it ends the
// response in a way that the client takes for its whole. At `broken`, or if the stream throws, it
// breaks the connection off. It destroys the stream once the client is gone, and never while it is
// called. `http/pump.hpp` does this for an adapter that has a thread for each response.
using stream = std::function<chunk(const std::function<void()>& wake)>;
inline constexpr std::chrono::seconds heartbeat{15};

// Returns the next chunk of a stream. One that throws is broken.
chunk next_chunk(const stream& rest, const std::function<void()>& wake);

struct response;

// Makes a response that comes later: to be called once, when `request::on_ready` was. With
// `effort::memory` the result may be deferred, and then has the rest of the way as its own `later`.
using late_response = std::function<response(effort)>;

struct response {
  int status{200};
  fields headers{};
  std::string body{};  // for HEAD the same as for GET: the adapter leaves it out
  // To a request with `effort::memory`: the body, if it stands in memory for many. `body` is empty.
  std::shared_ptr<const std::string> shared_body{};
  stream rest{};             // if there is one, it follows the body, and the length is not known
  bool is_length_unknown{};  // for HEAD, whose body need not be made: no Content-Length
  bool is_deferred{};        // not answered: see `effort::memory`
  late_response later{};     // if there is one, the response is still to come, and this makes it
  // The pattern that answered, for logs and metrics. Valid as long as the router.
  std::string_view route{};
};

// Must be safe to call from any thread. The request is passed by reference, so that it is not moved
// at each layer; a function that takes a `request` by value is a handler too.
using handler = std::function<response(request&&)>;

// Returns what `finish` makes of a response: now, or once the response is there.
template <typename Finish>
response then(response answer, Finish finish);

// Returns whether two header names are the same; they compare without case (RFC 9110, section 5.1).
bool is_same_name(std::string_view a, std::string_view b);

// Returns a header's value, or a part of it, without the blanks around it (RFC 9110, section
// 5.6.3).
std::string_view trim(std::string_view text);

// Returns the value of the first header of that name.
std::optional<std::string_view> find_header(const fields& headers, std::string_view name);

// Makes the headers say one thing each. The lines of a list are joined (RFC 9110, section 5.3), so
// that `find_header` returns all of it. Returns the name of a header that must stand alone and does
// not; empty if there is none. So do those by which a request proves something, says what its body
// is, or when it is to be done. Where nothing depends on a header, as on User-Agent, nothing is
// refused.
std::string_view settle_headers(fields& headers);

// Whether `text` is a host and perhaps a port, as in a URL or the header Host, without a user.
bool is_authority(std::string_view text);

// Makes the target a path and a query, and nothing else (RFC 9112, section 3.2): of one that names
// the server ("http://host/path") the server's name becomes the header Host. "*" stays, of OPTIONS.
// Returns false, and changes nothing, if the target is none that a server may be asked for.
bool settle_target(request& asked);

// Returns the value of the first parameter of that name; these compare with case.
std::optional<std::string_view> find_field(const fields& all, std::string_view name);

// Returns `text` with %XX decoded, and in a query also '+' as a space. Nothing if a '%' is not
// followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text, bool is_query = false);

// Returns `text` as it can stand in a path or a query: all but RFC 3986's unreserved characters as
// %XX.
std::string percent_encode(std::string_view text);

// Returns the error for a broken percent-encoding; `where` is the field that it stands in.
error bad_encoding(std::string_view where);

// Returns the fields of "a=1&b=2"; `bad_encoding` of the first field that is broken.
result<fields> parse_query(std::string_view text);

// Returns whether a target asks about the service itself (/healthz, /readyz, /metrics, /version).
// Such a request waits for nothing and is never limited.
bool is_probe(std::string_view target);

// Returns a version as a strong entity tag (RFC 9110, section 8.8.3): "7-0123456789abcdef".
std::string to_etag(const stamp& of);
// The same of one of several representations: "7-0123456789abcdef-plain".
std::string to_etag(const stamp& of, std::string_view form);

// Returns whether a list of entity tags has `etag`, or is "*". In the weak comparison, for
// If-None-Match, "W/" does not count. In the strong one, for If-Match, a weak tag equals none (RFC
// 9110, section 8.8.3.2).
bool has_etag(std::string_view header, std::string_view etag, bool is_weak = true);
bool has_strong_etag(std::string_view header, std::string_view etag);

// --- definitions: what every header of a request goes through ---

inline bool is_same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

inline std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

inline std::optional<std::string_view> find_header(const fields& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (is_same_name(key, name)) return value;
  return std::nullopt;
}

inline std::optional<std::string_view> find_field(const fields& all, std::string_view name) {
  for (const auto& [key, value] : all)
    if (key == name) return value;
  return std::nullopt;
}

inline chunk next_chunk(const stream& rest, const std::function<void()>& wake) {
  auto next = guarded([&] { return rest(wake); });
  return next ? std::move(*next) : chunk{.then = chunk::state::broken};
}

template <typename Finish>
response then(response answer, Finish finish) {
  if (!answer.later) return finish(std::move(answer));
  late_response made = std::exchange(answer.later, nullptr);
  answer.later = [made = std::move(made), finish = std::move(finish)](effort effort) mutable {
    return then(made(effort), std::move(finish));
  };
  return answer;
}

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/message.ipp>
#endif

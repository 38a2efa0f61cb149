#pragma once
// http/httplib_in_memory.ipp - definitions of http/httplib_in_memory.hpp.

#include <comments/http/httplib_in_memory.hpp>

#include <comments/http/httplib/request.hpp>
#include <comments/http/httplib/response.hpp>

#include <sys/types.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

// What cpp-httplib takes for a connection. Which of these are virtual differs between its versions,
// so none says `override`.
class memory_stream final : public httplib::Stream {
 public:
  memory_stream(std::string_view from, std::string_view peer, std::string& to)
      : from_{from}, peer_{peer}, to_{to} {}

  bool is_readable() const { return !from_.empty(); }
  bool is_writable() const { return true; }
  bool wait_readable() const { return is_readable(); }
  bool wait_writable() const { return true; }
  bool is_peer_alive() const { return true; }
  ssize_t read(char* to, std::size_t size) {
    const std::size_t count = std::min(size, from_.size());
    std::memcpy(to, from_.data(), count);
    from_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, std::size_t size) {
    to_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const {
    ip = peer_;
    port = 0;
  }
  void get_local_ip_and_port(std::string&, int&) const {}
  socket_t socket() const { return -1; }  // cpp-httplib refuses those that select() cannot watch
  time_t duration() const { return 0; }

 private:
  std::string_view from_;
  std::string_view peer_;
  std::string& to_;
};

// Returns "Mon, 23 Nov 2026 19:17:05 GMT" (RFC 9110, section 5.6.7), made once a second.
inline const std::string& http_date() {
  static thread_local std::time_t second = -1;
  static thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now == second) return text;
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char written[32];
  // Not %a and %b, which speak the language of the program's locale.
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto name = [](std::string_view names, int at) {
    return std::string{names.substr(static_cast<std::size_t>(at) * 3, 3)};
  };
  std::string made = name(days, parts.tm_wday) + ", ";
  made.append(written, std::strftime(written, sizeof written, "%d ", &parts));
  made += name(months, parts.tm_mon);
  made.append(written, std::strftime(written, sizeof written, " %Y %H:%M:%S GMT", &parts));
  text = std::move(made);
  second = now;
  return text;
}

}  // namespace detail

COMMENTS_INLINE httplib_in_memory::httplib_in_memory() {
  set_pre_routing_handler([](const httplib::Request& from, httplib::Response& to) {
    exchange& now = *current_;
    return now.is_ours ? route(now, from, to) : HandlerResponse::Unhandled;
  });
  set_error_handler([](const httplib::Request& from, httplib::Response& to) {
    exchange& now = *current_;
    if (!now.is_ours || now.is_answered) return;
    constexpr int bad_range = 416;  // no reason to refuse: RFC 9110, section 14.2, has it ignored
    if (!now.refusal && to.status != bad_range) now.refusal = detail::error_of_status(to.status);
    route(now, from, to);
  });
  set_post_routing_handler(
      [](const httplib::Request&, httplib::Response& to) { finish(*current_, to); });
}

COMMENTS_INLINE void httplib_in_memory::mount(handler api, std::string prefix) {
  api_ = std::move(api);
  prefix_ = detail::to_prefix(std::move(prefix));
}

COMMENTS_INLINE bool httplib_in_memory::is_ours(std::string_view target) const {
  if (prefix_.empty()) return true;
  if (!target.starts_with('/')) {  // it may name the server first
    request named{.target = std::string{target}};
    return settle_target(named) && is_ours(named.target);
  }
  if (!target.starts_with(prefix_)) return false;
  if (target.size() == prefix_.size()) return true;
  const char next = target[prefix_.size()];
  return next == '/' || next == '?';
}

COMMENTS_INLINE bool httplib_in_memory::may_be_ready(const wire_request& asked) const {
  const std::string_view method = asked.method;
  const bool only_reads = method == "GET" || method == "HEAD" || method == "OPTIONS";
  return only_reads && is_ours(asked.target);
}

COMMENTS_INLINE bool httplib_in_memory::is_probe(const wire_request& asked) const {
  if (asked.method == "OPTIONS") return true;
  return is_ours(asked.target) && http::is_probe(asked.target.substr(prefix_.size()));
}

COMMENTS_INLINE wire_response httplib_in_memory::handle(const wire_request& asked) {
  return answer({.owner = this, .asked = &asked});
}

COMMENTS_INLINE wire_response httplib_in_memory::handle_later(const wire_request& asked,
                                                              late_response later) {
  return answer({.owner = this, .asked = &asked, .later = std::move(later)});
}

COMMENTS_INLINE wire_response httplib_in_memory::answer(exchange now) {
  const wire_request& asked = *now.asked;
  wire_response made{.is_last = asked.is_last};
  try {
    now.made = &made;
    now.refusal = asked.refusal;
    now.is_ours = asked.refusal || is_ours(asked.target);
    if (now.is_ours && !now.refusal)
      now.refusal = detail::check_method(asked.method, asked.has_body);
    current_ = &now;
    const bool goes_past = asked.effort == effort::memory || asked.on_ready || now.later;
    const bool may_go_past = goes_past && now.is_ours && !now.refusal;
    if (!may_go_past || !answer_ready(now)) process(now, made.head);
  } catch (...) {  // the head may be a part of one
    made = {.is_last = true};
  }
  current_ = nullptr;
  if (asked.method == "HEAD") {
    made.rest = nullptr;
    made.body.clear();
    made.shared_body = nullptr;
  }
  if (made.head.empty() && !made.is_deferred && !made.later) made.is_last = true;
  return made;
}

// --- past cpp-httplib ----------------------------------------------------------------------------

namespace detail {

inline void append_header(std::string& to, std::string_view name, std::string_view value) {
  const bool has_line_end = value.find('\r') != value.npos || value.find('\n') != value.npos;
  if (has_line_end) return;  // cpp-httplib leaves these out, too
  to.append(name).append(": ").append(value).append("\r\n");
}

// Headers that are about the connection or the body's length, which this adapter alone knows. The
// last has the text of an exception, which no client may see.
inline constexpr std::array about_connection{"Connection", "Keep-Alive", "EXCEPTION_WHAT"};
inline constexpr std::array about_length{"Accept-Ranges", "Content-Length"};

inline bool is_ours_alone(std::string_view name) {
  const auto is_it = [name](const char* other) { return is_same_name(name, other); };
  return std::ranges::any_of(about_connection, is_it) || std::ranges::any_of(about_length, is_it);
}

// Returns the first line of the responses that are mostly ready; empty for others.
inline std::string_view status_line(int status) {
  if (status == 200) return "HTTP/1.1 200 OK\r\n";
  if (status == 201) return "HTTP/1.1 201 Created\r\n";
  return status == 304 ? "HTTP/1.1 304 Not Modified\r\n" : "";
}

inline std::size_t body_size(const wire_response& made) {
  return made.shared_body ? made.shared_body->size() : made.body.size();
}

// Writes a head as cpp-httplib and `finish` would.
inline void write_head(const response& from, const wire_request& asked, wire_response& to) {
  const bool has_body = body_size(to) > 0 || from.is_length_unknown;
  bool has_type = !has_body;
  std::string& head = to.head;
  head.reserve(512);
  head = status_line(from.status);
  for (const auto& [name, value] : from.headers) {
    const bool is_type = is_same_name(name, "Content-Type");
    has_type |= is_type;
    if ((!is_type || has_body) && !is_ours_alone(name))
      append_header(head, is_type ? "Content-Type" : name, value);
  }
  if (!has_type) append_header(head, "Content-Type", "application/octet-stream");
  append_header(head, "X-Content-Type-Options", "nosniff");
  if (!from.is_length_unknown && from.status != 304)
    append_header(head, "Content-Length", std::to_string(body_size(to)));
  if (to.is_last)
    append_header(head, "Connection", "close");
  else if (asked.is_http_1_0)
    append_header(head, "Connection", "keep-alive");
  append_header(head, "Date", http_date());
  head += "\r\n";
}

}  // namespace detail

// Has the API answer what it has in memory, or what may come later. Returns false if cpp-httplib is
// to write the response.
COMMENTS_INLINE bool httplib_in_memory::answer_ready(exchange& now) {
  const late_response later = std::exchange(now.later, nullptr);
  response made = later ? later(now.asked->effort) : api_(to_request(now));
  now.made->is_deferred = made.is_deferred;
  now.made->later = std::move(made.later);
  if (made.is_deferred || now.made->later) return true;
  if (made.rest || detail::status_line(made.status).empty()) {
    now.ready = std::move(made);
    return false;
  }
  now.made->body = std::move(made.body);
  now.made->shared_body = std::move(made.shared_body);
  detail::write_head(made, *now.asked, *now.made);
  return true;
}

// Returns what was sent, and not what cpp-httplib makes of it: it percent-decodes the values of
// headers.
COMMENTS_INLINE request httplib_in_memory::to_request(exchange& now) {
  const wire_request& sent = *now.asked;
  request asked{.method = std::string{sent.method},
                .target = std::string{sent.target},
                .headers = headers_in(sent.bytes),
                .refusal = std::move(now.refusal),
                .peer = std::string{sent.peer},
                .effort = sent.effort,
                .on_ready = sent.on_ready};
  detail::cut_prefix(asked, now.owner->prefix_);
  if (!asked.refusal) asked.body = sent.body;
  return asked;
}

// --- on the way through cpp-httplib --------------------------------------------------------------

// Has cpp-httplib answer the request, or one that it can read in its place: the handlers know which
// it was.
COMMENTS_INLINE void httplib_in_memory::process(const exchange& now, std::string& to) {
  const wire_request& asked = *now.asked;
  if (asked.bytes.empty()) {
    process("GET / HTTP/1.1\r\n\r\n", asked.peer, to);
    return;
  }
  // A method that is refused may be one that cpp-httplib does not know.
  if (now.refusal && now.refusal->code == request_errc::method_not_allowed) {
    process("GET" + std::string{asked.bytes.substr(asked.method.size())}, asked.peer, to);
    return;
  }
  process(asked.bytes, asked.peer, to);
}

COMMENTS_INLINE void httplib_in_memory::process(std::string_view bytes, std::string_view peer,
                                                std::string& to) {
  detail::memory_stream memory{bytes, peer, to};
  bool is_closed = false;
  call(*this, memory, std::string{peer}, is_closed, 0);
}

template <typename Self>
auto httplib_in_memory::call(Self& server, httplib::Stream& memory, const std::string& peer,
                             bool& is_closed, int)
    -> decltype(server.process_request(memory, peer, 0, peer, 0, true, is_closed, nullptr)) {
  return server.process_request(memory, peer, 0, peer, 0, true, is_closed, nullptr);
}

template <typename Self>
auto httplib_in_memory::call(Self& server, httplib::Stream& memory, const std::string&,
                             bool& is_closed, long)
    -> decltype(server.process_request(memory, true, is_closed, nullptr)) {
  return server.process_request(memory, true, is_closed, nullptr);
}

// Answers by the API. The body goes past cpp-httplib, which would copy it twice.
COMMENTS_INLINE httplib_in_memory::HandlerResponse httplib_in_memory::route(
    exchange& now, const httplib::Request& from, httplib::Response& to) {
  if (now.refusal && now.refusal->code == request_errc::method_not_allowed)
    to.set_header("Allow", detail::allowed_methods);
  response made = now.ready ? *std::exchange(now.ready, {}) : now.owner->api_(to_request(now));
  now.made->is_deferred = made.is_deferred;
  now.is_length_unknown = made.is_length_unknown;
  const std::string type = detail::write_head(made, from, to);
  now.made->body = std::move(made.body);
  now.made->shared_body = std::move(made.shared_body);
  if (detail::body_size(*now.made) > 0 || made.rest || made.is_length_unknown)
    to.set_header("Content-Type", type);
  now.made->rest = std::move(made.rest);
  now.is_answered = true;
  return HandlerResponse::Handled;
}

// Sets the headers that are about the connection, which cpp-httplib does not know, and the date.
COMMENTS_INLINE void httplib_in_memory::finish(exchange& now, httplib::Response& to) {
  const wire_request& asked = *now.asked;
  wire_response& made = *now.made;
  made.head.clear();  // "100 Continue": the connection has said that if it was due
  for (const char* name : detail::about_connection) to.headers.erase(name);
  if (now.is_ours) {
    for (const char* name : detail::about_length) to.headers.erase(name);
    if (!made.rest && !now.is_length_unknown && to.status != 204 && to.status != 304)
      to.headers.emplace("Content-Length", std::to_string(detail::body_size(made)));
  }
  if (made.rest) {
    made.is_chunked = !asked.is_http_1_0;
    made.is_last |= asked.is_http_1_0;  // the end of the connection is the end of the body
  }
  if (made.is_chunked) {
    to.headers.emplace("Transfer-Encoding", "chunked");
    std::string start;
    append_chunked(start, made.body);
    made.body = std::move(start);
  }
  if (made.is_last)
    to.headers.emplace("Connection", "close");
  else if (asked.is_http_1_0)
    to.headers.emplace("Connection", "keep-alive");
  to.headers.emplace("Date", detail::http_date());
}

}  // namespace comments::inline v0::http

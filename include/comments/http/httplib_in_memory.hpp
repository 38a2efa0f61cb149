#pragma once
// http/httplib_in_memory.hpp - cpp-httplib without sockets: one whole request in, its answer out.
//
// cpp-httplib reads requests, routes them and writes answers, here on memory instead of a
// connection; so whoever owns the connections (`event_server`) needs no thread for each. It is an
// httplib::Server: a program adds routes of its own to it as to any other.
//
//   engine answers;
//   answers.serve(routes(service), "/comments");
//   answers.Get("/mine", …);
//   wire_answer made = answers.answer({.bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", …});

#include <comments/http/httplib.hpp>
#include <comments/http/message.hpp>
#include <comments/http/problem.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

// A request whose frame is known. `bytes` begin with its method and hold all of it; if it is
// refused they hold its head, or nothing. `body` is out of its chunks, if it came in some.
struct wire_request {
  std::string_view bytes{};
  std::string_view method{};
  std::string_view target{};
  std::string_view body{};
  std::string_view peer{};
  bool has_body{};
  bool is_http_1_0{};
  bool is_last{};                          // the connection ends with its answer
  std::optional<request_error> refusal{};  // why it is refused
};

// The answer is `head`, `body` and the pieces of `rest`, if there is one; in chunks if
// `is_chunked`. Without a head the connection can only be closed.
struct wire_answer {
  std::string head{};
  std::string body{};
  stream rest{};
  bool is_chunked{};
  bool is_last{};
};

namespace detail {

// Whether a request's head has an Authorization header.
inline bool has_proof(std::string_view head) {
  constexpr std::string_view name = "authorization:";
  for (std::size_t end = head.find('\n'); end != head.npos; end = head.find('\n')) {
    head.remove_prefix(end + 1);
    if (is_same_name(head.substr(0, name.size()), name)) return true;
  }
  return false;
}

// What cpp-httplib takes for a connection. Not all of these are virtual in all of its versions.
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
  socket_t socket() const { return -1; }  // it refuses numbers that select() could not watch
  time_t duration() const { return 0; }

 private:
  std::string_view from_;
  std::string_view peer_;
  std::string& to_;
};

// "Mon, 23 Nov 2026 19:17:05 GMT" (RFC 9110, section 5.6.7), which changes once a second.
inline const std::string& http_date() {
  static thread_local std::time_t second = -1;
  static thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now == second) return text;
  second = now;
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char written[32];
  // Not %a and %b, which speak the language of the host's program.
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto name = [](std::string_view names, int at) {
    return std::string{names.substr(static_cast<std::size_t>(at) * 3, 3)};
  };
  text = name(days, parts.tm_wday) + ", ";
  text.append(written, std::strftime(written, sizeof written, "%d ", &parts));
  text += name(months, parts.tm_mon);
  text.append(written, std::strftime(written, sizeof written, " %Y %H:%M:%S GMT", &parts));
  return text;
}

// Writes `text` as a chunk, or nothing, because an empty one would be the last.
inline void append_chunk(std::string& to, std::string_view text) {
  if (text.empty()) return;
  char size[24];
  const auto written = std::to_chars(size, size + sizeof size, text.size(), 16);
  to.append(size, written.ptr).append("\r\n").append(text).append("\r\n");
}

}  // namespace detail

// Its pre-routing, post-routing and error handlers are taken. Routes are added before the first
// request; then `answer` may be called from any thread. What a route of the program's own streams
// is held in memory until it ends, and a WebSocket finds its connection closed.
class engine final : public httplib::Server {
 public:
  engine() {
    set_pre_routing_handler([](const httplib::Request& from, httplib::Response& to) {
      exchange& now = *current_;
      return now.is_ours ? route(now, from, to) : HandlerResponse::Unhandled;
    });
    set_error_handler([](const httplib::Request& from, httplib::Response& to) {
      exchange& now = *current_;
      if (!now.is_ours || now.is_answered) return;
      if (!now.refusal) now.refusal = detail::refusal_of(to.status);
      route(now, from, to);
    });
    set_post_routing_handler(
        [](const httplib::Request&, httplib::Response& to) { finish(*current_, to); });
  }

  // Answers everything below `prefix` ("" or "/something") with `api`, past cpp-httplib's routes.
  // Requests that cannot be read are refused by it too, so that they are counted and logged. Call
  // it once, before the first request.
  void serve(handler api, std::string prefix = {}) {
    api_ = std::move(api);
    options_.prefix = detail::to_prefix(std::move(prefix));
  }

  // Whether `serve`'s API answers this target, and not a route of the program's own.
  bool is_ours(std::string_view target) const {
    const std::string& prefix = options_.prefix;
    return target.starts_with(prefix) &&
           (prefix.empty() || target.size() == prefix.size() || target[prefix.size()] == '/' ||
            target[prefix.size()] == '?');
  }

  // Whether the answer comes from memory or a short reading, and so without waiting. Routes of the
  // program's own may do anything; who proves who they are may search through everything.
  bool is_quick(const wire_request& asked) const {
    const std::string_view method = asked.method;
    return (method == "GET" || method == "HEAD" || method == "OPTIONS") && is_ours(asked.target) &&
           !detail::has_proof(asked.bytes);
  }

  bool is_probe(const wire_request& asked) const {
    return asked.method == "OPTIONS" ||
           (is_ours(asked.target) && http::is_probe(asked.target.substr(options_.prefix.size())));
  }

  // Never throws; out of memory there is an answer without bytes.
  wire_answer answer(const wire_request& asked) {
    wire_answer made{.is_last = asked.is_last};
    try {
      exchange now{this, &asked, &made, asked.refusal, asked.refusal || is_ours(asked.target)};
      if (now.is_ours && !now.refusal)
        now.refusal = detail::refusal_of(asked.method, asked.has_body);
      current_ = &now;
      process(now, made.head);
    } catch (...) {  // what is written is not all of it
      made = {.is_last = true};
    }
    current_ = nullptr;
    if (asked.method == "HEAD") {
      made.rest = nullptr;
      made.body.clear();
    }
    if (made.head.empty()) made.is_last = true;
    return made;
  }

 private:
  // What the handlers must know of the request that is being answered on this thread.
  struct exchange {
    engine* owner{};
    const wire_request* asked{};
    wire_answer* made{};
    std::optional<request_error> refusal{};  // the connection's, ours or cpp-httplib's
    bool is_ours{};
    bool is_answered{};
  };
  static inline thread_local exchange* current_ = nullptr;

  void process(const exchange& now, std::string& to) {
    const wire_request& asked = *now.asked;
    if (asked.bytes.empty()) return run("GET / HTTP/1.1\r\n\r\n", asked.peer, to);
    // A method that is refused may be one that cpp-httplib does not know.
    if (now.refusal && now.refusal->code == request_errc::method_not_allowed)
      return run("GET" + std::string{asked.bytes.substr(asked.method.size())}, asked.peer, to);
    run(asked.bytes, asked.peer, to);
  }

  void run(std::string_view bytes, std::string_view peer, std::string& to) {
    detail::memory_stream memory{bytes, peer, to};
    bool is_closed = false;
    call(*this, memory, std::string{peer}, is_closed, 0);
  }

  // Four arguments up to cpp-httplib 0.17, more later. It is told that the connection closes, so
  // that it does not say otherwise; what is true of it, `finish` says.
  template <typename Server>
  static auto call(Server& on, httplib::Stream& on_memory, const std::string& peer, bool& closed,
                   int)
      -> decltype(on.process_request(on_memory, peer, 0, peer, 0, true, closed, nullptr)) {
    return on.process_request(on_memory, peer, 0, peer, 0, true, closed, nullptr);
  }
  template <typename Server>
  static auto call(Server& on, httplib::Stream& on_memory, const std::string&, bool& closed, long)
      -> decltype(on.process_request(on_memory, true, closed, nullptr)) {
    return on.process_request(on_memory, true, closed, nullptr);
  }

  static HandlerResponse route(exchange& now, const httplib::Request& from, httplib::Response& to) {
    request asked = detail::to_request(from, now.owner->options_);
    asked.method = now.asked->method;
    asked.refusal = std::move(now.refusal);
    if (asked.refusal && asked.refusal->code == request_errc::method_not_allowed)
      to.set_header("Allow", detail::methods_anywhere);
    if (!asked.refusal) asked.body = now.asked->body;
    response answer = now.owner->api_(std::move(asked));
    const std::string type = detail::write_head(answer, from, to);
    if (!answer.body.empty() || answer.rest) to.set_header("Content-Type", type);
    now.made->body = std::move(answer.body);  // past cpp-httplib, which would copy it twice
    now.made->rest = std::move(answer.rest);
    now.is_answered = true;
    return HandlerResponse::Handled;
  }

  // The headers that are about the connection, which cpp-httplib does not have.
  static void finish(exchange& now, httplib::Response& to) {
    const wire_request& asked = *now.asked;
    wire_answer& made = *now.made;
    made.head.clear();  // "100 Continue", which the connection has said if it was due
    // The last is what an exception said, and no client's business.
    for (const char* name : {"Connection", "Keep-Alive", "EXCEPTION_WHAT"}) to.headers.erase(name);
    if (now.is_ours) {
      for (const char* name : {"Accept-Ranges", "Content-Length"}) to.headers.erase(name);
      if (!made.rest && to.status != 204 && to.status != 304)
        to.headers.emplace("Content-Length", std::to_string(made.body.size()));
    }
    if (made.rest) {
      made.is_chunked = !asked.is_http_1_0;
      made.is_last |= asked.is_http_1_0;  // its end is the connection's
      if (made.is_chunked) {
        to.headers.emplace("Transfer-Encoding", "chunked");
        std::string start;
        detail::append_chunk(start, made.body);
        made.body = std::move(start);
      }
    }
    if (made.is_last)
      to.headers.emplace("Connection", "close");
    else if (asked.is_http_1_0)
      to.headers.emplace("Connection", "keep-alive");
    to.headers.emplace("Date", detail::http_date());
  }

  handler api_{};
  mount_options options_{};
};

}  // namespace comments::http

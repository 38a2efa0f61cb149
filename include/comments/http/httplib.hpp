#pragma once
// http/httplib.hpp - the API on a cpp-httplib server. httplib.h lives here only.
//
// `mount` adds the API to any httplib::Server, also below a prefix beside other people's routes.
// `configure` and `mount_refusals` are for a server that serves nothing else. Works with
// cpp-httplib 0.11.4 (Debian 12) to 0.41.0; where they differ, it is dealt with here.
//
//   httplib::Server server;
//   mount(server, routes(service), {.prefix = "/comments"});
//   server.listen("127.0.0.1", 8000);

#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/problem.hpp>

#include <httplib.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

struct mount_options {
  std::string prefix{};  // "" or "/something"; links in answers start with it
  std::size_t request_bytes_max{request_limits{}.request_bytes_max};
  // How much of a body over its limit is read and thrown away, so that the client hears the refusal
  // instead of a reset. Of a longer one nothing is read, and the connection is closed.
  std::size_t discard_bytes_max{1'048'576};
};

// A server's own limits, for `configure`.
struct server_options {
  std::size_t threads{64};  // connections that are served at once; further ones wait
  std::size_t requests_per_connection_max{1000};
  std::chrono::seconds read_timeout{5};
  std::chrono::seconds write_timeout{5};
  std::chrono::seconds idle_timeout{2};  // 0.11.4 does not look up from it, not even to stop
};

namespace detail {

// "/something" or "", however it was written.
inline std::string to_prefix(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text.empty() || text.front() == '/' ? text : "/" + text;
}

// What cpp-httplib puts among the headers although no client sent it (up to 0.15).
inline bool is_invented(std::string_view name) {
  return name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" ||
         name == "LOCAL_PORT";
}

// Whether the headers of one name come in the wrong order: from 0.16 on cpp-httplib keeps them in
// a hash table, and what that does with equal names is up to the standard library.
inline bool has_last_first() {
  static const bool is_so = [] {
    httplib::Headers two;
    two.emplace("A", "1");
    two.emplace("A", "2");
    return two.begin()->second == "2";
  }();
  return is_so;
}

// A target that hides the prefix (encoded, or behind a host) is left whole: no route answers to it.
inline request to_request(const httplib::Request& from, const mount_options& options) {
  request asked{.method = from.method,
                .target = from.target,
                .peer = from.remote_addr,
                .prefix = options.prefix};
  if (asked.target.starts_with(options.prefix)) asked.target.erase(0, options.prefix.size());
  for (const auto& [name, value] : from.headers)
    if (!is_invented(name)) asked.headers.emplace_back(name, value);
  if (has_last_first()) std::ranges::reverse(asked.headers);
  return asked;
}

// How a body is framed (RFC 9112, section 6), as far as cpp-httplib lets it be known.
struct framing {
  bool is_broken{};  // no one length, or in doubt: nothing behind the head can be trusted
  bool is_chunked{};
  std::uint64_t length{};

  bool has_body() const { return is_broken || is_chunked || length > 0; }
};

inline framing read_framing(const httplib::Request& from) {
  const std::size_t lengths = from.get_header_value_count("Content-Length");
  const std::size_t encodings = from.get_header_value_count("Transfer-Encoding");
  framing found{.is_chunked = encodings > 0};
  // "Content-Length : 5", which somebody on the way here may have taken for a length.
  const auto is_spaced = [](const auto& header) {
    return header.first.find_first_of(" \t") != std::string::npos;
  };
  found.is_broken =
      lengths + encodings > 1 || std::ranges::any_of(from.headers, is_spaced) ||
      (found.is_chunked && !is_same_name(from.get_header_value("Transfer-Encoding"), "chunked"));
  if (lengths == 0) return found;
  const std::string text = from.get_header_value("Content-Length");
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), found.length);
  if (code != std::errc{} || end != text.data() + text.size()) found.is_broken = true;
  return found;
}

inline request_error not_whole() {
  return {request_errc::malformed, "The body did not arrive whole."};
}

// Reads the body into `asked`, one byte over its limit at most. Whether nothing of it is left on
// the connection.
inline bool read_body(const httplib::Request& from, const httplib::ContentReader& reader,
                      const mount_options& options, request& asked) {
  const framing frame = read_framing(from);
  if (frame.is_broken) asked.refusal = not_whole();
  if (frame.is_broken || !frame.has_body()) return !frame.is_broken;
  // A coded body is not read, so that nobody has to trust how it unpacks; the routes refuse it.
  const std::string coding = from.get_header_value("Content-Encoding");
  if (!coding.empty() && !is_same_name(coding, "identity")) return false;
  const_cast<httplib::Request&>(from).headers.erase("Content-Encoding");  // 0.41 knows no identity
  const std::size_t bytes_max = options.request_bytes_max + options.discard_bytes_max;
  if (frame.length > bytes_max) {
    asked.refusal = body_too_large(options.request_bytes_max);
    return false;
  }
  std::size_t seen = 0;
  const auto take = [&](const char* bytes, std::size_t size) {
    seen += size;
    const std::size_t room = options.request_bytes_max + 1 - asked.body.size();
    asked.body.append(bytes, std::min(size, room));
    return seen <= bytes_max;
  };
  // Forms are not for us, but they must be read past, and cpp-httplib reads them in its own way.
  if (from.is_multipart_form_data()) return reader([](const auto&) { return true; }, take);
  const bool is_whole = reader(take);
  if (!is_whole && seen <= bytes_max) asked.refusal = not_whole();
  if (seen > options.request_bytes_max) asked.refusal = body_too_large(options.request_bytes_max);
#ifndef CPPHTTPLIB_VERSION_NUM
  if (frame.is_chunked) return false;  // 0.11 takes a chunk with a wrong end for the last one
#endif
  return is_whole;
}

// Makes an answer the connection's last, in the ways that cpp-httplib knows: a header, and a body
// whose provider gives up once all of it is sent. What is left of the request is made to look like
// a GET, so that HEAD ends the connection too and nobody waits for a body to throw away.
inline void write_last(std::string body, const std::string& type, httplib::Request& from,
                       httplib::Response& to) {
  const bool is_head = from.method == "HEAD";
  from.method = "GET";
  for (const char* name : {"Connection", "Content-Length", "Transfer-Encoding"})
    from.headers.erase(name);
  from.headers.emplace("Connection", "close");
  if (body.empty()) body = "\n";  // a provider needs something to provide
  const std::size_t size = body.size();
  to.set_content_provider(size, type,
                          [is_head, body = std::move(body)](std::size_t offset, std::size_t length,
                                                            httplib::DataSink& sink) {
                            if (!is_head) sink.write(body.data() + offset, length);
                            return false;
                          });
}

// Takes from a request what cpp-httplib would do badly with its answer. The request is its own,
// local and not const, so changing it is allowed.
inline void simplify(httplib::Request& from) {
  // It would cut ranges out of any answer; RFC 9110, section 14.2, lets a server ignore them.
  from.ranges.clear();
  // It would pack each answer anew, with brotli at the highest setting: 110 ms for a page of 50
  // comments. What is worth it comes packed already (http/gzip.hpp).
  from.headers.erase("Accept-Encoding");
}

// Rings for one who waits; a ring that nobody waits for is not lost.
class alarm final {
 public:
  void ring() {
    const std::lock_guard lock{mutex_};
    has_rung_ = true;
    heard_.notify_one();
  }
  void wait_for(std::chrono::seconds patience) {
    std::unique_lock lock{mutex_};
    heard_.wait_for(lock, patience, [&] { return has_rung_; });
    has_rung_ = false;
  }

 private:
  std::mutex mutex_{};
  std::condition_variable heard_{};
  bool has_rung_{};
};

// Whether `bytes` went out. An empty text must not be written: 0.11.4 takes it for the end.
inline bool write_piece(const std::string& bytes, httplib::DataSink& sink) {
  return bytes.empty() || sink.write(bytes.data(), bytes.size());
}

// Writes a body and the stream behind it, in chunks. What is `broken` ends without the last chunk.
// A client of HTTP/1.0 knows no chunks: for it, and for the `is_last`, the end of the connection is
// the end of the answer. A thread that has nothing to write waits; it is this connection's own.
inline void write_stream(response answer, const std::string& type, bool is_last,
                         httplib::Request& from, httplib::Response& to) {
  struct going_on {
    std::string body{};
    stream rest{};
  };
  const auto woken = std::make_shared<alarm>();  // apart, because the stream may hold who rings
  const auto state = std::make_shared<going_on>();
  state->body = std::move(answer.body);
  state->rest = std::move(answer.rest);
  const bool has_chunks = !is_last && from.version != "HTTP/1.0";
  const auto provide = [state, woken, has_chunks](std::size_t, httplib::DataSink& sink) {
    const std::string body = std::exchange(state->body, {});
    if (!body.empty()) return write_piece(body, sink);
    const chunk next = state->rest([woken] { woken->ring(); });
    if (next.then == chunk::state::broken || !write_piece(next.bytes, sink)) return false;
    if (next.then == chunk::state::waiting) woken->wait_for(heartbeat);
    if (next.then != chunk::state::over) return true;
    if (has_chunks) sink.done();
    return has_chunks;
  };
  if (has_chunks) return to.set_chunked_content_provider(type, provide);
  from.headers.erase("Connection");
  from.headers.emplace("Connection", "close");
  to.set_content_provider(type, provide);
}

// Writes all of `answer` but its body, and gives the body's type.
inline std::string write_head(response& answer, const httplib::Request& from,
                              httplib::Response& to) {
  simplify(const_cast<httplib::Request&>(from));
  to.status = answer.status;
  std::string type = "application/octet-stream";
  for (const auto& [name, value] : answer.headers) {
    if (is_same_name(name, "Content-Type"))
      type = value;
    else
      to.set_header(name, value);
  }
  to.set_header("X-Content-Type-Options", "nosniff");
  return type;
}

// Writes `answer` out.
inline void write(response answer, bool is_last, const httplib::Request& from,
                  httplib::Response& to) {
  auto& mutable_from = const_cast<httplib::Request&>(from);
  const std::string type = write_head(answer, from, to);
  if (answer.rest)
    write_stream(std::move(answer), type, is_last, mutable_from, to);
  else if (is_last)
    write_last(std::move(answer.body), type, mutable_from, to);
  else if (!answer.body.empty())
    to.set_content(answer.body, type);
}

// `text` as a regular expression that means just that, and ("/:") as no pattern of cpp-httplib's.
inline std::string escape_regex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view{R"(\^$.|?*+()[]{}:)"}.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// What a method that nothing here takes is told.
inline constexpr const char* methods_anywhere = "GET, HEAD, OPTIONS, POST";

// Why no route need be asked, if there is a reason.
inline std::optional<request_error> refusal_of(std::string_view method, bool has_body) {
  const auto is = [&](auto... methods) { return ((method == methods) || ...); };
  if (is("POST", "PUT", "PATCH", "DELETE")) return std::nullopt;
  if (!is("GET", "HEAD", "OPTIONS"))
    return request_error{request_errc::method_not_allowed, "Nothing here takes that method."};
  if (has_body) return request_error{request_errc::malformed, "A body was not expected."};
  return std::nullopt;
}

// cpp-httplib would read the body into memory, whatever its length, of methods without routes, and
// would take it for the next request where none belongs.
inline std::optional<request_error> refusal_of(const httplib::Request& from) {
  return refusal_of(from.method, read_framing(from).has_body());
}

// Why cpp-httplib refused a request, by the status that it chose.
inline request_error refusal_of(int status) {
  const auto* kind =
      std::ranges::find(request_error_kinds, status, &problem_kind<request_errc>::status);
  auto code = status >= 500 ? request_errc::overloaded : request_errc::malformed;
  if (kind != std::end(request_error_kinds)) code = kind->code;
  return {code, "The request could not be read."};
}

// The last answer on a connection whose request no route saw. Where it ends, nobody knows.
inline void refuse(const handler& api, request_error why, const httplib::Request& from,
                   httplib::Response& to) {
  request asked = to_request(from, {});
  if (why.code == request_errc::method_not_allowed) to.set_header("Allow", methods_anywhere);
  asked.refusal = std::move(why);
  write(api(std::move(asked)), true, from, to);
}

}  // namespace detail

// Answers everything below `options.prefix` with `api`. Call it before the server listens; `api` is
// copied. Does not touch the server's own settings.
inline void mount(httplib::Server& server, handler api, mount_options options = {}) {
  options.prefix = detail::to_prefix(std::move(options.prefix));
  const auto answer = [api, options](const httplib::Request& from, httplib::Response& to) {
    request asked = detail::to_request(from, options);
    asked.refusal = detail::refusal_of(from);  // nobody reads a body here
    const bool is_last = asked.refusal.has_value();
    detail::write(api(std::move(asked)), is_last, from, to);
  };
  const auto answer_with_body = [api, options](const httplib::Request& from, httplib::Response& to,
                                               const httplib::ContentReader& reader) {
    request asked = detail::to_request(from, options);
    const bool is_last = !detail::read_body(from, reader, options, asked);
    detail::write(api(std::move(asked)), is_last, from, to);
  };
  // [\s\S] and not '.', which would stop at an encoded line break. Without a prefix everything is
  // ours, also "*" and "http://host/path".
  const std::string pattern = options.prefix.empty()
                                  ? R"([\s\S]*)"
                                  : detail::escape_regex(options.prefix) + R"((?:/[\s\S]*)?)";
  server.Get(pattern, answer);
  server.Options(pattern, answer);
  server.Post(pattern, answer_with_body);
  server.Put(pattern, answer_with_body);
  server.Patch(pattern, answer_with_body);
  server.Delete(pattern, answer_with_body);
}

// Gives a server that serves nothing but comments its limits. Call it before the server binds.
inline void configure(httplib::Server& server, const server_options& options = {}) {
  // cpp-httplib lets 5 connections wait to be accepted; the kernel drops what comes on top, and its
  // client tries again a second later. The pool is made once the socket listens, which is the time
  // to ask for more; of a copy of the socket, because the server's own may be closed by then.
  const auto listening = std::make_shared<std::atomic<int>>(-1);
  server.new_task_queue = [threads = options.threads, listening] {
    const int socket = listening->exchange(-1);
    if (socket >= 0) {
      ::listen(socket, SOMAXCONN);
      ::close(socket);
    }
    return new httplib::ThreadPool(threads);
  };
  server.set_keep_alive_max_count(options.requests_per_connection_max);
  server.set_keep_alive_timeout(options.idle_timeout.count());
  server.set_read_timeout(options.read_timeout);
  server.set_write_timeout(options.write_timeout);
  server.set_tcp_nodelay(true);
  // cpp-httplib would let a second server share the port and take half of the requests.
  server.set_socket_options([listening](socket_t socket) {
    const int before = listening->exchange(::dup(socket));
    if (before >= 0) ::close(before);
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

// Answers with `api` what cpp-httplib would refuse on its own, or had better: as problems, named,
// counted and logged like everything else. For a server that serves nothing but comments.
inline void mount_refusals(httplib::Server& server, handler api) {
  server.set_pre_routing_handler([api](const httplib::Request& from, httplib::Response& to) {
    using outcome = httplib::Server::HandlerResponse;
    auto why = detail::refusal_of(from);
    if (!why) return outcome::Unhandled;
    detail::refuse(api, std::move(*why), from, to);
    return outcome::Handled;
  });
  server.set_error_handler([api](const httplib::Request& from, httplib::Response& to) {
    if (!to.has_header("X-Request-Id"))
      detail::refuse(api, detail::refusal_of(to.status), from, to);
  });
}

}  // namespace comments::http

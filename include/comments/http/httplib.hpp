#pragma once
// http/httplib.hpp - the API on a cpp-httplib server. httplib.h lives here only.
//
// `mount` adds the API to any httplib::Server, also below a prefix beside other people's routes.
// `configure` sets up a server that serves nothing else. Works with cpp-httplib 0.11.4 (Debian 12)
// to 0.41.0; where they differ, it is dealt with here.
//
//   httplib::Server server;
//   mount(server, routes(service), {.prefix = "/comments"});
//   server.listen("127.0.0.1", 8000);

#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>
#include <comments/http/problem.hpp>

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <memory>
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
  std::chrono::seconds idle_timeout{5};
};

namespace detail {

// What cpp-httplib puts among the headers although no client sent it (up to 0.15).
inline bool is_invented(std::string_view name) {
  return name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" ||
         name == "LOCAL_PORT";
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
  return asked;
}

// How a body is framed (RFC 9112, section 6), as far as cpp-httplib lets it be known.
struct framing {
  bool is_broken{};  // lengths that contradict each other: nothing behind the head can be trusted
  bool is_chunked{};
  std::uint64_t length{};

  bool has_body() const { return is_broken || is_chunked || length > 0; }
};

inline framing read_framing(const httplib::Request& from) {
  const std::size_t lengths = from.get_header_value_count("Content-Length");
  framing found{.is_chunked = from.has_header("Transfer-Encoding")};
  found.is_broken = lengths > 1 || (found.is_chunked && lengths > 0);
  if (lengths == 0) return found;
  const std::string text = from.get_header_value("Content-Length");
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), found.length);
  if (code != std::errc{} || end != text.data() + text.size()) found.is_broken = true;
  return found;
}

// Reads the body into `asked`, one byte over its limit at most. Whether nothing of it is left on
// the connection.
inline bool read_body(const httplib::Request& from, const httplib::ContentReader& reader,
                      const mount_options& options, request& asked) {
  const framing frame = read_framing(from);
  asked.is_incomplete = frame.is_broken;
  if (frame.is_broken || !frame.has_body()) return !frame.is_broken;
  const std::size_t bytes_max = options.request_bytes_max + options.discard_bytes_max;
  if (frame.length > bytes_max) {
    asked.body.assign(options.request_bytes_max + 1, ' ');  // too long, whatever is in it
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
  asked.is_incomplete = !is_whole && seen <= bytes_max;
  return is_whole;
}

// Writes `answer` out. If it is the connection's last, cpp-httplib is told so in its own way: the
// header, and a body whose provider gives up once all of it is sent.
inline void write(response answer, bool is_last, const httplib::Request& from,
                  httplib::Response& to) {
  // cpp-httplib would cut ranges out of any answer; RFC 9110, section 14.2, lets a server ignore
  // them. The request is its own, local and not const, so taking them away is allowed.
  auto& mutable_from = const_cast<httplib::Request&>(from);
  mutable_from.ranges.clear();
  to.status = answer.status;
  std::string type = "application/octet-stream";
  for (const auto& [name, value] : answer.headers) {
    if (is_same_name(name, "Content-Type"))
      type = value;
    else
      to.set_header(name, value);
  }
  to.set_header("X-Content-Type-Options", "nosniff");
  if (!is_last) {
    if (!answer.body.empty()) to.set_content(answer.body, type);
    return;
  }
  mutable_from.headers.erase("Connection");
  mutable_from.headers.emplace("Connection", "close");
  const std::size_t size = answer.body.size();
  auto send = [body = std::move(answer.body)](std::size_t offset, std::size_t length,
                                              httplib::DataSink& sink) {
    sink.write(body.data() + offset, length);
    return false;
  };
  to.set_content_provider(size, type, std::move(send));
}

// `text` as a regular expression that means just that.
inline std::string escape_regex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view{R"(\^$.|?*+()[]{})"}.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// The answer where cpp-httplib refused a request before any route saw it.
inline void write_refusal(const httplib::Request& from, httplib::Response& to) {
  if (!to.body.empty() || to.has_header("X-Request-Id")) return;
  const int status = to.status;
  const auto* kind = std::ranges::find(problem_kinds, status, &problem_kind::status);
  const errc code = kind == problem_kinds.end() ? errc::malformed : kind->code;
  const request asked{.target = from.target};
  write(problem({code, "The request could not be read."}, asked), false, from, to);
}

}  // namespace detail

// Answers everything below `options.prefix` with `api`. Call it before the server listens; `api` is
// copied. Does not touch the server's own settings.
inline void mount(httplib::Server& server, handler api, mount_options options = {}) {
  const auto answer = [api, options](const httplib::Request& from, httplib::Response& to) {
    request asked = detail::to_request(from, options);
    asked.is_incomplete = detail::read_framing(from).has_body();  // which nobody reads
    const bool is_last = asked.is_incomplete;
    detail::write(api(std::move(asked)), is_last, from, to);
  };
  const auto answer_with_body = [api, options](const httplib::Request& from, httplib::Response& to,
                                               const httplib::ContentReader& reader) {
    request asked = detail::to_request(from, options);
    const bool is_last = !detail::read_body(from, reader, options, asked);
    detail::write(api(std::move(asked)), is_last, from, to);
  };
  // [\s\S] and not '.', which would stop at an encoded line break.
  const std::string pattern = detail::escape_regex(options.prefix) + R"((?:/[\s\S]*)?)";
  server.Get(pattern, answer);
  server.Options(pattern, answer);
  server.Post(pattern, answer_with_body);
  server.Put(pattern, answer_with_body);
  server.Patch(pattern, answer_with_body);
  server.Delete(pattern, answer_with_body);
}

// Sets up a server that serves nothing else: its limits, and problems for what cpp-httplib refuses.
inline void configure(httplib::Server& server, const server_options& options = {}) {
  server.new_task_queue = [threads = options.threads] { return new httplib::ThreadPool(threads); };
  server.set_keep_alive_max_count(options.requests_per_connection_max);
  server.set_keep_alive_timeout(options.idle_timeout.count());
  server.set_read_timeout(options.read_timeout);
  server.set_write_timeout(options.write_timeout);
  server.set_tcp_nodelay(true);
  // cpp-httplib would let a second server share the port and take half of the requests.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_error_handler(
      [](const httplib::Request& from, httplib::Response& to) { detail::write_refusal(from, to); });
}

}  // namespace comments::http

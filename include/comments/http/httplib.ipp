#pragma once
// http/httplib.ipp - definitions of http/httplib.hpp.

#include <comments/http/httplib.hpp>

#include <comments/http/httplib/request.hpp>
#include <comments/http/httplib/response.hpp>

#include <httplib.h>

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

// Returns a regular expression that matches `text` and nothing else. ":" is escaped too, because
// "/:" begins a parameter of cpp-httplib's.
inline std::string escape_regex(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (std::string_view{R"(\^$.|?*+()[]{}:)"}.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// Returns the pattern for everything below `prefix`; without a prefix that is everything, also "*"
// and "http://host/path". [\s\S] stands for any character; '.' would stop at an encoded line break.
inline std::string pattern_below(const std::string& prefix) {
  return prefix.empty() ? R"([\s\S]*)" : escape_regex(prefix) + R"((?:/[\s\S]*)?)";
}

}  // namespace detail

COMMENTS_INLINE void mount(httplib::Server& server, handler api, mount_options options) {
  options.prefix = detail::to_prefix(std::move(options.prefix));
  const auto answer = [api, options](const httplib::Request& from, httplib::Response& to) {
    request asked = detail::to_request(from, options.prefix);
    // A body is not read, so there must be none.
    const auto refused = detail::check_method(from);
    if (refused) asked.refusal = refused;
    const bool is_last = refused.has_value();
    detail::write(api(std::move(asked)), is_last, from, to);
  };
  const auto answer_with_body = [api, options](const httplib::Request& from, httplib::Response& to,
                                               const httplib::ContentReader& reader) {
    request asked = detail::to_request(from, options.prefix);
    const bool is_read = detail::read_body(from, reader, options.request_bytes_max,
                                           options.discard_bytes_max, asked);
    detail::write(api(std::move(asked)), !is_read, from, to);
  };
  const std::string pattern = detail::pattern_below(options.prefix);
  server.Get(pattern, answer);
  server.Options(pattern, answer);
  server.Post(pattern, answer_with_body);
  server.Put(pattern, answer_with_body);
  server.Patch(pattern, answer_with_body);
  server.Delete(pattern, answer_with_body);
}

COMMENTS_INLINE void configure(httplib::Server& server, const server_options& options) {
  // cpp-httplib lets 5 connections wait to be accepted. The kernel drops what comes on top, and its
  // client tries again a second later. The thread pool is made once the socket listens, which is
  // the time to ask for more; with a copy of the socket, because the server may have closed its
  // own.
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
  // Replaces a default of cpp-httplib's by which a second server could share the port, and would
  // get half of the requests.
  server.set_socket_options([listening](socket_t socket) {
    const int before = listening->exchange(::dup(socket));
    if (before >= 0) ::close(before);
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

COMMENTS_INLINE void mount_refusals(httplib::Server& server, handler api) {
  server.set_pre_routing_handler([api](const httplib::Request& from, httplib::Response& to) {
    using handled = httplib::Server::HandlerResponse;
    auto why = detail::check_method(from);
    if (!why) return handled::Unhandled;
    detail::refuse(api, std::move(*why), from, to);
    return handled::Handled;
  });
  server.set_error_handler([api](const httplib::Request& from, httplib::Response& to) {
    if (!to.has_header("X-Request-Id"))
      detail::refuse(api, detail::error_of_status(to.status), from, to);
  });
}

}  // namespace comments::inline v0::http

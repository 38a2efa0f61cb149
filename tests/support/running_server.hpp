#pragma once
// running_server.hpp - an epoll_server that runs in a thread, on a free port of this machine.
//
//   testing::running_server server{testing::echo};
//   CHECK(testing::wire{server.port()}.ask(testing::get("/a")).body == "GET /a ");

#include <comments/http/epoll_server.hpp>
#include <comments/http/httplib_in_memory.hpp>
#include <comments/http/problem.hpp>
#include <comments/metrics.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/wire.hpp"

namespace testing {

// Says what it was asked.
inline comments::http::response echo(comments::http::request asked) {
  if (asked.refusal) return comments::http::problem(*asked.refusal, asked);
  return {.body = asked.method + " " + asked.target + " " + asked.body};
}

// More than the kernel keeps for a client that does not read.
inline const std::string large(8'000'000, 'x');
inline comments::http::response answer_large(comments::http::request) { return {.body = large}; }

inline std::string header(const comments::http::response& answer, std::string_view name) {
  return std::string{comments::http::find_header(answer.headers, name).value_or("")};
}

class running_server final {
 public:
  explicit running_server(comments::http::handler api,
                          const comments::http::epoll_limits& limits = {}, bool starts = true)
      : server_{limits} {
    api_.mount(std::move(api));
    const auto port = server_.bind("127.0.0.1", 0);
    REQUIRE(port.has_value());
    port_ = *port;
    if (starts) start();
  }
  running_server(const running_server&) = delete;
  running_server& operator=(const running_server&) = delete;
  ~running_server() { end(); }

  int port() const { return port_; }
  comments::http::epoll_server& server() { return server_; }
  void start() {
    thread_ = std::thread{[this] {
      server_.run(api_, metrics_);
      is_over_ = true;
    }};
  }
  // Stops, and waits until that is through.
  void end() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }
  bool is_over() const { return is_over_; }

  // Whether a metric comes to have this value, or another one, unless it takes too long.
  bool comes_to(const std::string& metric, int value) const {
    return eventually([&] { return is_at(metric, value); });
  }
  bool comes_from(const std::string& metric, int value) const {
    return eventually([&] { return !is_at(metric, value); });
  }
  bool has_connections(int count) const { return comes_to("comments_http_connections", count); }

 private:
  bool is_at(const std::string& metric, int value) const {
    const std::string line = "\n" + metric + " " + std::to_string(value) + "\n";
    return metrics_.to_text().find(line) != std::string::npos;
  }

  comments::http::httplib_in_memory api_{};
  comments::registry metrics_{};
  comments::http::epoll_server server_;
  int port_{};
  std::atomic<bool> is_over_{};
  std::thread thread_{};
};

}  // namespace testing

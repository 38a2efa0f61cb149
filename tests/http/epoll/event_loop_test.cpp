#include <comments/http/epoll/event_loop.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

#include "support/running_server.hpp"
#include "support/wire.hpp"

using namespace comments::http;
using namespace std::chrono_literals;
using testing::answer_large;
using testing::echo;
using testing::eventually;
using testing::get;
using testing::header;
using testing::large;
using testing::post;
using testing::running_server;
using testing::wire;

TEST_CASE("a head and a body that take too long are answered 408, and the connection ends") {
  for (const std::string& part :
       {std::string{"G"}, get("/").substr(0, 20), post("/", "body").substr(0, 49)}) {
    CAPTURE(part);
    running_server server{echo, {.head_wait = 20ms, .body_wait = 20ms}};
    wire client{server.port()};
    client.send(part);
    const response late = client.receive();
    CHECK(late.status == 408);
    CHECK(header(late, "Connection") == "close");
    CHECK(client.is_closed());
    CHECK(server.comes_to("comments_http_timeouts_total", 1));
  }
}

TEST_CASE("a byte now and then moves no deadline") {
  running_server server{echo, {.head_wait = 200ms, .body_wait = 200ms}};
  const std::string in_chunks =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n";
  for (const std::string& start : {get("/").substr(0, 20), in_chunks}) {
    wire client{server.port()};
    client.send(start);
    CHECK(eventually([&] { return client.is_readable(10) || !client.send("x"); }));
    CHECK(client.receive().status == 408);
  }
}

TEST_CASE("a client that asks nothing is closed without a response, and not while it asks") {
  running_server server{echo, {.request_wait = 400ms}};
  wire idle{server.port()};
  CHECK(idle.is_closed());
  // Its wait begins anew with each answer. A machine that stops for too long proves nothing.
  const auto is_kept = [&]() -> std::optional<bool> {
    using clock = std::chrono::steady_clock;
    wire busy{server.port()};
    const auto start = clock::now();
    for (auto last = start; last - start < 1s;) {
      const bool is_answered = busy.ask(get("/")).status == 200;
      const auto now = clock::now();
      if (!is_answered && now - last > 200ms) return std::nullopt;
      if (!is_answered) return false;
      last = now;
    }
    return true;
  };
  std::optional<bool> kept;
  while (!kept) kept = is_kept();
  CHECK(*kept);
}

TEST_CASE("the wait for a head begins anew with each request of a pipeline") {
  running_server server{echo, {.head_wait = 400ms}};
  const auto is_kept = [&]() -> std::optional<bool> {
    using clock = std::chrono::steady_clock;
    wire busy{server.port()};
    const auto start = clock::now();
    const std::string text = get("/");
    busy.send(text.substr(0, 5));
    for (auto last = start; last - start < 1s;) {
      const int status = busy.ask(text.substr(5) + text.substr(0, 5)).status;
      const auto now = clock::now();
      if (status != 200 && now - last > 200ms) return std::nullopt;
      if (status != 200) return false;
      last = now;
    }
    return true;
  };
  std::optional<bool> kept;
  while (!kept) kept = is_kept();
  CHECK(*kept);
}

TEST_CASE("a client that does not read its response is closed") {
  running_server server{answer_large, {.reader_wait = 20ms}};
  wire client{server.port(), 4'096};
  client.send(get("/"));
  CHECK(server.comes_to("comments_http_timeouts_total", 1));
  CHECK(server.has_connections(0));
  CHECK(client.rest().size() < large.size());
}

TEST_CASE("a client that does not close after its last answer is waited for so long") {
  running_server server{echo, {.close_wait = 20ms}};
  wire client{server.port()};
  CHECK(client.ask(get("/", "Connection: close\r\n")).status == 200);
  CHECK(client.is_closed());
  CHECK(server.has_connections(0));
}

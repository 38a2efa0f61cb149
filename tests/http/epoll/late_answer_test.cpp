#include <comments/http/epoll/late_answer.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/running_server.hpp"
#include "support/wire.hpp"

using namespace comments::http;
using namespace std::chrono_literals;
using testing::echo;
using testing::eventually;
using testing::get;
using testing::post;
using testing::running_server;
using testing::wire;

namespace {

// A handler whose responses to posts come when the test says so.
class late_route {
 public:
  handler api() {
    return [this](request asked) {
      if (asked.method != "POST" || !asked.on_ready) return echo(std::move(asked));
      const std::function<void()> ready = std::exchange(asked.on_ready, nullptr);
      response answer{.later = [this, asked](effort now) { return finish(asked, now); }};
      if (asked.target == "/now") answer = echo(asked);
      const std::lock_guard lock{mutex_};
      waiting_.push_back(ready);
      return answer;
    };
  }

  std::size_t waiting() {
    const std::lock_guard lock{mutex_};
    return waiting_.size();
  }
  void wait_for(std::size_t count) {
    REQUIRE(eventually([&] { return waiting() == count; }));
  }
  // Has the response ready that was begun first, of those that are not.
  void be_ready() {
    std::function<void()> first;
    {
      const std::lock_guard lock{mutex_};
      first = std::move(waiting_.front());
      waiting_.erase(waiting_.begin());
    }
    first();
  }

  std::atomic<int> loops{}, workers{};  // how often each of these was asked for what is ready

 private:
  response finish(const request& asked, effort now) {
    ++(now == effort::memory ? loops : workers);
    if (asked.target != "/long" || now != effort::memory) return echo(asked);
    return {.is_deferred = true,
            .later = [this, asked](effort rest) { return finish(asked, rest); }};
  }

  std::mutex mutex_{};
  std::vector<std::function<void()>> waiting_{};
};

}  // namespace

TEST_CASE("a response that comes later is sent when it is ready") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1}};
  wire client{server.port()};
  client.send(post("/a", "1"));
  route.wait_for(1);
  CHECK(wire{server.port()}.ask(get("/")).status == 200);
  CHECK_FALSE(client.is_readable(20));
  route.be_ready();
  CHECK(client.receive().body == "POST /a 1");
  CHECK(route.loops == 1);
  CHECK(route.workers == 0);
}

TEST_CASE("a response that is ready before its worker is through is made by the worker") {
  std::atomic<int> workers{};
  running_server server{[&](request asked) {
    if (!asked.on_ready) return echo(std::move(asked));
    asked.on_ready();
    return response{.later = [&](effort now) {
      workers += now == effort::rest;
      return response{.body = "ready"};
    }};
  }};
  wire client{server.port()};
  for (int i = 0; i < 3; ++i) CHECK(client.ask(post("/a", "1")).body == "ready");
  CHECK(workers == 3);
}

TEST_CASE("what the loop may not make of it is made by a worker") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1}};
  wire client{server.port()};
  client.send(post("/long", "1"));
  route.wait_for(1);
  route.be_ready();
  CHECK(client.receive().body == "POST /long 1");
  CHECK(route.loops == 1);
  CHECK(route.workers == 1);
}

TEST_CASE("a request behind a response that comes later is answered behind it") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1}};
  wire client{server.port()};
  client.send(post("/a", "1") + get("/b") + post("/c", "2"));
  route.wait_for(1);
  CHECK_FALSE(client.is_readable(20));
  route.be_ready();
  CHECK(client.receive().body == "POST /a 1");
  CHECK(client.receive().body == "GET /b ");
  route.wait_for(1);
  route.be_ready();
  CHECK(client.receive().body == "POST /c 2");
}

TEST_CASE("a request whose response comes later keeps its place among the workers") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1, .workers_max = 2}};
  std::vector<std::unique_ptr<wire>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<wire>(server.port()));
    clients.back()->send(post("/" + std::to_string(i), ""));
    if (i < 2) route.wait_for(static_cast<std::size_t>(i) + 1);
  }
  CHECK(wire{server.port()}.ask(get("/")).status == 200);  // the only loop comes here after them
  CHECK_FALSE(clients[2]->is_readable(20));
  CHECK(route.waiting() == 2);
  route.be_ready();
  CHECK(clients[0]->receive().body == "POST /0 ");
  route.wait_for(2);
  route.be_ready();
  route.be_ready();
  for (int i = 1; i < 3; ++i) CHECK(clients[static_cast<std::size_t>(i)]->receive().status == 200);
}

TEST_CASE("a client that vanishes before its response is ready does no harm") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1}};
  wire other{server.port()};
  for (const char* target : {"/a", "/long"}) {
    {
      wire gone{server.port()};
      gone.send(post(target, "1"));
      route.wait_for(1);
      gone.reset();
    }
    CHECK(other.ask(get("/")).status == 200);
    route.be_ready();
    CHECK(server.has_connections(1));
  }
  CHECK(route.loops == 2);
  CHECK(other.ask(get("/")).status == 200);
}

TEST_CASE("who is ready for a response that came at once disturbs none that comes after it") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1}};
  wire client{server.port()};
  CHECK(client.ask(post("/now", "1")).body == "POST /now 1");
  client.send(post("/b", "2"));
  route.wait_for(2);
  route.be_ready();  // of the first
  CHECK_FALSE(client.is_readable(20));
  route.be_ready();
  CHECK(client.receive().body == "POST /b 2");
}

TEST_CASE("a stop waits for responses that come later, and then they are the last") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1}};
  wire client{server.port()}, idle{server.port()};
  CHECK(idle.ask(get("/")).status == 200);
  client.send(post("/a", "1"));
  route.wait_for(1);
  server.server().stop();
  CHECK(testing::header(idle.ask(get("/")), "Connection") == "close");
  CHECK_FALSE(server.is_over());
  route.be_ready();
  const response last = client.receive();
  CHECK(last.body == "POST /a 1");
  CHECK(testing::header(last, "Connection") == "close");
  CHECK(eventually([&] { return server.is_over(); }));
}

TEST_CASE("a stop that is out of time still returns only when nothing is being done any more") {
  late_route route;
  running_server server{route.api(), {.event_loops = 1, .drain_wait = 20ms}};
  wire client{server.port()}, idle{server.port()};
  CHECK(idle.ask(get("/")).status == 200);
  client.send(post("/a", "1"));
  route.wait_for(1);
  server.server().stop();
  CHECK(idle.is_closed());  // that is done last
  CHECK_FALSE(server.is_over());
  route.be_ready();
  CHECK(eventually([&] { return server.is_over(); }));
}

TEST_CASE("many clients get the responses that are theirs, whoever is first") {
  running_server server{[](request asked) {
    if (!asked.on_ready) return echo(std::move(asked));
    std::thread{[ready = std::exchange(asked.on_ready, nullptr)] { ready(); }}.detach();
    return response{.later = [asked = std::move(asked)](effort) { return echo(asked); }};
  }};
  std::atomic<int> wrong{};
  std::vector<std::thread> all;
  for (int i = 0; i < 8; ++i)
    all.emplace_back([&, i] {
      wire client{server.port()};
      for (int n = 0; n < 50; ++n) {
        const std::string number = std::to_string(i * 100 + n);
        wrong += client.ask(post("/", number)).body != "POST / " + number;
      }
    });
  for (std::thread& one : all) one.join();
  CHECK(wrong == 0);
}

#include <comments/http/epoll_server.hpp>

#include <comments/http/epoll/sockets.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/parallel.hpp"
#include "support/running_server.hpp"
#include "support/wire.hpp"

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;
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

namespace {

// A handler that tells when it is called for `target`, and waits there until it may go on.
struct gate {
  std::latch entered{1};
  std::latch opened{1};

  handler before(handler api, std::string target) {
    return [this, api = std::move(api), target = std::move(target)](request asked) {
      if (asked.target == target && !asked.refusal) {
        entered.count_down();
        opened.wait();
      }
      return api(std::move(asked));
    };
  }
};

bool is_told_to_come_back(const response& answer) {
  return answer.status == 503 && header(answer, "Retry-After") == "1" &&
         header(answer, "Connection") == "close";
}

// A stream that is written to from outside.
struct channel {
  std::mutex mutex{};
  std::vector<chunk> left{};
  std::function<void()> wake{};
  std::atomic<bool> has_waited{};

  void put(chunk next) {
    std::function<void()> waiting;
    {
      const std::lock_guard lock{mutex};
      left.push_back(std::move(next));
      waiting = wake;
    }
    if (waiting) waiting();
  }
  chunk take(const std::function<void()>& then) {
    const std::lock_guard lock{mutex};
    wake = then;
    if (!left.empty()) {
      chunk next = std::move(left.front());
      left.erase(left.begin());
      return next;
    }
    has_waited = true;
    return {.then = chunk::state::waiting};
  }
};
handler stream_of(const std::shared_ptr<channel>& from) {
  return [from](request) {
    return response{.rest = [from](const auto& wake) { return from->take(wake); }};
  };
}

}  // namespace

TEST_CASE("requests that come together are answered in their order, by the loop and by workers") {
  running_server server{echo};
  wire client{server.port()};
  std::string asked;
  for (int i = 0; i < 100; ++i) {
    const std::string target = "/" + std::to_string(i);
    asked += i % 7 == 3 ? post(target, "body") : get(target);
  }
  CHECK(client.send(asked));
  for (int i = 0; i < 100; ++i) {
    const std::string target = "/" + std::to_string(i);
    CHECK(client.receive().body ==
          (i % 7 == 3 ? "POST " + target + " body" : "GET " + target + " "));
  }
}

TEST_CASE("a request may come byte by byte, and a long one in many packets") {
  running_server server{echo};
  wire client{server.port()};
  for (const char byte : "\r\n" + post("/a", "b") + "\r\n\r\n" + get("/b"))
    REQUIRE(client.send({&byte, 1}));
  CHECK(client.receive().body == "POST /a b");
  CHECK(client.receive().body == "GET /b ");
  const std::string body(65'536, 'x');
  CHECK(client.ask(post("/a", body)).body == "POST /a " + body);
}

TEST_CASE("a long response arrives whole, however slowly it is read, and delays no other client") {
  running_server server{[](request asked) {
    return asked.target == "/large" ? response{.body = large} : echo(std::move(asked));
  }};
  wire slow{server.port(), 4'096}, other{server.port()};
  CHECK(slow.send(get("/large") + get("/next")));
  CHECK(slow.is_readable(testing::patience_seconds * 1'000));
  for (int i = 0; i < 10; ++i) CHECK(other.ask(get("/")).status == 200);
  CHECK(slow.receive().body == large);
  CHECK(slow.receive().body == "GET /next ");
}

TEST_CASE("a client that has closed its sending side still gets all responses") {
  running_server server{echo};
  wire client{server.port()};
  client.send(get("/1") + post("/2", "b") + get("/3"));
  client.half_close();
  CHECK(client.receive().body == "GET /1 ");
  CHECK(client.receive().body == "POST /2 b");
  CHECK(client.receive().body == "GET /3 ");
  CHECK(client.is_closed());
}

TEST_CASE("a request that breaks off is refused, and one that never began is not") {
  running_server server{echo};
  for (const std::string& part : {get("/").substr(0, 10), post("/", "body").substr(0, 49)}) {
    wire client{server.port()};
    client.send(part);
    client.half_close();
    CHECK(client.receive().status == 400);
    CHECK(client.is_closed());
  }
  for (const char* nothing : {"", "\r\n", "\r\n\r\n"}) {
    wire client{server.port()};
    client.send(nothing);
    client.half_close();
    CHECK(client.is_closed());
  }
}

TEST_CASE("what is not a request is refused as a problem, and nothing behind it is one") {
  std::atomic<int> served{};
  running_server server{[&](request asked) {
    if (!asked.refusal) ++served;
    return echo(std::move(asked));
  }};
  const std::string smuggled = get("/admin");
  for (const std::string& bytes :
       {std::string{"GET / HTTP/1.1\nHost: a\n\n"}, std::string{"\x16\x03\x01\x02"} + "\n",
        get("/", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        post("/", "a", "Content-Length: 1\r\n"), post("/", "a", "Transfer-Encoding: chunked\r\n"),
        std::string{"GET / HTTP/1.1\r\n\r\n"}}) {
    CAPTURE(bytes);
    wire client{server.port()};
    client.send(bytes + smuggled);
    const response refused = client.receive();
    CHECK(refused.status == 400);
    CHECK(header(refused, "Connection") == "close");
    CHECK(header(refused, "Content-Type") == "application/problem+json");
    client.send(smuggled);
    CHECK(client.is_closed());
  }
  CHECK(served == 0);
}

TEST_CASE("after a refusal as many bytes are read as the limit says, and no more") {
  running_server server{echo, {.discard_bytes_max = 100'000, .close_wait = 60s}};
  wire polite{server.port()};
  polite.send("X\r\n\r\n");
  CHECK(polite.receive().status == 400);
  CHECK(polite.send(std::string(50'000, 'x')));
  CHECK(polite.is_closed());
  CHECK(server.has_connections(1));  // it waits for the client to close
  wire endless{server.port()};
  endless.send("X\r\n\r\n");
  CHECK(endless.receive().status == 400);
  CHECK(eventually([&] { return !endless.send(std::string(50'000, 'x')); }));
  CHECK(server.has_connections(1));
}

TEST_CASE("a client that waits for 100 Continue gets it once, and with HTTP/1.0 never") {
  running_server server{echo};
  wire client{server.port()};
  const std::string asked = post("/", "body", "Expect: 100-continue\r\n");
  const std::size_t head = asked.size() - 4;
  client.send(asked.substr(0, head));
  CHECK(client.receive(false).status == 100);
  client.send(asked.substr(head, 2));
  client.send(asked.substr(head + 2));
  CHECK(client.receive().body == "POST / body");
  CHECK(client.ask(get("/")).status == 200);
  wire refused{server.port()};
  refused.send(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n");
  CHECK(refused.receive().status == 413);
  wire old{server.port()};
  old.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  old.send("body");
  CHECK(old.receive().body == "POST / body");
  CHECK(old.is_closed());
}

TEST_CASE("an answer may go on as a stream, and the connection goes on behind it") {
  running_server server{[](request asked) {
    if (asked.target != "/stream") return echo(std::move(asked));
    return response{.body = "0,", .rest = [n = 0](const auto&) mutable {
                      using state = chunk::state;
                      if (n == 50) return chunk{.bytes = "end", .then = state::over};
                      return chunk{.bytes = std::to_string(++n) + ","};
                    }};
  }};
  std::string all;
  for (int i = 0; i <= 50; ++i) all += std::to_string(i) + ",";
  all += "end";
  wire client{server.port()};
  client.send(get("/stream") + get("/next"));
  CHECK(client.receive().body == all);
  CHECK(client.receive().body == "GET /next ");
  CHECK(client.ask("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n", false).status == 200);
  CHECK(client.ask(get("/next")).body == "GET /next ");
  wire old{server.port()};
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  CHECK(old.rest().ends_with("\r\n\r\n" + all));
}

TEST_CASE("a stream that waits goes on when it is woken, from whatever thread") {
  const auto source = std::make_shared<channel>();
  running_server server{stream_of(source)};
  wire client{server.port()};
  client.send(get("/"));
  for (const char* text : {"one", "two", "three"}) {
    CHECK(eventually([&] { return source->has_waited.exchange(false); }));
    source->put({.bytes = text});
    CHECK(client.has(text));
  }
  source->put({.then = chunk::state::over});
  CHECK(client.receive().body == "onetwothree");
  client.reset();
  CHECK(server.has_connections(0));
  source->put({.bytes = "late"});  // waking a stream whose client is gone does nothing
  server.end();
  source->put({.bytes = "late"});  // nor does it once the server is gone
}

TEST_CASE("a stream that is not woken is asked again after its wait") {
  const auto calls = std::make_shared<int>(0);
  running_server server{[calls](request) {
                          return response{.rest = [calls](const auto&) {
                            using state = chunk::state;
                            return chunk{.bytes = *calls == 3 ? "." : "",
                                         .then = ++*calls > 3 ? state::over : state::waiting};
                          }};
                        },
                        {.stream_wait = 1ms}};
  wire client{server.port()};
  CHECK(client.ask(get("/")).body == ".");
  CHECK(*calls == 4);
}

TEST_CASE("a stream that said something and waits is not asked again before it is woken") {
  const auto source = std::make_shared<channel>();
  const handler api = [streaming = stream_of(source)](request asked) {
    return asked.target == "/stream" ? streaming(std::move(asked)) : echo(std::move(asked));
  };
  running_server server{api, {.event_loops = 1, .stream_wait = 1h}};
  wire client{server.port()}, other{server.port()};
  source->put({.bytes = "one", .then = chunk::state::waiting});
  client.send(get("/stream"));
  CHECK(client.has("one"));
  for (int i = 0; i < 10; ++i) CHECK(other.ask(get("/")).status == 200);  // of the same loop
  CHECK_FALSE(source->has_waited);
  source->put({.bytes = "two", .then = chunk::state::waiting});
  CHECK(client.has("two"));
  CHECK_FALSE(source->has_waited);
}

TEST_CASE("a wake-up is not lost while the client does not take what there was") {
  const auto source = std::make_shared<channel>();
  running_server server{stream_of(source), {.reader_wait = 1h, .stream_wait = 1h}};
  wire slow{server.port(), 4'096};
  source->put({.bytes = large, .then = chunk::state::waiting});
  slow.send(get("/"));
  CHECK(slow.has("xxx"));  // so it was asked, and waits
  source->put({.bytes = "two", .then = chunk::state::over});
  CHECK(slow.receive().body == large + "two");
}

TEST_CASE("a stream whose client reads nothing is closed, and no other client waits for it") {
  const auto source = std::make_shared<channel>();
  running_server server{stream_of(source),
                        {.event_loops = 1, .reader_wait = 50ms, .stream_wait = 1h}};
  wire slow{server.port(), 4'096};
  source->put({.bytes = large, .then = chunk::state::waiting});
  slow.send(get("/"));
  CHECK(server.comes_to("comments_http_timeouts_total", 1));
  CHECK(server.has_connections(0));
}

TEST_CASE("a stream that breaks ends without its last chunk") {
  running_server server{[](request) {
    return response{.rest = [n = 0](const auto&) mutable {
      using state = chunk::state;
      return chunk{.bytes = "part", .then = n++ == 0 ? state::more : state::broken};
    }};
  }};
  wire client{server.port()};
  client.send(get("/"));
  const std::string all = client.rest();
  CHECK(all.ends_with("\r\n4\r\npart\r\n"));
}

TEST_CASE("a stream whose client is gone ends, even while it has nothing to send") {
  const auto source = std::make_shared<channel>();
  running_server server{stream_of(source)};
  for (const bool is_reset : {false, true}) {
    wire client{server.port()};
    client.send(get("/"));
    CHECK(eventually([&] { return source->has_waited.exchange(false); }));
    if (is_reset)
      client.reset();
    else
      client.half_close();
    CHECK(server.has_connections(0));
  }
}

TEST_CASE("there may be as many connections as the limit says; the next gets 503") {
  running_server server{echo, {.connections_max = 2, .refused_max = 1, .close_wait = 60s}};
  wire first{server.port()}, second{server.port()};
  CHECK(first.ask(get("/")).status == 200);
  CHECK(second.ask(get("/")).status == 200);
  wire third{server.port()};
  CHECK(is_told_to_come_back(third.receive()));
  CHECK(third.is_closed());
  CHECK(server.comes_to("comments_http_connections_refused_total", 1));
  wire fourth{server.port()};  // the third has not closed yet
  CHECK(fourth.rest().empty());
  CHECK(server.comes_to("comments_http_connections_refused_total", 2));
  CHECK(first.ask(get("/")).status == 200);
  CHECK(second.ask(post("/", "")).status == 200);
  third.reset();
  second.reset();
  CHECK(server.has_connections(1));
  CHECK(wire{server.port()}.ask(get("/")).status == 200);
}

TEST_CASE("what clients do not read is held up to the limit; past it the one that is deaf goes") {
  running_server server{answer_large, {.held_bytes_max = large.size() + 1'000}};
  wire deaf{server.port(), 4'096};
  deaf.send(get("/"));
  CHECK(eventually([&] { return deaf.is_readable(10); }));
  wire steady{server.port(), 4'096};
  CHECK(steady.ask(get("/")).body == large);
  CHECK(deaf.rest().size() < large.size());
  CHECK(server.comes_to("comments_http_cut_total", 1));
  CHECK(server.has_connections(1));
  for (int i = 0; i < 5; ++i) CHECK(steady.ask(get("/")).body == large);
}

TEST_CASE("a client has a share of what is held; past it its own connections go") {
  running_server server{answer_large, {.client_held_bytes_max = large.size() + 1'000}};
  wire deaf{server.port(), 4'096}, other{server.port(), 4'096};
  deaf.send(get("/"));
  CHECK(eventually([&] { return deaf.is_readable(10); }));
  other.send(get("/"));
  CHECK(server.comes_to("comments_http_cut_total", 1));
  CHECK(server.has_connections(1));
}

TEST_CASE("bodies that never end are held up to the limit, and the server goes on") {
  running_server server{echo, {.held_bytes_max = 1'000'000}};
  std::vector<std::unique_ptr<wire>> senders;
  for (int i = 0; i < 20; ++i) {
    senders.push_back(std::make_unique<wire>(server.port()));
    senders.back()->send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int n = 0; n < 1'000; ++n)
      senders.back()->send("1;" + std::string(200, 'e') + "\r\nx\r\n");
    CHECK(wire{server.port()}.ask(post("/", "Oi")).body == "POST / Oi");
  }
  CHECK(server.comes_from("comments_http_cut_total", 0));
}

TEST_CASE("as many requests may wait for a worker as the limit says; the next gets 503") {
  gate busy;
  running_server server{busy.before(echo, "/slow"),
                        {.event_loops = 1, .workers_max = 1, .jobs_max = 1}};
  wire first{server.port()}, second{server.port()}, third{server.port()}, reader{server.port()};
  first.send(post("/slow", "1"));
  busy.entered.wait();
  CHECK(second.ask(get("/")).status == 200);
  second.send(post("/", "2"));
  CHECK(reader.ask(get("/")).status == 200);  // the only loop comes here after the second
  CHECK(is_told_to_come_back(third.ask(post("/", "3"))));
  CHECK(third.is_closed());
  CHECK(reader.ask(get("/")).status == 200);  // needs no worker
  busy.opened.count_down();
  CHECK(first.receive().body == "POST /slow 1");
  CHECK(second.receive().body == "POST / 2");
  CHECK(wire{server.port()}.ask(post("/", "4")).body == "POST / 4");
}

TEST_CASE("where reading may block, workers read, and probes need none") {
  gate busy;
  running_server server{busy.before(echo, "/slow"),
                        {.event_loops = 1, .workers_max = 1, .reads_wait = true}};
  wire first{server.port()}, second{server.port()}, probe{server.port()};
  first.send(get("/slow"));
  busy.entered.wait();
  second.send(get("/"));
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/version?x"})
    CHECK(probe.ask(get(path)).status == 200);
  busy.opened.count_down();
  CHECK(first.receive().body == "GET /slow ");
  CHECK(second.receive().body == "GET / ");
}

TEST_CASE("workers ask streams, and other clients do not wait") {
  gate busy;
  const handler api = [&](request asked) {
    if (asked.target != "/stream") return echo(std::move(asked));
    return response{.rest = [&busy, calls = std::make_shared<int>()](const auto&) {
      using state = chunk::state;
      if (++*calls > 1) return chunk{.bytes = "two", .then = state::over};
      busy.entered.count_down();
      busy.opened.wait();
      return chunk{.bytes = "one ", .then = state::more};
    }};
  };
  running_server server{api, {.event_loops = 1, .readers_max = 1}};
  wire client{server.port()}, other{server.port()};
  client.send(get("/stream"));
  busy.entered.wait();
  CHECK(other.ask(get("/")).status == 200);
  busy.opened.count_down();
  CHECK(client.receive().body == "one two");
}

TEST_CASE("a stream that is woken while a worker asks it is asked again") {
  const auto calls = std::make_shared<std::atomic<int>>();
  running_server server{[calls](request) {
                          return response{.rest = [calls](const auto& wake) {
                            const int call = ++*calls;
                            if (call <= 3)
                              wake();  // there is more, before the loop hears that there is not
                            using state = chunk::state;
                            return chunk{.bytes = call == 2 ? "" : ".",
                                         .then = call > 3 ? state::over : state::waiting};
                          }};
                        },
                        {.stream_wait = 1h, .reads_wait = true}};
  wire client{server.port()};
  CHECK(client.ask(get("/")).body == "...");
  CHECK(*calls == 4);
}

TEST_CASE("a stream is asked for more however many requests wait for a worker") {
  gate busy;
  const auto source = std::make_shared<channel>();
  const handler streaming = stream_of(source);
  const handler api = [&](request asked) {
    return asked.target == "/stream" ? streaming(std::move(asked)) : echo(std::move(asked));
  };
  running_server server{
      busy.before(api, "/slow"),
      {.event_loops = 1, .workers_max = 1, .jobs_max = 1, .stream_wait = 1h, .reads_wait = true}};
  wire client{server.port()}, first{server.port()}, second{server.port()}, probe{server.port()};
  source->put({.bytes = "one", .then = chunk::state::waiting});
  client.send(get("/stream"));
  CHECK(client.has("one"));
  CHECK(second.ask(get("/healthz")).status == 200);
  first.send(get("/slow"));
  busy.entered.wait();
  second.send(get("/"));
  CHECK(probe.ask(get("/healthz")).status == 200);  // the only loop comes here after the second
  source->put({.bytes = "two", .then = chunk::state::over});
  CHECK(probe.ask(get("/healthz")).status == 200);
  busy.opened.count_down();
  CHECK(first.receive().body == "GET /slow ");
  CHECK(second.receive().body == "GET / ");
  CHECK(client.has("0\r\n\r\n"));
}

TEST_CASE("a stream that a worker waits for in vain is broken off when the server ends") {
  const auto source = std::make_shared<channel>();
  running_server server{stream_of(source), {.stream_wait = 1h, .reads_wait = true}};
  wire client{server.port()};
  source->put({.bytes = "one", .then = chunk::state::waiting});
  client.send(get("/"));
  CHECK(client.has("one"));
  server.end();
  CHECK_FALSE(client.rest().ends_with("0\r\n\r\n"));  // which comes to an end
}

TEST_CASE("a client that asks a lot at once lets others have their turn") {
  gate start;
  std::mutex mutex;
  std::vector<std::string> order;
  const handler log = [&](request asked) {
    const std::lock_guard lock{mutex};
    order.push_back(asked.target);
    return response{};
  };
  running_server server{start.before(log, "/first"), {.event_loops = 1, .turn_max = 0us}};
  wire greedy{server.port()}, modest{server.port()};
  CHECK(modest.ask(get("/hello")).status == 200);
  std::string many = get("/first");
  for (int i = 0; i < 500; ++i) many += get("/many");
  greedy.send(many);
  start.entered.wait();  // the only loop waits there
  modest.send(get("/modest"));
  start.opened.count_down();
  CHECK(modest.receive().status == 200);
  for (int i = 0; i < 501; ++i) REQUIRE(greedy.receive().status == 200);
  const auto place = std::ranges::find(order, "/modest") - order.begin();
  CHECK(place <= 10);
}

TEST_CASE("what is deferred is answered by a worker, and the loop goes on meanwhile") {
  gate busy;
  const handler inner = busy.before(echo, "/slow");
  const handler api = [&](request asked) {
    const bool is_ready = asked.target != "/slow" && asked.target != "/later";
    if (asked.effort == effort::memory && !is_ready) return response{.is_deferred = true};
    CHECK((asked.method != "GET" || is_ready == (asked.effort == effort::memory)));
    return inner(std::move(asked));
  };
  running_server server{api, {.event_loops = 1, .readers_max = 1, .workers_max = 1}};
  wire first{server.port()}, second{server.port()}, other{server.port()};
  first.send(get("/slow"));
  busy.entered.wait();
  second.send(get("/later"));
  CHECK(other.ask(get("/")).body == "GET / ");
  CHECK(other.ask(post("/", "1")).body == "POST / 1");  // who writes waits for no reading
  busy.opened.count_down();
  CHECK(first.receive().body == "GET /slow ");
  CHECK(second.receive().body == "GET /later ");
}

TEST_CASE("behind a trusted proxy each of its clients has a turn of its own") {
  gate busy;
  std::mutex mutex;
  std::string order;
  const handler log = [&](request asked) {
    if (asked.target == "/ready") return response{};
    const std::lock_guard lock{mutex};
    order += asked.target.back();
    return response{};
  };
  const handler work = busy.before(log, "/0");
  const handler api = [&](request asked) {
    if (asked.effort == effort::memory && asked.target != "/ready")
      return response{.is_deferred = true};
    return work(std::move(asked));
  };
  running_server server{
      api, {.event_loops = 1, .readers_max = 1, .trusted_proxies = *parse_networks("127.0.0.0/8")}};
  std::list<wire> all;
  for (int i = 0; i < 8; ++i)
    CHECK(all.emplace_back(server.port()).ask(get("/ready")).status == 200);
  auto next = all.begin();
  const auto send = [&](const std::string& target, const std::string& client) {
    (next++)->send("GET " + target + " HTTP/1.1\r\nHost: a\r\nx-forwarded-for: " + client +
                   "\r\n\r\n");
  };
  send("/0", "192.0.2.9");
  busy.entered.wait();
  for (int i = 0; i < 4; ++i) send("/a", "192.0.2.1");
  for (int i = 0; i < 2; ++i) send("/b", "192.0.2.2");
  CHECK(all.back().ask(get("/ready")).status == 200);  // the only loop comes here after the others
  busy.opened.count_down();
  for (auto one = all.begin(); one != next; ++one) CHECK(one->receive().status == 200);
  CHECK(std::ranges::count(order.substr(0, 5), 'b') == 2);  // behind "0", by turns
}

TEST_CASE("a stop does not begin what nobody will hear of") {
  gate busy;
  std::atomic<int> begun{};
  const handler api = busy.before(
      [&](request asked) {
        begun += asked.target == "/later";
        return response{};
      },
      "/slow");
  running_server server{api, {.event_loops = 1, .workers_max = 1, .drain_wait = 20ms}};
  std::list<wire> all;
  for (int i = 0; i < 4; ++i) CHECK(all.emplace_back(server.port()).ask(get("/")).status == 200);
  all.front().send(post("/slow", "1"));
  busy.entered.wait();
  wire idle{server.port()};
  for (auto one = std::next(all.begin()); one != all.end(); ++one) one->send(post("/later", "1"));
  CHECK(idle.ask(get("/")).status == 200);  // the only loop comes here after the others
  std::thread ends{[&] { server.end(); }};
  CHECK(idle.is_closed());  // that is done last
  busy.opened.count_down();
  ends.join();
  CHECK(begun == 0);
}

TEST_CASE("a program's own readings wait for no page, and no page waits for them") {
  gate busy;
  httplib_in_memory api;
  api.mount(
      [](request asked) {
        if (asked.effort == effort::memory) return response{.is_deferred = true};
        return response{.body = "page"};
      },
      "/api");
  api.Get("/own", [&](const httplib::Request&, httplib::Response& to) {
    busy.entered.count_down();
    busy.opened.wait();
    to.set_content("own", "text/plain");
  });
  registry metrics;
  epoll_server server{{.event_loops = 1, .readers_max = 1}};
  const int port = server.bind("127.0.0.1", 0).value_or(0);
  std::thread running{[&] { server.run(api, metrics); }};
  {
    wire own{port}, page{port};
    own.send(get("/own"));
    busy.entered.wait();
    CHECK(page.ask(get("/api/list")).body == "page");
    busy.opened.count_down();
    CHECK(own.receive().body == "own");
  }
  server.stop();
  running.join();
}

TEST_CASE("a client that vanishes while a worker answers it does no harm") {
  gate busy;
  running_server server{busy.before(echo, "/slow"), {.event_loops = 1}};
  {
    wire gone{server.port()};
    gone.send(post("/slow", "1"));
    busy.entered.wait();
    gone.reset();
  }
  wire other{server.port()};
  CHECK(other.ask(get("/")).status == 200);
  busy.opened.count_down();
  CHECK(server.has_connections(1));
  CHECK(other.ask(post("/", "2")).body == "POST / 2");
}

TEST_CASE("clients that vanish at any point leave nothing behind") {
  running_server server{answer_large};
  for (const std::string& part : {std::string{}, get("/").substr(0, 9), post("/", "body"),
                                  post("/", "body").substr(0, 49), get("/"), get("/") + get("/")})
    for (int i = 0; i < 5; ++i) {
      wire client{server.port(), 4'096};
      client.send(part);
      client.reset();
    }
  CHECK(server.has_connections(0));
  CHECK(wire{server.port()}.ask(get("/")).body == large);
}

TEST_CASE("without descriptors newcomers wait until there are some, and others are served") {
  running_server server{echo};
  wire old{server.port()};
  CHECK(old.ask(get("/")).status == 200);
  wire newcomer{server.port()};
  CHECK(newcomer.ask(get("/")).status == 200);
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const descriptor client{::socket(AF_INET, SOCK_STREAM, 0)};
  const descriptor next{::dup(*client)};
  rlimit none = limit;
  none.rlim_cur = static_cast<rlim_t>(*next) + 1;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(server.port()));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_made = ::connect(*client, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  const std::string asked = get("/");
  ::send(*client, asked.data(), asked.size(), MSG_NOSIGNAL);
  for (int i = 0; i < 20; ++i) CHECK(old.ask(get("/")).status == 200);
  pollfd waiting{*client, POLLIN, 0};
  CHECK(::poll(&waiting, 1, 0) == 0);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(is_made);
  CHECK(::poll(&waiting, 1, testing::patience_seconds * 1'000) == 1);
  char start[12]{};
  CHECK(::recv(*client, start, sizeof start, MSG_WAITALL) == 12);
  CHECK(std::string_view{start, sizeof start} == "HTTP/1.1 200");
}

TEST_CASE("while it drains, each answer is the last on its connection, and newcomers are served") {
  running_server server{echo};
  wire client{server.port()};
  CHECK(header(client.ask(get("/")), "Connection") == "");
  server.server().drain();
  for (const std::string& asked : {get("/"), post("/", "b")}) {
    wire newcomer{server.port()};
    CHECK(header(newcomer.ask(asked), "Connection") == "close");
    CHECK(newcomer.is_closed());
  }
  CHECK(header(client.ask(get("/")), "Connection") == "close");
  CHECK(client.is_closed());
  CHECK_FALSE(server.is_over());
}

TEST_CASE("a stop before it runs ends it, once all that are in the queue have their responses") {
  for (const int waiting : {0, 300}) {
    running_server server{echo, {}, false};
    std::vector<wire> clients;
    for (int i = 0; i < waiting; ++i) {
      clients.emplace_back(server.port());
      REQUIRE(clients.back().send(get("/" + std::to_string(i))));
    }
    server.server().stop();
    server.start();
    int answered = 0;
    for (int i = 0; i < waiting; ++i)
      answered +=
          clients[static_cast<std::size_t>(i)].receive().body == "GET /" + std::to_string(i) + " ";
    CHECK(answered == waiting);
    server.end();
    CHECK(server.is_over());
  }
}

TEST_CASE("a stop answers all that are in the queue, however long that takes") {
  running_server server{[](request asked) {
                          ::poll(nullptr, 0, 1);  // slower than the server accepts
                          return echo(std::move(asked));
                        },
                        {.event_loops = 1, .arrival_wait = 1ms},
                        false};
  std::vector<wire> clients;
  for (int i = 0; i < 400; ++i) {
    clients.emplace_back(server.port());
    REQUIRE(clients.back().send(get("/")));
  }
  server.server().stop();
  server.start();
  int answered = 0;
  for (wire& client : clients) answered += client.receive().status == 200;
  CHECK(answered == 400);
}

TEST_CASE("a stop answers what has arrived, ends what idles and breaks off streams") {
  gate busy;
  const auto source = std::make_shared<channel>();
  const handler streaming = stream_of(source);
  const handler api = [&](request asked) {
    return asked.target == "/stream" ? streaming(std::move(asked)) : echo(std::move(asked));
  };
  running_server server{busy.before(api, "/slow"), {.idle_drain_wait = 20ms}};
  wire idle{server.port()}, working{server.port()}, partial{server.port()}, live{server.port()};
  CHECK(idle.ask(get("/")).status == 200);
  live.send(get("/stream"));
  CHECK(eventually([&] { return source->has_waited.exchange(false); }));
  const std::string rest_of_head = get("/partial").substr(10);
  CHECK(partial.ask(get("/")).status == 200);
  CHECK(partial.send(get("/partial").substr(0, 10)));
  working.send(post("/slow", "1"));
  busy.entered.wait();
  server.server().stop();
  CHECK(idle.is_closed());
  CHECK_FALSE(live.rest().ends_with("0\r\n\r\n"));
  const response last = partial.ask(rest_of_head);
  CHECK(last.body == "GET /partial ");
  CHECK(header(last, "Connection") == "close");
  CHECK_FALSE(server.is_over());
  busy.opened.count_down();
  const response worked = working.receive();
  CHECK(worked.body == "POST /slow 1");
  server.end();
  CHECK_FALSE(wire{server.port()}.is_made());
}

TEST_CASE("streams that were closed shortly before a stop end whole") {
  for (int i = 0; i < 30; ++i) {
    const auto source = std::make_shared<channel>();
    running_server server{stream_of(source), {.idle_drain_wait = 1ms, .arrival_wait = 1ms}};
    wire client{server.port()};
    client.send(get("/"));
    CHECK(eventually([&] { return source->has_waited.exchange(false); }));
    source->put({.bytes = "end", .then = chunk::state::over});
    server.server().stop();
    CHECK(client.receive().body == "end");
  }
}

TEST_CASE("a stop does not wait for a stream whose client does not take what there was") {
  const auto source = std::make_shared<channel>();
  running_server server{stream_of(source),
                        {.reader_wait = 1h, .stream_wait = 1h, .drain_wait = 1h}};
  wire slow{server.port(), 4'096};
  source->put({.bytes = large, .then = chunk::state::waiting});
  slow.send(get("/"));
  CHECK(slow.is_readable(testing::patience_seconds * 1'000));
  server.end();
  CHECK(server.is_over());
}

TEST_CASE("a stop waits so long for clients and no longer") {
  running_server server{echo, {.idle_drain_wait = 60s, .drain_wait = 20ms}};
  wire idle{server.port()};
  CHECK(idle.ask(get("/")).status == 200);
  server.end();
  CHECK(idle.is_closed());
}

TEST_CASE("a client that connects while it stops is answered, or was never connected") {
  std::optional<running_server> server{std::in_place, echo};
  const int port = server->port();
  std::atomic<int> answered{}, lost{};
  std::atomic<bool> is_over{};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i)
    clients.emplace_back([&] {
      while (!is_over) {
        wire client{port};
        if (!client.is_made()) continue;
        client.send(get("/"));
        ++(client.receive().status == 200 ? answered : lost);
      }
    });
  CHECK(eventually([&] { return answered > 100; }));
  server->end();
  is_over = true;
  for (std::thread& client : clients) client.join();
  CHECK(lost == 0);
}

TEST_CASE("many clients at once each get their own answers") {
  running_server server{echo, {.event_loops = 3}};
  std::atomic<int> wrong{};
  in_parallel(8, [&](int i) {
    wire client{server.port()};
    for (int n = 0; n < 50; ++n) {
      const std::string target = "/" + std::to_string(i) + "/" + std::to_string(n);
      wrong += client.ask(get(target)).body != "GET " + target + " ";
      wrong += client.ask(post(target, "b")).body != "POST " + target + " b";
    }
  });
  CHECK(wrong == 0);
  CHECK(server.has_connections(0));
}

TEST_CASE("an address that is taken or not of this machine is not bound") {
  running_server first{echo};
  epoll_server second;
  CHECK_FALSE(second.bind("127.0.0.1", first.port()));
  CHECK_FALSE(second.bind("203.0.113.1", 0));
  CHECK(second.bind("127.0.0.1", 0));
}

TEST_CASE("a stream that throws breaks its response off, at any chunk, and others go on") {
  std::atomic<int> broken{0};
  const handler api = [&broken](request asked) -> response {
    if (asked.target == "/empty") return {.body = "whole", .rest = stream{}};
    if (asked.target == "/fine") return echo(std::move(asked));
    const int fails_at = asked.target.back() - '0';
    const bool is_exception = asked.target.starts_with("/exception");
    return {.body = "a", .rest = [=, &broken, n = 0](const auto&) mutable -> chunk {
              if (n++ < fails_at) return {"b", chunk::state::more};
              ++broken;
              if (is_exception) throw std::runtime_error{"secret"};
              throw 42;
            }};
  };
  running_server server{api};
  int asked = 0;
  for (const std::string kind : {"/exception", "/number"})
    for (const char* at : {"0", "1", "3"}) {
      wire client{server.port()};
      CHECK(client.send(get(kind + at)));
      const response cut = client.receive();
      CHECK(cut.status == 0);  // it is no whole one
      CHECK(cut.body.find("secret") == std::string::npos);
      CHECK(broken == ++asked);
      CHECK(wire{server.port()}.ask(get("/fine")).body == "GET /fine ");
    }
  CHECK(wire{server.port()}.ask(get("/empty")).body == "whole");
  CHECK(server.has_connections(0));
}

TEST_CASE("a stream may wake itself, ask the handler that made it, and stop the server") {
  running_server* serving = nullptr;
  handler api;
  api = [&](request asked) -> response {
    if (asked.target != "/stream") return echo(std::move(asked));
    return {.rest = [&, n = 0](const std::function<void()>& wake) mutable -> chunk {
      if (++n == 1) {
        wake();
        return {api({.method = "GET", .target = "/inner"}).body, chunk::state::waiting};
      }
      if (n == 2) return {wire{serving->port()}.ask(get("/wire")).body};
      serving->server().stop();
      return {"|", chunk::state::over};
    }};
  };
  running_server server{api};
  serving = &server;
  CHECK(wire{server.port()}.ask(get("/stream")).body == "GET /inner GET /wire |");
  CHECK(eventually([&] { return server.is_over(); }));
}

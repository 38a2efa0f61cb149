// Events over real connections, as browsers follow them: connections that are cut at random and
// taken up again, five thousand at once, and the end of the server.

#include <comments/api/live_events.hpp>
#include <comments/http/httplib.hpp>
#include <comments/http/middleware.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>
#include <httplib.h>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/parallel.hpp"
#include "support/running_server.hpp"
#include "support/wire.hpp"

using namespace comments;
using namespace comments::http;
using namespace std::chrono_literals;
using testing::eventually;
using testing::get;
using testing::running_server;
using testing::wire;

namespace {

// An API that has nothing but events.
struct live_api {
  response operator()(request asked) {
    const auto now = store.contents({&content_id, 1});
    const auto after = parse_after(asked, stamp_of(now->front()));
    if (!after) return problem(after.error(), asked);
    return live.follow(content_id, *after, asked);
  }
  handler as_handler() { return with_guard(std::ref(*this)); }

  void post() {
    CHECK(store.insert({{.content_id = content_id, .body = "Oi"}}, from_milliseconds(0)));
    news.announce(content_id);
  }

  std::string content_id{"1"};
  memory_store store{0};
  registry metrics{};
  broadcast news{metrics};
  live_events live{news,
                   [this](std::string_view id, std::int64_t after, std::size_t limit) {
                     return store.events(id, after, limit);
                   },
                   metrics};
};

std::string follow_from(std::int64_t version) {
  return get("/", "Last-Event-ID: " + std::to_string(version) + "\r\n");
}

// The ids of the events in `text` that came whole, which is cut off there.
std::vector<std::int64_t> take_ids(std::string& text) {
  std::vector<std::int64_t> found;
  const std::string_view start = "id: ", end = "}\n\n";
  for (std::size_t at = 0; (at = text.find(end)) != text.npos; text.erase(0, at + end.size()))
    if (const std::size_t id = text.find(start); id < at)
      found.push_back(std::stoll(text.substr(id + start.size())));
  return found;
}

std::size_t threads() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator{"/proc/self/task"},
                    std::filesystem::directory_iterator{}));
}

}  // namespace

TEST_CASE("connections that are cut at random and taken up again miss nothing and repeat nothing") {
  live_api api;
  running_server server{api.as_handler()};
  constexpr int writers = 2, readers = 4, posts = 300;
  constexpr std::int64_t last = writers * posts;
  std::vector<std::vector<std::int64_t>> seen(readers);
  std::atomic<bool> is_lost{};
  in_parallel(writers + readers, [&](int thread) {
    if (thread < writers) {
      for (int i = 0; i < posts; ++i) api.post();
      return;
    }
    auto& mine = seen[static_cast<std::size_t>(thread - writers)];
    std::mt19937 random{static_cast<unsigned>(thread)};
    for (std::int64_t come = 0; come < last && !is_lost;) {
      wire client{server.port()};
      client.send(follow_from(come));
      std::string text;
      for (auto left = 1 + random() % 6; left > 0 && come < last; --left) {
        const std::string more = client.some();
        if (more.empty()) {
          is_lost = true;
          break;
        }
        text += left == 1 ? more.substr(0, random() % more.size()) : more;  // cut somewhere
        for (const std::int64_t id : take_ids(text)) mine.push_back(id);
        if (!mine.empty()) come = mine.back();
      }
      if (random() % 2 == 0) client.reset();
    }
  });
  CHECK_FALSE(is_lost);
  std::vector<std::int64_t> all;
  for (std::int64_t id = 1; id <= last; ++id) all.push_back(id);
  for (const auto& mine : seen) CHECK(mine == all);
  CHECK(eventually([&] { return api.news.subscribers() == 0; }));
}

TEST_CASE("five thousand follow at once, take no thread each, and all hear of one post") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(limit.rlim_cur > 10'100);
  live_api api;
  running_server server{api.as_handler()};
  const std::size_t before = threads();
  std::vector<wire> all;
  for (int i = 0; i < 5'000; ++i) all.emplace_back(server.port()).send(follow_from(0));
  CHECK(eventually([&] { return api.news.subscribers() == 5'000; }));
  CHECK(threads() <= before + 2 + epoll_limits{}.readers_max);
  api.post();
  std::size_t heard = 0;
  for (wire& each : all) heard += each.has("\nid: 1\n");
  CHECK(heard == 5'000);
  api.news.close();
  server.server().stop();
  std::size_t whole = 0;
  for (wire& each : all) whole += each.rest().ends_with("0\r\n\r\n");
  CHECK(whole == 5'000);
}

TEST_CASE("what is no version is refused") {
  live_api api;
  running_server server{api.as_handler()};
  wire client{server.port()};
  const std::string asked = "GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: x\r\n\r\n";
  CHECK(client.ask(asked).status == 422);
}

// cpp-httplib's own server: each client that follows takes one of its threads.
TEST_CASE("events go over a plain cpp-httplib server, and end with the broadcast") {
  live_api api;
  httplib::Server server;
  mount(server, api.as_handler());
  const int port = server.bind_to_any_port("127.0.0.1");
  REQUIRE(port > 0);
  std::thread acceptor{[&] { server.listen_after_bind(); }};
  {
    wire client{port};
    client.send(follow_from(0));
    CHECK(client.has("retry: 2000"));
    for (int i = 1; i <= 3; ++i) {
      api.post();
      CHECK(client.has("\nid: " + std::to_string(i) + "\n"));
    }
    wire gone{port};
    gone.send(follow_from(0));
    CHECK(gone.has("\nid: 3\n"));
    gone.reset();
    // It is found out at the next writing, and leaves nothing behind.
    CHECK(eventually([&] {
      api.post();
      return api.news.subscribers() == 1;
    }));
    api.news.close();
    CHECK(client.has("\r\n0\r\n\r\n"));
    server.stop();
  }
  acceptor.join();
  CHECK(api.news.subscribers() == 0);
}

#include <comments/api/live_events.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/parallel.hpp"

using namespace comments;
using namespace comments::http;
using namespace std::chrono_literals;
using state = chunk::state;

namespace {

// A store, those who follow it, and how often it was read.
struct live_store {
  explicit live_store(live_limits limits = {}, broadcast_limits most = {})
      : news{metrics, most},
        live{news,
             [this](std::string_view content_id, std::int64_t after, std::size_t limit) {
               ++reads;
               return is_broken ? result<std::vector<event>>{error{}}
                                : store.events(content_id, after, limit);
             },
             metrics, limits} {}

  // Stores a comment, and announces it if it is to be heard of. Its version.
  std::int64_t post(std::string content_id = "1", bool is_announced = true) {
    const auto posted = store.insert({{.content_id = content_id, .body = "Oi"}},
                                     from_milliseconds(1'700'000'000'000));
    const std::int64_t version = posted->stored.version;
    if (is_announced) news.announce(content_id);
    return version;
  }
  response follow(std::int64_t after = 0, std::string content_id = "1") {
    return live.follow(std::move(content_id), {.version = after},
                       {.target = "/api/v1/events?content_id=1"});
  }

  memory_store store{0};
  registry metrics;
  broadcast news;
  std::atomic<int> reads{};
  std::atomic<bool> is_broken{};
  live_events live;
};

// A store whose epoch a test changes.
struct restored_store {
  void post() {
    REQUIRE(store.insert({{.content_id = "1", .body = "Oi"}}, from_milliseconds(0)));
    news.announce("1");
  }
  response follow(const stamp& after) { return live.follow("1", after, {}); }

  memory_store store{0};
  registry metrics{};
  broadcast news{metrics};
  std::uint64_t epoch{};
  live_events live{news,
                   [this](std::string_view id, std::int64_t after, std::size_t limit) {
                     return store.events(id, after, limit);
                   },
                   metrics,
                   {},
                   json::append_public,
                   [this](const std::string& id) -> result<stamp> {
                     return stamp{store.contents({&id, 1})->front().version, epoch};
                   }};
};

// One who reads a stream as an adapter does: asks again when it was woken.
struct listener {
  explicit listener(response answer) : stream{std::move(answer.rest)} { REQUIRE(stream); }

  chunk ask() {
    *is_woken = false;
    return stream([woken = is_woken] { *woken = true; });
  }
  // Everything up to the next wait or the end.
  std::string all() {
    std::string text;
    for (chunk next; next.then == state::more;) {
      next = ask();
      text += next.bytes;
      last = next.then;
    }
    return text;
  }

  http::stream stream;
  std::shared_ptr<std::atomic<bool>> is_woken{std::make_shared<std::atomic<bool>>(false)};
  state last{state::more};
};

// The ids in what a stream said.
std::vector<std::int64_t> ids(std::string_view text) {
  std::vector<std::int64_t> found;
  for (std::size_t at = 0; (at = text.find("id: ", at)) != text.npos; at += 4)
    if (at == 0 || text[at - 1] == '\n')
      found.push_back(std::stoll(std::string{text.substr(at + 4)}));
  return found;
}

std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> all;
  for (; first <= last; ++first) all.push_back(first);
  return all;
}

error refusal_of(const request& asked, std::int64_t current = 7) {
  const auto after = parse_after(asked, {.version = current});
  REQUIRE_FALSE(after);
  return after.error();
}

}  // namespace

TEST_CASE("a stream's head says what it is and when to come back") {
  live_store at;
  const response answer = at.follow();
  CHECK(answer.status == 200);
  CHECK(find_header(answer.headers, "Content-Type") == "text/event-stream");
  CHECK(find_header(answer.headers, "Cache-Control") == "no-store");
  CHECK(answer.body == "retry: 2000\n\n");
}

TEST_CASE("an event has its version as id, its kind and its JSON") {
  live_store at;
  at.post();
  const std::string text = listener{at.follow()}.all();
  const std::string start = "id: 1\nevent: posted\ndata: ";
  REQUIRE(text.starts_with(start));
  CHECK(text.ends_with("}\n\n"));
  CHECK(std::ranges::count(text, '\n') == 4);
  const auto data = nlohmann::json::parse(text.substr(start.size()));
  CHECK(data.size() == 6);
  CHECK(data.at("content_id") == "1");
  CHECK(data.at("version") == 1);
  CHECK(data.at("kind") == "posted");
  CHECK(data.at("status") == "published");
  CHECK(data.at("status") == "published");
  CHECK(parse_comment_id(data.at("comment_id").get<std::string>()));
  CHECK(data.at("at") == "2023-11-14T22:13:20.000Z");
}

TEST_CASE("events go on behind the version asked for, and wait behind the last") {
  live_store at;
  for (int i = 0; i < 5; ++i) at.post();
  for (std::int64_t after = 0; after <= 5; ++after) {
    listener one{at.follow(after)};
    CHECK(ids(one.all()) == from_to(after + 1, 5));
    CHECK(one.last == state::waiting);
  }
}

TEST_CASE("a batch has as many events as the limit says, and the next is asked for at once") {
  for (const int count : {63, 64, 65}) {
    live_store at;
    for (int i = 0; i < count; ++i) at.post();
    listener one{at.follow()};
    const chunk first = one.ask();
    CHECK(ids(first.bytes) == from_to(1, std::min(count, 64)));
    CHECK(first.then == (count < 64 ? state::waiting : state::more));
    if (count >= 64) CHECK(ids(one.all()) == from_to(65, count));
  }
}

TEST_CASE("an announcement wakes a stream that waits, which then sends what was committed") {
  live_store at;
  listener one{at.follow()};
  CHECK(one.all() == "");
  CHECK_FALSE(*one.is_woken);
  at.post();
  CHECK(*one.is_woken);
  CHECK(ids(one.all()) == from_to(1, 1));
  at.post("2");
  CHECK_FALSE(*one.is_woken);
}

TEST_CASE("what is committed before the look is seen, though its announcement comes later") {
  live_store at;
  listener one{at.follow()};
  at.post("1", false);
  CHECK(ids(one.all()) == from_to(1, 1));
  at.news.announce("1");
  CHECK(*one.is_woken);
  CHECK(one.all() == "");  // no second time, and no heartbeat either
  at.post();
  CHECK(ids(one.all()) == from_to(2, 2));
}

TEST_CASE("a stream that is asked again without news sends a heartbeat, and looks all the same") {
  live_store at{{.pause = 0ms}};
  listener one{at.follow()};
  CHECK(one.all() == "");
  for (int i = 0; i < 2; ++i) {
    const chunk beat = one.ask();
    CHECK(beat.bytes == ": heartbeat\n\n");
    CHECK(beat.then == state::waiting);
  }
  at.post("1", false);  // by another process, which cannot announce it here
  CHECK(ids(one.ask().bytes) == from_to(1, 1));
  CHECK(one.ask().bytes == ": heartbeat\n\n");
}

TEST_CASE("a stream that is asked again too early, in a loop, answers nothing and reads nothing") {
  live_store at{{.pause = 1h}};
  listener one{at.follow()};
  CHECK(one.all() == "");
  const int reads = at.reads;
  for (int i = 0; i < 100; ++i) {
    const chunk early = one.ask();
    CHECK(early.bytes == "");
    CHECK(early.then == state::waiting);
  }
  CHECK(at.reads == reads);
  at.post();
  CHECK(ids(one.ask().bytes) == from_to(1, 1));
}

TEST_CASE("a closed broadcast ends the streams, and a store that fails breaks them") {
  live_store at;
  listener one{at.follow()};
  one.all();
  at.news.close();
  CHECK(*one.is_woken);
  CHECK(one.ask().then == state::over);
  const response refused = at.follow();
  CHECK(refused.status == 503);
  CHECK_FALSE(refused.rest);

  live_store broken;
  broken.is_broken = true;
  CHECK(listener{broken.follow()}.ask().then == state::broken);
}

TEST_CASE("past the limit of followers the answer is 503 and when to come back") {
  live_store at{{}, {.subscribers_max = 2}};
  const response a = at.follow();
  response b = at.follow();
  const response refused = at.follow();
  CHECK(refused.status == 503);
  CHECK(find_header(refused.headers, "Retry-After") == "1");
  CHECK(nlohmann::json::parse(refused.body).at("instance") == "/api/v1/events");
  b = {};
  CHECK(at.follow().status == 200);
}

TEST_CASE("a stream that is gone follows no more") {
  live_store at;
  {
    listener one{at.follow()};
    one.all();
    CHECK(at.news.subscribers() == 1);
  }
  CHECK(at.news.subscribers() == 0);
  at.post();
}

TEST_CASE("many at the same version cost the store one reading for each change") {
  live_store at;
  std::vector<listener> all;
  for (int i = 0; i < 500; ++i) all.emplace_back(at.follow());
  for (listener& each : all) each.all();
  for (std::int64_t version = 1; version <= 10; ++version) {
    at.reads = 0;
    at.post();
    for (listener& each : all) CHECK(ids(each.all()) == from_to(version, version));
    CHECK(at.reads == 1);
  }
}

TEST_CASE("a shared batch has all that was announced, and its readers go on behind it") {
  live_store at;
  listener first{at.follow()}, second{at.follow()}, third{at.follow()};
  for (listener* each : {&first, &second, &third}) each->all();
  at.post();
  CHECK(ids(first.all()) == from_to(1, 1));
  at.post("1", false);
  CHECK(ids(second.all()) == from_to(1, 1));  // shared; the second is not announced yet
  at.news.announce("1");
  CHECK(*second.is_woken);
  CHECK(ids(second.all()) == from_to(2, 2));
  CHECK(ids(first.all()) == from_to(2, 2));
  CHECK(ids(third.all()) == from_to(1, 2));
}

TEST_CASE("a batch that was shared before all followers left is not taken for new") {
  live_store at;
  for (int i = 0; i < 5; ++i) {
    CHECK(ids(listener{at.follow(i)}.all()) == from_to(i + 1, i));  // nothing yet
    at.post();
    CHECK(ids(listener{at.follow(i)}.all()) == from_to(i + 1, i + 1));
  }
}

TEST_CASE("without memory to share each stream reads for itself") {
  live_store at{{.shared_bytes = 0}};
  listener first{at.follow()}, second{at.follow()};
  first.all(), second.all();
  at.reads = 0;
  at.post();
  CHECK(ids(first.all()) == from_to(1, 1));
  CHECK(ids(second.all()) == from_to(1, 1));
  CHECK(at.reads == 2);
}

TEST_CASE("a client goes on behind Last-Event-ID, else behind `after`, else from now on") {
  const auto after = [](const request& asked, std::int64_t current = 7) {
    return parse_after(asked, {current, 0xa0}).value();
  };
  const auto of_now = [](std::int64_t version) { return stamp{version, 0xa0}; };
  CHECK(after({}) == of_now(7));
  CHECK(after({.query = {{"after", "3"}}}) == of_now(3));
  CHECK(after({.headers = {{"last-event-id", "5"}}, .query = {{"after", "3"}}}) == of_now(5));
  CHECK(after({.query = {{"after", "0"}}}, 0) == of_now(0));
  CHECK(after({.query = {{"after", "0000000000000000000007"}}}) == of_now(7));
  CHECK(after({.headers = {{"Last-Event-ID", "7"}}}) == of_now(7));
  CHECK(after({.headers = {{"Last-Event-ID", ""}}}) == of_now(7));  // names no event
  CHECK(after({.query = {{"after", "3-00000000000000a0"}}}) == of_now(3));
  CHECK(after({.headers = {{"Last-Event-ID", "5-00000000000000a0"}}}) == of_now(5));
  CHECK(after({.query = {{"after", "3-"}}}) == of_now(3));
  CHECK(refusal_of({.query = {{"after", ""}}}).violations ==
        std::vector<violation>{{"after", "format"}});
}

TEST_CASE("a version of another epoch is taken, and so is what a browser says of the future") {
  for (const char* text :
       {"3-00000000000000a1", "99-00000000000000a1", "99999999999999999999-00000000000000a1"})
    for (const bool is_browser : {false, true}) {
      request asked{.query = {{"after", text}}};
      if (is_browser) asked = {.headers = {{"Last-Event-ID", text}}};
      const auto after = parse_after(asked, {7, 0xa0});
      REQUIRE(after);
      CHECK(after->epoch == 0xa1);
    }
  for (const char* text : {"8", "8-00000000000000a0", "99999999999999999999999999"}) {
    const auto after = parse_after({.headers = {{"Last-Event-ID", text}}}, {7, 0xa0});
    REQUIRE(after);
    CHECK(after->version == 7);
    CHECK(after->epoch != 0xa0);
  }
}

TEST_CASE("a client of another epoch is told to read again, and goes on from there") {
  restored_store at;
  at.epoch = 0xa0;
  for (int i = 0; i < 3; ++i) at.post();
  listener reader{at.follow(stamp{9, 0xa1})};
  CHECK(reader.all() ==
        "id: 3-00000000000000a0\nevent: reset\n"
        "data: {\"content_id\":\"1\",\"version\":3,\"epoch\":\"00000000000000a0\"}\n\n");
  at.post();
  CHECK(ids(reader.all()) == from_to(4, 4));
  // A stream that lives while the store is restored is told, too, whatever is lost or made again.
  at.epoch = 0xa2;
  at.news.announce("1");
  const std::string told{reader.all()};
  CHECK(told.starts_with("id: 4-00000000000000a2\nevent: reset\n"));
  CHECK(ids(told).size() == 1);
}

TEST_CASE("a version from the future is refused, and so is what is no version") {
  for (const char* text :
       {"8", "9223372036854775807", "9223372036854775808", "99999999999999999999999999"}) {
    const error why = refusal_of({.query = {{"after", text}}});
    CHECK(why.code == errc::invalid);
    CHECK(why.violations == std::vector<violation>{{"after", "out_of_range"}});
  }
  for (const char* text :
       {"-1", "+1", "1.0", " 1", "1 ", "0x1", "abc", "7;", "1e3", "\xd9\xa3", "7-a0", "-",
        "7-00000000000000A0", "7-00000000000000a0-", "-00000000000000a0"}) {
    CAPTURE(text);
    CHECK(refusal_of({.headers = {{"Last-Event-ID", text}}}).violations ==
          std::vector<violation>{{"Last-Event-ID", "format"}});
    CHECK(refusal_of({.query = {{"after", text}}}).violations ==
          std::vector<violation>{{"after", "format"}});
  }
}

TEST_CASE("readers that are cut off at random and come back miss nothing and see nothing twice") {
  live_store at{{.batch_max = 4}};
  constexpr int writers = 3, readers = 4;
  constexpr std::int64_t last = 900;
  std::atomic<int> posted{};
  std::vector<std::vector<std::int64_t>> seen(readers);
  in_parallel(writers + readers, [&](int thread) {
    if (thread < writers) {
      while (++posted <= last) {
        at.post();
        if (posted % 3 == 0) std::this_thread::yield();
      }
      return;
    }
    auto& mine = seen[static_cast<std::size_t>(thread - writers)];
    std::mt19937 random{static_cast<unsigned>(thread)};
    std::int64_t come = 0;
    while (come < last) {
      listener one{at.follow(come)};
      for (auto left = random() % 20; left > 0 && come < last; --left) {
        const chunk next = one.ask();
        std::string text = next.bytes;
        const bool is_cut = random() % 4 == 0;
        if (is_cut) text.resize(text.empty() ? 0 : random() % text.size());
        // A browser takes an event only when the empty line behind it has come.
        text.resize(text.rfind("\n\n") == text.npos ? 0 : text.rfind("\n\n") + 2);
        for (const std::int64_t id : ids(text)) mine.push_back(come = id);
        if (is_cut) break;
        // There is no heartbeat here: a stream that is not woken would wait for ever.
        while (next.then == state::waiting && !*one.is_woken && come < last)
          std::this_thread::yield();
      }
    }
  });
  for (const auto& mine : seen) CHECK(mine == from_to(1, last));
  CHECK(at.news.subscribers() == 0);
}

#include <comments/broadcast.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/parallel.hpp"

using namespace comments;

namespace {

using follower = std::unique_ptr<broadcast::subscription>;

follower follow(broadcast& news, std::string_view content_id) {
  auto made = news.subscribe(content_id);
  REQUIRE(made);
  return std::move(*made);
}

struct counted {
  std::atomic<int> times{};
  broadcast::wake wake() {
    return [this] { ++times; };
  }
};

}  // namespace

TEST_CASE("an announcement wakes the subscribers of that content, and no others") {
  registry metrics;
  broadcast news{metrics};
  counted first, second, other;
  const auto a = follow(news, "1"), b = follow(news, "1"), c = follow(news, "2");
  a->arm(first.wake());
  b->arm(second.wake());
  c->arm(other.wake());
  news.announce("1");
  news.announce("3");
  CHECK(first.times == 1);
  CHECK(second.times == 1);
  CHECK(other.times == 0);
}

TEST_CASE("an armed subscriber is woken once, and one that is not armed is not woken") {
  registry metrics;
  broadcast news{metrics};
  counted woken;
  const auto one = follow(news, "1");
  news.announce("1");
  one->arm(woken.wake());
  CHECK(woken.times == 0);
  news.announce("1");
  news.announce("1");
  CHECK(woken.times == 1);
  one->arm(woken.wake());
  news.announce("1");
  CHECK(woken.times == 2);
}

TEST_CASE("arming again replaces what was armed before") {
  registry metrics;
  broadcast news{metrics};
  counted before, then;
  const auto one = follow(news, "1");
  one->arm(before.wake());
  one->arm(then.wake());
  news.announce("1");
  CHECK(before.times == 0);
  CHECK(then.times == 1);
}

TEST_CASE("each announcement begins a round, and none comes twice") {
  registry metrics;
  broadcast news{metrics};
  std::set<std::uint64_t> rounds;
  for (int life = 0; life < 3; ++life) {
    const auto one = follow(news, "1"), same = follow(news, "1"), other = follow(news, "2");
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t round = one->arm([] {}).round;
      CHECK(rounds.insert(round).second);
      CHECK(same->arm([] {}).round == round);
      CHECK(other->arm([] {}).round == other->arm([] {}).round);
      news.announce("1");
    }
    rounds.insert(other->arm([] {}).round);
  }
  CHECK(rounds.size() == 12);
}

TEST_CASE("arming tells whether what was armed before was called") {
  registry metrics;
  broadcast news{metrics};
  const auto one = follow(news, "1");
  CHECK_FALSE(one->arm([] {}).was_woken);
  CHECK_FALSE(one->arm([] {}).was_woken);
  news.announce("1");
  CHECK(one->arm([] {}).was_woken);
  CHECK_FALSE(one->arm([] {}).was_woken);
}

TEST_CASE("a subscriber that has left is not woken, and others still are") {
  registry metrics;
  broadcast news{metrics};
  counted left, stays;
  auto a = follow(news, "1"), b = follow(news, "1");
  a->arm(left.wake());
  b->arm(stays.wake());
  a.reset();
  news.announce("1");
  CHECK(left.times == 0);
  CHECK(stays.times == 1);
  b.reset();
  CHECK(news.subscribers() == 0);
}

TEST_CASE("a subscriber may arm again, leave and subscribe while it is woken") {
  registry metrics;
  broadcast news{metrics};
  follower a = follow(news, "1"), b = follow(news, "1"), made;
  counted again;
  a->arm([&] { a->arm(again.wake()); });
  b->arm([&] {
    b.reset();
    made = follow(news, "1");
    made->arm(again.wake());
  });
  news.announce("1");
  CHECK(again.times == 0);
  CHECK(news.subscribers() == 2);
  news.announce("1");
  CHECK(again.times == 2);
}

TEST_CASE("as many may follow as the limit says, and one more is refused until one leaves") {
  registry metrics;
  broadcast news{metrics, {.subscribers_max = 3}};
  std::vector<follower> all;
  for (const char* id : {"1", "2", "3"}) all.push_back(follow(news, id));
  const auto refused = news.subscribe("4");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(metrics.to_text().find("\ncomments_subscribers 3\n") != std::string::npos);
  all.pop_back();
  CHECK(news.subscribe("4"));
  CHECK(news.subscribers() == 2);
  CHECK(metrics.to_text().find("\ncomments_subscribers 2\n") != std::string::npos);
}

TEST_CASE("as many may follow one content as its limit says, and others others") {
  registry metrics;
  broadcast news{metrics, {.content_subscribers_max = 2}};
  const auto a = follow(news, "1");
  auto b = follow(news, "1");
  CHECK_FALSE(news.subscribe("1"));
  CHECK(news.subscribe("2"));
  CHECK(news.subscribers() == 2);
  b.reset();
  CHECK(news.subscribe("1"));
}

TEST_CASE("closing wakes all subscribers, and there can be no new ones") {
  registry metrics;
  broadcast news{metrics};
  counted woken;
  const auto a = follow(news, "1"), b = follow(news, "2"), late = follow(news, "2");
  a->arm(woken.wake());
  b->arm(woken.wake());
  CHECK_FALSE(a->is_closed());
  news.close();
  CHECK(woken.times == 2);
  CHECK(a->is_closed());
  late->arm(woken.wake());  // it arms only now
  CHECK(late->is_closed());
  const auto refused = news.subscribe("1");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
}

TEST_CASE("a subscriber that arms before it looks misses nothing that happens in between") {
  registry metrics;
  broadcast news{metrics};
  constexpr int readers = 4;
  constexpr std::int64_t last = 3'000;
  std::atomic<std::int64_t> committed{};
  std::vector<std::atomic<std::int64_t>> seen(readers);
  const auto all_saw = [&](std::int64_t version) {
    return std::ranges::all_of(seen, [&](const auto& one) { return one >= version; });
  };
  in_parallel(readers + 1, [&](int thread) {
    if (thread == readers) {  // goes on only when all came to know: one that sleeps stops it
      for (std::int64_t next = 1; next <= last; ++next) {
        committed = next;
        news.announce("1");
        while (!all_saw(next)) std::this_thread::yield();
      }
      return;
    }
    auto& mine = seen[static_cast<std::size_t>(thread)];
    while (mine < last) {
      const auto one = follow(news, "1");
      for (int turn = 0; turn < 50 && mine < last; ++turn) {
        const auto is_woken = std::make_shared<std::atomic<bool>>(false);
        one->arm([is_woken] { *is_woken = true; });
        std::this_thread::yield();  // lets it happen here
        const std::int64_t now = committed;
        if (now == mine)
          while (!*is_woken) std::this_thread::yield();
        mine = now;
      }
    }
  });
  CHECK(all_saw(last));
  CHECK(news.subscribers() == 0);
}

TEST_CASE("the followed contents can be asked for, each once, and a new one is reported") {
  registry metrics;
  broadcast news{metrics};
  int told = 0;
  news.when_followed([&] { ++told; });
  CHECK(news.followed().empty());
  const auto a = follow(news, "1"), b = follow(news, "1");
  {
    const auto c = follow(news, "2");
    const auto both = news.followed();
    CHECK(std::set<std::string>(both.begin(), both.end()) == std::set<std::string>{"1", "2"});
    CHECK(both.size() == 2);
  }
  CHECK(news.followed() == std::vector<std::string>{"1"});
  CHECK(told == 3);
}

TEST_CASE("a wake-up that throws, or is empty, keeps no other from being woken") {
  registry metrics;
  broadcast news{metrics};
  news.when_followed([] { throw 7; });
  const auto first = news.subscribe("1"), second = news.subscribe("1"), third = news.subscribe("1");
  REQUIRE((first && second && third));
  int woken = 0;
  (*first)->arm([] { throw 7; });
  (*second)->arm({});
  (*third)->arm([&] { ++woken; });
  news.announce("1");
  CHECK(woken == 1);
  (*first)->arm([] { throw std::runtime_error{"secret"}; });
  news.close();
}

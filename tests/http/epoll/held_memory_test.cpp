#include <comments/http/epoll/held_memory.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <vector>

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;
using namespace std::chrono_literals;

namespace {

// Some connections of clients "0", "1", … as far as `held_memory` sees them.
struct crowd {
  explicit crowd(epoll_limits given) : limits{std::move(given)} {}
  ~crowd() {
    for (holder& each : all) memory.forget(each);
  }

  holder& add(std::size_t client) {
    while (shares.size() <= client) shares.emplace_back();
    auto share = shares.begin();
    std::advance(share, client);
    return all.emplace_back(
        holder{.handle = std::make_shared<slot>(), .box = &box, .share = &*share});
  }
  // The places in `all` of those that were told to give way, in the order in which they were.
  std::vector<std::size_t> cut() {
    std::vector<std::size_t> places;
    while (const auto news = box.take()) {
      std::size_t place = 0;
      for (const holder& each : all) {
        if (each.handle == news->of && news->is_cut) places.push_back(place);
        ++place;
      }
    }
    return places;
  }
  std::int64_t share(const std::string& name) {
    return metrics.gauge_of("comments_http_held_bytes", "", "share=\"" + name + "\"").value();
  }

  epoll_limits limits;
  registry metrics{};
  held_memory memory{limits, metrics};
  mailbox box{};
  std::list<client_share> shares{};
  std::list<holder> all{};
};

using places = std::vector<std::size_t>;

}  // namespace

TEST_CASE("at the limit nobody gives way; one byte past it the one that holds most does") {
  crowd some{{.held_bytes_max = 1'000}};
  holder& small = some.add(0);
  some.memory.update(small, {.unsent = 400}, false);
  some.memory.update(some.add(1), {.received = 500, .followed = 100}, false);
  CHECK(some.memory.total() == 1'000);
  CHECK(some.cut().empty());
  some.memory.update(small, {.unsent = 401}, false);
  CHECK(some.cut() == places{1});
  CHECK(some.memory.total() == 401);  // it is as good as gone
  some.memory.update(small, {.unsent = 402}, false);
  CHECK(some.cut().empty());
}

TEST_CASE("of those that hold as much the one that moved nothing for longest gives way") {
  crowd some{{.held_bytes_max = 1'000}};
  for (std::size_t client = 0; client < 10; ++client)
    some.memory.update(some.add(client), {.unsent = 100}, false);
  std::chrono::seconds stuck{1};
  for (holder& each : some.all) each.moved_at -= stuck++;
  holder& steady = some.all.front();
  some.memory.update(steady, {.unsent = 50}, false);   // it reads,
  some.memory.update(steady, {.unsent = 151}, false);  // and has the next response
  CHECK(some.cut() == places{9});
}

TEST_CASE("what a client sends does not count as moving, however slowly it comes") {
  crowd some{{.held_bytes_max = 1'000}};
  holder& sender = some.add(0);
  some.memory.update(sender, {.received = 400}, false);
  sender.moved_at -= 60s;
  const auto since = sender.moved_at;
  for (std::size_t bytes = 401; bytes < 500; ++bytes)
    some.memory.update(sender, {.received = bytes}, false);
  CHECK(sender.moved_at == since);
  some.memory.update(some.add(1), {.unsent = 502}, false);
  CHECK(some.cut() == places{0});
}

TEST_CASE("many small parts of one client weigh more than the large part of another") {
  crowd some{{.held_bytes_max = 1'000}};
  holder& large = some.add(0);
  some.memory.update(large, {.unsent = 200}, false);
  for (int i = 0; i < 8; ++i) some.memory.update(some.add(1), {.unsent = 100}, false);
  some.memory.update(large, {.unsent = 201}, false);
  const places cut = some.cut();
  CHECK(cut.size() == 1);
  for (const std::size_t place : cut) CHECK(place > 0);
}

TEST_CASE("what is small gives way for an eighth of the limit more, so that it is not done often") {
  crowd some{{.held_bytes_max = 1'000}};
  for (std::size_t client = 0; client < 100; ++client)
    some.memory.update(some.add(client), {.unsent = 10}, false);
  CHECK(some.cut().empty());
  some.memory.update(some.all.front(), {.unsent = 11}, false);
  CHECK(some.cut().size() == 12);
}

TEST_CASE("a client has a share of its own; past it only its own connections give way") {
  crowd some{{.held_bytes_max = 100'000, .client_held_bytes_max = 1'000}};
  holder& other = some.add(0);
  some.memory.update(other, {.unsent = 1'000}, false);
  other.moved_at -= 60s;
  some.memory.update(some.add(1), {.unsent = 500}, false);
  holder& second = some.add(1);
  some.memory.update(second, {.unsent = 500}, false);
  CHECK(some.cut().empty());
  some.memory.update(second, {.unsent = 501}, false);
  CHECK(some.cut().size() == 1);
  CHECK(other.bytes.total() == 1'000);
}

TEST_CASE("what is lent cannot give way, and has half of the limit") {
  crowd some{{.held_bytes_max = 1'000}};
  holder& lent = some.add(0);
  CHECK(some.memory.has_room_for(500));
  CHECK_FALSE(some.memory.has_room_for(501));
  some.memory.update(lent, {.received = 400}, true);
  CHECK(some.memory.has_room_for(100));
  CHECK_FALSE(some.memory.has_room_for(101));
  holder& other = some.add(1);
  some.memory.update(other, {.unsent = 601}, false);
  CHECK(some.cut() == places{1});
  some.memory.update(other, {}, false);
  some.memory.update(lent, {.received = 300}, false);
  CHECK(some.memory.has_room_for(500));
  some.memory.update(lent, {.received = 1'001}, false);
  CHECK(some.cut() == places{0});
}

TEST_CASE("the sums follow what is held, and are zero when all is closed") {
  crowd some{{}};
  holder& one = some.add(0);
  holder& two = some.add(0);
  some.memory.update(one, {.received = 1, .unsent = 20, .followed = 300}, false);
  some.memory.update(two, {.received = 4'000}, true);
  CHECK(some.share("received") == 4'001);
  CHECK(some.share("unsent") == 20);
  CHECK(some.share("followed") == 300);
  CHECK(some.shares.front().bytes == 4'321);
  some.memory.forget(two);
  some.memory.update(one, {.unsent = 19}, false);
  CHECK(some.memory.total() == 19);
  CHECK(some.share("received") == 0);
  some.memory.forget(one);
  CHECK(some.memory.total() == 0);
  CHECK(some.shares.front().bytes == 0);
  CHECK(some.memory.has_room_for(some.limits.held_bytes_max / 2));
}

#include <comments/posting.hpp>

#include <comments/store/forwarding.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

using namespace comments;

namespace {

const draft greeting{.content_id = "1", .body = "Oi"};

// A store in front of which something may happen right before an insert.
struct late_store final : forwarding_store {
  using forwarding_store::forwarding_store;

  result<post_result> insert(const insertion& wanted, instant now) override {
    if (const auto first = std::exchange(before, nullptr)) first();
    return inner().insert(wanted, now);
  }
  void begin_insert(const insertion& wanted, instant now, insert_receiver ended) override {
    ended(waits ? std::nullopt : std::optional{insert(wanted, now)});
  }
  std::function<void()> before{};
  bool waits{};
};

struct post_office {
  memory_store kept{};
  late_store behind{kept};
  service_options chosen{};
  registry metrics{};
  broadcast news{metrics};
  poster posts{behind, chosen, metrics, news};
  int ends{};

  std::shared_ptr<begun_post> begin(draft written) {
    return posts.begin(std::move(written), {}, {}, [this] { ++ends; });
  }
  bool has(const std::string& line) const {
    return metrics.to_text().find("\n" + line + "\n") != std::string::npos;
  }
  void lock(const std::string& content_id) {
    REQUIRE(kept.set_status(content_id, content_status::locked, {}, {}, chosen.clock()));
  }
};

}  // namespace

TEST_CASE("a post in two steps is counted and announced with the second") {
  post_office at;
  const auto follower = at.news.subscribe("1");
  int woken = 0;
  (*follower)->arm([&] { ++woken; });
  const auto begun = at.begin(greeting);
  CHECK(at.ends == 1);
  CHECK(at.has("comments_posted_total 0"));
  CHECK(woken == 0);
  CHECK_FALSE(at.posts.ends_at_once(*begun));  // because somebody is woken
  const auto made = at.posts.end(*begun);
  REQUIRE(made);
  CHECK(at.kept.find(made->stored.id)->body == "Oi");
  CHECK(at.has("comments_posted_total 1"));
  CHECK(woken == 1);
  CHECK(at.posts.ends_at_once(*at.begin({.content_id = "2", .body = "Oi"})));
}

TEST_CASE("a draft that is refused ends at once, and says why") {
  post_office at;
  const auto begun = at.begin({.content_id = "1"});
  CHECK(at.ends == 1);
  CHECK(at.posts.ends_at_once(*begun));
  CHECK(at.posts.end(*begun).error().code == errc::invalid);
  CHECK(at.has("comments_refused_total 1"));
  at.lock("1");
  CHECK(at.posts.end(*at.begin(greeting)).error().code == errc::content_locked);
}

TEST_CASE("where a content gets another status meanwhile, the second step looks at it again") {
  for (const bool is_locked : {false, true}) {
    CAPTURE(is_locked);
    post_office at;
    at.behind.before = [&] {
      if (is_locked) return at.lock("1");
      REQUIRE(at.kept.set_status("1", content_status::premoderated, {}, {}, at.chosen.clock()));
    };
    const auto begun = at.begin(greeting);
    CHECK_FALSE(at.posts.ends_at_once(*begun));
    const auto made = at.posts.end(*begun);
    CHECK(made.has_value() != is_locked);
    if (made) CHECK(made->stored.status == status::pending);
    if (!made) CHECK(made.error().code == errc::content_locked);
    CHECK(at.ends == 1);
  }
}

TEST_CASE("what the store has to wait for is stored with the second step") {
  post_office at;
  at.behind.waits = true;
  const auto begun = at.begin(greeting);
  CHECK(at.ends == 1);
  CHECK_FALSE(at.posts.ends_at_once(*begun));
  CHECK(at.kept.find_all({.limit = 1})->items.empty());
  CHECK(at.posts.end(*begun).has_value());
  CHECK(at.has("comments_posted_total 1"));
}

TEST_CASE("what is encoded is what the encoder makes of the text, or nothing without one") {
  CHECK(*encode({}, {.body = "x"}) == "");
  CHECK(*encode([](const comment& written) { return written.body + "!"; }, {.body = "x"}) == "x!");
  const encoder broken = [](const comment&) -> std::string { throw 7; };
  CHECK(encode(broken, {}).error().code == errc::unavailable);
}

TEST_CASE("what is to be told of the end may throw, or be empty: the post is made all the same") {
  post_office at;
  for (const auto& told : {std::function<void()>{}, std::function<void()>{[] { throw 7; }}}) {
    const auto refused = at.posts.begin({.content_id = "1"}, {}, {}, told);
    CHECK(at.posts.end(*refused).error().code == errc::invalid);
    const auto begun = at.posts.begin(greeting, {}, {}, told);
    CHECK(at.posts.end(*begun));
  }
  CHECK(at.has("comments_posted_total 2"));
}

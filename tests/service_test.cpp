#include <comments/service.hpp>

#include <doctest/doctest.h>

#include <comments/store/forwarding.hpp>
#include <comments/store/memory.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/faulty_store.hpp"
#include "support/parallel.hpp"
#include "support/violations.hpp"

using namespace comments;
using namespace std::chrono_literals;

namespace {

// How many posts a service stored, replayed and refused: "1 stored, 0 replayed, 0 refused".
std::string tally(const service& api) {
  const auto count = [&](std::string_view name) {
    return std::to_string(api.metrics().counter_of(name, "").value());
  };
  return count("comments_posted_total") + " stored, " + count("comments_replayed_total") +
         " replayed, " + count("comments_refused_total") + " refused";
}

template <typename T>
std::string faults(const result<T>& answer) {
  return answer ? "none" : to_line(answer.error().violations);
}

const principal moderator{.role = principal::role::moderator};

// As a service shows a content that is open by default.
content open_content(std::string id, std::int64_t version = 0, std::int64_t comments = 0) {
  return {std::move(id), version, comments, content_status::open};
}

// Holds one comment, of any status.
class one_comment_store final : public forwarding_store {
 public:
  one_comment_store() : forwarding_store{empty_} {}

  comment kept{.id = comment_id{{1}}, .content_id = "1", .body = "visto?"};

  result<comment> find(const comment_id& id) const override {
    if (id != kept.id) return comment_not_found();
    return kept;
  }
  std::string_view signing_key() const override { return "the key of one_comment_store"; }

 private:
  memory_store empty_{};
};

// Holds `kept` to what every store promises of a content, whatever happened before: n comments,
// n events, positions 1..n, each event of its comment. Answers the comments.
std::vector<comment> check_order(const store& kept, const std::string& content_id) {
  const auto page = kept.list({.content_id = content_id, .scope = scope::all, .limit = 10'000});
  const auto events = kept.events(content_id, 0, 10'000);
  REQUIRE(page);
  REQUIRE(events);
  const std::size_t size = page->items.size();
  CHECK(page->content.version == static_cast<std::int64_t>(size));
  CHECK(page->content.comments == static_cast<std::int64_t>(size));
  REQUIRE(events->size() == size);
  for (std::size_t i = 0; i < size; ++i) {
    const comment& made = page->items[i];
    REQUIRE(made.position == static_cast<std::int64_t>(i + 1));
    REQUIRE((*events)[i] == event{content_id, made.position, event_kind::posted, made.id,
                                  made.created_at, "", "", "published"});
    REQUIRE(made.replies == std::ranges::count(page->items, made.id, &comment::parent));
  }
  return page->items;
}

// Two posts and a look at everything, each step retried once if it fails, and then it must not.
// Returns how many steps failed.
int visit(service& api, fault how) {
  int failures = 0;
  const auto retried = [&](const auto& step) {
    auto answer = step();
    if (answer) return std::move(*answer);
    ++failures;
    CHECK(may_cause(how, answer.error().code));
    auto again = step();
    REQUIRE(again);
    return std::move(*again);
  };
  const draft first{.content_id = "1", .body = "Primeiro post!", .key = "k1"};
  const auto root = retried([&] { return api.post(first); }).stored;
  const draft second{.content_id = "1", .parent = root.id, .body = "re", .key = "k2"};
  const auto reply = retried([&] { return api.post(second); }).stored;
  CHECK(retried([&] { return api.find(reply.id); }) == reply);
  CHECK(retried([&] { return api.list({.content_id = "1"}); }).items.size() == 1);
  CHECK(retried([&] { return api.find_content("1"); }).comments == 2);
  CHECK(retried([&] { return api.post(first); }).stored.id == root.id);
  return failures;
}

}  // namespace

TEST_CASE("a post is stored with the time of the service's clock, and counted") {
  memory_store store;
  manual_clock now{from_milliseconds(1'700'000'000'000)};
  service api{store, {.clock = now.as_clock()}};
  CHECK(tally(api) == "0 stored, 0 replayed, 0 refused");

  const auto first = api.post({.content_id = "1", .body = "Primeiro post!"});
  REQUIRE(first);
  CHECK_FALSE(first->replayed);
  CHECK(first->stored.created_at == from_milliseconds(1'700'000'000'000));
  now.advance(15min);
  const auto second = api.post({.content_id = "1", .parent = first->stored.id, .body = "re"});
  REQUIRE(second);
  CHECK(second->stored.created_at == from_milliseconds(1'700'000'900'000));
  CHECK(tally(api) == "2 stored, 0 replayed, 0 refused");
  CHECK(check_order(store, "1").size() == 2);
}

TEST_CASE("a retry with the same key is replayed, and counted as that") {
  memory_store store;
  manual_clock now;
  service api{store, {.clock = now.as_clock()}};
  const draft written{.content_id = "1", .body = "uma vez", .key = "k1"};
  const auto first = api.post(written);
  now.advance(1s);
  const auto again = api.post(written);
  REQUIRE(again);
  CHECK(again->replayed);
  CHECK(again->stored == first->stored);
  CHECK(tally(api) == "1 stored, 1 replayed, 0 refused");
  CHECK(check_order(store, "1").size() == 1);
}

TEST_CASE("what the store refuses is passed on as it is, and counted as refused") {
  memory_store store;
  service api{store};
  REQUIRE(api.post({.content_id = "1", .body = "uma", .key = "k1"}));
  const auto reused = api.post({.content_id = "1", .body = "outra", .key = "k1"});
  REQUIRE_FALSE(reused);
  CHECK(reused.error().code == errc::key_reused);
  CHECK(faults(reused) == "key reused");
  const auto orphan = api.post({.content_id = "1", .parent = comment_id{}, .body = "re"});
  REQUIRE_FALSE(orphan);
  CHECK(orphan.error().code == errc::not_found);
  CHECK(faults(orphan) == "/parent_id not_found");
  CHECK(tally(api) == "1 stored, 0 replayed, 2 refused");
  CHECK(check_order(store, "1").size() == 1);
}

TEST_CASE("an invalid draft never reaches the store, and hears of every violation") {
  memory_store kept;
  faulty_store store{kept};
  service api{store, {.limits = {.body_bytes_max = 4}}};
  const auto refused = api.post({.author = {.email = "nobody"}, .body = "12345"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid);
  CHECK(faults(refused) == "/content_id required, /body too_long, /author/email format");
  CHECK(store.calls() == 0);
  CHECK(tally(api) == "0 stored, 0 replayed, 1 refused");
  CHECK(api.post({.content_id = "1", .body = "1234"}));
  CHECK(store.calls() == 2);  // what the content's mode is, and the post
}

TEST_CASE("find answers what readers may see and nothing else") {
  one_comment_store store;
  const service api{store};
  CHECK(api.find(store.kept.id)->body == "visto?");
  CHECK(api.find(comment_id{}).error().code == errc::not_found);
  for (const status hidden : {status::pending, status::spam, status::removed}) {
    store.kept.status = hidden;
    const auto found = api.find(store.kept.id);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == errc::not_found);
    CHECK(found.error().message == comment_not_found().message);
  }
}

TEST_CASE("a page has at least one comment and at most page_max") {
  memory_store kept;
  faulty_store store{kept};
  service api{store, {.page_max = 3}};
  for (int i = 0; i < 4; ++i) REQUIRE(api.post({.content_id = "1", .body = "um"}));
  const std::size_t before = store.calls();
  CHECK(faults(api.list({.content_id = "1", .limit = 0})) == "limit out_of_range");
  CHECK(faults(api.list({.content_id = "1", .limit = 4})) == "limit out_of_range");
  CHECK(faults(api.list({.content_id = "", .limit = 4})) ==
        "content_id required, limit out_of_range");
  CHECK(store.calls() == before);
  CHECK(api.list({.content_id = "1", .limit = 1})->items.size() == 1);
  const auto full = api.list({.content_id = "1", .limit = 3});
  REQUIRE(full);
  CHECK(full->items.size() == 3);
  CHECK(full->next == cursor{3, 0});
}

TEST_CASE(
    "a page ends before it has more text than page_bytes_max, and what follows is on the next") {
  memory_store store;
  service api{store, {.page_bytes_max = 1'000}};
  for (const std::size_t bytes : {400u, 600u, 1u, 2'000u, 5u})
    REQUIRE(api.post({.content_id = "1", .body = std::string(bytes, 'a')}));
  query asked{.content_id = "1"};
  std::vector<std::size_t> sizes;
  do {
    const auto page = api.list(asked);
    REQUIRE(page);
    sizes.push_back(page->items.size());
    asked.after = page->next;
  } while (asked.after);
  CHECK(sizes == std::vector<std::size_t>{2, 1, 1, 1});
}

TEST_CASE("a list is the store's answer to the whole query") {
  memory_store store{0};
  service api{store};
  const auto root = api.post({.content_id = "1", .body = "raiz"})->stored;
  std::vector<comment> replies;
  for (int i = 0; i < 3; ++i)
    replies.push_back(api.post({.content_id = "1", .parent = root.id, .body = "re"})->stored);
  const auto page = api.list({.content_id = "1",
                              .scope = scope::replies,
                              .parent = root.id,
                              .sort = comments::sort::newest,
                              .limit = 1,
                              .after = cursor{replies[2].position}});
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  CHECK(page->items[0] == replies[1]);
  CHECK(page->next == cursor{replies[1].position, 0});
  CHECK(api.list({.content_id = "2"})->content == open_content("2"));
}

TEST_CASE("contents answer in the order asked for, at most contents_max of them") {
  memory_store kept{0};
  faulty_store store{kept};
  service api{store, {.contents_max = 2}};
  REQUIRE(api.post({.content_id = "a", .body = "um"}));
  const std::size_t before = store.calls();
  const std::vector<std::string> none, two{"b", "a"}, three{"b", "a", "c"}, blank{"a", " "};
  CHECK(faults(api.contents(none)) == "content_id required");
  CHECK(faults(api.contents(three)) == "content_id too_many");
  CHECK(faults(api.contents(blank)) == "content_id required");
  CHECK(api.contents(three).error().code == errc::invalid);
  CHECK(store.calls() == before);
  const auto found = api.contents(two);
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0] == open_content("b"));
  CHECK((*found)[1] == open_content("a", 1, 1));
}

TEST_CASE("by default pages and lists of contents end at 200") {
  memory_store store;
  const service api{store};
  CHECK(api.list({.content_id = "1", .limit = 200}));
  CHECK(faults(api.list({.content_id = "1", .limit = 201})) == "limit out_of_range");
  std::vector<std::string> ids(200, "1");
  CHECK(api.contents(ids)->size() == 200);
  ids.push_back("1");
  CHECK(faults(api.contents(ids)) == "content_id too_many");
}

TEST_CASE("a content is found once it has a comment") {
  memory_store store{0};
  service api{store};
  CHECK(api.find_content("1").error().code == errc::not_found);
  CHECK(faults(api.find_content("a\nb")) == "content_id control_character");
  REQUIRE(api.post({.content_id = "1", .body = "um"}));
  CHECK(*api.find_content("1") == open_content("1", 1, 1));
  CHECK(api.find_content("2").error().code == errc::not_found);
}

TEST_CASE("a draining service says so and works on") {
  memory_store store;
  service api{store};
  CHECK_FALSE(api.is_draining());
  api.drain();
  CHECK(api.is_draining());
  api.drain();
  CHECK(api.is_draining());
  const auto posted = api.post({.content_id = "1", .body = "ainda"});
  REQUIRE(posted);
  CHECK(api.find(posted->stored.id));
  CHECK(api.list({.content_id = "1"})->items.size() == 1);
}

TEST_CASE("a service shows its options and the store's key") {
  one_comment_store store;
  const service api{store, {.limits = {.name_bytes_max = 7}, .page_max = 8, .contents_max = 9}};
  CHECK(api.options().limits.name_bytes_max == 7);
  CHECK(api.options().page_max == 8);
  CHECK(api.options().contents_max == 9);
  CHECK(api.signing_key() == "the key of one_comment_store");
}

TEST_CASE("posts of many threads get the versions 1 to n without a gap, and one event each") {
  memory_store store;
  service api{store};
  constexpr int threads = 8, posts = 100;
  const comment_id root = api.post({.content_id = "1", .body = "raiz"})->stored.id;
  std::array<std::vector<std::int64_t>, threads> positions;
  std::atomic<int> unseen{};
  in_parallel(threads, [&](int thread) {
    for (int i = 0; i < posts; ++i) {
      draft written{.content_id = "1", .body = std::to_string(thread)};
      if (i % 2 == 0) written.parent = root;
      const auto posted = api.post(written);
      if (posted) positions[static_cast<std::size_t>(thread)].push_back(posted->stored.position);
      const auto content = api.find_content("1");
      if (!posted || !content || content->version < posted->stored.position) ++unseen;
    }
  });
  std::set<std::int64_t> all{1};
  for (const auto& mine : positions) {
    CHECK(std::ranges::is_sorted(mine));
    all.insert(mine.begin(), mine.end());
  }
  constexpr int total = 1 + threads * posts;
  CHECK(unseen == 0);
  CHECK(all.size() == total);
  CHECK(*all.rbegin() == total);
  CHECK(check_order(store, "1").size() == total);
  CHECK(tally(api) == std::to_string(total) + " stored, 0 replayed, 0 refused");
}

TEST_CASE("one key in many threads makes one comment") {
  memory_store store;
  service api{store};
  std::mutex mutex;
  std::set<comment_id> made;
  in_parallel(8, [&](int) {
    const auto posted = api.post({.content_id = "1", .body = "uma vez", .key = "k1"});
    const std::lock_guard lock{mutex};
    made.insert(posted ? posted->stored.id : comment_id{});
  });
  CHECK(made.size() == 1);
  CHECK(tally(api) == "1 stored, 7 replayed, 0 refused");
  REQUIRE(check_order(store, "1").size() == 1);
  CHECK(store.find(*made.begin()));
}

TEST_CASE("whichever call to the store fails, nothing is half done and a retry doubles nothing") {
  for (const fault how : {fault::refused, fault::answer_lost}) {
    std::size_t n = 0;
    for (bool has_failed = true; has_failed;) {
      memory_store kept;
      faulty_store store{kept, ++n, how};
      service api{store};
      const int failures = visit(api, how);
      has_failed = store.has_failed();
      CHECK(failures == (has_failed ? 1 : 0));
      const auto made = check_order(kept, "1");
      REQUIRE(made.size() == 2);
      CHECK(made[0].body == "Primeiro post!");
      CHECK(made[0].replies == 1);
      CHECK(made[1].parent == made[0].id);
    }
    CHECK(n == 10);  // each post looks at its content first: nine calls have failed, and then none
  }
}

TEST_CASE("a post that the store could not take leaves nothing, and is counted as refused") {
  memory_store kept;
  faulty_store store{kept, 2};
  service api{store};
  const auto broken = api.post({.content_id = "1", .body = "um"});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().code == errc::unavailable);
  CHECK(tally(api) == "0 stored, 0 replayed, 1 refused");
  CHECK(check_order(kept, "1").empty());
  CHECK(api.find_content("1").error().code == errc::not_found);
}

TEST_CASE("a list with a parent is of its replies, whatever its scope says") {
  memory_store store;
  service service{store};
  const auto root = service.post({.content_id = "1", .body = "root"});
  REQUIRE(root);
  const auto reply = service.post({.content_id = "1", .parent = root->stored.id, .body = "reply"});
  REQUIRE(reply);
  const auto page = service.list({.content_id = "1", .parent = root->stored.id});
  REQUIRE(page);
  REQUIRE(page->items.size() == 1);
  CHECK(page->items.front().id == reply->stored.id);
}

TEST_CASE("decisions are about 1 to decisions_max comments, and 10,000 are refused unread") {
  memory_store kept;
  faulty_store store{kept};
  service api{store, {.decisions_max = 3}};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  const std::size_t before = store.calls();
  const auto faults_of = [&](std::size_t size) {
    const std::vector<comment_id> ids(size, id);
    return faults(api.moderate(ids, decision::approve, moderator));
  };
  CHECK(faults_of(0) == "/ids required");
  CHECK(faults_of(4) == "/ids too_many");
  CHECK(faults_of(10'000) == "/ids too_many");
  CHECK(store.calls() == before);
  CHECK(faults_of(3) == "none");
  CHECK(faults_of(1) == "none");
}

TEST_CASE("a reason is checked before anything is done for it") {
  memory_store kept;
  faulty_store store{kept};
  service api{store, {.limits = {.reason_bytes_max = 4}}};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  const std::size_t before = store.calls();
  const principal reader{.client = "c"};
  CHECK(faults(api.report(id, "12345", reader)) == "/reason too_long");
  CHECK(faults(api.report(id, "", reader)) == "/reason required");
  CHECK(faults(api.moderate({&id, 1}, decision::hold, moderator, {.reason = "12345"})) ==
        "/reason too_long");
  CHECK(faults(api.set_status("1", {}, moderator, {.reason = "12345"})) == "/reason too_long");
  CHECK(faults(api.remove(id, moderator, {.reason = "12345"})) == "/reason too_long");
  CHECK(store.calls() == before);
  CHECK(api.report(id, "1234", reader));
  CHECK(api.remove(id, moderator, {.reason = "1234"}));
}

TEST_CASE("a caller without account and address neither votes nor reports") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  CHECK(api.vote(id, {}, true).error().code == errc::unauthenticated);
  CHECK(api.report(id, "rude", {}).error().code == errc::unauthenticated);
  CHECK(api.vote(id, {.client = "c"}, true)->votes == 1);
}

TEST_CASE("votes of 64 voters at once are counted exactly, each once") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  in_parallel(64, [&](int voter) {
    const principal who{.client = std::to_string(voter)};
    for (int i = 0; i < 21; ++i) static_cast<void>(api.vote(id, who, i % 3 != 1));
  });
  CHECK(api.find(id)->votes == 64);
  const auto events = store.events("1", 0, 10'000);
  CHECK(static_cast<std::int64_t>(events->size()) == api.find_content("1")->version);
}

TEST_CASE("reporters at once hide a comment once") {
  for (int round = 0; round < 20; ++round) {
    memory_store store;
    service api{store, {.reports_max = 4}};
    const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
    std::atomic<int> odd{};
    in_parallel(8, [&](int reader) {
      const auto told = api.report(id, "rude", {.client = std::to_string(reader)});
      if (!told && told.error().code != errc::not_found) ++odd;
    });
    CHECK(odd == 0);
    CHECK(store.find(id)->status == status::pending);
    CHECK(store.history(id, 0, 10)->size() == 2);
    CHECK(api.find_content("1")->comments == 0);
  }
}

// 90 reports from one /48 hid 30 comments, and 300 votes from one counted.
TEST_CASE("a network that has many addresses neither hides a comment nor lifts it") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  const auto from = [](int site) {
    return principal{.client = std::to_string(site), .network = "net"};
  };
  CHECK(api.report(id, "rude", from(0))->reports == 1);
  CHECK(api.report(id, "rude", from(0))->reports == 1);
  for (int site = 1; site < 10; ++site)
    CHECK(api.report(id, "rude", from(site)).error().code == errc::conflict);
  for (int site = 0; site < 4; ++site) CHECK(api.vote(id, from(site), true)->votes == site + 1);
  for (int site = 4; site < 10; ++site)
    CHECK(api.vote(id, from(site), true).error().code == errc::conflict);
  CHECK(is_visible(*api.find(id)));
  for (int client = 0; client < 10; ++client)
    CHECK(api.vote(id, {.client = std::to_string(100 + client)}, true)->votes == client + 5);
  CHECK(api.vote(id, {.role = principal::role::user, .subject = "ana", .network = "net"}, true)
            ->votes == 15);
}

TEST_CASE("the browser that a comment came from sees it while it waits, among the others") {
  memory_store store;
  service api{store, {.mode = content_status::premoderated}};
  const principal ana{.client = "c", .browser = "ana"}, eva{.client = "c", .browser = "eva"};
  const auto say = [&](const principal& who, std::optional<comment_id> parent = {}) {
    return api.post({.content_id = "1", .parent = parent, .body = "x"}, who)->stored.id;
  };
  const auto first = say(moderator), own = say(ana), last = say(moderator);
  const auto own_reply = say(ana, first);
  const auto ids = [&](const query& wanted, const principal& who) {
    std::vector<comment_id> found;
    const auto page = api.list_with_own(wanted, who);
    if (*page)
      for (const comment& item : (**page).items) found.push_back(item.id);
    return found;
  };
  using list = std::vector<comment_id>;
  CHECK(ids({.content_id = "1"}, ana) == list{first, own, last});
  CHECK(ids({.content_id = "1", .sort = sort::newest}, ana) == list{last, own, first});
  CHECK(ids({.content_id = "1", .sort = sort::top}, ana) == list{first, own, last});
  CHECK(ids({.content_id = "1", .parent = first}, ana) == list{own_reply});
  CHECK((**api.list_with_own({.content_id = "1"}, ana)).items[0].replies == 1);
  for (const principal& other : {eva, principal{.client = "c"}, principal{}}) {
    CHECK(ids({.content_id = "1"}, other).empty());
    CHECK(api.find(own, other).error().code == errc::not_found);
  }
  CHECK(api.find(own, ana)->body == "x");

  // On the page where it belongs, and on no other.
  const auto page = api.list_with_own({.content_id = "1", .limit = 1}, ana);
  CHECK(ids({.content_id = "1", .limit = 1}, ana) == list{first});  // its reply is counted
  CHECK(ids({.content_id = "1", .limit = 1, .after = (**page).next}, ana) == list{own, last});
  CHECK(ids({.content_id = "2"}, ana).empty());

  REQUIRE(api.moderate({&own, 1}, decision::spam, moderator));
  CHECK(ids({.content_id = "1", .limit = 1, .after = (**page).next}, ana).empty());
  CHECK(api.find(own, ana).error().code == errc::not_found);
  REQUIRE(api.moderate({&own, 1}, decision::approve, moderator));
  CHECK(ids({.content_id = "1"}, ana) == list{first, own, last});  // for the reply's sake
  CHECK(api.find(own, eva)->body == "x");
}

TEST_CASE("a vote is taken back by the browser that gave it, and by no other at its address") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  const principal ana{.client = "c", .browser = "ana"}, eva{.client = "c", .browser = "eva"};
  CHECK(api.vote(id, ana, true)->votes == 1);
  CHECK(api.vote(id, eva, true)->votes == 1);  // a browser is no further voter
  CHECK(api.vote(id, eva, false)->votes == 1);
  CHECK(api.vote(id, {.client = "c"}, false)->votes == 1);
  CHECK(api.vote(id, {.client = "elsewhere", .browser = "ana"}, true)->votes == 1);
  CHECK(api.vote(id, {.browser = "ana"}, true).error().code == errc::unauthenticated);
  CHECK(api.vote(id, {.browser = "ana"}, false)->votes == 0);
  CHECK(api.vote(id, {}, false).error().code == errc::unauthenticated);
}

TEST_CASE("moderators at once decide about a comment one after the other") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  std::atomic<int> done{};
  in_parallel(8, [&](int i) {
    const auto what = i % 2 == 0 ? decision::hold : decision::spam;
    done += (*api.moderate({&id, 1}, what, moderator))[0].second.has_value();
  });
  CHECK(store.history(id, 0, 100)->size() == static_cast<std::size_t>(1 + done));
  CHECK(done >= 1);
  CHECK(api.find_content("1")->comments == 0);
}

TEST_CASE("of two edits of the same version at once, one wins") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  std::atomic<int> won{}, lost{};
  in_parallel(8, [&](int i) {
    const auto edited = api.edit(id, std::to_string(i), moderator, {.expected = 1});
    if (edited) ++won;
    if (!edited && edited.error().code == errc::version_mismatch) ++lost;
  });
  CHECK(won == 1);
  CHECK(lost == 7);
  CHECK(store.history(id, 0, 100)->size() == 2);
}

TEST_CASE("a post and an edit keep the encoded form that they are given, or none") {
  memory_store store;
  service api{store};
  const encoder encode = [](const comment& written) {
    return written.author.name + ":" + written.body;
  };
  const draft written{.content_id = "1", .author = {.name = "Ana"}, .body = "um"};
  const auto made = api.post(written, {}, {.encode = encode})->stored;
  CHECK(made.encoded == "Ana:um");
  const auto id = made.id;
  CHECK(api.edit(id, "dois", moderator, {.encode = encode})->encoded == "Ana:dois");
  CHECK(api.edit(id, "tres", moderator)->encoded == "");
}

TEST_CASE("an encoder that throws ends its own call, and nothing is stored") {
  memory_store store;
  service api{store};
  const draft written{.content_id = "1", .body = "um", .key = "k"};
  const encoder broken = [](const comment&) -> std::string { throw 7; };
  const auto refused = api.post(written, {}, {.encode = broken});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(api.find_content("1").error().code == errc::not_found);
  const auto made = api.post(written);  // the key is free
  REQUIRE(made);
  CHECK_FALSE(made->replayed);
  const auto id = made->stored.id;
  CHECK(api.edit(id, "dois", moderator, {.encode = broken}).error().code == errc::unavailable);
  CHECK(api.find(id)->body == "um");
  CHECK(tally(api) == "1 stored, 0 replayed, 1 refused");
}

TEST_CASE("a rule, an encoder and a clock may call the service that calls them") {
  memory_store store;
  bool may_call = false;  // once for each call of the service
  int calls = 0;
  const auto call = [&] {
    if (!std::exchange(may_call, false)) return;
    service inner{store};
    CHECK(inner.list({.content_id = "1"}));
    CHECK(inner.post({.content_id = "2", .body = "meanwhile"}));
    ++calls;
  };
  const rule asking = [&](const draft&, const arrival&) {
    call();
    return accept();
  };
  const comments::clock ticking = [&] {
    call();
    return system_clock()();
  };
  const encoder encoding = [&](const comment& written) {
    call();
    return written.body;
  };
  service judged{store, {.rules = {asking}}};
  service timed{store, {.clock = ticking}};
  service plain{store};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const auto id = plain.post({.content_id = "1", .body = "um"}, ana)->stored.id;
  const auto with_calls = [&](service& api, const encoder& encode) {
    may_call = true;
    CHECK(api.post({.content_id = "1", .body = "dois"}, ana, {.encode = encode}));
    may_call = true;
    CHECK(api.edit(id, "tres", ana, {.encode = encode}));
  };
  with_calls(judged, {});
  with_calls(timed, {});
  with_calls(plain, encoding);
  CHECK(calls == 6);
  CHECK(plain.find_content("2")->version == 6);
}

TEST_CASE("a rule that throws, or is empty, ends the call that it was to judge") {
  memory_store store;
  const rule throwing = [](const draft& written, const arrival&) -> verdict {
    if (written.body.starts_with("bad")) throw std::runtime_error{"secret"};
    return accept();
  };
  service api{store, {.rules = {throwing}}};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const auto refused = api.post({.content_id = "1", .body = "bad", .key = "k"}, ana);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::unavailable);
  CHECK(refused.error().message.find("secret") == std::string::npos);
  const auto made = api.post({.content_id = "1", .body = "um", .key = "k"}, ana);
  REQUIRE(made);
  CHECK(api.edit(made->stored.id, "bad too", ana).error().code == errc::unavailable);
  CHECK(api.edit(made->stored.id, "bad, says the moderator", moderator));
  CHECK(store.history(made->stored.id, 0, 10)->size() == 2);
  CHECK(tally(api) == "1 stored, 0 replayed, 1 refused");
  service empty{store, {.rules = {rule{}}}};
  CHECK(empty.post({.content_id = "1", .body = "dois"}).error().code == errc::unavailable);
  CHECK(empty.list({.content_id = "1"})->items.size() == 1);
}

TEST_CASE("rules forget what is not stored, be it a post or an edit, and remember the rest") {
  int forgotten = 0;
  const rule remembering = [&](const draft&, const arrival&) {
    verdict fine = accept();
    fine.forget = [&] { ++forgotten; };
    return fine;
  };
  memory_store kept;
  service api{kept, {.rules = {remembering}}};
  const principal ana{.role = principal::role::user, .subject = "ana"};
  const auto posted = api.post({.content_id = "1", .body = "x"}, ana);
  REQUIRE(posted);
  const auto edit = [&](change_options options) {
    return api.edit(posted->stored.id, "y", ana, options).has_value();
  };
  CHECK(edit({}));
  CHECK(forgotten == 0);
  CHECK_FALSE(edit({.expected = 1}));
  CHECK(forgotten == 1);
  const encoder broken = [](const comment&) -> std::string { throw 1; };
  CHECK_FALSE(edit({.encode = broken}));
  CHECK_FALSE(api.post({.content_id = "1", .body = "z"}, ana, {.encode = broken}));
  CHECK(forgotten == 3);
  REQUIRE(api.set_status("1", content_status::locked, moderator));
  CHECK_FALSE(edit({}));
  CHECK_FALSE(api.post({.content_id = "1", .body = "z"}, ana));
  CHECK(forgotten == 5);
}

TEST_CASE("times are those of the clock that all processes share, also what the service hands on") {
  struct ahead final : forwarding_store {
    using forwarding_store::forwarding_store;
    instant shared_time(instant own) const override { return own + std::chrono::minutes{4}; }
  };
  memory_store kept;
  ahead store{kept};
  manual_clock own{from_milliseconds(1'700'000'000'000)};
  service api{store, {.clock = own.as_clock()}};
  const instant shared = own.now() + std::chrono::minutes{4};
  CHECK(api.options().clock() == shared);
  const principal ana{.role = principal::role::user, .subject = "17"};
  const comment made = api.post({.content_id = "1", .body = "x"}, ana)->stored;
  CHECK(made.created_at == shared);
  CHECK(api.edit(made.id, "y", ana)->edited_at == shared);
}

TEST_CASE("no edit is from before its comment, whatever the clocks of two processes say") {
  memory_store store;
  manual_clock ahead{from_milliseconds(1'700'000'000'000)},
      behind{from_milliseconds(1'699'999'999'000)};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const comment made = service{store, {.clock = ahead.as_clock()}}
                           .post({.content_id = "1", .body = "x"}, ana)
                           ->stored;
  CHECK(service{store, {.clock = behind.as_clock()}}.edit(made.id, "y", ana)->edited_at ==
        made.created_at);
}

// The server went on until all were forgotten, whoever wanted it to end.
TEST_CASE("origins are forgotten a few at a time, until that is over or another process does it") {
  struct shared_store final : forwarding_store {
    using forwarding_store::forwarding_store;
    result<std::size_t> forget_origins(instant, std::size_t limit) override {
      ++batches;
      if (batches == leased_until) is_leased = false;
      return std::min<std::size_t>(limit, 10);
    }
    result<bool> lease_chores(std::chrono::milliseconds lasts) override {
      given_up += lasts.count() == 0;
      return is_leased;
    }
    int batches{}, leased_until{}, given_up{};
    bool is_leased{true};
  };
  memory_store kept;
  shared_store store{kept};
  service api{store};
  CHECK(api.forget_origins([&] { return store.batches == 3; }) == 30u);
  CHECK(store.batches == 3);
  CHECK(store.given_up == 1);
  CHECK(api.forget_origins([]() -> bool { throw 1; }) == 0u);
  CHECK(store.batches == 3);
  CHECK(store.given_up == 1);
  store.leased_until = 5;
  CHECK(api.forget_origins() == 20u);
  CHECK(api.forget_origins() == 0u);
  CHECK(store.batches == 5);
  CHECK(store.given_up == 1);  // what another process has is not given up
}

TEST_CASE("a clock that throws, or is empty, ends each call that needs the time") {
  memory_store store{0};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const auto id = service{store}.post({.content_id = "1", .body = "um"}, ana)->stored.id;
  const comments::clock throwing = []() -> instant { throw std::runtime_error{"secret"}; };
  for (const comments::clock& broken : {throwing, comments::clock{}}) {
    service api{store, {.clock = broken}};
    const auto fails = [](const auto& answer) {
      return !answer && answer.error().code == errc::unavailable &&
             answer.error().message == "The clock failed.";
    };
    CHECK(fails(api.post({.content_id = "1", .body = "dois"})));
    CHECK(fails(api.edit(id, "dois", ana)));
    CHECK(fails(api.remove(id, ana)));
    CHECK(fails(api.vote(id, ana, true)));
    CHECK(fails(api.report(id, "rude", ana)));
    CHECK(fails(api.moderate({&id, 1}, decision::spam, moderator)));
    CHECK(fails(api.set_status("1", content_status::locked, moderator)));
    CHECK(fails(api.erase({.subject = "17"}, ana)));
    CHECK(fails(api.forget_origins()));
    CHECK(api.find(id)->body == "um");
    CHECK(api.list({.content_id = "1"})->items.size() == 1);
  }
  CHECK(*service{store}.find_content("1") == open_content("1", 1, 1));
}

TEST_CASE("what a storage did and failed to do is in the metrics, once it was used") {
  memory_store kept;
  faulty_store store{kept};
  service api{store};
  api.probe_store();
  CHECK(api.metrics().to_text().find("comments_store_last_success") == std::string::npos);
  store.done = {.last_success = from_milliseconds(1'700'000'000'999),
                .failures = {{"busy", 3}},
                .connections_used = 1,
                .connections_open = 2};
  for (int i = 0; i < 2; ++i) api.probe_store();
  const std::string text = api.metrics().to_text();
  for (const std::string line : {"comments_store_last_success_seconds 1700000000",
                                 "comments_store_failures_total{kind=\"busy\"} 3",
                                 "comments_store_connections{state=\"open\"} 2",
                                 "comments_store_connections{state=\"used\"} 1"})
    CHECK(text.find("\n" + line + "\n") != std::string::npos);
  CHECK_FALSE(api.is_store_away());
  store.done.is_away = true;
  CHECK(api.is_store_away());
}

TEST_CASE("a store is asked whether it takes writes, and only a probe has it recover") {
  memory_store kept;
  faulty_store store{kept};
  service api{store};
  const auto gauge = [&] { return api.metrics().gauge_of("comments_store_writable", "").value(); };
  CHECK(api.is_writable());
  CHECK(gauge() == 0);  // not probed yet
  api.probe_store();
  CHECK(gauge() == 1);
  store.is_read_only = true;
  const service& seen = api;
  for (int i = 0; i < 3; ++i) CHECK_FALSE(seen.is_writable());
  CHECK(gauge() == 1);
  CHECK(store.recoveries == 0);
  api.probe_store();
  CHECK(gauge() == 0);
  while (store.recoveries == 0) std::this_thread::yield();
  store.is_read_only = false;
  api.probe_store();
  CHECK(gauge() == 1);
}

TEST_CASE("a change is made at the version that is expected, or at one of a list") {
  memory_store store;
  service api{store};
  const auto id = api.post({.content_id = "1", .body = "um"})->stored.id;
  using versions = std::vector<std::int64_t>;
  const auto code = [](const auto& changed) { return changed ? errc{} : changed.error().code; };
  const auto moved = errc::version_mismatch;
  for (const change_options& wrong :
       {change_options{.expected = 2}, change_options{.any_of = {2, 3}},
        change_options{.any_of = {-1}}, change_options{.expected = 2, .any_of = {1}},
        change_options{.expected = 1, .any_of = {2}}}) {
    CHECK(code(api.edit(id, "dois", moderator, wrong)) == moved);
    CHECK(code(api.remove(id, moderator, wrong)) == moved);
    CHECK(code(api.set_status("1", content_status::open, moderator, wrong)) == moved);
    const auto decided = api.moderate({&id, 1}, decision::hold, moderator, wrong);
    REQUIRE(decided);
    CHECK(code(decided->front().second) == moved);
  }
  CHECK(store.history(id, 0, 10)->size() == 1);
  CHECK(api.edit(id, "dois", moderator, {.any_of = versions{7, 1}}));                        // 2
  CHECK(api.set_status("1", content_status::open, moderator, {.any_of = {1, 2}}));           // 3
  CHECK(api.moderate({&id, 1}, decision::hold, moderator, {.expected = 2, .any_of = {2}}));  // 4
  CHECK(api.set_status("1", {}, moderator, {.expected = 4}));                                // 5
  CHECK(api.set_status("2", {}, moderator, {.any_of = {0}}));
  CHECK(api.remove(id, moderator, {.expected = 4}));  // 6
  CHECK(api.find_content("1")->version == 6);
}

TEST_CASE("the reason of an edit is kept, unless the rules give one") {
  memory_store store;
  service api{
      store,
      {.limits = {.reason_bytes_max = 4}, .rules = {[](const draft& written, const arrival&) {
                                            return written.body == "bad" ? hold("rule") : accept();
                                          }}}};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const auto id = api.post({.content_id = "1", .body = "um"}, ana)->stored.id;
  CHECK(faults(api.edit(id, "dois", ana, {.reason = "12345"})) == "/reason too_long");
  REQUIRE(api.edit(id, "dois", ana, {.reason = "typo"}));
  REQUIRE(api.edit(id, "bad", ana, {.reason = "typo"}));
  const auto history = *store.history(id, 0, 10);
  REQUIRE(history.size() == 3);
  CHECK(history[1].reason == "typo");
  CHECK(history[2].reason == "rule");
}

TEST_CASE("lists, counts and contents show the places of tombstones and no text of theirs") {
  memory_store store;
  service api{store};
  const auto root =
      api.post({.content_id = "1", .author = {.name = "Ana"}, .body = "raiz"})->stored;
  REQUIRE(api.post({.content_id = "1", .parent = root.id, .body = "re"}));
  REQUIRE(api.moderate({&root.id, 1}, decision::spam, moderator));
  const auto page = api.list({.content_id = "1"});
  REQUIRE(page->items.size() == 1);
  CHECK(page->items[0].body + page->items[0].author.name + page->items[0].encoded == "");
  CHECK(page->items[0].status == status::spam);
  CHECK(page->content.comments == 1);
  CHECK(api.list({.content_id = "1", .scope = scope::all})->items.size() == 1);
  CHECK(api.find(root.id)->body == "");
  CHECK(api.find(root.id, moderator)->body == "raiz");
}

TEST_CASE("moderators' functions are for them alone, and a user's own data for that user too") {
  memory_store store;
  service api{store};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const auto id = api.post({.content_id = "1", .body = "um"}, ana)->stored.id;
  for (const auto& [who, code] : {std::pair{principal{}, errc::unauthenticated},
                                  std::pair{principal{ana}, errc::forbidden}}) {
    CHECK(api.history(id, 0, 10, who).error().code == code);
    CHECK(api.reports_of(id, who).error().code == code);
    CHECK(api.find_all({}, who).error().code == code);
    CHECK(api.find_all({.subject = "18"}, who).error().code == code);
    CHECK(api.votes_of("18", {}, who).error().code == code);
    CHECK(api.reports_by("18", {}, who).error().code == code);
    CHECK(api.moderate({&id, 1}, decision::hold, who).error().code == code);
    CHECK(api.set_status("1", {}, who).error().code == code);
    CHECK(api.erase({.subject = "18"}, who).error().code == code);
    CHECK(api.erase({.subject = "17", .email = "a@example.com"}, who).error().code == code);
  }
  CHECK(api.find_all({.subject = "17"}, ana)->items.size() == 1);
  CHECK(api.votes_of("17", {}, ana));
  CHECK(faults(api.find_all({.subject = "17", .limit = 201}, ana)) == "limit out_of_range");
  CHECK(faults(api.find_all({.limit = 0}, moderator)) == "limit out_of_range");
  CHECK(faults(api.erase({}, moderator)) == "email required");
  CHECK(api.history(comment_id{}, 0, 10, moderator).error().code == errc::not_found);
  CHECK(api.erase({.subject = "17"}, ana)->comments == 1);
}

TEST_CASE("erasing by two at once removes each comment once") {
  memory_store store;
  service api{store};
  const principal ana{.role = principal::role::user, .subject = "17"};
  std::vector<comment_id> ids;
  for (int i = 0; i < 50; ++i)
    ids.push_back(api.post({.content_id = "1", .body = "um"}, ana)->stored.id);
  std::atomic<std::size_t> comments{}, failed{};
  in_parallel(4, [&](int) {
    const auto erased = api.erase({.subject = "17"}, ana);
    comments += erased ? erased->comments : 0;
    failed += !erased;
  });
  CHECK(comments == 50);
  CHECK(failed == 0);
  for (const comment_id& id : ids) CHECK(store.history(id, 0, 10)->size() == 2);
}

TEST_CASE("forgetting origins goes on until nothing is left, however much there is") {
  memory_store store;
  manual_clock now{from_milliseconds(1'700'000'000'000)};
  service api{store, {.origins_kept = std::chrono::hours{1}, .clock = now.as_clock()}};
  for (int i = 0; i < 2'500; ++i)
    REQUIRE(api.post({.content_id = "1", .body = "um"}, {.client = "c"}));
  now.advance(1h + 1ms);
  REQUIRE(api.post({.content_id = "1", .body = "novo"}, {.client = "c"}));
  CHECK(*api.forget_origins() == 2'500);
  CHECK(*api.forget_origins() == 0);
  CHECK(api.list({.content_id = "1", .sort = comments::sort::newest})->items[0].origin == "c");
}

TEST_CASE("a post that is judged while its content is locked is judged again") {
  memory_store kept;
  // Locks the content between the service's look at it and the insert.
  class locking_store final : public forwarding_store {
   public:
    using forwarding_store::forwarding_store;
    result<post_result> insert(const insertion& wanted, instant now) override {
      if (!std::exchange(is_locked, true))
        CHECK(inner().set_status(wanted.said.content_id, content_status::locked, {}, {}, now));
      return inner().insert(wanted, now);
    }
    bool is_locked{};
  };
  locking_store store{kept};
  service api{store};
  CHECK(api.post({.content_id = "1", .body = "too late"}).error().code == errc::content_locked);
  CHECK(api.list({.content_id = "1"})->items.empty());
}

TEST_CASE("the reason for hiding a comment is its author's to read, and nobody else's") {
  memory_store store;
  service api{store, {.page_max = 2, .reports_max = 1}};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const principal bia{.role = principal::role::user, .subject = "18"};
  const principal named{.role = principal::role::moderator, .subject = "mod"};
  const auto made = api.post({.content_id = "1", .body = "um"}, ana)->stored;
  const principal editor{.role = principal::role::editor, .comment = made.id};
  const principal other_editor{.role = principal::role::editor, .comment = comment_id{}};
  const auto why = [&](const principal& who) {
    return *api.find_reason(*store.find(made.id), who);
  };
  const auto decide = [&](decision what, std::string reason, const principal& who) {
    return api.moderate({&made.id, 1}, what, who, {.reason = std::move(reason)}).has_value();
  };
  CHECK(why(ana) == "");
  REQUIRE(decide(decision::approve, "good", named));
  CHECK(why(ana) == "");
  REQUIRE(decide(decision::hold, "Off topic.", named));
  CHECK(why(ana) == "Off topic.");
  CHECK(why(editor) == "Off topic.");
  CHECK(why(moderator) == "Off topic.");
  for (const principal& other :
       {principal{}, bia, other_editor, principal{.role = principal::role::pipeline}})
    CHECK(why(other) == "");
  REQUIRE(api.edit(made.id, "dois", ana));  // it stays hidden, and why
  CHECK(why(ana) == "Off topic.");
  REQUIRE(decide(decision::spam, "", moderator));
  CHECK(why(ana) == "");
  REQUIRE(decide(decision::approve, "On topic after all.", moderator));
  CHECK(why(ana) == "");
  REQUIRE(api.report(made.id, "rude", bia));  // the report hides it, and is no moderator's reason
  REQUIRE(store.find(made.id)->status == status::pending);
  CHECK(why(ana) == "");
  REQUIRE(decide(decision::spam, "Advertising.", moderator));
  CHECK(why(ana) == "Advertising.");
}

TEST_CASE("a rule that throws while it forgets ends nothing, and the others forget as well") {
  int forgotten = 0;
  const rule failing = [](const draft&, const arrival&) {
    verdict fine = accept();
    fine.forget = [] { throw std::runtime_error{"secret"}; };
    return fine;
  };
  const rule counting = [&](const draft&, const arrival&) {
    verdict fine = accept();
    fine.forget = [&] { ++forgotten; };
    return fine;
  };
  const rule refusing = [](const draft&, const arrival&) { return refuse({{"/body", "rude"}}); };
  memory_store store;
  service locked{store, {.mode = content_status::locked, .rules = {failing, counting}}};
  CHECK(locked.post({.content_id = "1", .body = "x"}).error().code == errc::content_locked);
  service strict{store, {.rules = {failing, counting, refusing}}};
  CHECK(strict.post({.content_id = "1", .body = "x"}).error().code == errc::invalid);
  CHECK(forgotten == 2);
}

TEST_CASE("a wake-up that throws changes no answer of the service") {
  memory_store store;
  service api{store};
  const auto follower = api.news().subscribe("1");
  REQUIRE(follower);
  (*follower)->arm([] { throw std::runtime_error{"secret"}; });
  CHECK(api.post({.content_id = "1", .body = "x"}));
}

TEST_CASE("the usual limit of a query is never over the most, and one that is named may be") {
  memory_store store;
  service api{store, {.page_max = 20}};
  for (int i = 0; i < 21; ++i) REQUIRE(api.post({.content_id = "1", .body = "x"}));
  CHECK(api.list({.content_id = "1"})->items.size() == 20);
  CHECK(api.find_all({}, moderator)->items.size() == 20);
  CHECK(api.decisions({}, moderator));
  CHECK(api.list({.content_id = "1", .limit = 21}).error().code == errc::invalid);
  CHECK(api.find_all({.limit = 21}, moderator).error().code == errc::invalid);
  CHECK(api.decisions({.limit = 21}, moderator).error().code == errc::invalid);
  CHECK(api.list({.content_id = "1", .limit = 0}).error().code == errc::invalid);
}

TEST_CASE("whether the store takes writes is asked without a thread, and recovers nothing") {
  memory_store kept;
  faulty_store store{kept};
  const service api{store};
  store.is_read_only = true;
  CHECK_FALSE(api.is_writable());
  CHECK(store.recoveries == 0);
}

TEST_CASE("ids come from the options, the same twice, and one that fails ends its own post") {
  const auto run = [] {
    memory_store store;
    std::uint8_t next = 0;
    service api{store,
                {.clock = [] { return from_milliseconds(7); },
                 .ids =
                     [&](instant now) {
                       std::array<std::uint8_t, 16> bytes{};
                       bytes[15] = ++next;
                       return to_version_7(bytes, now);
                     }}};
    std::vector<comment> made;
    for (int i = 0; i < 3; ++i) made.push_back(api.post({.content_id = "1", .body = "x"})->stored);
    return made;
  };
  CHECK(run() == run());
  CHECK(run()[0].id != run()[1].id);
  memory_store store;
  bool fails = true;
  service api{store, {.ids = [&](instant now) {
                if (fails) throw 7;
                return make_comment_id(now);
              }}};
  CHECK(api.post({.content_id = "1", .body = "x", .key = "k"}).error().code == errc::unavailable);
  fails = false;
  CHECK_FALSE(api.post({.content_id = "1", .body = "x", .key = "k"})->replayed);
}

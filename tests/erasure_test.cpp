#include <comments/erasure.hpp>

#include <doctest/doctest.h>

#include <comments/principal.hpp>
#include <comments/store/memory.hpp>

#include <string>
#include <vector>

#include "support/faulty_store.hpp"

using namespace comments;

namespace {

const instant noon = from_milliseconds(1'700'000'000'000);
const instant later = noon + std::chrono::milliseconds{1};

// Two users and a stranger, who wrote, voted and reported.
struct place {
  memory_store kept{};
  std::vector<comment_id> of_ana{}, of_bob{}, of_eva{};

  place() {
    for (int i = 0; i < 3; ++i) {
      of_ana.push_back(write({.email = "ana@example.com", .verified = true, .subject = "17"}));
      of_bob.push_back(write({.email = "bob@example.com", .verified = true, .subject = "18"}));
      of_eva.push_back(write({.name = "Eva", .email = "EVA@example.com"}));
    }
    for (const comment_id& id : of_bob) {
      REQUIRE(kept.vote(id, {"u:17"}, true, noon));
      REQUIRE(kept.vote(id, {"u:18"}, true, noon));
      REQUIRE(kept.report(id, {"u:17"}, "rude", noon));
      REQUIRE(kept.report(id, {"u:19"}, "rude", noon));
    }
  }
  comment_id write(author by) {
    return kept.insert({{.content_id = "1", .author = std::move(by), .body = "x"}}, noon)
        ->stored.id;
  }
  status status_of(const comment_id& id) const { return kept.find(id)->status; }
  // Nothing of Ana's is there, and all of Bob's but what she did to it.
  void check_without_ana() const {
    for (const comment_id& id : of_ana) CHECK(status_of(id) == status::removed);
    for (const comment_id& id : of_bob) {
      CHECK(status_of(id) == status::published);
      CHECK(kept.find(id)->votes == 1);
      const auto reports = kept.reports_of(id, 10);
      REQUIRE(reports->size() == 1);
      CHECK(reports->front().reporter == "u:19");
    }
    CHECK(kept.votes_of("u:17", {}, 10)->empty());
  }
};

}  // namespace

TEST_CASE("a removal leaves a place, an event that says so, and no report to settle") {
  const comment stands{.id = comment_id{{1}},
                       .content_id = "1",
                       .author = {.name = "Ana"},
                       .body = "x",
                       .votes = 2,
                       .reports = 3,
                       .encoded = "1 x"};
  const amendment removal = to_removal(stands, "moderator ana", "rude");
  CHECK(removal.changed ==
        comment{.id = stands.id, .content_id = "1", .status = status::removed, .votes = 2});
  CHECK(removal.cause == event{.kind = event_kind::removed,
                               .by = "moderator ana",
                               .reason = "rude",
                               .status = "removed"});
}

TEST_CASE("all of a user is erased: comments, votes and reports, and nothing of others") {
  place at;
  registry metrics;
  broadcast news{metrics};
  const auto erased = eraser{at.kept, news, 2}.erase({.subject = "17"}, "author", later);
  REQUIRE(erased);
  CHECK(erased->comments == 3);
  CHECK(erased->votes == 3);
  at.check_without_ana();
  const event last = at.kept.history(at.of_ana[0], 0, 10)->back();
  CHECK(last.by == "author");
  CHECK(last.reason == "erased");
  CHECK(last.at == later);
  CHECK(eraser{at.kept, news, 2}.erase({.subject = "17"}, "author", later)->comments == 0);
}

TEST_CASE("all authors with an e-mail address are erased, with their accounts") {
  place at;
  registry metrics;
  broadcast news{metrics};
  const comment_id other =
      at.write({.email = "ana@example.com", .verified = true, .subject = "20"});
  REQUIRE(at.kept.vote(at.of_eva[0], {"u:20"}, true, noon));
  const auto erased =
      eraser{at.kept, news, 200}.erase({.email = "ana@example.com"}, "moderator", later);
  REQUIRE(erased);
  CHECK(erased->comments == 4);
  CHECK(erased->votes == 4);
  CHECK(at.status_of(other) == status::removed);
  CHECK(at.kept.find(at.of_eva[0])->votes == 0);
  at.check_without_ana();
  CHECK(eraser{at.kept, news, 200}.erase({.email = "eva@example.com"}, "m", later)->comments == 3);
}

TEST_CASE("followers are woken for each content that an erasure changes") {
  place at;
  registry metrics;
  broadcast news{metrics};
  const auto follower = news.subscribe("1");
  REQUIRE(follower);
  int woken = 0;
  (*follower)->arm([&] { ++woken; });
  REQUIRE(eraser{at.kept, news, 200}.erase({.subject = "18"}, "author", later));
  CHECK(woken == 1);
}

TEST_CASE("an erasure that fails at any call of the store is an error, and another one ends it") {
  for (const fault how : {fault::refused, fault::answer_lost})
    for (std::size_t n = 1;; ++n) {
      CAPTURE(n);
      place at;
      registry metrics;
      broadcast news{metrics};
      faulty_store store{at.kept, n, how};
      const person ana{.subject = "17"};
      const auto first = eraser{store, news, 2}.erase(ana, "author", later);
      CHECK(first.has_value() != store.has_failed());
      if (!first) CHECK(may_cause(how, first.error().code));
      CHECK(eraser{at.kept, news, 2}.erase(ana, "author", later));
      at.check_without_ana();
      for (const comment_id& id : at.of_ana) CHECK(at.kept.history(id, 0, 10)->size() == 2);
      if (first) break;
    }
}

#include <comments/store/postgres/updates.hpp>

#include <doctest/doctest.h>

#include <comments/store/postgres/insert.hpp>

#include "support/parallel.hpp"
#include "support/postgres_tables.hpp"
#include "support/wire.hpp"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::transaction;
using testing::postgres_tables;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

comment post(postgres_tables& file, const insertion& said) {
  postgres::insert_progress progress;
  const postgres::pending_insert wanted{&said, noon, make_comment_id(noon), &progress};
  postgres::insert_batch::outcome outcome;
  std::atomic<bool> can_notify{};
  postgres::insert_batch batch{file.on(), {&wanted, 1}, {}};
  const auto end = batch.run({&outcome, 1}, {"", &can_notify});
  REQUIRE(end.why == postgres::failure::none);
  REQUIRE(outcome.value());
  return outcome.value()->stored;
}

// Gives a comment that status, as a moderator would.
decider become(status wanted) {
  return [wanted](const comment& before) -> result<amendment> {
    amendment made{before, {.kind = event_kind::moderated, .before = before.body}};
    made.changed.status = wanted;
    return made;
  };
}

// Makes a change and commits it.
template <typename Change>
auto change(postgres::connection& on, const Change& wanted) {
  postgres::moved_contents noted;
  transaction writing{on, transaction::writing};
  auto answer = wanted(writing, noted);
  if (answer) REQUIRE(writing.commit());
  return std::pair{std::move(answer), std::move(noted)};
}

std::string counts(const postgres_tables& file) {
  return file.run(
      "SELECT string_agg(concat_ws(':', body, replies, listed, version), ' ' ORDER BY "
      "position) FROM comment");
}

}  // namespace

TEST_CASE("the content of a comment is found by its id alone") {
  postgres_tables file;
  const comment made = post(file, {{.content_id = "a \"home\"", .body = "x"}});
  transaction reading{file.on(), transaction::autocommit};
  CHECK(postgres::find_content_id(reading, made.id) == made.content_id);
  CHECK_FALSE(postgres::find_content_id(reading, make_comment_id(noon)));
  CHECK(reading.failed() == postgres::failure::none);
}

TEST_CASE("a change says which content it has moved, and one that changes nothing says none") {
  postgres_tables file;
  const comment made = post(file, {{.content_id = "1", .body = "x"}});
  const auto vote = [&](bool is_there) {
    return change(file.on(), [&](transaction& writing, auto& noted) {
      return postgres::vote(writing, "1", made.id, {"ana"}, is_there, noon, noted);
    });
  };
  CHECK(vote(true).second == std::vector<std::string>{"1"});
  CHECK(vote(true).second.empty());
  CHECK(vote(false).second == std::vector<std::string>{"1"});
  CHECK(vote(false).second.empty());
  CHECK(file.run("SELECT version FROM content") == "3");
  CHECK(file.run("SELECT count(*) FROM event") == "3");
  const auto [reported, moved] = change(file.on(), [&](transaction& writing, auto&) {
    return postgres::report(writing, "1", made.id, {"ana"}, "rude", noon);
  });
  REQUIRE(reported);
  CHECK(reported->reports == 1);
  CHECK(moved.empty());
}

TEST_CASE("hiding and showing a reply is counted up to the first ancestor that stays listed") {
  postgres_tables file;
  const comment root = post(file, {{.content_id = "1", .body = "a"}});
  const comment middle = post(file, {{.content_id = "1", .parent = root.id, .body = "b"}});
  const comment leaf = post(file, {{.content_id = "1", .parent = middle.id, .body = "c"}});
  const auto amend = [&](const comment& which, status wanted) {
    CHECK(change(file.on(), [&](transaction& writing, auto& noted) {
            return postgres::amend(writing, "1", which.id, become(wanted), noon, noted);
          }).first);
  };
  CHECK(counts(file) == "a:1:1:2 b:1:1:3 c:0:1:3");
  amend(middle, status::spam);  // stays listed, for its reply
  CHECK(counts(file) == "a:1:1:2 b:1:1:4 c:0:1:3");
  amend(leaf, status::spam);  // takes the one above along
  CHECK(counts(file) == "a:0:1:5 b:0:0:5 c:0:0:5");
  amend(leaf, status::published);
  CHECK(counts(file) == "a:1:1:6 b:1:1:6 c:0:1:6");
  CHECK(file.run("SELECT comments FROM content") == "2");
}

TEST_CASE("what is removed leaves nothing of what it was in any table") {
  postgres_tables file;
  const comment made =
      post(file, {.said = {.content_id = "1",
                           .author = {"secret", "secret@example.com", "https://example.com/secret",
                                      true, "secret 7"},
                           .body = "secret"},
                  .origin = "secret",
                  .encoded = "secret"});
  change(file.on(), [&](transaction& writing, auto&) {
    return postgres::report(writing, "1", made.id, {"ana"}, "secret", noon);
  });
  for (const status wanted : {status::spam, status::removed})
    CHECK(change(file.on(), [&](transaction& writing, auto& noted) {
            return postgres::amend(writing, "1", made.id, become(wanted), noon, noted);
          }).first);
  for (const char* const table : {"comment", "event", "complaint", "vote"}) {
    CAPTURE(std::string{table});
    CHECK(file.run(std::string{"SELECT count(*) FROM "} + table +
                   " AS t WHERE t::text LIKE "
                   "'%secret%'") == "0");
  }
  CHECK(file.run("SELECT request_fingerprint FROM comment") == "0");
}

TEST_CASE("a decision is about the comment as it stands when its content is held") {
  postgres_tables file;
  const comment made = post(file, {{.content_id = "1", .body = ""}});
  constexpr int nodes = 4, rounds = 10;
  std::vector<std::unique_ptr<postgres::connection>> on;
  for (int i = 0; i < nodes; ++i) on.push_back(file.open());
  const decider add = [](const comment& before) -> result<amendment> {
    amendment longer{before, {.kind = event_kind::edited}};
    longer.changed.body += 'x';
    return longer;
  };
  in_parallel(nodes, [&](int i) {
    for (int round = 0; round < rounds; ++round) {
      postgres::moved_contents noted;
      transaction writing{*on[static_cast<std::size_t>(i)], transaction::writing};
      if (postgres::amend(writing, "1", made.id, add, noon, noted)) writing.commit();
    }
  });
  CHECK(file.run("SELECT length(body) FROM comment") == std::to_string(nodes * rounds));
  CHECK(file.run("SELECT version FROM content") == std::to_string(nodes * rounds + 1));
  CHECK(file.run("SELECT count(*) FROM event") == std::to_string(nodes * rounds + 1));
}

TEST_CASE("a decision that is none, or about nothing, changes nothing") {
  postgres_tables file;
  const comment made = post(file, {{.content_id = "1", .body = "x"}});
  const decider refuse = [](const comment&) -> result<amendment> { return version_moved(); };
  const auto amend = [&](const comment_id& id) {
    return change(file.on(),
                  [&](transaction& writing, auto& noted) {
                    return postgres::amend(writing, "1", id, refuse, noon, noted);
                  })
        .first;
  };
  CHECK(amend(made.id).error().code == errc::version_mismatch);
  CHECK(amend(make_comment_id(noon)).error().code == errc::not_found);
  CHECK(counts(file) == "x:0:1:1");
}

TEST_CASE("of several that expect the same version one sets a content's status") {
  postgres_tables file;
  std::vector<std::unique_ptr<postgres::connection>> on;
  for (int i = 0; i < 4; ++i) on.push_back(file.open());
  std::atomic<int> done{}, refused{};
  in_parallel(4, [&](int i) {
    postgres::moved_contents noted;
    transaction writing{*on[static_cast<std::size_t>(i)], transaction::writing};
    const auto set = postgres::set_status(writing, "1", content_status::locked, 0, {}, noon, noted);
    if (set && writing.commit()) ++done;
    if (!set && set.error().code == errc::version_mismatch) ++refused;
  });
  CHECK(done == 1);
  CHECK(refused == 3);
  CHECK(file.run("SELECT concat_ws(' ', version, status) FROM content") == "1 locked");
}

TEST_CASE("origins are forgotten where they are older, a number of each kind at a time") {
  postgres_tables file;
  const rate allowed{.per_minute = 1};
  for (const char* const body : {"x", "y", "z"}) {
    const comment made = post(file, {.said = {.content_id = "1", .body = body},
                                     .origin = "address",
                                     .allowances = {{std::string{"client "} + body, allowed}}});
    for (const std::string name : {"a:address", "user 7"}) {
      change(file.on(), [&](transaction& writing, auto& noted) {
        return postgres::vote(writing, "1", made.id, {name}, true, noon, noted);
      });
      change(file.on(), [&](transaction& writing, auto&) {
        return postgres::report(writing, "1", made.id, {name}, "rude", noon);
      });
    }
  }
  const auto forget = [&](instant before) {
    postgres::forgotten_origins progress;
    const auto count = postgres::forget_origins(file.on(), before, 2, progress);
    REQUIRE(count);
    return *count;
  };
  CHECK(forget(noon) == 0);
  CHECK(forget(noon + 1ms) == 8);
  CHECK(forget(noon + 1ms) == 4);
  CHECK(forget(noon + 1ms) == 0);
  CHECK(file.run("SELECT count(*) FROM comment WHERE origin <> ''") == "0");
  CHECK(file.run("SELECT string_agg(DISTINCT voter, ',') FROM vote") == "user 7");
  CHECK(file.run("SELECT string_agg(DISTINCT reporter, ',') FROM complaint") == "user 7");
  CHECK(file.run("SELECT count(*) FROM bucket") == "0");
  CHECK(file.run("SELECT min(votes) || ' ' || min(reports) FROM comment") == "2 2");
}

// A bucket that its client had used again since it was found was forgotten with what was new in it.
TEST_CASE("a bucket that is used again while origins are forgotten stays as it is") {
  postgres_tables file;
  file.run("INSERT INTO bucket VALUES ('ana', 'ana', 0, " + std::to_string(to_milliseconds(noon)) +
           ")");
  const testing::postgres_session other{file.schema().conninfo()};
  other.run("BEGIN; UPDATE bucket SET at = " + std::to_string(to_milliseconds(noon + 1h)));
  result<std::size_t> forgotten{std::size_t{}};
  postgres::forgotten_origins progress;
  std::thread forgetting{
      [&] { forgotten = postgres::forget_origins(file.on(), noon + 1ms, 10, progress); }};
  CHECK(testing::eventually([&] {
    return file.run(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
               "application_name = current_setting('application_name')") == "1";
  }));
  other.run("COMMIT");
  forgetting.join();
  REQUIRE(forgotten);
  CHECK(*forgotten == 0);
  CHECK(file.run("SELECT count(*) FROM bucket") == "1");
}

TEST_CASE("all reports of a reporter are erased, and no others") {
  postgres_tables file;
  for (const char* const content_id : {"1", "2"}) {
    const comment made = post(file, {{.content_id = content_id, .body = "x"}});
    for (const char* const name : {"ana", "rui"})
      change(file.on(), [&](transaction& writing, auto&) {
        return postgres::report(writing, content_id, made.id, {name}, "rude", noon);
      });
  }
  CHECK(postgres::forget_reporter(file.on(), "ana"));
  CHECK(file.run("SELECT string_agg(reporter, ',') FROM complaint") == "rui,rui");
  CHECK(file.run("SELECT sum(reports) FROM comment") == "4");
}

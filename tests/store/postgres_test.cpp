#include <comments/store/postgres.hpp>

#include <doctest/doctest.h>

#include <comments/rules/typing_time.hpp>
#include <comments/service.hpp>

#include "support/contract.hpp"
#include "support/failing_memory.hpp"
#include "support/no_threads.hpp"
#include "support/parallel.hpp"
#include "support/postgres_maker.hpp"
#include "support/postgres_proxy.hpp"
#include "support/postgres_schema.hpp"
#include "support/wire.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

STORE_CONTRACT(postgres_store, testing::postgres_maker);
DURABLE_STORE_CONTRACT(postgres_store_reopened, testing::postgres_maker);
DEPLOYMENT_LOG_CONTRACT(postgres_log, testing::postgres_maker);
DURABLE_DEPLOYMENT_LOG_CONTRACT(postgres_log_reopened, testing::postgres_maker);
DEPLOYMENT_LOG_IN_STORE_CONTRACT(postgres_log_in_store, testing::postgres_maker);

using namespace comments;
using namespace std::chrono_literals;
using comments::contract::must;
using comments::contract::noon;
using testing::eventually;
using testing::postgres_schema;

namespace {

// A node of the service, with as many lanes as it takes to be in each other's way.
std::unique_ptr<postgres_store> open(postgres_options options) {
  options.lanes = 1;
  return must(postgres_store::open(std::move(options)));
}
std::unique_ptr<postgres_store> open(const postgres_schema& in) {
  return open({.conninfo = in.conninfo()});
}

// Returns how many sessions wait for a lock.
std::string waiting(const postgres_schema& in) {
  return in.run(
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
      "application_name = current_setting('application_name')");
}

// Returns when other sessions last sent a statement.
std::string last_question(const postgres_schema& in) {
  return in.run(
      "SELECT max(query_start) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "application_name = current_setting('application_name')");
}

// A session that has locked a content.
class holder final {
 public:
  holder(const postgres_schema& in, const std::string& content_id) : on_{in.conninfo()} {
    on_.run("INSERT INTO content VALUES ('" + content_id + "', 0, 0, '') ON CONFLICT DO NOTHING");
    on_.run("BEGIN");
    on_.run("SELECT 1 FROM content WHERE content_id = '" + content_id + "' FOR UPDATE");
  }
  void let_go() { on_.run("COMMIT"); }

 private:
  testing::postgres_session on_;
};

// Threads that post to a content at the same moment, and how many got which answer so far.
class writers final {
 public:
  writers(postgres_store& to, const std::string& content_id, int count) {
    for (int i = 0; i < count; ++i)
      threads_.emplace_back([this, &to, content_id] {
        const auto answer = to.insert({{.content_id = content_id, .body = "x"}}, noon);
        made += answer.has_value();
        refused += !answer && answer.error().code == errc::unavailable;
      });
  }
  void join() {
    for (std::thread& one : threads_) one.join();
  }

  std::atomic<int> made{}, refused{};

 private:
  std::vector<std::thread> threads_{};
};

// Ends the connection of each session that notifies, which it does right behind a commit.
std::string cut_behind_commits(const postgres_schema& in) {
  in.run(
      "CREATE FUNCTION pg_notify(text, text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM pg_terminate_backend(pg_backend_pid()); END $$");
  return in.conninfo("-c search_path=" + in.name() + ",pg_catalog");
}

// Has so many insertions of comments collide with something.
void let_collide(const postgres_schema& in, int count) {
  in.run(
      "CREATE SEQUENCE tries; CREATE FUNCTION collide() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN IF nextval('tries') <= " +
      std::to_string(count) +
      " THEN RAISE EXCEPTION 'collided' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$; "
      "CREATE TRIGGER collide BEFORE INSERT ON comment FOR EACH ROW EXECUTE FUNCTION collide()");
}

// The changes of others that a store announces.
class readers final {
 public:
  change_callbacks as_callbacks() {
    return {.followed = [] { return std::vector<std::string>{"followed"}; },
            .announce =
                [this](std::string_view content_id) {
                  const std::lock_guard lock{mutex_};
                  ++told_[std::string{content_id}];
                }};
  }
  int told(const std::string& content_id) const {
    const std::lock_guard lock{mutex_};
    const auto found = told_.find(content_id);
    return found == told_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_{};
  std::map<std::string, int> told_{};
};

const decider keep = [](const comment& before) -> result<amendment> {
  return amendment{before, {.kind = event_kind::edited}};
};

// Each way to write, with a comment to write about.
std::vector<std::pair<std::string, std::function<errc(postgres_store&)>>> writes_about(
    const comment& made) {
  const auto end_of = [](const auto& answer) { return answer ? errc{} : answer.error().code; };
  return {
      {"insert",
       [=](postgres_store& to) {
         return end_of(to.insert({{.content_id = "1", .body = "y", .key = "k"}}, noon));
       }},
      {"amend", [=](postgres_store& to) { return end_of(to.amend(made.id, keep, noon)); }},
      {"vote", [=](postgres_store& to) { return end_of(to.vote(made.id, {"ana"}, true, noon)); }},
      {"report",
       [=](postgres_store& to) { return end_of(to.report(made.id, {"ana"}, "rude", noon)); }},
      {"set_status",
       [=](postgres_store& to) {
         return end_of(to.set_status("1", content_status::locked, {}, {}, noon));
       }},
      {"record", [=](postgres_store& to) { return end_of(to.record({.component = "a"}, noon)); }},
      {"record of a run", [=](postgres_store& to) {
         return end_of(to.record({.component = "a", .run = "1"}, noon));
       }}};
}

}  // namespace

TEST_CASE("a content that is locked is unavailable, and all others are not") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(), .lock_wait = 200ms});
  const comment made = must(store->insert({{.content_id = "held", .body = "x"}}, noon)).stored;
  holder other{schema, "held"};
  std::vector<errc> refused(3);
  std::atomic<int> posted{};
  const auto start = std::chrono::steady_clock::now();
  in_parallel(8, [&](int i) {
    const draft written{.content_id = i < 3 ? "held" : "free " + std::to_string(i), .body = "y"};
    const auto answer = store->insert({written}, noon);
    if (i < 3 && !answer) refused[static_cast<std::size_t>(i)] = answer.error().code;
    if (i >= 3) posted += answer.has_value();
  });
  CHECK(std::chrono::steady_clock::now() - start < 30s);
  CHECK(refused == std::vector<errc>(3, errc::unavailable));
  CHECK(posted == 5);
  CHECK(store->vote(made.id, {"ana"}, true, noon).error().code == errc::unavailable);
  CHECK(must(store->find(made.id)) == made);
  CHECK(must(store->list({.content_id = "held"})).items == std::vector{made});
  other.let_go();
  CHECK(eventually(
      [&] { return store->insert({{.content_id = "held", .body = "y"}}, noon).has_value(); }));
  CHECK(schema.run("SELECT count(*) FROM comment WHERE content_id = 'held'") == "2");
}

TEST_CASE("callers wait for a locked content apart from others, until it is unlocked") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(),
                           .statement_wait = 60s,
                           .lock_wait = 60s,
                           .shared_lock_wait = 50ms});
  const comment made = must(store->insert({{.content_id = "held", .body = "x"}}, noon)).stored;
  holder other{schema, "held"};
  std::atomic<int> ended{}, done{};
  std::thread post_result{[&] {
    done += store->insert({{.content_id = "held", .body = "y"}}, noon).has_value();
    ++ended;
  }};
  std::thread voting{[&] {
    done += store->vote(made.id, {"ana"}, true, noon).has_value();
    ++ended;
  }};
  CHECK(eventually([&] { return waiting(schema) == "2"; }));
  for (int i = 0; i < 5; ++i) {
    CHECK(store->insert({{.content_id = "free", .body = "x"}}, noon));
    CHECK(store->list({.content_id = "held"}));
  }
  CHECK(ended == 0);
  other.let_go();
  post_result.join();
  voting.join();
  CHECK(done == 2);
}

TEST_CASE("an insert that nobody waits for is left to one who waits, if its content is locked") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(), .shared_lock_wait = 50ms});
  const insertion held{.said = {.content_id = "held", .body = "x"}};
  const insertion free{.said = {.content_id = "free", .body = "x"}};
  const auto begin = [&](const insertion& wanted) {
    auto end = std::make_shared<std::promise<std::optional<result<post_result>>>>();
    auto ended = end->get_future();
    store->begin_insert(wanted, noon, [end](std::optional<result<post_result>> made) {
      end->set_value(std::move(made));
    });
    return ended.get();
  };
  holder other{schema, "held"};
  CHECK_FALSE(begin(held).has_value());
  CHECK(begin(free).value().has_value());
  CHECK(schema.run("SELECT count(*) FROM comment") == "1");
  other.let_go();
  CHECK(eventually([&] { return begin(held).has_value(); }));
  CHECK(schema.run("SELECT count(*) FROM comment") == "2");
}

TEST_CASE("a caller that waits for one locked content does not wait for another") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(),
                           .statement_wait = 60s,
                           .lock_wait = 60s,
                           .shared_lock_wait = 50ms});
  holder first{schema, "first"}, second{schema, "second"};
  std::atomic<bool> is_first_done{}, is_second_done{};
  std::thread posting_first{[&] {
    is_first_done = store->insert({{.content_id = "first", .body = "x"}}, noon).has_value();
  }};
  CHECK(eventually([&] { return waiting(schema) == "1"; }));
  std::thread posting_second{[&] {
    is_second_done = store->insert({{.content_id = "second", .body = "x"}}, noon).has_value();
  }};
  CHECK(eventually([&] { return waiting(schema) == "2"; }));
  second.let_go();
  posting_second.join();
  CHECK(is_second_done);
  CHECK_FALSE(is_first_done);
  first.let_go();
  posting_first.join();
  CHECK(is_first_done);
}

TEST_CASE("as many wait for a locked content as may, and one more is refused without a question") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(),
                           .statement_wait = 60s,
                           .lock_wait = 60s,
                           .shared_lock_wait = 50ms,
                           .held_queue_max = 3});
  holder other{schema, "held"};
  writers five{*store, "held", 5};
  CHECK(eventually([&] { return five.refused == 2; }));
  CHECK(five.made == 0);
  CHECK(eventually([&] { return waiting(schema) == "1"; }));
  const std::string asked = last_question(schema);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(store->insert({{.content_id = "held"}}, noon));
  CHECK(last_question(schema) == asked);
  other.let_go();
  five.join();
  CHECK(five.made == 3);
  CHECK(five.refused == 2);
}

TEST_CASE("posts that come at the same moment share a transaction") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(),
                           .statement_wait = 60s,
                           .lock_wait = 60s,
                           .shared_lock_wait = 60s});
  holder other{schema, "1"};
  std::thread letting_go{[&] {
    CHECK(eventually([&] { return waiting(schema) == "1"; }));
    other.let_go();
  }};
  std::atomic<int> made{};
  in_parallel(16, [&](int i) {
    made += store->insert({{.content_id = "1", .body = std::to_string(i)}}, noon).has_value();
  });
  letting_go.join();
  CHECK(made == 16);
  CHECK(schema.run("SELECT count(DISTINCT body) FROM comment") == "16");
  CHECK(std::stoi(schema.run("SELECT count(DISTINCT xmin::text) FROM comment")) < 16);
}

TEST_CASE("a draft that the database refuses fails alone in a shared transaction") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(),
                           .statement_wait = 60s,
                           .lock_wait = 60s,
                           .shared_lock_wait = 60s});
  holder other{schema, "1"};
  std::thread letting_go{[&] {
    CHECK(eventually([&] { return waiting(schema) == "1"; }));
    other.let_go();
  }};
  constexpr std::size_t count = 8, bad = 5;
  std::vector<errc> ends(count);
  std::vector<int> made(count);
  in_parallel(count, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    const draft written{.content_id = "1", .body = which == bad ? std::string{"b\0d", 3} : "good"};
    const auto answer = store->insert({written}, noon);
    made[which] = answer.has_value();
    if (!answer) ends[which] = answer.error().code;
  });
  letting_go.join();
  std::vector<int> expected(count, 1);
  expected[bad] = 0;
  CHECK(made == expected);
  CHECK(ends[bad] == errc::invalid);
  CHECK(schema.run("SELECT version || ' ' || comments FROM content") == "7 7");
  CHECK(schema.run("SELECT count(*) FROM comment") == "7");
}

TEST_CASE("as many posts wait as may, and one more is refused at once") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(),
                           .statement_wait = 60s,
                           .lock_wait = 60s,
                           .shared_lock_wait = 60s,
                           .group = {.batch_max = 1, .queue_max = 3}});
  holder other{schema, "1"};
  writers five{*store, "1", 5};
  CHECK(eventually([&] { return five.refused == 2; }));
  CHECK(five.made == 0);
  other.let_go();
  five.join();
  CHECK(five.made == 3);
  CHECK(five.refused == 2);
}

TEST_CASE("connections that were cut are replaced, and the next caller does not notice") {
  const postgres_schema schema;
  const auto store = open(schema);
  const comment made = must(store->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  const std::string ids[] = {"1", "2"};
  const std::vector<std::function<bool()>> calls{
      [&] { return store->insert({{.content_id = "1", .body = "y"}}, noon).has_value(); },
      [&] { return store->amend(made.id, keep, noon).has_value(); },
      [&] { return store->vote(made.id, {"ana"}, true, noon).has_value(); },
      [&] { return store->report(made.id, {"ana"}, "rude", noon).has_value(); },
      [&] { return store->set_status("2", content_status::locked, {}, {}, noon).has_value(); },
      [&] { return store->record({.component = "a", .version = "1"}, noon).has_value(); },
      [&] { return store->forget_origins(noon, 10).has_value(); },
      [&] { return store->forget_reporter("rui").has_value(); },
      [&] { return store->find(made.id).has_value(); },
      [&] { return store->list({.content_id = "1"}).has_value(); },
      [&] { return store->contents(std::span{ids}.first(1)).has_value(); },
      [&] { return store->contents(ids).has_value(); },
      [&] { return store->events("1", 0, 10).has_value(); },
      [&] { return store->history(made.id, 0, 10).has_value(); },
      [&] { return store->reports_of(made.id, 10).has_value(); },
      [&] { return store->find_all({}).has_value(); },
      [&] { return store->votes_of("ana", {}, 10).has_value(); },
      [&] { return store->reports_by("ana", {}, 10).has_value(); },
      [&] { return store->deployments({}).has_value(); }};
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CAPTURE(i);
    CHECK(schema.cut_connections() >= 1);
    CHECK(calls[i]());
  }
  CHECK(schema.run("SELECT count(*) FROM comment") == "2");
}

TEST_CASE("connections that are cut under load lose no comment, and double none") {
  const postgres_schema schema;
  const auto store = open(schema);
  constexpr int writers = 4, cuts = 5;
  std::atomic<int> posted{}, refused{};
  std::atomic<bool> is_over{};
  std::thread cutting{[&] {
    for (int i = 0; i < cuts; ++i) {
      const int before = posted;
      CHECK(eventually([&] { return posted > before; }));
      schema.cut_connections();
    }
    is_over = true;
  }};
  in_parallel(writers, [&](int i) {
    for (int round = 0; !is_over; ++round) {
      const draft written{.content_id = std::to_string(i), .body = std::to_string(round)};
      const bool is_made = store->insert({written}, noon).has_value();
      (is_made ? posted : refused) += 1;
    }
  });
  cutting.join();
  const int kept = std::stoi(schema.run("SELECT count(*) FROM comment"));
  CHECK(kept >= posted);
  CHECK(kept <= posted + refused);
  CHECK(refused <= cuts * writers);
  CHECK(schema.run("SELECT count(*) FROM comment") ==
        schema.run("SELECT count(DISTINCT (content_id, body)) FROM comment"));
  CHECK(schema.run("SELECT count(*) FROM content c WHERE version <> (SELECT count(*) FROM comment "
                   "m WHERE m.content_id = c.content_id)") == "0");
  CHECK(store->insert({{.content_id = "1", .body = "after"}}, noon));
}

TEST_CASE("a post whose commit was not answered is looked for, and not made twice") {
  const postgres_schema schema;
  testing::postgres_proxy proxy{schema};
  const auto cut = open({.conninfo = proxy.conninfo()});
  proxy.cut(1, testing::commit_cut::behind);
  const comment made = must(cut->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  CHECK(proxy.left() == 0);
  CHECK(must(cut->list({.content_id = "1"})).items == std::vector{made});
  CHECK(must(cut->events("1", 0, 10)).size() == 1);
  // A vote that is there is there; an edit may have been made twice, so it is not tried again.
  proxy.cut(1, testing::commit_cut::behind);
  CHECK(must(cut->vote(made.id, {"ana"}, true, noon)).votes == 1);
  proxy.cut(1, testing::commit_cut::behind);
  CHECK(cut->amend(made.id, keep, noon).error().code == errc::in_doubt);
  CHECK(must(cut->find(made.id)).votes == 1);
  CHECK(must(cut->events("1", 0, 10)).size() == 3);
}

TEST_CASE("a write whose commit was not answered is in doubt, whether it is done or not") {
  using testing::commit_cut;
  for (const commit_cut where : {commit_cut::before, commit_cut::behind}) {
    const bool is_done = where == commit_cut::behind;
    CAPTURE(is_done);
    const postgres_schema schema;
    testing::postgres_proxy proxy{schema};
    const auto store = open({.conninfo = proxy.conninfo()});
    const comment made = must(store->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
    for (const auto& [title, write] : writes_about(made)) {
      const std::string name{title};
      CAPTURE(name);
      const auto all =
          "SELECT (SELECT version FROM content) || ' ' || (SELECT reports FROM comment "
          "WHERE body = 'x') || ' ' || (SELECT count(*) FROM deployment)";
      const std::string before = schema.run(all);
      proxy.cut(1000, where);
      // What is done again finds what was done, and does not commit once more.
      const bool is_found = is_done && (name == "insert" || name == "vote" || name == "report" ||
                                        name == "record of a run");
      const errc end = write(*store);
      if (!is_found) CHECK(end == errc::in_doubt);
      CHECK((schema.run(all) != before) == is_done);
      proxy.cut(0, where);
    }
  }
}

TEST_CASE("a write that was certainly not done is unavailable") {
  const postgres_schema schema;
  testing::postgres_proxy proxy{schema};
  const auto store = open({.conninfo = proxy.conninfo(), .pool = {.take_wait = 100ms}});
  const comment made = must(store->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  const auto all_end_as = [&](errc expected) {
    for (const auto& [title, write] : writes_about(made)) {
      const std::string name{title};
      CAPTURE(name);
      CHECK(write(*store) == expected);
    }
  };
  SUBCASE("the database takes no writes") {
    schema.run("ALTER ROLE CURRENT_USER SET default_transaction_read_only = on");
    schema.cut_connections();
    all_end_as(errc::unavailable);
    CHECK(store->forget_origins(noon, 10).error().code == errc::unavailable);
    CHECK(store->forget_reporter("ana").error().code == errc::unavailable);
    schema.run("ALTER ROLE CURRENT_USER RESET ALL");
  }
  SUBCASE("the connection ends in front of the commit") {
    schema.run(
        "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$");
    for (const std::string table : {"content", "comment", "deployment", "complaint"})
      schema.run("CREATE TRIGGER leave AFTER INSERT OR UPDATE OR DELETE ON " + table +
                 " FOR EACH ROW EXECUTE FUNCTION leave()");
    all_end_as(errc::unavailable);
  }
  SUBCASE("the database is away") {
    proxy.refuse();
    schema.cut_connections();
    all_end_as(errc::unavailable);
    CHECK(store->forget_origins(noon, 10).error().code == errc::unavailable);
    CHECK(store->forget_reporter("ana").error().code == errc::unavailable);
  }
}

TEST_CASE("a write that was in doubt stays so when the database goes away meanwhile") {
  const postgres_schema schema;
  testing::postgres_proxy proxy{schema};
  const auto store = open({.conninfo = proxy.conninfo(), .pool = {.take_wait = 100ms}});
  const comment made = must(store->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  for (const auto& [title, write] : writes_about(made)) {
    const std::string name{title};
    CAPTURE(name);
    CHECK(store->list({.content_id = "1"}));  // so that there is a connection
    proxy.cut(1, testing::commit_cut::before);
    proxy.refuse();
    CHECK(write(*store) == errc::in_doubt);
    CHECK(write(*store) == errc::unavailable);
    proxy.refuse(false);
  }
}

TEST_CASE("a commit that was heard of stands, though the connection ends behind it") {
  const postgres_schema schema;
  const auto store = open(schema);
  const auto cut = open({.conninfo = cut_behind_commits(schema)});
  const comment made = must(cut->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  CHECK(cut->amend(made.id, keep, noon));
  CHECK(must(store->events("1", 0, 10)).size() == 2);
}

TEST_CASE("what collides is tried again, and not for ever") {
  for (const int collisions : {8, 1000}) {
    CAPTURE(collisions);
    const postgres_schema schema;
    const auto store = open(schema);
    let_collide(schema, collisions);
    const auto answer = store->insert({{.content_id = "1", .body = "x"}}, noon);
    CHECK(answer.has_value() == (collisions == 8));
    if (!answer) CHECK(answer.error().code == errc::unavailable);
    CHECK(schema.run("SELECT last_value FROM tries") == "9");
  }
}

TEST_CASE("origins are forgotten in steps, and what stands before one that fails is counted") {
  const postgres_schema schema;
  const auto store = open(schema);
  for (int i = 0; i < 3; ++i) {
    const comment made =
        must(store->insert({.said = {.content_id = "1", .body = "x"}, .origin = "0123"}, noon))
            .stored;
    must(store->vote(made.id, {"a:01"}, true, noon));
    must(store->report(made.id, {"a:01"}, "rude", noon));
  }
  schema.run(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; "
      "END $$; CREATE TRIGGER refuse BEFORE DELETE ON complaint FOR EACH ROW "
      "EXECUTE FUNCTION refuse()");
  CHECK(must(store->forget_origins(noon + 1h, 2)) == 4);  // origins and votes
  CHECK(must(store->forget_origins(noon + 1h, 2)) == 2);
  for (int i = 0; i < 2; ++i)
    CHECK(store->forget_origins(noon + 1h, 2).error().code == errc::unavailable);
  CHECK(schema.run("SELECT count(*) FROM complaint") == "3");
  schema.run("DROP TRIGGER refuse ON complaint");
  CHECK(must(store->forget_origins(noon + 1h, 2)) == 2);
  CHECK(must(store->forget_origins(noon + 1h, 2)) == 1);
  CHECK(must(store->forget_origins(noon + 1h, 2)) == 0);
}

TEST_CASE(
    "without a thread no store is opened; a listener gets one with a later wake (needs glibc)" *
    doctest::skip(!testing::no_threads::is_possible)) {
  const postgres_schema schema;
  {
    const testing::no_threads shortage;
    const auto refused = postgres_store::open({.conninfo = schema.conninfo()});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::unavailable);
    CHECK(refused.error().message ==
          "The database cannot be used: there is no thread for its connections.");
  }
  const auto store = open(schema);
  must(store->insert({{.content_id = "followed", .body = "x"}}, noon));
  readers all;
  std::unique_ptr<change_listener> listening;
  {
    const testing::no_threads shortage;
    listening = store->listen(all.as_callbacks());
    listening->wake();
  }
  REQUIRE(listening);
  listening->wake();
  CHECK(eventually([&] { return all.told("followed") > 0; }));
}

TEST_CASE(
    "without memory a call is done or not, and its connection is lent again (needs an allocator "
    "that can be replaced)" *
    doctest::skip(!testing::failing_memory::is_possible)) {
  const postgres_schema schema;
  // With one connection, so that the next caller notices if it is not given back.
  const auto store = open({.conninfo = schema.conninfo(), .pool = {.open_max = 1}});
  const comment made = must(store->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  const std::string text(100, 'x');
  const insertion wanted{.said = {.content_id = "1", .parent = made.id, .body = text}};
  const auto end_of = [](const auto& answer) { return answer ? errc{} : answer.error().code; };
  const std::pair<std::string, std::function<errc()>> calls[] = {
      {"insert", [&] { return end_of(store->insert(wanted, noon)); }},
      {"vote", [&] { return end_of(store->vote(made.id, {text}, true, noon)); }},
      {"list", [&] { return end_of(store->list({.content_id = "1"})); }}};
  for (const auto& [title, call] : calls) {
    const std::string name{title};
    CAPTURE(name);
    int failures = 0;
    for (std::size_t n = 1;; ++n) {
      CAPTURE(n);
      const std::string before = schema.run("SELECT version FROM content");
      errc code{};
      bool has_thrown = false;
      testing::failing_memory shortage{n};
      try {
        code = call();
      } catch (const std::bad_alloc&) {
        has_thrown = true;
      }
      const bool has_failed = shortage.has_failed();
      shortage.end();
      if (code != errc{}) CHECK((code == errc::unavailable || code == errc::in_doubt));
      if (code == errc::unavailable) CHECK(schema.run("SELECT version FROM content") == before);
      failures += code != errc{} || has_thrown;
      if (name == "vote") must(store->vote(made.id, {text}, false, noon));
      CHECK(store->list({.content_id = "1"}));
      CHECK(store->connections() <= 1);
      if (!has_failed) break;
    }
    CHECK(failures > 0);
  }
  comments::contract::check_counts(*store, "1");
}

// Machines were minutes apart: a client that asked them in turn had no limit, the form of one was
// from the future for another, and edits were from before their comments.
TEST_CASE("nodes whose clocks are minutes apart limit, judge and date as one") {
  const postgres_schema schema;
  struct node {
    node(const postgres_schema& in, std::chrono::minutes off)
        : own{[off] { return system_clock()() + off; }},
          store{open({.conninfo = in.conninfo(), .clock = own})},
          api{*store, {.rules = {rules::typing_time({.least = -1min})}, .clock = own}} {}
    comments::clock own;
    std::unique_ptr<postgres_store> store;
    service api;
  };
  node slow{schema, -2min}, fast{schema, 2min};
  const principal ana{.role = principal::role::user, .subject = "17"};
  const post_options limited{.how = {.form_shown_at = fast.api.options().clock()},
                             .allowances = {{"ana", {.per_minute = 1, .burst = 2}}}};
  const auto first = must(fast.api.post({.content_id = "1", .body = "x"}, ana, limited)).stored;
  const auto second = must(slow.api.post({.content_id = "1", .body = "y"}, ana, limited)).stored;
  CHECK(first.status == status::published);
  CHECK(second.status == status::published);
  for (node* const next : {&fast, &slow, &fast})
    CHECK(next->api.post({.content_id = "1", .body = "z"}, ana, limited).error().code ==
          errc::rate_limited);
  CHECK(std::chrono::abs(first.created_at - second.created_at) < 1min);
  const comment edited = must(slow.api.edit(first.id, "new", ana));
  CHECK(edited.edited_at >= first.created_at);
  CHECK(*edited.edited_at - first.created_at < 1min);
}

// Each of these asked every machine for the content of a comment, by its id alone.
TEST_CASE("what is done about a comment that was seen names its content, so one machine is asked") {
  const postgres_schema schema;
  testing::postgres_proxy proxy{schema};
  const auto other = open(schema), node = open({.conninfo = proxy.conninfo()});
  const comment posted = must(node->insert({{.content_id = "1", .body = "x"}}, noon)).stored;
  const comment listed = must(other->insert({{.content_id = "1", .body = "y"}}, noon)).stored;
  const comment sought = must(other->insert({{.content_id = "1", .body = "z"}}, noon)).stored;
  must(node->list({.content_id = "1", .limit = 2}));
  must(node->find_all({.text = "z"}));
  proxy.take_statements();
  for (const comment& one : {posted, listed, sought}) {
    must(node->find(one.id));
    for (const auto& [name, write] : writes_about(one)) CHECK(write(*node) == errc{});
    must(node->vote(one.id, {"ana"}, false, noon));
    must(node->history(one.id, 0, 10));
    must(node->reports_of(one.id, 10));
  }
  int about_contents = 0;
  for (const std::string& sql : proxy.take_statements()) {
    const bool is_of_content = std::ranges::any_of(
        std::array{" content ", " comment ", " event ", " vote ", " complaint "},
        [&](const char* table) { return sql.find(table) != sql.npos; });
    about_contents += is_of_content;
    if (is_of_content && !sql.starts_with("INSERT"))
      CHECK_MESSAGE(sql.find("content_id = $1") != std::string::npos, sql);
  }
  CHECK(about_contents > 10);
}

TEST_CASE("a log that throws changes no answer") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(), .on_failure = [](std::string_view) {
                             throw std::runtime_error{"no log"};
                           }});
  CHECK(store->insert({{.content_id = "1", .body = std::string{"b\0d", 3}}}, noon).error().code ==
        errc::invalid);
  let_collide(schema, 1);
  must(store->insert({{.content_id = "1", .body = "x"}}, noon));
  const auto away = postgres_store::open({.conninfo = "host=127.0.0.1 port=1",
                                          .opening_wait = 1ms,
                                          .on_failure = [](std::string_view) { throw 7; }});
  CHECK(away.error().code == errc::unavailable);
}

TEST_CASE("an idle store has no connection") {
  const postgres_schema schema;
  const auto store = open({.conninfo = schema.conninfo(), .pool = {.idle_wait = 1ms}});
  REQUIRE(store->insert({{.content_id = "1", .body = "x"}}, noon));
  CHECK(eventually([&] { return store->connections() == 0; }));
  CHECK(eventually([&] { return schema.connections() == 0; }));
  CHECK(store->list({.content_id = "1"}));
  CHECK(store->is_remote());
}

TEST_CASE("a connection string that cannot be read is refused, and not quoted") {
  std::atomic<int> heard{};
  for (const char* const broken : {"password=s3cret nonsense", "postgresql://ana:s3cret@[::1/a"}) {
    const auto opened =
        postgres_store::open({.conninfo = broken, .on_failure = [&](auto) { ++heard; }});
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::unavailable);
    CHECK(opened.error().message ==
          "The database cannot be used: its connection string cannot be read.");
  }
  CHECK(heard == 0);
}

TEST_CASE("`open` waits for a database that is not there, and its error has no secret in it") {
  std::mutex mutex;
  std::vector<std::string> heard;
  const auto start = std::chrono::steady_clock::now();
  const auto opened =
      postgres_store::open({.conninfo = "host=127.0.0.1 port=1 user=ana password=s3cret",
                            .opening_wait = 600ms,
                            .on_failure = [&](std::string_view why) {
                              const std::lock_guard lock{mutex};
                              heard.emplace_back(why);
                            }});
  const auto taken = std::chrono::steady_clock::now() - start;
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == errc::unavailable);
  CHECK(opened.error().message.find("Connection refused") != std::string::npos);
  CHECK(opened.error().message.find("s3cret") == std::string::npos);
  CHECK(taken < 30s);
  CHECK(heard.size() > 1);
  for (const std::string& why : heard) CHECK(why.find("s3cret") == std::string::npos);
}

TEST_CASE("a database that wakes up while it is waited for is opened") {
  const postgres_schema schema;
  testing::postgres_proxy proxy{schema};
  proxy.refuse();
  std::atomic<int> heard{};
  std::thread waking{[&] {
    CHECK(eventually([&] { return heard > 0; }));
    proxy.refuse(false);
  }};
  const bool is_open =
      postgres_store::open(
          {.conninfo = proxy.conninfo(), .opening_wait = 60s, .on_failure = [&](auto) { ++heard; }})
          .has_value();
  waking.join();
  CHECK(is_open);
}

TEST_CASE("`open` does not wait for what does not pass by waiting") {
  const postgres_schema schema;
  std::atomic<int> heard{};
  const auto opened = postgres_store::open({.conninfo = schema.conninfo() + " dbname=not_there",
                                            .opening_wait = 60s,
                                            .on_failure = [&](auto) { ++heard; }});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("database \"not_there\" does not exist") != std::string::npos);
  CHECK(heard == 1);
}

TEST_CASE("what another node changes is announced at once, and what this one changes is not") {
  const postgres_schema schema;
  const postgres::listener_limits patient{.check_wait = 10min, .linger_wait = 10min};
  const auto here = open({.conninfo = schema.conninfo(), .listener = patient});
  const auto there = open({.conninfo = schema.conninfo(), .listener = patient});
  readers all;
  const auto listening = here->listen(all.as_callbacks());
  must(there->insert({{.content_id = "followed", .body = "before"}}, noon));
  listening->wake();
  CHECK(eventually([&] { return all.told("followed") > 0; }));  // by now it listens
  const comment own = must(here->insert({{.content_id = "own", .body = "x"}}, noon)).stored;
  must(here->vote(own.id, {"ana"}, true, noon));
  must(there->insert({{.content_id = "posted", .body = "x"}}, noon));
  const comment made = must(there->insert({{.content_id = "voted", .body = "x"}}, noon)).stored;
  CHECK(eventually([&] { return all.told("voted") == 1; }));
  CHECK(all.told("posted") == 1);
  must(there->vote(made.id, {"ana"}, true, noon));
  CHECK(eventually([&] { return all.told("voted") == 2; }));
  must(there->amend(made.id, keep, noon));
  CHECK(eventually([&] { return all.told("voted") == 3; }));
  must(there->set_status("set", content_status::locked, {}, {}, noon));
  CHECK(eventually([&] { return all.told("set") == 1; }));
  CHECK(all.told("own") == 0);
}

TEST_CASE("a node that does not notify is heard by comparing versions") {
  const postgres_schema schema;
  const auto here =
      open({.conninfo = schema.conninfo(), .listener = {.is_notified = false, .poll_wait = 1ms}});
  const auto there = open({.conninfo = schema.conninfo(), .listener = {.is_notified = false}});
  readers all;
  const auto listening = here->listen(all.as_callbacks());
  listening->wake();
  for (int round = 1; round <= 3; ++round) {
    must(there->insert({{.content_id = "followed", .body = "x"}}, noon));
    CHECK(eventually([&] { return all.told("followed") == round; }));
  }
}

#pragma once
// store/contract_deployments.hpp - the promises of <comments/deployments/deployment_log.hpp>, as
// tests for every log.
//
// Run it on a log of your own, with a maker as in `contract.hpp`; link doctest's main. The last one
// is for a log that is a `store` as well.
//
//   class my_maker {
//    public:
//     my_log& store();   // empty at first, and the same one until `reopen`
//     void reopen();     // closes the log and opens it again; only if it is durable
//   };
//   DEPLOYMENT_LOG_CONTRACT(my_maker);
//   DURABLE_DEPLOYMENT_LOG_CONTRACT(my_maker);
//   DEPLOYMENT_LOG_IN_STORE_CONTRACT(my_maker);

#include <comments/deployments/deployment_log.hpp>

#include <doctest/doctest.h>

#include "store/contract_tools.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace store_contract {

// Step number `number` of a deployment of `component`.
inline deployment step(int number, const std::string& component = "comments",
                       const std::string& run = "") {
  return {.component = component,
          .version = "1.0." + std::to_string(number),
          .responsible = "ana",
          .status = deployment_status::success,
          .run = run};
}

// Records what must be new.
inline deployment put(deployment_log& log, const deployment& said, instant now = noon) {
  record_result made = must(log.record(said, now));
  REQUIRE_FALSE(made.replayed);
  return made.stored;
}

// Follows `next` to the end; `between` happens before each page but the first.
inline std::vector<deployment> walk_log(const deployment_log& log, deployment_query query,
                                        const std::function<void()>& between = {}) {
  std::vector<deployment> met;
  for (;;) {
    const deployment_page page = must(log.deployments(query));
    REQUIRE(page.items.size() <= query.limit);
    REQUIRE(met.size() < 100'000);  // or the pages go in circles
    met.insert(met.end(), page.items.begin(), page.items.end());
    if (!page.next) return met;
    REQUIRE(page.items.size() == query.limit);
    query.before = page.next;
    if (between) between();
  }
}

TEST_CASE_TEMPLATE_DEFINE("a record is kept as it was said, with the date of its recording", Maker,
                          record_keeps_what_was_said) {
  Maker maker;
  deployment_log& log = maker.store();
  CHECK(must(log.deployments({})).items.empty());
  CHECK_FALSE(must(log.deployments({})).next);
  deployment said{.id = make_comment_id(noon),
                  .position = 77,
                  .component = "comentários; -- \"quoted\", 100% \\ 'x'",
                  .version = "=1+1\t\r\n\U0001F600",
                  .responsible = "<b>Zoë</b>",
                  .run = "https://example.com/runs/1?a=b&c=d",
                  .date = later + std::chrono::hours{1}};
  std::vector<deployment> expected;
  for (std::size_t i = 0; i < names_of(deployment_status{}).size(); ++i) {
    said.status = static_cast<deployment_status>(i);
    const deployment made = put(log, said, later);
    deployment wanted = said;
    CHECK(made.id != said.id);
    wanted.id = made.id;
    wanted.position = static_cast<std::int64_t>(i) + 1;
    wanted.date = later;
    CHECK(made == wanted);
    expected.insert(expected.begin(), wanted);
  }
  CHECK(must(log.deployments({})).items == expected);
  CHECK(std::ranges::find(expected, deployment_id{}, &deployment::id) == expected.end());
}

TEST_CASE_TEMPLATE_DEFINE("a run records each status of a component once, and a retry is a replay",
                          Maker, record_replays_a_run) {
  Maker maker;
  deployment_log& log = maker.store();
  const deployment first = put(log, step(1, "comments", "run 1"));
  for (int i = 0; i < 3; ++i) {
    const record_result again = must(log.record(step(1, "comments", "run 1"), later));
    CHECK(again.replayed);
    CHECK(again.stored == first);
  }
  std::vector<deployment> made{first};
  deployment failed = step(1, "comments", "run 1");
  failed.status = deployment_status::failure;
  for (const deployment& other :
       {failed, step(1, "widget", "run 1"), step(1, "comments", "run 2"),
        step(1, "Comments", "run 1"), step(1, "comments", "run 1 "), step(1, "comments", "RUN 1")})
    made.insert(made.begin(), put(log, other));
  CHECK(must(log.deployments({})).items == made);
}

TEST_CASE_TEMPLATE_DEFINE("a run that says something else under the same status is refused", Maker,
                          record_refuses_another_story) {
  Maker maker;
  deployment_log& log = maker.store();
  const deployment first = put(log, step(1, "comments", "run 1"));
  deployment by_another = first, of_another = first;
  by_another.responsible = "Ana";
  of_another.version += "0";
  for (const deployment& other : {by_another, of_another}) {
    const auto refused = log.record(other, later);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::key_reused);
    CHECK(refused.error().violations == run_reused().violations);
    CHECK(must(log.deployments({})).items == std::vector{first});
  }
  CHECK(put(log, step(2, "comments", "run 2")).position == 2);
}

TEST_CASE_TEMPLATE_DEFINE("without a run each call is a record of its own", Maker,
                          record_without_a_run) {
  Maker maker;
  deployment_log& log = maker.store();
  std::set<deployment_id> ids;
  for (std::int64_t i = 1; i <= 3; ++i) {
    const deployment made = put(log, step(1));
    CHECK(made.position == i);
    CHECK(ids.insert(made.id).second);
  }
  CHECK(must(log.deployments({})).items.size() == 3);
}

TEST_CASE_TEMPLATE_DEFINE("the log is read the latest first in pages, of all and of one", Maker,
                          deployments_page_backwards) {
  Maker maker;
  deployment_log& log = maker.store();
  std::vector<deployment> all, widgets;
  for (int i = 0; i < 21; ++i) {
    const bool is_widget = i % 3 == 0;
    // The order is that of the records, also where the clock steps back.
    all.push_back(
        put(log, step(i, is_widget ? "widget" : "comments"), noon - std::chrono::hours{i % 5}));
    if (is_widget) widgets.push_back(all.back());
  }
  std::ranges::reverse(all);
  std::ranges::reverse(widgets);
  for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{6}, std::size_t{7},
                                  std::size_t{8}, std::size_t{20}, std::size_t{21}, std::size_t{22},
                                  std::numeric_limits<std::size_t>::max()}) {
    CAPTURE(limit);
    CHECK(walk_log(log, {.limit = limit}) == all);
    CHECK(walk_log(log, {.component = "widget", .limit = limit}) == widgets);
    CHECK(walk_log(log, {.component = "widge", .limit = limit}).empty());
  }
  CHECK_FALSE(must(log.deployments({.limit = 21})).next);
  CHECK(must(log.deployments({.limit = 20})).next == 2);
  CHECK(must(log.deployments({.before = 3})).items == std::vector{all[19], all[20]});
  for (const std::int64_t before : {std::int64_t{1}, std::int64_t{0}, std::int64_t{-1},
                                    std::numeric_limits<std::int64_t>::min()})
    CHECK(must(log.deployments({.before = before})).items.empty());
  CHECK(must(log.deployments({.limit = 21, .before = std::numeric_limits<std::int64_t>::max()}))
            .items == all);
}

TEST_CASE_TEMPLATE_DEFINE(
    "following the log's pages meets each record that was there once, whatever is recorded", Maker,
    deployments_while_recording) {
  Maker maker;
  deployment_log& log = maker.store();
  std::vector<deployment> all;
  for (int i = 0; i < 10; ++i) all.insert(all.begin(), put(log, step(i)));
  CHECK(walk_log(log, {.limit = 3}, [&] { put(log, step(99)); }) == all);
}

TEST_CASE_TEMPLATE_DEFINE("8 threads that record at once lose nothing, and share their runs", Maker,
                          threads_record) {
  constexpr int threads = 8, each = 6;
  Maker maker;
  deployment_log& log = maker.store();
  std::vector<std::vector<record_result>> shared(threads);
  std::atomic<int> failures{};
  at_once(threads, [&](int thread) {
    for (int i = 0; i < each; ++i) {
      auto of_run = log.record(step(i, "comments", "run " + std::to_string(i)), noon);
      if (of_run) shared[static_cast<std::size_t>(thread)].push_back(std::move(*of_run));
      failures += !of_run;
      failures += !log.record(step(i, "thread " + std::to_string(thread)), noon);
    }
  });
  REQUIRE(failures == 0);
  for (std::size_t i = 0; i < each; ++i) {
    CHECK(std::ranges::count_if(shared, [&](auto& a) { return !a[i].replayed; }) == 1);
    for (const auto& answers : shared) CHECK(answers[i].stored == shared[0][i].stored);
  }
  const auto all = must(log.deployments({.limit = 1000})).items;
  REQUIRE(all.size() == threads * each + each);
  std::int64_t position = threads * each + each;
  std::set<deployment_id> ids;
  for (const deployment& one : all) {
    CHECK(one.position == position--);
    CHECK(ids.insert(one.id).second);
  }
  for (int thread = 0; thread < threads; ++thread) {
    const auto own = walk_log(log, {.component = "thread " + std::to_string(thread), .limit = 4});
    REQUIRE(own.size() == each);
    for (int i = 0; i < each; ++i)
      CHECK(own[static_cast<std::size_t>(each - 1 - i)].version == step(i).version);
  }
}

TEST_CASE_TEMPLATE_DEFINE("the log and the comments leave each other alone", Maker,
                          record_moves_no_version) {
  Maker maker;
  auto& store = maker.store();
  talk(store);
  const picture before = look(store, "1");
  const deployment made = put(store, step(1, "1", "1"));
  CHECK(look(store, "1") == before);
  CHECK(look(store, "").all.content.version == 0);
  post(store, {.content_id = "1", .body = "x"});
  must(store.forget_origins(noon + std::chrono::hours{1}, 100));
  must(store.forget_reporter("ana"));
  CHECK(must(store.deployments({})).items == std::vector{made});
  CHECK(store.find(made.id).error().code == errc::not_found);
}

TEST_CASE_TEMPLATE_DEFINE("a decision about a comment that calls the log is refused there", Maker,
                          log_refuses_deciders_that_call_back) {
  Maker maker;
  auto& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const auto changed = store.amend(
      made.id,
      [&](const comment& stands) -> result<amendment> {
        const auto recorded = store.record(step(1), noon);
        CHECK(recorded.error().code == errc::unavailable);
        CHECK(store.deployments({}).error().code == errc::unavailable);
        return amendment{stands, {.kind = event_kind::edited}};
      },
      later);
  CHECK(changed);
  CHECK(must(store.deployments({})).items.empty());
}

TEST_CASE_TEMPLATE_DEFINE("a store that is opened again has its log, and knows its runs", Maker,
                          reopening_keeps_records) {
  Maker maker;
  std::vector<deployment> all;
  for (int i = 0; i < 5; ++i)
    all.insert(all.begin(), put(maker.store(), step(i, "comments", "run " + std::to_string(i))));
  for (int i = 0; i < 2; ++i) {
    maker.reopen();
    CHECK(must(maker.store().deployments({})).items == all);
    const record_result again = must(maker.store().record(step(4, "comments", "run 4"), later));
    CHECK(again.replayed);
    CHECK(again.stored == all.front());
  }
  CHECK(put(maker.store(), step(6)).position == 6);
}

}  // namespace store_contract

#define DEPLOYMENT_LOG_CONTRACT(Maker)                                            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::record_keeps_what_was_said, Maker);   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::record_replays_a_run, Maker);         \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::record_refuses_another_story, Maker); \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::record_without_a_run, Maker);         \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::deployments_page_backwards, Maker);   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::deployments_while_recording, Maker);  \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_record, Maker)

#define DURABLE_DEPLOYMENT_LOG_CONTRACT(Maker) \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reopening_keeps_records, Maker)

#define DEPLOYMENT_LOG_IN_STORE_CONTRACT(Maker)                              \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::record_moves_no_version, Maker); \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::log_refuses_deciders_that_call_back, Maker)

#pragma once
// testing/deployment_log_contract.hpp - the promises of deployments/deployment_log.hpp, as tests.
//
// Run them as those of a store: `store` of a maker returns what is a `deployment_log`.
//
//     COMMENTS_DOCTEST(my_log, comments::contract::deployment_log_promises, my_maker);

#include <comments/deployments/deployment_log.hpp>
#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace comments::inline v0::contract {

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
  COMMENTS_CHECK(!made.replayed);
  return made.stored;
}

// Follows `next` to the end; `between` happens before each page but the first.
inline std::vector<deployment> walk_log(const deployment_log& log, deployment_query query,
                                        const std::function<void()>& between = {}) {
  std::vector<deployment> met;
  for (;;) {
    const deployment_page page = must(log.deployments(query));
    COMMENTS_CHECK(page.items.size() <= query.limit);
    COMMENTS_CHECK(met.size() < 100'000);  // or the pages go in circles
    met.insert(met.end(), page.items.begin(), page.items.end());
    if (!page.next) return met;
    COMMENTS_CHECK(page.items.size() == query.limit);
    query.before = page.next;
    if (between) between();
  }
}

COMMENTS_PROMISE(deployment_log, record_keeps_what_was_said,
                 "a record is kept as it was said, with the date of its recording") {
  const auto maker = make();
  deployment_log& log = maker->store();
  COMMENTS_CHECK(must(log.deployments({})).items.empty());
  COMMENTS_CHECK(!must(log.deployments({})).next);
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
    COMMENTS_CHECK(made.id != said.id);
    wanted.id = made.id;
    wanted.position = static_cast<std::int64_t>(i) + 1;
    wanted.date = later;
    COMMENTS_CHECK(made == wanted);
    expected.insert(expected.begin(), wanted);
  }
  COMMENTS_CHECK(must(log.deployments({})).items == expected);
  COMMENTS_CHECK(std::ranges::find(expected, deployment_id{}, &deployment::id) == expected.end());
}

COMMENTS_PROMISE(deployment_log, record_replays_a_run,
                 "a run records each status of a component once, and a retry is a replay") {
  const auto maker = make();
  deployment_log& log = maker->store();
  const deployment first = put(log, step(1, "comments", "run 1"));
  for (int i = 0; i < 3; ++i) {
    const record_result again = must(log.record(step(1, "comments", "run 1"), later));
    COMMENTS_CHECK(again.replayed);
    COMMENTS_CHECK(again.stored == first);
  }
  std::vector<deployment> made{first};
  deployment failed = step(1, "comments", "run 1");
  failed.status = deployment_status::failure;
  for (const deployment& other :
       {failed, step(1, "widget", "run 1"), step(1, "comments", "run 2"),
        step(1, "Comments", "run 1"), step(1, "comments", "run 1 "), step(1, "comments", "RUN 1")})
    made.insert(made.begin(), put(log, other));
  COMMENTS_CHECK(must(log.deployments({})).items == made);
}

COMMENTS_PROMISE(deployment_log, record_refuses_another_story,
                 "a run that says something else under the same status is refused") {
  const auto maker = make();
  deployment_log& log = maker->store();
  const deployment first = put(log, step(1, "comments", "run 1"));
  deployment by_another = first, of_another = first;
  by_another.responsible = "Ana";
  of_another.version += "0";
  for (const deployment& other : {by_another, of_another}) {
    const auto refused = log.record(other, later);
    COMMENTS_CHECK(refused == fails_with(errc::key_reused));
    COMMENTS_CHECK(refused.error().violations == run_reused().violations);
    COMMENTS_CHECK(must(log.deployments({})).items == std::vector{first});
  }
  COMMENTS_CHECK(put(log, step(2, "comments", "run 2")).position == 2);
}

COMMENTS_PROMISE(deployment_log, record_without_a_run,
                 "without a run each call is a record of its own") {
  const auto maker = make();
  deployment_log& log = maker->store();
  std::set<deployment_id> ids;
  for (std::int64_t i = 1; i <= 3; ++i) {
    const deployment made = put(log, step(1));
    COMMENTS_CHECK(made.position == i);
    COMMENTS_CHECK(ids.insert(made.id).second);
  }
  COMMENTS_CHECK(must(log.deployments({})).items.size() == 3);
}

COMMENTS_PROMISE(deployment_log, deployments_page_backwards,
                 "the log is read the latest first in pages, of all and of one") {
  const auto maker = make();
  deployment_log& log = maker->store();
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
    const note of_limit{"limit", limit};
    COMMENTS_CHECK(walk_log(log, {.limit = limit}) == all);
    COMMENTS_CHECK(walk_log(log, {.component = "widget", .limit = limit}) == widgets);
    COMMENTS_CHECK(walk_log(log, {.component = "widge", .limit = limit}).empty());
  }
  COMMENTS_CHECK(!must(log.deployments({.limit = 21})).next);
  COMMENTS_CHECK(must(log.deployments({.limit = 20})).next == 2);
  COMMENTS_CHECK(must(log.deployments({.before = 3})).items == std::vector{all[19], all[20]});
  for (const std::int64_t before : {std::int64_t{1}, std::int64_t{0}, std::int64_t{-1},
                                    std::numeric_limits<std::int64_t>::min()})
    COMMENTS_CHECK(must(log.deployments({.before = before})).items.empty());
  COMMENTS_CHECK(
      must(log.deployments({.limit = 21, .before = std::numeric_limits<std::int64_t>::max()}))
          .items == all);
}

COMMENTS_PROMISE(
    deployment_log, deployments_while_recording,
    "following the log's pages meets each record that was there once, whatever is recorded") {
  const auto maker = make();
  deployment_log& log = maker->store();
  std::vector<deployment> all;
  for (int i = 0; i < 10; ++i) all.insert(all.begin(), put(log, step(i)));
  COMMENTS_CHECK(walk_log(log, {.limit = 3}, [&] { put(log, step(99)); }) == all);
}

COMMENTS_PROMISE(deployment_log, threads_record,
                 "8 threads that record at once lose nothing, and share their runs") {
  constexpr int threads = 8, each = 6;
  const auto maker = make();
  deployment_log& log = maker->store();
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
  COMMENTS_CHECK(failures == 0);
  for (std::size_t i = 0; i < each; ++i) {
    COMMENTS_CHECK(std::ranges::count_if(shared, [&](auto& a) { return !a[i].replayed; }) == 1);
    for (const auto& answers : shared) COMMENTS_CHECK(answers[i].stored == shared[0][i].stored);
  }
  const auto all = must(log.deployments({.limit = 1000})).items;
  COMMENTS_CHECK(all.size() == threads * each + each);
  std::int64_t position = threads * each + each;
  std::set<deployment_id> ids;
  for (const deployment& one : all) {
    COMMENTS_CHECK(one.position == position--);
    COMMENTS_CHECK(ids.insert(one.id).second);
  }
  for (int thread = 0; thread < threads; ++thread) {
    const auto own = walk_log(log, {.component = "thread " + std::to_string(thread), .limit = 4});
    COMMENTS_CHECK(own.size() == each);
    for (int i = 0; i < each; ++i)
      COMMENTS_CHECK(own[static_cast<std::size_t>(each - 1 - i)].version == step(i).version);
  }
}

COMMENTS_PROMISE(store, record_moves_no_version,
                 "the log and the comments leave each other alone") {
  const auto maker = make();
  store& store = maker->store();
  auto& log = dynamic_cast<deployment_log&>(store);
  talk(store);
  const picture before = look(store, "1");
  const deployment made = put(log, step(1, "1", "1"));
  COMMENTS_CHECK(look(store, "1") == before);
  COMMENTS_CHECK(look(store, "").all.content.version == 0);
  post(store, {.content_id = "1", .body = "x"});
  must(store.forget_origins(noon + std::chrono::hours{1}, 100));
  must(store.forget_reporter("ana"));
  COMMENTS_CHECK(must(log.deployments({})).items == std::vector{made});
  COMMENTS_CHECK(store.find(made.id) == fails_with(errc::not_found));
}

COMMENTS_PROMISE(store, log_refuses_deciders_that_call_back,
                 "a decision about a comment that calls the log is refused there") {
  const auto maker = make();
  store& store = maker->store();
  auto& log = dynamic_cast<deployment_log&>(store);
  const comment made = post(store, {.content_id = "1", .body = "x"});
  bool is_refused = false;
  const auto changed = store.amend(
      made.id,
      [&](const comment& stands) -> result<amendment> {
        const auto recorded = log.record(step(1), noon);
        const auto listed = log.deployments({});
        is_refused = !recorded && recorded.error().code == errc::unavailable && !listed &&
                     listed.error().code == errc::unavailable;
        return amendment{stands, {.kind = event_kind::edited}};
      },
      later);
  COMMENTS_CHECK(changed);
  COMMENTS_CHECK(is_refused);
  COMMENTS_CHECK(must(log.deployments({})).items.empty());
}

COMMENTS_PROMISE(deployment_log, reopening_keeps_records,
                 "a store that is opened again has its log, and knows its runs") {
  const auto maker = make();
  std::vector<deployment> all;
  for (int i = 0; i < 5; ++i)
    all.insert(all.begin(), put(maker->store(), step(i, "comments", "run " + std::to_string(i))));
  for (int i = 0; i < 2; ++i) {
    maker->reopen();
    COMMENTS_CHECK(must(maker->store().deployments({})).items == all);
    const record_result again = must(maker->store().record(step(4, "comments", "run 4"), later));
    COMMENTS_CHECK(again.replayed);
    COMMENTS_CHECK(again.stored == all.front());
  }
  COMMENTS_CHECK(put(maker->store(), step(6)).position == 6);
}

using deployment_log_promises =
    std::tuple<record_keeps_what_was_said, record_replays_a_run, record_refuses_another_story,
               record_without_a_run, deployments_page_backwards, deployments_while_recording,
               threads_record>;
// Of a log that is closed and opened.
using durable_deployment_log_promises = std::tuple<reopening_keeps_records>;
// Of a store that is a log as well.
using deployment_log_in_store_promises =
    std::tuple<record_moves_no_version, log_refuses_deciders_that_call_back>;

}  // namespace comments::inline v0::contract

#pragma once
// store/contract.hpp - what every store owes, as tests: the sentences of <comments/store.hpp>.
//
// Run it on a store of your own: say how a fresh one is made, and link doctest's main.
//
//   class my_maker {
//    public:
//     comments::store& store();   // empty at first, and the same one until `reopen`
//     void reopen();              // closes the store and opens it again; only if it is durable
//   };
//   STORE_CONTRACT(my_maker);
//   DURABLE_STORE_CONTRACT(my_maker);
//
// Each test makes a maker of its own, so what two makers make must have nothing in common.
//
// Some sentences can be shown only with a store's own means. Where they are shown:
// - `in_doubt`: store/sqlite/faults_test.cpp, store/postgres_test.cpp ("… is in doubt …").
// - `unavailable`, and nothing was done: store/sqlite_test.cpp ("… cut off at any step …"),
//   store/postgres_test.cpp ("a write that was certainly not done …").
// - `invalid`, for what the storage cannot hold: store/postgres_test.cpp ("… that the database
//   refuses …").
// - std::bad_alloc: store/memory_test.cpp, store/sqlite/callers_test.cpp, store/postgres_test.cpp
//   ("without memory …").
// - No thread: store/sqlite/faults_test.cpp, store/postgres_test.cpp ("… no thread …").
// - Allowances of several processes: store/postgres/insert_test.cpp ("… that all nodes share").
// - Whole or not at all, after a crash or a power cut, and durable: store/sqlite/faults_test.cpp
//   ("… after a power cut …"), server/durability_test.py, server/cluster_failures_test.py.
// - A store that does not trust its storage: `is_writable`, `recover`: store/sqlite/faults_test.cpp
//   ("a sync that fails …", "recovery that fails …").
// - Readers are not waited for: store/sqlite_test.cpp ("a reading in the middle of its page …"),
//   server/readers_test.py.
// - What storage left behind of a removed comment: store/sqlite/erasure_test.cpp.
// - A forgetting of origins that fails half-way: store/postgres_test.cpp ("… in steps …").
// - Costs: store/sqlite_test.cpp ("a page …"), store/list_order_test.cpp,
//   store/sql_schema_test.cpp and store/postgres/schema_test.cpp ("… one walk along an index"),
//   store/sqlite/search_test.cpp.
// - `listen`: store/postgres_test.cpp ("what another node changes …"),
//   store/postgres/notifications_test.cpp ("callbacks that throw …").
// - `is_remote`: store/memory_test.cpp, store/sqlite_test.cpp, store/postgres_test.cpp.

#include <comments/store.hpp>

#include <doctest/doctest.h>

#include "store/contract_changes.hpp"
#include "store/contract_deciders.hpp"
#include "store/contract_running.hpp"
#include "store/contract_tools.hpp"
#include "support/tsan.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace store_contract {

TEST_CASE_TEMPLATE_DEFINE("an insert that nobody waits for ends as one that somebody waits for",
                          Maker, begun_inserts_end_alike) {
  Maker maker;
  store& store = maker.store();
  const insertion written{.said = {.content_id = "1", .body = "x", .key = "a"}};
  const post_result made = must(post_later(store, written));
  CHECK_FALSE(made.replayed);
  CHECK(must(store.find(made.stored.id)) == made.stored);
  CHECK(look(store, "1").events == std::vector<event>{posted(made.stored)});
  for (const bool is_waited_for : {false, true}) {
    const auto again =
        must(is_waited_for ? store.insert(written, later) : post_later(store, written, later));
    CHECK(again.replayed);
    CHECK(again.stored == made.stored);
  }
  const picture before = look(store, "1");
  const insertion other{.said = {.content_id = "1", .body = "y", .key = "a"}};
  CHECK(post_later(store, other).error().code == errc::key_reused);
  const insertion orphan{.said = {.content_id = "1", .parent = comment_id{}, .body = "y"}};
  CHECK(post_later(store, orphan).error().code == errc::not_found);
  const insertion elsewhere{.said = {.content_id = "1", .body = "y"},
                            .expected = {.is_checked = true, .mode = content_status::locked}};
  CHECK(post_later(store, elsewhere).error().code == errc::version_mismatch);
  CHECK(look(store, "1") == before);
  const insertion rare{.said = {.content_id = "2", .body = "y"},
                       .allowances = {{.client = "c", .allowed = {.per_minute = 1, .burst = 1}}}};
  CHECK(post_later(store, rare).has_value());
  CHECK(post_later(store, rare).error().code == errc::rate_limited);
}

TEST_CASE_TEMPLATE_DEFINE("inserts that nobody waits for end once each, among others", Maker,
                          threads_begin_inserts) {
  constexpr int threads = 4, rounds = 25;
  Maker maker;
  store& store = maker.store();
  struct begun {
    insertion wanted{};
    std::atomic<int> ends{};
    std::optional<result<post_result>> made{};
  };
  std::vector<begun> all(threads * rounds);
  std::atomic<int> ended{}, wrong{};
  at_once(threads, [&](int thread) {
    for (int i = 0; i < rounds; ++i) {
      const int number = thread * rounds + i;
      begun& one = all[static_cast<std::size_t>(number)];
      one.wanted.said = {.content_id = std::to_string(i % 3), .body = std::to_string(number)};
      if (i % 4 == 3) {
        one.made = store.insert(one.wanted, noon);
        ++one.ends;
        ++ended;
        continue;
      }
      store.begin_insert(one.wanted, noon, [&](std::optional<result<post_result>> made) {
        one.made = std::move(made);
        ++one.ends;
        ++ended;
      });
    }
  });
  while (ended < threads * rounds) std::this_thread::yield();
  for (begun& one : all) {
    CHECK(one.ends == 1);
    if (!one.made) one.made = store.insert(one.wanted, noon);
    const comment stored = must(*one.made).stored;
    wrong += must(store.find(stored.id)) != stored;
    wrong += stored.body != one.wanted.said.body;
  }
  CHECK(wrong == 0);
  std::int64_t comments = 0;
  for (const content& one : must(store.contents(std::vector<std::string>{"0", "1", "2"}))) {
    CHECK(one.version == one.comments);
    comments += one.comments;
  }
  CHECK(comments == threads * rounds);
}

TEST_CASE_TEMPLATE_DEFINE("a draft becomes a published comment, just as it was written", Maker,
                          insert_keeps_the_draft) {
  Maker maker;
  store& store = maker.store();
  const insertion written{
      .said = {.content_id = "1",
               .author = {"Someone", "someone@example.com", "https://example.com/", true, "user 7",
                          true},
               .body = "Primeiro post!\n\nIt's \"quoted\", 100% \\ <b>plain</b>; -- ção \U0001F600",
               .key = "a"},
      .origin = "0123",
      .encoded = "1 \"opaque\": ção"};
  const comment made = post(store, written, noon);
  const comment expected{.id = made.id,
                         .content_id = "1",
                         .position = 1,
                         .author = written.said.author,
                         .body = written.said.body,
                         .created_at = noon,
                         .version = 1,
                         .origin = "0123",
                         .encoded = written.encoded};
  CHECK(made == expected);
  CHECK(made.id != comment_id{});
  CHECK(must(store.find(made.id)) == expected);
  CHECK(look(store, "1").all.items == std::vector{expected});
}

TEST_CASE_TEMPLATE_DEFINE("a comment moves its content's version by one, and no other's", Maker,
                          insert_moves_the_version) {
  Maker maker;
  store& store = maker.store();
  for (std::int64_t i = 1; i <= 3; ++i) {
    const comment made = post(store, {.content_id = "1", .body = "one"});
    CHECK(made.position == i);
    CHECK(made.version == i);
    CHECK(look(store, "1").all.content == content{"1", i, i, {}});
  }
  CHECK(post(store, {.content_id = "2", .body = "two"}).position == 1);
  CHECK(look(store, "1").all.content == content{"1", 3, 3, {}});
  CHECK(look(store, "2").all.content == content{"2", 1, 1, {}});
}

TEST_CASE_TEMPLATE_DEFINE("a comment appends the event of its post", Maker,
                          insert_appends_an_event) {
  Maker maker;
  store& store = maker.store();
  const comment first = post(store, {.content_id = "1", .body = "first"}, noon);
  const comment reply =
      post(store, {.content_id = "1", .parent = first.id, .body = "reply"}, later);
  const std::vector<event> expected{posted(first), posted(reply)};
  CHECK(must(store.events("1", 0, 10)) == expected);
}

TEST_CASE_TEMPLATE_DEFINE("a reply counts at its parent alone and moves the parent's version",
                          Maker, insert_counts_at_the_parent) {
  Maker maker;
  store& store = maker.store();
  comment root = post(store, {.content_id = "1", .body = "root"});
  comment reply = post(store, {.content_id = "1", .parent = root.id, .body = "reply"});
  CHECK(reply.parent == root.id);
  CHECK(reply.reply_to == root.id);
  CHECK(reply.depth == 1);
  root.replies = 1;
  root.version = 2;
  CHECK(must(store.find(root.id)) == root);

  const comment below = post(store, {.content_id = "1", .parent = reply.id, .body = "below"});
  reply.replies = 1;
  reply.version = 3;
  CHECK(must(store.find(reply.id)) == reply);
  CHECK(must(store.find(root.id)) == root);
  CHECK(look(store, "1").all.items == std::vector{root, reply, below});
  CHECK(look(store, "1").all.content.comments == 3);
}

TEST_CASE_TEMPLATE_DEFINE("a reply to a comment that is not there is refused, and nothing changes",
                          Maker, insert_refuses_unknown_parents) {
  Maker maker;
  store& store = maker.store();
  const comment foreign = post(store, {.content_id = "1", .body = "first"});
  post(store, {.content_id = "2", .body = "second"});
  for (const comment_id& parent : {make_comment_id(noon), comment_id{}, foreign.id}) {
    for (const std::string content_id : {"2", "3"}) {
      const picture before[] = {look(store, "1"), look(store, content_id)};
      const auto refused = store.insert(
          {{.content_id = content_id, .parent = parent, .body = "?", .key = "k"}}, noon);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().code == errc::not_found);
      CHECK(refused.error().violations == parent_not_found().violations);
      CHECK(look(store, "1") == before[0]);
      CHECK(look(store, content_id) == before[1]);
    }
  }
  CHECK_FALSE(must(store.insert({{.content_id = "3", .body = "!", .key = "k"}}, noon)).replayed);
}

TEST_CASE_TEMPLATE_DEFINE("the order of insertion rests on no clock", Maker,
                          insert_trusts_no_clock) {
  Maker maker;
  store& store = maker.store();
  const instant steps[] = {noon, noon - std::chrono::hours{24}, noon, from_milliseconds(-1),
                           from_milliseconds(253'402'300'799'999)};
  for (const instant step : steps) {
    const comment made = post(store, {.content_id = "1", .body = to_rfc3339(step)}, step);
    CHECK(must(store.find(made.id)).created_at == step);
  }
  const auto items = look(store, "1").all.items;
  CHECK(positions(items) == numbers(1, 5));
  for (std::size_t i = 0; i < items.size(); ++i) CHECK(items[i].created_at == steps[i]);
}

TEST_CASE_TEMPLATE_DEFINE("the same key and draft answer the first comment again", Maker,
                          keys_replay) {
  Maker maker;
  store& store = maker.store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const draft written{.content_id = "1",
                      .parent = root.id,
                      .author = {"Someone", "someone@example.com", "https://example.com/"},
                      .body = "once",
                      .key = "k"};
  const comment first = post(store, written);
  const picture before = look(store, "1");
  for (int i = 0; i < 3; ++i) {
    const post_result again = must(store.insert({written}, noon + std::chrono::hours{i}));
    CHECK(again.replayed);
    CHECK(again.stored == first);
  }
  CHECK(look(store, "1") == before);
}

TEST_CASE_TEMPLATE_DEFINE("a key with another draft is refused, and nothing changes", Maker,
                          keys_refuse_another_draft) {
  Maker maker;
  store& store = maker.store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const draft written{.content_id = "1", .body = "once", .key = "k"};
  post(store, written);
  const picture before = look(store, "1");
  std::vector<draft> others(8, written);
  others[0].body = "twice";
  others[1].parent = root.id;
  others[2].parent = make_comment_id(noon);  // the key is judged before the parent
  others[3].author.name = "Someone";
  others[4].author.email = "someone@example.com";
  others[5].author.url = "https://example.com/";
  others[6].author.verified = true;
  others[7].author.subject = "user 7";
  for (const draft& other : others) {
    const auto refused = store.insert({other}, noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::key_reused);
    CHECK(refused.error().violations == key_reused().violations);
  }
  CHECK(look(store, "1") == before);
}

TEST_CASE_TEMPLATE_DEFINE("a key replays the comment as it stands now, for the draft as it was",
                          Maker, keys_replay_what_stands) {
  Maker maker;
  store& store = maker.store();
  const draft written{.content_id = "1", .body = "first", .key = "k"};
  const comment first = post(store, written);
  must(store.amend(first.id, rewrite("second"), later));
  must(store.vote(first.id, {"ana"}, true, later));
  must(store.amend(first.id, to(status::spam), later));
  const comment stands = must(store.find(first.id));
  CHECK(stands.body == "second");
  const post_result again = must(store.insert({written}, later));
  CHECK(again.replayed);
  CHECK(again.stored == stands);
  draft edited = written;
  edited.body = "second";
  CHECK(store.insert({edited}, later).error().code == errc::key_reused);
}

TEST_CASE_TEMPLATE_DEFINE("a key counts for its content only, and to the letter", Maker,
                          keys_belong_to_their_content) {
  Maker maker;
  store& store = maker.store();
  std::set<comment_id> made;
  for (const std::string content_id : {"1", "2"})
    for (const std::string key : {"k", "K", "k'", "k%", "0", "00"})
      made.insert(post(store, {.content_id = content_id, .body = "same", .key = key}).id);
  CHECK(made.size() == 12);
}

TEST_CASE_TEMPLATE_DEFINE("what is stored takes from each allowance, and nothing else does", Maker,
                          insert_takes_tokens) {
  Maker maker;
  store& store = maker.store();
  const rate three{.per_minute = 1, .burst = 3}, four{.per_minute = 60, .burst = 4};
  const auto written = [&](const std::string& content_id, const std::string& client) {
    return insertion{.said = {.content_id = content_id, .body = "x"},
                     .allowances = {{client, three}, {.allowed = four}}};
  };
  const auto must_wait = [&](const insertion& wanted, int seconds) {
    const picture before = look(store, wanted.said.content_id);
    const auto refused = store.insert(wanted, noon);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::rate_limited);
    CHECK(refused.error().retry_after_seconds == seconds);
    CHECK(look(store, wanted.said.content_id) == before);
  };
  insertion keyed = written("1", "ana");
  keyed.said.key = "k";
  const comment first = post(store, keyed);
  for (int i = 0; i < 5; ++i) CHECK(must(store.insert(keyed, noon)).stored == first);
  insertion orphan = written("1", "ana");
  orphan.said.parent = make_comment_id(noon);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(store.insert(orphan, noon).has_value());
  post(store, written("2", "ana"));  // a client's is the same on all contents
  post(store, written("1", "ana"));
  must_wait(written("1", "ana"), 60);
  must_wait(written("3", "ana"), 60);  // refused by its client's, it takes none of the content's
  post(store, written("1", "bea"));
  post(store, written("1", "bea"));
  must_wait(written("1", "bea"), 1);  // the content's four are gone
  for (int i = 0; i < 3; ++i) post(store, written("3", "caio"));
  post(store, {.content_id = "1", .body = "without any"});
  post(store, written("1", "bea"), noon + std::chrono::seconds{1});
}

TEST_CASE_TEMPLATE_DEFINE("whatever refuses a draft, it takes from no allowance", Maker,
                          refusals_take_no_tokens) {
  Maker maker;
  store& store = maker.store();
  const rate once{.per_minute = 1, .burst = 1};
  post(store, {.content_id = "1", .body = "here", .key = "k"});
  const insertion refused[] = {
      {.said = {.content_id = "1", .body = "another", .key = "k"}},
      {.said = {.content_id = "1", .body = "x"}, .expected = {true, content_status::locked}},
      {.said = {.content_id = "1", .parent = make_comment_id(noon), .body = "x"}}};
  for (insertion wanted : refused) {
    wanted.allowances = {{"ana", once}, {.allowed = once}};
    for (int i = 0; i < 3; ++i) {
      const auto answer = store.insert(wanted, noon);
      REQUIRE_FALSE(answer);
      CHECK(answer.error().code != errc::rate_limited);
    }
  }
  insertion wanted{.said = {.content_id = "1", .body = "x"},
                   .allowances = {{"ana", once}, {.allowed = once}}};
  post(store, wanted);
  for (const std::string client : {"ana", "bea"}) {
    wanted.allowances.front().client = client;
    CHECK(store.insert(wanted, noon).error().code == errc::rate_limited);
  }
  // What the content's allowance refused took nothing of the client's.
  wanted.said.content_id = "2";
  post(store, wanted);
  CHECK(look(store, "1").all.content.version == 2);
}

TEST_CASE_TEMPLATE_DEFINE("of threads that share an allowance as many are let through as it has",
                          Maker, threads_share_tokens) {
  constexpr int threads = 8, each = 6, tokens = 11;
  Maker maker;
  store& store = maker.store();
  std::atomic<int> stored{0}, refused{0};
  at_once(threads, [&](int thread) {
    for (int i = 0; i < each; ++i) {
      const auto posted =
          store.insert({.said = {.content_id = std::to_string((thread + i) % 3), .body = "x"},
                        .allowances = {{"ana", {.per_minute = 1, .burst = tokens}}}},
                       noon);
      if (posted) ++stored;
      if (!posted && posted.error().code == errc::rate_limited) ++refused;
    }
  });
  CHECK(stored == tokens);
  CHECK(refused == threads * each - tokens);
}

TEST_CASE_TEMPLATE_DEFINE("without a key every post is a new comment", Maker,
                          empty_keys_never_replay) {
  Maker maker;
  store& store = maker.store();
  std::set<comment_id> made;
  for (int i = 0; i < 3; ++i) made.insert(post(store, {.content_id = "1", .body = "same"}).id);
  CHECK(made.size() == 3);
  CHECK(look(store, "1").all.content.version == 3);
}

TEST_CASE_TEMPLATE_DEFINE("an unknown comment is not found", Maker, find_knows_its_own) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "here"});
  comment_id near = made.id;
  near.bytes.back() ^= 1;
  for (const comment_id& id : {near, comment_id{}, make_comment_id(noon)}) {
    const auto found = store.find(id);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == errc::not_found);
  }
  CHECK(must(store.find(made.id)) == made);
}

TEST_CASE_TEMPLATE_DEFINE("contents come in the order asked for, unknown ones empty", Maker,
                          contents_keep_their_order) {
  Maker maker;
  store& store = maker.store();
  for (const std::string id : {"a", "b", "b"}) post(store, {.content_id = id, .body = "here"});
  const std::vector<std::string> ids{"b", "nowhere", "a", "b"};
  const std::vector<content> expected{
      {"b", 2, 2, {}}, {"nowhere", 0, 0, {}}, {"a", 1, 1, {}}, {"b", 2, 2, {}}};
  CHECK(must(store.contents(ids)) == expected);
  CHECK(must(store.contents({})).empty());
}

TEST_CASE_TEMPLATE_DEFINE("events follow a version, oldest first, up to the limit", Maker,
                          events_follow_a_version) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  post(store, {.content_id = "2", .body = "elsewhere"});
  struct {
    std::int64_t after{};
    std::size_t limit{};
    std::int64_t first{}, last{};
  } const asked[] = {
      {0, 100, 1, 7},
      {0, 7, 1, 7},
      {0, 6, 1, 6},
      {0, 1, 1, 1},
      {3, 2, 4, 5},
      {6, 5, 7, 7},
      {7, 100, 8, 7},
      {0, 0, 1, 0},
      {99, 100, 1, 0},
      {-5, 2, 1, 2},
      {0, std::numeric_limits<std::size_t>::max(), 1, 7},
  };
  for (const auto& row : asked) {
    CAPTURE(row.after);
    CAPTURE(row.limit);
    const auto found = must(store.events("1", row.after, row.limit));
    std::vector<std::int64_t> versions;
    for (const event& event : found) {
      versions.push_back(event.version);
      CHECK(event.content_id == "1");
      CHECK(event.comment == made[static_cast<std::size_t>(event.version - 1)].id);
    }
    CHECK(versions == numbers(row.first, row.last));
  }
  CHECK(must(store.events("nowhere", 0, 10)).empty());
}

TEST_CASE_TEMPLATE_DEFINE("a content without comments is an empty page at version 0", Maker,
                          list_of_an_unknown_content) {
  Maker maker;
  store& store = maker.store();
  const comment foreign = post(store, {.content_id = "1", .body = "elsewhere"});
  for (const scope scope : {scope::all, scope::roots, scope::replies}) {
    for (const sort sort : sorts) {
      query query{.content_id = "nowhere", .scope = scope, .sort = sort};
      if (scope == scope::replies) query.parent = foreign.id;
      const page page = must(store.list(query));
      CHECK(page.content == content{"nowhere", 0, 0, {}});
      CHECK(page.items.empty());
      CHECK_FALSE(page.next.has_value());
    }
  }
}

TEST_CASE_TEMPLATE_DEFINE("each scope and sort lists its comments in its order, page by page",
                          Maker, list_pages_in_order) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  const comment foreign = post(store, {.content_id = "2", .body = "elsewhere"});
  struct {
    comments::scope scope{};
    std::optional<comment_id> parent{};
    std::vector<std::int64_t> expected{};
  } const asked[] = {
      {scope::all, {}, {1, 2, 3, 4, 5, 6, 7}}, {scope::roots, {}, {1, 2, 6}},
      {scope::replies, made[0].id, {3, 4, 7}}, {scope::replies, made[2].id, {5}},
      {scope::replies, made[4].id, {}},        {scope::replies, make_comment_id(noon), {}},
      {scope::replies, foreign.id, {}},        {scope::replies, {}, {1, 2, 6}},
  };
  for (const auto& [scope, parent, oldest_first] : asked) {
    for (const sort sort : sorts) {
      std::vector<std::int64_t> expected = oldest_first;  // there are no votes: `top` is `oldest`
      if (sort == sort::newest) std::ranges::reverse(expected);
      for (const std::size_t limit : {1u, 2u, 3u, 4u, 6u, 7u, 8u}) {
        CAPTURE(to_text(sort));
        CAPTURE(limit);
        const query query{
            .content_id = "1", .scope = scope, .parent = parent, .sort = sort, .limit = limit};
        const page first = must(store.list(query));
        CHECK(first.content == content{"1", 7, 7, {}});
        CHECK(first.items.size() == std::min(limit, expected.size()));
        CHECK(first.next.has_value() == (expected.size() > limit));
        CHECK(positions(walk(store, query)) == expected);
      }
    }
  }
}

TEST_CASE_TEMPLATE_DEFINE("a page ends before the comment with which it would have too many bytes",
                          Maker, list_pages_by_bytes) {
  Maker maker;
  store& store = maker.store();
  for (const std::size_t bytes : {400u, 300u, 300u, 1'001u, 1'000u, 1u})
    post(store, {.said = {.content_id = "1", .body = std::string(bytes - 1, 'a')}, .encoded = "e"});
  const auto pages = [&](std::size_t bytes_max, std::size_t limit) {
    query asked{.content_id = "1", .limit = limit, .bytes_max = bytes_max};
    std::vector<std::size_t> sizes;
    do {
      const page one = must(store.list(asked));
      sizes.push_back(one.items.size());
      asked.after = one.next;
    } while (asked.after);
    return sizes;
  };
  CHECK(pages(1'000, 50) == std::vector<std::size_t>{3, 1, 1, 1});  // one may have too many itself
  CHECK(pages(999, 50) == std::vector<std::size_t>{2, 1, 1, 1, 1});
  CHECK(pages(1'001, 50) == std::vector<std::size_t>{3, 1, 2});
  CHECK(pages(1'001, 2) == std::vector<std::size_t>{2, 1, 1, 2});
  CHECK(pages(0, 50) == std::vector<std::size_t>(6, 1));
  CHECK(pages(3'002, 50) == std::vector<std::size_t>{6});
}

TEST_CASE_TEMPLATE_DEFINE("what is known of a content is what stands", Maker, contents_known) {
  Maker maker;
  store& store = maker.store();
  const auto check = [&](const std::string& id) {
    const auto known = store.known_content(id);
    if (known) CHECK(*known == must(store.contents({&id, 1})).front());
  };
  check("1");
  for (int i = 0; i < 3; ++i) {
    const comment made = post(store, {.content_id = "1", .body = "x"});
    check("1");
    must(store.vote(made.id, {"voter"}, true, noon));
    check("1");
  }
  must(store.set_status("1", content_status::locked, {}, {}, noon));
  check("1");
  check("2");
}

TEST_CASE_TEMPLATE_DEFINE("the parent of a query counts with replies only", Maker,
                          list_ignores_other_parents) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  query query{.content_id = "1", .scope = scope::roots, .parent = made[0].id};
  CHECK(positions(must(store.list(query)).items) == std::vector<std::int64_t>{1, 2, 6});
  query.scope = scope::all;
  CHECK(positions(must(store.list(query)).items) == numbers(1, 7));
}

TEST_CASE_TEMPLATE_DEFINE("a limit beyond everything lists everything", Maker, list_without_end) {
  Maker maker;
  store& store = maker.store();
  talk(store);
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t limit : {most, most - 1, most / 2 + 1, most / 2}) {
    CAPTURE(limit);
    const page page = must(store.list({.content_id = "1", .scope = scope::all, .limit = limit}));
    CHECK(positions(page.items) == numbers(1, 7));
    CHECK_FALSE(page.next.has_value());
  }
}

TEST_CASE_TEMPLATE_DEFINE("nothing comes after the last comment", Maker, list_after_the_last) {
  Maker maker;
  store& store = maker.store();
  talk(store);
  for (const sort sort : sorts) {
    query query{.content_id = "1", .scope = scope::all, .sort = sort};
    const comment last = must(store.list(query)).items.back();
    query.after = cursor{last.position, last.votes};
    const page rest = must(store.list(query));
    CHECK(rest.items.empty());
    CHECK_FALSE(rest.next.has_value());
    CHECK(rest.content.version == 7);
  }
}

TEST_CASE_TEMPLATE_DEFINE("the votes of a cursor count when sorted by `top`, and only then", Maker,
                          cursors_count_votes_by_top) {
  Maker maker;
  store& store = maker.store();
  talk(store);
  for (const std::int64_t votes : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}}) {
    query asked{.content_id = "1", .scope = scope::all, .after = cursor{3, votes}};
    CHECK(positions(must(store.list(asked)).items) == numbers(4, 7));
    asked.sort = sort::newest;
    CHECK(positions(must(store.list(asked)).items) == std::vector<std::int64_t>{2, 1});
    asked.sort = sort::top;  // all have no vote
    const auto expected = votes == 0 ? numbers(4, 7) : numbers(1, votes > 0 ? 7 : 0);
    CHECK(positions(must(store.list(asked)).items) == expected);
  }
}

TEST_CASE_TEMPLATE_DEFINE("following the pages while others post meets each comment once", Maker,
                          list_while_others_post) {
  for (const sort sort : sorts) {
    for (const std::size_t limit : {1u, 3u}) {
      Maker maker;
      store& store = maker.store();
      talk(store);
      const query query{.content_id = "1", .scope = scope::all, .sort = sort, .limit = limit};
      int posts_left = 10;
      auto met = positions(walk(store, query, [&] {
        if (posts_left-- > 0) post(store, {.content_id = "1", .body = "meanwhile"});
      }));
      std::ranges::sort(met);
      CHECK(std::ranges::adjacent_find(met) == met.end());
      CHECK(std::ranges::includes(met, numbers(1, 7)));
    }
  }
}

TEST_CASE_TEMPLATE_DEFINE("contents with odd names are contents of their own", Maker,
                          list_of_odd_contents) {
  Maker maker;
  store& store = maker.store();
  const std::vector<std::string> ids{"1",
                                     "01",
                                     "1.0",
                                     " 1",
                                     "1 ",
                                     "a",
                                     "A",
                                     "null",
                                     "a/b?c=d&e#f",
                                     "a%2Fb",
                                     "'",
                                     "''",
                                     "\"",
                                     "\\",
                                     "'; --",
                                     "%",
                                     "_",
                                     "*",
                                     "https://example.com/",
                                     "ä",
                                     "a\u0308",
                                     "\u00c4",
                                     "日本語",
                                     "\U0001F600",
                                     "\u202eabc",
                                     "\u2028",
                                     "\uffff",
                                     std::string(255, 'x'),
                                     std::string(254, 'x')};
  for (const std::string& id : ids) post(store, {.content_id = id, .body = id, .key = "k"});
  for (const std::string& id : ids) {
    CAPTURE(id);
    const page page = must(store.list({.content_id = id}));
    CHECK(page.content == content{id, 1, 1, {}});
    REQUIRE(page.items.size() == 1);
    CHECK(page.items[0].content_id == id);
    CHECK(page.items[0].body == id);
    CHECK(must(store.events(id, 0, 10)).size() == 1);
  }
}

TEST_CASE_TEMPLATE_DEFINE("the signing key is 32 bytes, the store's own and always the same", Maker,
                          signing_key_is_stable) {
  Maker maker, other;
  const std::string key{maker.store().signing_key()};
  CHECK(key.size() == 32);
  CHECK(std::set<char>(key.begin(), key.end()).size() > 8);
  CHECK(key != other.store().signing_key());
  post(maker.store(), {.content_id = "1", .body = "here"});
  CHECK(key == maker.store().signing_key());
}

TEST_CASE_TEMPLATE_DEFINE("8 threads that insert at once get a version each, and exact counts",
                          Maker, threads_insert) {
  constexpr int threads = 8, each = 12;
  Maker maker;
  store& store = maker.store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  std::vector<std::vector<comment>> made(threads);
  at_once(threads, [&](int thread) {
    for (int i = 0; i < each; ++i) {
      draft written{.content_id = "1", .body = std::to_string(thread)};
      if (i % 2 == 0) written.parent = root.id;
      if (auto posted = store.insert({written}, noon))
        made[static_cast<std::size_t>(thread)].push_back(posted->stored);
    }
  });
  const picture after = look(store, "1");
  CHECK(after.all.content == content{"1", threads * each + 1, threads * each + 1, {}});
  CHECK(positions(after.all.items) == numbers(1, threads * each + 1));
  CHECK(must(store.find(root.id)).replies == threads * each / 2);
  for (std::size_t thread = 0; thread < made.size(); ++thread) {
    CHECK(made[thread].size() == each);
    CHECK(std::ranges::is_sorted(made[thread], {}, &comment::position));
    for (const comment& comment : made[thread]) {
      CHECK(comment.body == std::to_string(thread));
      CHECK(comment == after.all.items[static_cast<std::size_t>(comment.position - 1)]);
    }
  }
  REQUIRE(after.events.size() == after.all.items.size());
  for (std::size_t i = 0; i < after.events.size(); ++i) {
    CHECK(after.events[i].version == static_cast<std::int64_t>(i + 1));
    CHECK(after.events[i].comment == after.all.items[i].id);
  }
}

TEST_CASE_TEMPLATE_DEFINE("one key from 8 threads at once makes one comment", Maker,
                          threads_share_a_key) {
  constexpr int threads = 8, keys = 5;
  Maker maker;
  store& store = maker.store();
  std::vector<std::vector<post_result>> answers(threads);
  at_once(threads, [&](int thread) {
    for (int i = 0; i < keys; ++i)
      if (auto posted = store.insert(
              {{.content_id = "1", .body = "once", .key = "k" + std::to_string(i)}}, noon))
        answers[static_cast<std::size_t>(thread)].push_back(*posted);
  });
  for (const auto& answer : answers) REQUIRE(answer.size() == keys);
  for (std::size_t key = 0; key < keys; ++key) {
    CHECK(std::ranges::count_if(answers, [&](auto& a) { return !a[key].replayed; }) == 1);
    for (const auto& answer : answers) CHECK(answer[key].stored == answers[0][key].stored);
  }
  CHECK(look(store, "1").all.content == content{"1", keys, keys, {}});
}

TEST_CASE_TEMPLATE_DEFINE("a page is of one moment, whatever is posted meanwhile", Maker,
                          threads_read_whole_pages) {
  constexpr std::size_t posts = 40;
  Maker maker;
  store& store = maker.store();
  std::atomic<int> torn{0};
  at_once(4, [&](int thread) {
    for (std::size_t i = 0; thread == 0 && i < posts; ++i)
      if (!store.insert({{.content_id = "1", .body = "here"}}, noon)) ++torn;
    std::size_t seen = 0;
    for (int i = 0; i < 2000 && seen < posts; ++i) {
      const page page = store.list({.content_id = "1", .limit = 1000}).value_or({});
      const auto size = static_cast<std::int64_t>(page.items.size());
      if (size != page.content.version || size != page.content.comments) ++torn;
      if (page.items.size() < seen) ++torn;
      seen = page.items.size();
    }
  });
  CHECK(torn == 0);
  CHECK(look(store, "1").all.content.version == posts);
}

TEST_CASE_TEMPLATE_DEFINE("threads that follow the pages meet what was there, while threads post",
                          Maker, threads_walk) {
  Maker maker;
  store& store = maker.store();
  for (int i = 0; i < 3; ++i) talk(store);
  std::atomic<int> walks{0};
  at_once(6, [&](int thread) {
    if (thread >= 3) {
      for (int i = 0; i < 10; ++i)
        if (!store.insert({{.content_id = "1", .body = "meanwhile"}}, noon)) return;
      return;
    }
    query query{.content_id = "1", .scope = scope::all, .limit = 4};
    query.sort = sorts[static_cast<std::size_t>(thread)];
    std::multiset<std::int64_t> met;
    do {
      const auto page = store.list(query);
      if (!page) return;
      for (const comment& comment : page->items) met.insert(comment.position);
      query.after = page->next;
    } while (query.after && met.size() < 10'000);
    bool each_once = true;
    for (const std::int64_t position : numbers(1, 21)) each_once &= met.count(position) == 1;
    walks += each_once;
  });
  CHECK(walks == 3);
}

TEST_CASE_TEMPLATE_DEFINE("a store that is opened again is as it was", Maker,
                          reopening_keeps_everything) {
  Maker maker;
  const auto made = talk(maker.store());
  const draft written{.content_id = "ä", .author = {"Someone"}, .body = "once", .key = "k"};
  const comment keyed = post(maker.store(), written);
  const std::string key{maker.store().signing_key()};
  const picture before[] = {look(maker.store(), "1"), look(maker.store(), "ä")};

  for (int i = 0; i < 2; ++i) {
    maker.reopen();
    CHECK(look(maker.store(), "1") == before[0]);
    CHECK(look(maker.store(), "ä") == before[1]);
    CHECK(must(maker.store().find(made[0].id)) == before[0].all.items[0]);
    CHECK(key == maker.store().signing_key());
    const post_result again = must(maker.store().insert({written}, noon));
    CHECK(again.replayed);
    CHECK(again.stored == keyed);
  }
  const comment reply =
      post(maker.store(), {.content_id = "1", .parent = made[0].id, .body = "later"});
  CHECK(reply.position == 8);
}

}  // namespace store_contract

#define STORE_CONTRACT_OF_ONE_CALLER(Maker)                                                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::begun_inserts_end_alike, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_keeps_the_draft, Maker);                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_takes_named_ids, Maker);                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_moves_the_version, Maker);              \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_appends_an_event, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_counts_at_the_parent, Maker);           \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_refuses_unknown_parents, Maker);        \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_trusts_no_clock, Maker);                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::keys_replay, Maker);                           \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::keys_refuse_another_draft, Maker);             \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::keys_replay_what_stands, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::keys_belong_to_their_content, Maker);          \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::empty_keys_never_replay, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_takes_tokens, Maker);                   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::refusals_take_no_tokens, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::find_knows_its_own, Maker);                    \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::contents_keep_their_order, Maker);             \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::events_follow_a_version, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_of_an_unknown_content, Maker);            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_pages_in_order, Maker);                   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_pages_by_bytes, Maker);                   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::contents_known, Maker);                        \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_ignores_other_parents, Maker);            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_without_end, Maker);                      \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_after_the_last, Maker);                   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::cursors_count_votes_by_top, Maker);            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_of_odd_contents, Maker);                  \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::signing_key_is_stable, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_changes_a_comment, Maker);               \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_clears_the_edit, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_passes_refusals_on, Maker);              \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_refuses_deciders_that_call_back, Maker); \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_counts_statuses, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::tombstones_hold_what_is_below, Maker);         \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::tombstones_are_whole, Maker);                  \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_keeps_hidden_drafts, Maker);            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_caps_the_depth, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_takes_long_chains, Maker);              \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::removal_erases, Maker);                        \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::votes_count_voters, Maker);                    \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::votes_need_what_is_visible, Maker);            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::votes_order_the_top, Maker);                   \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::votes_of_a_voter, Maker);                      \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reports_by_a_reporter, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reports_count_readers, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reports_need_what_is_visible, Maker);          \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::networks_are_limited, Maker);                  \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::former_names_are_known, Maker);                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::votes_are_taken_back_by_browser, Maker);       \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::browsers_are_found, Maker);                    \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reports_come_latest_first, Maker);             \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::set_status_moves_the_version, Maker);          \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::set_status_makes_a_content, Maker);            \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::forget_origins_by_age, Maker);                 \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::forget_reporters, Maker);                      \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::history_leaves_votes_out, Maker);              \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::decisions_are_what_moderators_did, Maker);     \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::find_all_finds, Maker);                        \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_needs_random_bytes, Maker);             \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::insert_holds_to_the_status, Maker)

// What several callers do at once, and what is called back meanwhile.
#define STORE_CONTRACT_OF_MANY_CALLERS(Maker)                                                    \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_begin_inserts, Maker);                       \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_share_tokens, Maker);                        \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::list_while_others_post, Maker);                      \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_insert, Maker);                              \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_share_a_key, Maker);                         \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_read_whole_pages, Maker);                    \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_walk, Maker);                                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_survives_deciders_that_throw, Maker);          \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::receivers_may_throw, Maker);                         \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::receivers_may_call_back, Maker);                     \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::amend_keeps_others_from_deciders_that_throw, Maker); \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_vote, Maker);                                \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_race_to_amend, Maker);                       \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::recovery_changes_nothing, Maker);                    \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_recover_while_others_write, Maker);          \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::listeners_come_and_go, Maker);                       \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::listeners_may_fail, Maker);                          \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::threads_walk_while_others_moderate, Maker)

// The thread sanitizer has nothing to say about one caller after another.
#if COMMENTS_TSAN
#define STORE_CONTRACT(Maker) STORE_CONTRACT_OF_MANY_CALLERS(Maker)
#else
#define STORE_CONTRACT(Maker)            \
  STORE_CONTRACT_OF_MANY_CALLERS(Maker); \
  STORE_CONTRACT_OF_ONE_CALLER(Maker)
#endif

#define DURABLE_STORE_CONTRACT(Maker)                                           \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reopening_keeps_everything, Maker); \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::closing_ends_inserts, Maker);       \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reopening_keeps_forgetting, Maker); \
  TEST_CASE_TEMPLATE_INVOKE(store_contract::reopening_keeps_changes, Maker)

#pragma once
// testing/store_contract/inserts.hpp - promises about posting: what is stored, allowances, depth.

#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace comments::inline v0::contract {

COMMENTS_PROMISE(store, begun_inserts_end_alike,
                 "an insert that nobody waits for ends as one that somebody waits for") {
  const auto maker = make();
  store& store = maker->store();
  const insertion written{.said = {.content_id = "1", .body = "x", .key = "a"}};
  const post_result made = must(post_later(store, written));
  COMMENTS_CHECK(!made.replayed);
  COMMENTS_CHECK(must(store.find(made.stored.id)) == made.stored);
  COMMENTS_CHECK(look(store, "1").events == std::vector<event>{posted(made.stored)});
  for (const bool is_waited_for : {false, true}) {
    const auto again =
        must(is_waited_for ? store.insert(written, later) : post_later(store, written, later));
    COMMENTS_CHECK(again.replayed);
    COMMENTS_CHECK(again.stored == made.stored);
  }
  const picture before = look(store, "1");
  const insertion other{.said = {.content_id = "1", .body = "y", .key = "a"}};
  COMMENTS_CHECK(post_later(store, other) == fails_with(errc::key_reused));
  const insertion orphan{.said = {.content_id = "1", .parent = comment_id{}, .body = "y"}};
  COMMENTS_CHECK(post_later(store, orphan) == fails_with(errc::not_found));
  const insertion elsewhere{.said = {.content_id = "1", .body = "y"},
                            .expected = {.is_checked = true, .mode = content_status::locked}};
  COMMENTS_CHECK(post_later(store, elsewhere) == fails_with(errc::version_mismatch));
  COMMENTS_CHECK(look(store, "1") == before);
  const insertion rare{.said = {.content_id = "2", .body = "y"},
                       .allowances = {{.client = "c", .allowed = {.per_minute = 1, .burst = 1}}}};
  COMMENTS_CHECK(post_later(store, rare).has_value());
  COMMENTS_CHECK(post_later(store, rare) == fails_with(errc::rate_limited));
}

COMMENTS_PROMISE(store, insert_keeps_the_draft,
                 "a draft becomes a published comment, just as it was written") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(made == expected);
  COMMENTS_CHECK(made.id != comment_id{});
  COMMENTS_CHECK(must(store.find(made.id)) == expected);
  COMMENTS_CHECK(look(store, "1").all.items == std::vector{expected});
}

COMMENTS_PROMISE(store, insert_takes_named_ids,
                 "an id that is named is the comment's, unless its key has made one") {
  const auto maker = make();
  store& store = maker->store();
  const comment_id one{{1}}, two{{2}};
  COMMENTS_CHECK(post(store, insertion{.said = {.content_id = "1", .body = "x"}, .id = one}).id ==
                 one);
  COMMENTS_CHECK(
      must(post_later(store, {.said = {.content_id = "1", .body = "y"}, .id = two})).stored.id ==
      two);
  const insertion written{.said = {.content_id = "1", .body = "z", .key = "k"}};
  const comment third = post(store, written);
  insertion replayed = written;
  replayed.id = comment_id{{3}};
  COMMENTS_CHECK(must(store.insert(replayed, later)).stored.id == third.id);
}

COMMENTS_PROMISE(store, insert_moves_the_version,
                 "a comment moves its content's version by one, and no other's") {
  const auto maker = make();
  store& store = maker->store();
  for (std::int64_t i = 1; i <= 3; ++i) {
    const comment made = post(store, {.content_id = "1", .body = "one"});
    COMMENTS_CHECK(made.position == i);
    COMMENTS_CHECK(made.version == i);
    COMMENTS_CHECK(look(store, "1").all.content == counted(store, "1", i, i));
  }
  COMMENTS_CHECK(post(store, {.content_id = "2", .body = "two"}).position == 1);
  COMMENTS_CHECK(look(store, "1").all.content == counted(store, "1", 3, 3));
  COMMENTS_CHECK(look(store, "2").all.content == counted(store, "2", 1, 1));
}

COMMENTS_PROMISE(store, insert_appends_an_event, "a comment appends the event of its post") {
  const auto maker = make();
  store& store = maker->store();
  const comment first = post(store, {.content_id = "1", .body = "first"}, noon);
  const comment reply =
      post(store, {.content_id = "1", .parent = first.id, .body = "reply"}, later);
  const std::vector<event> expected{posted(first), posted(reply)};
  COMMENTS_CHECK(must(store.events("1", 0, 10)) == expected);
}

COMMENTS_PROMISE(store, insert_counts_at_the_parent,
                 "a reply counts at its parent alone and moves the parent's version") {
  const auto maker = make();
  store& store = maker->store();
  comment root = post(store, {.content_id = "1", .body = "root"});
  comment reply = post(store, {.content_id = "1", .parent = root.id, .body = "reply"});
  COMMENTS_CHECK(reply.parent == root.id);
  COMMENTS_CHECK(reply.reply_to == root.id);
  COMMENTS_CHECK(reply.depth == 1);
  root.replies = 1;
  root.version = 2;
  COMMENTS_CHECK(must(store.find(root.id)) == root);

  const comment below = post(store, {.content_id = "1", .parent = reply.id, .body = "below"});
  reply.replies = 1;
  reply.version = 3;
  COMMENTS_CHECK(must(store.find(reply.id)) == reply);
  COMMENTS_CHECK(must(store.find(root.id)) == root);
  COMMENTS_CHECK(look(store, "1").all.items == std::vector{root, reply, below});
  COMMENTS_CHECK(look(store, "1").all.content.comments == 3);
}

COMMENTS_PROMISE(store, insert_refuses_unknown_parents,
                 "a reply to a comment that is not there is refused, and nothing changes") {
  const auto maker = make();
  store& store = maker->store();
  const comment foreign = post(store, {.content_id = "1", .body = "first"});
  post(store, {.content_id = "2", .body = "second"});
  for (const comment_id& parent : {make_comment_id(noon), comment_id{}, foreign.id}) {
    for (const std::string content_id : {"2", "3"}) {
      const picture before[] = {look(store, "1"), look(store, content_id)};
      const auto refused = store.insert(
          {{.content_id = content_id, .parent = parent, .body = "?", .key = "k"}}, noon);
      COMMENTS_CHECK(refused == fails_with(errc::not_found));
      COMMENTS_CHECK(refused.error().violations == parent_not_found().violations);
      COMMENTS_CHECK(look(store, "1") == before[0]);
      COMMENTS_CHECK(look(store, content_id) == before[1]);
    }
  }
  COMMENTS_CHECK(
      !must(store.insert({{.content_id = "3", .body = "!", .key = "k"}}, noon)).replayed);
}

COMMENTS_PROMISE(store, insert_trusts_no_clock, "the order of insertion rests on no clock") {
  const auto maker = make();
  store& store = maker->store();
  const instant steps[] = {noon, noon - std::chrono::hours{24}, noon, from_milliseconds(-1),
                           from_milliseconds(253'402'300'799'999)};
  for (const instant step : steps) {
    const comment made = post(store, {.content_id = "1", .body = to_rfc3339(step)}, step);
    COMMENTS_CHECK(must(store.find(made.id)).created_at == step);
  }
  const auto items = look(store, "1").all.items;
  COMMENTS_CHECK(positions(items) == numbers(1, 5));
  for (std::size_t i = 0; i < items.size(); ++i) COMMENTS_CHECK(items[i].created_at == steps[i]);
}

COMMENTS_PROMISE(store, insert_takes_tokens,
                 "what is stored takes from each allowance, and nothing else does") {
  const auto maker = make();
  store& store = maker->store();
  const rate three{.per_minute = 1, .burst = 3}, four{.per_minute = 60, .burst = 4};
  const auto written = [&](const std::string& content_id, const std::string& client) {
    return insertion{.said = {.content_id = content_id, .body = "x"},
                     .allowances = {{client, three}, {.allowed = four}}};
  };
  const auto must_wait = [&](const insertion& wanted, int seconds) {
    const picture before = look(store, wanted.said.content_id);
    const auto refused = store.insert(wanted, noon);
    COMMENTS_CHECK(refused == fails_with(errc::rate_limited));
    COMMENTS_CHECK(refused.error().retry_after_seconds == seconds);
    COMMENTS_CHECK(look(store, wanted.said.content_id) == before);
  };
  insertion keyed = written("1", "ana");
  keyed.said.key = "k";
  const comment first = post(store, keyed);
  for (int i = 0; i < 5; ++i) COMMENTS_CHECK(must(store.insert(keyed, noon)).stored == first);
  insertion orphan = written("1", "ana");
  orphan.said.parent = make_comment_id(noon);
  for (int i = 0; i < 5; ++i) COMMENTS_CHECK(!store.insert(orphan, noon).has_value());
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

COMMENTS_PROMISE(store, refusals_take_no_tokens,
                 "whatever refuses a draft, it takes from no allowance") {
  const auto maker = make();
  store& store = maker->store();
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
      COMMENTS_CHECK(!answer);
      COMMENTS_CHECK(answer.error().code != errc::rate_limited);
    }
  }
  insertion wanted{.said = {.content_id = "1", .body = "x"},
                   .allowances = {{"ana", once}, {.allowed = once}}};
  post(store, wanted);
  for (const std::string client : {"ana", "bea"}) {
    wanted.allowances.front().client = client;
    COMMENTS_CHECK(store.insert(wanted, noon) == fails_with(errc::rate_limited));
  }
  // What the content's allowance refused took nothing of the client's.
  wanted.said.content_id = "2";
  post(store, wanted);
  COMMENTS_CHECK(look(store, "1").all.content.version == 2);
}

COMMENTS_PROMISE(store, insert_keeps_hidden_drafts,
                 "a draft that is not published is kept, and neither counted nor listed") {
  for (const status hidden : {status::pending, status::spam}) {
    const auto maker = make();
    store& store = maker->store();
    const comment root = post(store, {.content_id = "1", .body = "root"});
    const insertion written{
        .said = {.content_id = "1", .parent = root.id, .body = "held", .key = "k"},
        .status = hidden,
        .reason = "links"};
    const comment held = post(store, written);
    COMMENTS_CHECK(held.status == hidden);
    COMMENTS_CHECK(held.parent == root.id);
    const picture seen = look(store, "1");
    COMMENTS_CHECK(seen.all.content == counted(store, "1", 2, 1));
    COMMENTS_CHECK(seen.all.items == std::vector{root});
    COMMENTS_CHECK(seen.comments == std::vector{root, held});
    event cause = posted(held);
    cause.by = "rules";
    cause.reason = "links";
    COMMENTS_CHECK(seen.events.back() == cause);
    check_not_found(store.insert({{.content_id = "1", .parent = held.id, .body = "?"}}, noon));
    COMMENTS_CHECK(look(store, "1") == seen);
    COMMENTS_CHECK(must(store.insert(written, later)).stored == held);
    must(store.amend(held.id, to(status::published), later));
    COMMENTS_CHECK(must(store.find(root.id)).replies == 1);
    check_counts(store, "1");
    const comment alone =
        post(store, {.said = {.content_id = "2", .body = "held"}, .status = hidden});
    COMMENTS_CHECK(look(store, "2").all.content == counted(store, "2", 1, 0));
    COMMENTS_CHECK(must(store.list({.content_id = "2"})).items.empty());
    COMMENTS_CHECK(must(store.find(alone.id)) == alone);
  }
}

COMMENTS_PROMISE(store, insert_caps_the_depth,
                 "a reply that would be too deep hangs at the cap, and keeps its answer") {
  const auto maker = make();
  store& store = maker->store();
  std::vector<comment> made;
  const auto reply = [&](std::size_t to, std::int64_t depth_max) {
    insertion written{.said = {.content_id = "1", .body = "x"}, .depth_max = depth_max};
    if (!made.empty()) written.said.parent = made[to].id;
    made.push_back(post(store, written));
    const comment& one = made.back();
    COMMENTS_CHECK(one.reply_to == written.said.parent);
    COMMENTS_CHECK(must(store.find(one.id)) == one);
    return std::pair{one.depth, one.parent};
  };
  using found = std::pair<std::int64_t, std::optional<comment_id>>;
  COMMENTS_CHECK(reply(0, 2) == found{0, std::nullopt});
  COMMENTS_CHECK(reply(0, 2) == found{1, made[0].id});
  COMMENTS_CHECK(reply(1, 2) == found{2, made[1].id});  // at the cap
  COMMENTS_CHECK(reply(2, 2) == found{2, made[1].id});  // one past it: beside what it answers
  COMMENTS_CHECK(reply(3, 2) == found{2, made[1].id});
  COMMENTS_CHECK(reply(2, 3) == found{3, made[2].id});  // the cap was raised
  COMMENTS_CHECK(reply(5, 4) == found{4, made[5].id});
  COMMENTS_CHECK(reply(6, 1) == found{1, made[0].id});  // and lowered, under what hangs deeper
  COMMENTS_CHECK(reply(6, 4) == found{4, made[5].id});
  COMMENTS_CHECK(must(store.find(made[1].id)).replies == 3);
  check_counts(store, "1");
  // What stands between may be hidden: only what is answered must be there.
  must(store.amend(made[1].id, to(status::pending), later));
  COMMENTS_CHECK(reply(3, 2) == found{2, made[1].id});
  check_counts(store, "1");
}

COMMENTS_PROMISE(store, insert_takes_long_chains,
                 "a long chain of replies is kept, as deep as it may be") {
  for (const std::int64_t depth_max : {std::int64_t{6}, std::int64_t{1'000'000}}) {
    const auto maker = make();
    check_chain(maker->store(), 300, depth_max);
  }
}

COMMENTS_PROMISE(store, insert_holds_to_the_status,
                 "a draft is stored only under the status of its content it was judged for") {
  using status = std::optional<content_status>;
  const auto maker = make();
  store& store = maker->store();
  const status all[] = {{}, content_status::open, content_status::locked};
  for (const status stands : all) {
    if (stands) must(store.set_status("1", stands, {}, {}, noon));
    for (const status judged : all) {
      const picture before = look(store, "1");
      const auto made = store.insert(
          {.said = {.content_id = "1", .body = "?"}, .expected = {true, judged}}, noon);
      COMMENTS_CHECK(made.has_value() == (judged == stands));
      if (made) continue;
      COMMENTS_CHECK(made == fails_with(errc::version_mismatch));
      COMMENTS_CHECK(look(store, "1") == before);
    }
    post(store, {.content_id = "1", .body = "nobody looked"});
  }
  const insertion keyed{.said = {.content_id = "1", .body = "once", .key = "k"},
                        .expected = {true, content_status::locked}};
  const comment first = post(store, keyed);
  must(store.set_status("1", {}, {}, {}, noon));
  COMMENTS_CHECK(must(store.insert(keyed, noon)).stored == first);  // what is there is there
}

COMMENTS_PROMISE(store, threads_begin_inserts,
                 "inserts that nobody waits for end once each, among others") {
  constexpr int threads = 4, rounds = 25;
  const auto maker = make();
  store& store = maker->store();
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
    COMMENTS_CHECK(one.ends == 1);
    if (!one.made) one.made = store.insert(one.wanted, noon);
    const comment stored = must(*one.made).stored;
    wrong += must(store.find(stored.id)) != stored;
    wrong += stored.body != one.wanted.said.body;
  }
  COMMENTS_CHECK(wrong == 0);
  std::int64_t comments = 0;
  for (const content& one : must(store.contents(std::vector<std::string>{"0", "1", "2"}))) {
    COMMENTS_CHECK(one.version == one.comments);
    comments += one.comments;
  }
  COMMENTS_CHECK(comments == threads * rounds);
}

COMMENTS_PROMISE(store, threads_share_tokens,
                 "of threads that share an allowance as many are let through as it has") {
  constexpr int threads = 8, each = 6, tokens = 11;
  const auto maker = make();
  store& store = maker->store();
  std::atomic<int> stored{0}, refused{0};
  at_once(threads, [&](int thread) {
    for (int i = 0; i < each; ++i) {
      const auto posted =
          store.insert({.said = {.content_id = std::to_string((thread + i) % 3), .body = "x"},
                        .allowances = {{"ana", {.per_minute = 1, .burst = tokens}}}},
                       noon);
      if (posted) ++stored;
      if (!posted && posted == fails_with(errc::rate_limited)) ++refused;
    }
  });
  COMMENTS_CHECK(stored == tokens);
  COMMENTS_CHECK(refused == threads * each - tokens);
}

COMMENTS_PROMISE(store, threads_insert,
                 "8 threads that insert at once get a version each, and exact counts") {
  constexpr int threads = 8, each = 12;
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(after.all.content == counted(store, "1", threads * each + 1, threads * each + 1));
  COMMENTS_CHECK(positions(after.all.items) == numbers(1, threads * each + 1));
  COMMENTS_CHECK(must(store.find(root.id)).replies == threads * each / 2);
  for (std::size_t thread = 0; thread < made.size(); ++thread) {
    COMMENTS_CHECK(made[thread].size() == each);
    COMMENTS_CHECK(std::ranges::is_sorted(made[thread], {}, &comment::position));
    for (const comment& comment : made[thread]) {
      COMMENTS_CHECK(comment.body == std::to_string(thread));
      COMMENTS_CHECK(comment == after.all.items[static_cast<std::size_t>(comment.position - 1)]);
    }
  }
  COMMENTS_CHECK(after.events.size() == after.all.items.size());
  for (std::size_t i = 0; i < after.events.size(); ++i) {
    COMMENTS_CHECK(after.events[i].version == static_cast<std::int64_t>(i + 1));
    COMMENTS_CHECK(after.events[i].comment == after.all.items[i].id);
  }
}

}  // namespace comments::inline v0::contract

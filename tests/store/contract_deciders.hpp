#pragma once
// store/contract_deciders.hpp - the part of the contract about functions that a caller hands over:
// what a store does when they throw, are empty, or call it back.

#include <comments/store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "store/contract_changes.hpp"
#include "store/contract_tools.hpp"

namespace store_contract {

// What takes the outcome of an insert, and does not come to its end.
inline std::vector<insert_receiver> throwing_receivers() {
  return {
      [](auto) { throw std::runtime_error{"secret"}; },
      [](auto) { throw 7; },
      insert_receiver{},
  };
}

TEST_CASE_TEMPLATE_DEFINE("a receiver that throws, or is empty, spoils no write, not even its own",
                          Maker, receivers_may_throw) {
  constexpr int threads = 4, rounds = 24;
  Maker maker;
  store& store = maker.store();
  const auto throwing = throwing_receivers();
  std::vector<insertion> begun(threads * rounds);
  std::atomic<int> failures{};
  at_once(threads, [&](int thread) {
    for (int i = 0; i < rounds; ++i) {
      const auto number = static_cast<std::size_t>(thread * rounds + i);
      const std::string name = std::to_string(number);
      begun[number].said = {.content_id = "1", .body = "x", .key = name};
      store.begin_insert(begun[number], noon, throwing[number % 3]);
      failures += !store.insert({{.content_id = "1", .body = "other", .key = "o" + name}}, noon);
    }
  });
  CHECK(failures == 0);
  // Whether a receiver was told or not, its write is whole, or can be made.
  for (const insertion& wanted : begun) CHECK(store.insert(wanted, noon));
  CHECK(look(store, "1").all.content.comments == 2 * threads * rounds);
}

TEST_CASE_TEMPLATE_DEFINE("a receiver that calls the store is answered or refused, and never hangs",
                          Maker, receivers_may_call_back) {
  constexpr int threads = 4, rounds = 12;
  Maker maker;
  store& store = maker.store();
  const comment first = post(store, {.content_id = "0", .body = "first"});
  std::vector<insertion> begun(threads * rounds);
  std::atomic<int> told{}, wrong{}, failures{};
  const auto look_at = [&](const auto& answer) {
    wrong += !answer && answer.error().code != errc::unavailable;
  };
  at_once(threads, [&](int thread) {
    for (int i = 0; i < rounds; ++i) {
      const auto number = static_cast<std::size_t>(thread * rounds + i);
      begun[number].said = {.content_id = std::to_string(i % 3), .body = "x"};
      store.begin_insert(begun[number], noon, [&, i](auto) {
        look_at(store.insert({{.content_id = std::to_string(i % 2), .body = "inner"}}, noon));
        look_at(store.vote(first.id, {"ana"}, i % 2 == 0, noon));
        look_at(store.amend(first.id, rewrite("inner"), noon));
        look_at(store.find(first.id));
        ++told;
      });
      failures += !store.insert({{.content_id = "1", .body = "other"}}, noon);
    }
  });
  while (told < threads * rounds) std::this_thread::yield();
  CHECK(wrong == 0);
  CHECK(failures == 0);
}

TEST_CASE_TEMPLATE_DEFINE("an id that is named is the comment's, unless its key has made one",
                          Maker, insert_takes_named_ids) {
  Maker maker;
  store& store = maker.store();
  const comment_id one{{1}}, two{{2}};
  CHECK(post(store, insertion{.said = {.content_id = "1", .body = "x"}, .id = one}).id == one);
  CHECK(must(post_later(store, {.said = {.content_id = "1", .body = "y"}, .id = two})).stored.id ==
        two);
  const insertion written{.said = {.content_id = "1", .body = "z", .key = "k"}};
  const comment third = post(store, written);
  insertion replayed = written;
  replayed.id = comment_id{{3}};
  CHECK(must(store.insert(replayed, later)).stored.id == third.id);
}

// Decisions that do not come to an end.
inline std::vector<decider> throwing_deciders() {
  return {
      [](const comment&) -> result<amendment> { throw std::runtime_error{"secret"}; },
      [](const comment&) -> result<amendment> { throw std::bad_alloc{}; },
      [](const comment&) -> result<amendment> { throw 7; },
      decider{},
  };
}

TEST_CASE_TEMPLATE_DEFINE("a decision that throws, or is empty, is an error, and nothing changes",
                          Maker, amend_survives_deciders_that_throw) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  const picture before = look(store, "1");
  for (const decider& decide : throwing_deciders()) {
    const auto refused = store.amend(made[2].id, decide, later);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::unavailable);
    CHECK(refused.error().message.find("secret") == std::string::npos);
    CHECK(look(store, "1") == before);
  }
  CHECK(must(store.amend(made[2].id, rewrite("fine"), later)).body == "fine");
}

TEST_CASE_TEMPLATE_DEFINE("a decision that throws ends its own call and no other", Maker,
                          amend_keeps_others_from_deciders_that_throw) {
  constexpr int threads = 8, rounds = 24;
  Maker maker;
  store& store = maker.store();
  std::vector<comment> kept;
  for (int i = 0; i < threads; ++i)
    kept.push_back(post(store, {.content_id = std::to_string(i % 2), .body = "x"}));
  const auto throwing = throwing_deciders();
  std::atomic<int> failures{}, refusals{};
  at_once(threads, [&](int thread) {
    const comment_id& id = kept[static_cast<std::size_t>(thread)].id;
    for (int i = 0; i < rounds; ++i) {
      if (thread < 2) {
        const auto refused = store.amend(id, throwing[static_cast<std::size_t>(i) % 4], later);
        refusals += !refused && refused.error().code == errc::unavailable;
        continue;
      }
      failures += !store.amend(id, rewrite(std::to_string(i)), later);
      failures += !store.insert({{.content_id = "1", .body = "new"}}, noon);
      failures += !store.vote(id, {"ana"}, i % 2 == 0, later);
    }
  });
  CHECK(failures == 0);
  CHECK(refusals == 2 * rounds);
  for (int i = 0; i < threads; ++i) {
    const auto at = static_cast<std::size_t>(i);
    CHECK(must(store.find(kept[at].id)).body == (i < 2 ? "x" : std::to_string(rounds - 1)));
  }
  check_counts(store, "1");
}

TEST_CASE_TEMPLATE_DEFINE("a decision that calls the store is refused there, and does not hang",
                          Maker, amend_refuses_deciders_that_call_back) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  const comment_id& id = made[0].id;
  const std::vector<std::string> content_ids{"1"};
  int asked = 0, refused = 0;
  const auto ask = [&](const auto& answer) {
    ++asked;
    refused += !answer && answer.error().code == errc::unavailable;
  };
  const auto changed = store.amend(
      id,
      [&](const comment& stands) {
        asked = refused = 0;  // a store may ask more than once
        ask(store.insert({{.content_id = "1", .body = "?"}}, noon));
        ask(store.insert({{.content_id = "2", .body = "?", .key = "k"}}, noon));
        ask(store.amend(id, rewrite("?"), noon));
        ask(store.amend(made[1].id, rewrite("?"), noon));
        ask(store.vote(id, {"ana"}, true, noon));
        ask(store.report(id, {"ana"}, "rude", noon));
        ask(store.set_status("1", content_status::locked, {}, {}, noon));
        ask(store.forget_origins(later, 10));
        ask(store.forget_reporter("ana"));
        ask(store.find(id));
        ask(store.list({.content_id = "1"}));
        ask(store.contents(content_ids));
        ask(store.events("1", 0, 10));
        ask(store.history(id, 0, 10));
        ask(store.decisions({}));
        ask(store.reports_of(id, 10));
        ask(store.find_all({}));
        ask(store.votes_of("ana", {}, 10));
        ask(store.reports_by("ana", {}, 10));
        store.recover();
        CHECK(store.signing_key().size() == 32);
        CHECK(store.is_writable());
        return rewrite("decided")(stands);
      },
      later);
  CHECK(must(changed).body == "decided");
  CHECK(asked == 19);
  CHECK(refused == asked);
  CHECK(look(store, "1").all.content.version == 8);
  CHECK(must(store.contents(std::vector<std::string>{"2"})).front().version == 0);
  // The mark goes with the decision, also where that throws.
  for (const decider& decide : throwing_deciders()) CHECK_FALSE(store.amend(id, decide, later));
  CHECK(must(store.find(id)).body == "decided");
}

}  // namespace store_contract

#pragma once
// testing/store_contract/callbacks.hpp - promises about functions that a caller hands over, which
// throw, are empty, or call the store back.

#include <comments/mutex.hpp>
#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace comments::inline v0::contract {

// What takes the outcome of an insert, and does not come to its end.
inline std::vector<insert_receiver> throwing_receivers() {
  return {
      [](auto) { throw std::runtime_error{"secret"}; },
      [](auto) { throw 7; },
      insert_receiver{},
  };
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

// Callbacks that throw, are empty, or call the store. Those that throw do so only on the store's
// threads.
inline std::vector<change_callbacks> odd_callbacks(store& called, std::atomic<int>& calls) {
  const auto all = [] { return std::vector<std::string>{"1"}; };
  const auto call = [&called, &calls] {
    const comment_id unknown = make_comment_id(noon);
    if (!called.find(unknown) && !called.vote(unknown, {"ana"}, true, noon)) ++calls;
  };
  return {{.followed = [&]() -> std::vector<std::string> { throw std::runtime_error{"secret"}; },
           .announce = [](std::string_view) {}},
          {.followed = all, .announce = [](std::string_view) { throw 7; }},
          {},
          {.followed = all},
          {.followed =
               [all, call] {
                 call();
                 return all();
               },
           .announce = [call](std::string_view) { call(); }}};
}

COMMENTS_PROMISE(store, receivers_may_throw,
                 "a receiver that throws, or is empty, spoils no write, not even its own") {
  constexpr int threads = 4, rounds = 24;
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(failures == 0);
  // Whether a receiver was told or not, its write is whole, or can be made.
  for (const insertion& wanted : begun) COMMENTS_CHECK(store.insert(wanted, noon));
  COMMENTS_CHECK(look(store, "1").all.content.comments == 2 * threads * rounds);
}

COMMENTS_PROMISE(store, receivers_may_call_back,
                 "a receiver that calls the store is answered or refused, and never hangs") {
  constexpr int threads = 4, rounds = 12;
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(wrong == 0);
  COMMENTS_CHECK(failures == 0);
}

COMMENTS_PROMISE(store, amend_survives_deciders_that_throw,
                 "a decision that throws, or is empty, is an error, and nothing changes") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  const picture before = look(store, "1");
  for (const decider& decide : throwing_deciders()) {
    const auto refused = store.amend(made[2].id, decide, later);
    COMMENTS_CHECK(refused == fails_with(errc::unavailable));
    COMMENTS_CHECK(refused.error().message.find("secret") == std::string::npos);
    COMMENTS_CHECK(look(store, "1") == before);
  }
  COMMENTS_CHECK(must(store.amend(made[2].id, rewrite("fine"), later)).body == "fine");
}

COMMENTS_PROMISE(store, amend_keeps_others_from_deciders_that_throw,
                 "a decision that throws ends its own call and no other") {
  constexpr int threads = 8, rounds = 24;
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(failures == 0);
  COMMENTS_CHECK(refusals == 2 * rounds);
  for (int i = 0; i < threads; ++i) {
    const auto at = static_cast<std::size_t>(i);
    COMMENTS_CHECK(must(store.find(kept[at].id)).body ==
                   (i < 2 ? "x" : std::to_string(rounds - 1)));
  }
  check_counts(store, "1");
}

COMMENTS_PROMISE(store, amend_refuses_deciders_that_call_back,
                 "a decision that calls the store is refused there, and does not hang") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  const comment_id& id = made[0].id;
  const std::vector<std::string> content_ids{"1"};
  int asked = 0, refused = 0;
  std::size_t key_bytes = 0;
  bool is_writable = false;
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
        key_bytes = store.signing_key().size();
        is_writable = store.is_writable();
        return rewrite("decided")(stands);
      },
      later);
  COMMENTS_CHECK(must(changed).body == "decided");
  COMMENTS_CHECK(key_bytes == 32);
  COMMENTS_CHECK(is_writable);
  COMMENTS_CHECK(asked == 19);
  COMMENTS_CHECK(refused == asked);
  COMMENTS_CHECK(look(store, "1").all.content.version == 8);
  COMMENTS_CHECK(must(store.contents(std::vector<std::string>{"2"})).front().version == 0);
  // The mark goes with the decision, also where that throws.
  for (const decider& decide : throwing_deciders()) COMMENTS_CHECK(!store.amend(id, decide, later));
  COMMENTS_CHECK(must(store.find(id)).body == "decided");
}

COMMENTS_PROMISE(store, listeners_come_and_go,
                 "a listener announces contents that are followed, and comes and goes") {
  const auto maker = make();
  store& store = maker->store();
  comments::mutex mutex;
  std::set<std::string> announced;
  for (int round = 0; round < 3; ++round) {
    const auto listener = store.listen({.followed =
                                            [] {
                                              return std::vector<std::string>{"1", "2"};
                                            },
                                        .announce =
                                            [&](std::string_view content_id) {
                                              const mutex_lock lock{mutex};
                                              announced.emplace(content_id);
                                            }});
    if (!listener) return;  // no other process writes there
    at_once(4, [&](int thread) {
      for (int i = 0; i < 10; ++i) {
        post(store, {.content_id = std::to_string(thread), .body = "x"});
        listener->wake();
      }
    });
  }
  announced.erase("1");
  announced.erase("2");
  COMMENTS_CHECK(announced.empty());
}

COMMENTS_PROMISE(store, listeners_may_fail,
                 "a listener whose callbacks throw, are empty or call the store harms none") {
  const auto maker = make();
  store& store = maker->store();
  std::atomic<int> calls{};
  std::int64_t posts = 0;
  bool is_heard = false;
  for (const change_callbacks& odd : odd_callbacks(store, calls)) {
    const auto listener = store.listen(odd);
    if (listener) listener->wake();
    is_heard = is_heard || listener;
    for (int i = 0; i < 3; ++i) post(store, {.content_id = "1", .body = "x"});
    posts += 3;
    if (listener) listener->wake();
  }
  COMMENTS_CHECK(look(store, "1").all.content == counted(store, "1", posts, posts));
  if (!is_heard) return;  // no other process writes there
  const auto listener = store.listen(odd_callbacks(store, calls).back());
  listener->wake();
  for (int i = 0; i < 1000 && calls == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  COMMENTS_CHECK(calls > 0);
}

}  // namespace comments::inline v0::contract

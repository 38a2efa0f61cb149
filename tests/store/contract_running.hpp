#pragma once
// store/contract_running.hpp - the part of the contract about a store that runs: whether it takes
// writes, recovers, listens, and what of it is there after it was closed and opened.

#include <comments/store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "store/contract_changes.hpp"
#include "store/contract_tools.hpp"
#include "support/no_random_bytes.hpp"

namespace store_contract {

TEST_CASE_TEMPLATE_DEFINE("a store that trusts its storage takes writes, and recovery leaves it so",
                          Maker, recovery_changes_nothing) {
  Maker maker;
  store& store = maker.store();
  const bool is_remote = store.is_remote();
  CHECK(store.is_writable());
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const picture before = look(store, "1");
  for (int i = 0; i < 3; ++i) {
    store.recover();
    CHECK(store.is_writable());
    CHECK(look(store, "1") == before);
  }
  must(store.amend(made.id, to(status::spam), later));
  check_not_found(store.vote(made.id, {"ana"}, true, later));  // a refusal is no reason to stop
  CHECK(store.is_writable());
  CHECK(store.is_remote() == is_remote);
}

TEST_CASE_TEMPLATE_DEFINE("a store can be asked for its state, and to recover, while others write",
                          Maker, threads_recover_while_others_write) {
  constexpr int threads = 6, rounds = 30;
  Maker maker;
  store& store = maker.store();
  const std::string key{store.signing_key()};
  std::atomic<int> wrong{};
  at_once(threads, [&](int thread) {
    for (int i = 0; i < rounds; ++i) {
      if (thread % 2 == 0)
        wrong += !store.insert({{.content_id = "1", .body = "x"}}, noon);
      else
        store.recover();
      wrong += !store.is_writable() || store.signing_key() != key;
    }
  });
  CHECK(wrong == 0);
  CHECK(look(store, "1").all.content == content{"1", 90, 90, {}});
}

TEST_CASE_TEMPLATE_DEFINE("a listener announces contents that are followed, and comes and goes",
                          Maker, listeners_come_and_go) {
  Maker maker;
  store& store = maker.store();
  std::mutex mutex;
  std::set<std::string> announced;
  for (int round = 0; round < 3; ++round) {
    const auto listener = store.listen({.followed =
                                            [] {
                                              return std::vector<std::string>{"1", "2"};
                                            },
                                        .announce =
                                            [&](std::string_view content_id) {
                                              const std::lock_guard lock{mutex};
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
  CHECK(announced.empty());
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

TEST_CASE_TEMPLATE_DEFINE(
    "a listener whose callbacks throw, are empty or call the store harms none", Maker,
    listeners_may_fail) {
  Maker maker;
  store& store = maker.store();
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
  CHECK(look(store, "1").all.content == content{"1", posts, posts, {}});
  if (!is_heard) return;  // no other process writes there
  const auto listener = store.listen(odd_callbacks(store, calls).back());
  listener->wake();
  for (int i = 0; i < 1000 && calls == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  CHECK(calls > 0);
}

TEST_CASE_TEMPLATE_DEFINE("without random bytes for its id a comment is refused, and that is all",
                          Maker, insert_needs_random_bytes) {
  Maker maker;
  store& store = maker.store();
  const insertion wanted{.said = {.content_id = "1", .body = "x", .key = "k"},
                         .allowances = {{"ana", {.per_minute = 1}}}};
  result<post_result> answer = post_result{};
  {
    const testing::no_random_bytes shortage;
    answer = store.insert(wanted, noon);
  }
  if (!answer) CHECK(answer.error().code == errc::unavailable);
  if (!answer) CHECK(look(store, "1").all.content.version == 0);
  CHECK(must(store.insert(wanted, noon)).replayed == answer.has_value());
  CHECK(look(store, "1").all.content.version == 1);
}

TEST_CASE_TEMPLATE_DEFINE("a store that is opened again has forgotten what was to be forgotten",
                          Maker, reopening_keeps_forgetting) {
  Maker maker;
  const auto everything = [&] {
    const store& store = maker.store();
    return std::tuple{look(store, "1"), must(store.votes_of("a:01", {}, 100)),
                      must(store.votes_of("ana", {}, 100))};
  };
  const comment made =
      post(maker.store(), {.said = {.content_id = "1", .body = "x"}, .origin = "0123"});
  for (const std::string who : {"a:01", "ana"}) {
    must(maker.store().vote(made.id, {who}, true, noon));
    must(maker.store().report(made.id, {who}, "rude", noon));
  }
  CHECK(must(maker.store().forget_origins(later, 10)) == 3);
  must(maker.store().forget_reporter("ana"));
  const auto before = everything();
  CHECK(std::get<0>(before).comments.front().origin.empty());
  CHECK(std::get<0>(before).reports.front().empty());
  CHECK(std::get<0>(before).comments.front().votes == 2);
  CHECK(std::get<1>(before).empty());
  CHECK(std::get<2>(before).size() == 1);
  for (int i = 0; i < 2; ++i) {
    maker.reopen();
    CHECK((everything() == before));
  }
}

TEST_CASE_TEMPLATE_DEFINE("a store that is closed has ended each insert, and keeps what it said",
                          Maker, closing_ends_inserts) {
  Maker maker;
  std::vector<insertion> wanted(20);
  std::vector<std::optional<result<post_result>>> ended;
  std::mutex mutex;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wanted[i].said = {.content_id = "1", .body = std::to_string(i)};
    maker.store().begin_insert(wanted[i], noon, [&](std::optional<result<post_result>> made) {
      const std::lock_guard lock{mutex};
      ended.push_back(std::move(made));
    });
  }
  maker.reopen();
  REQUIRE(ended.size() == wanted.size());
  for (const auto& made : ended) {
    if (!made) continue;
    const comment stored = must(*made).stored;
    CHECK(must(maker.store().find(stored.id)) == stored);
  }
}

}  // namespace store_contract

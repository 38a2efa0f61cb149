#pragma once
// store/contract_running.hpp - the part of the contract about a store that runs: whether it takes
// writes, recovers, listens, and what of it is there after it was closed and opened.

#include <comments/store.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "store/contract_changes.hpp"
#include "store/contract_tools.hpp"

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
  check_not_found(store.vote(made.id, "ana", true, later));  // a refusal is no reason to stop
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
    must(maker.store().vote(made.id, who, true, noon));
    must(maker.store().report(made.id, {who, "rude", noon}));
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

}  // namespace store_contract

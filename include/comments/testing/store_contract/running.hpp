#pragma once
// testing/store_contract/running.hpp - promises about a store that runs: its key, its state,
// recovery, and what is there after it was closed and opened.

#include <comments/mutex.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace comments::inline v0::contract {

COMMENTS_PROMISE(store, signing_key_is_stable,
                 "the signing key is 32 bytes, the store's own and always the same") {
  const auto maker = make(), other = make();
  const std::string key{maker->store().signing_key()};
  COMMENTS_CHECK(key.size() == 32);
  COMMENTS_CHECK(std::set<char>(key.begin(), key.end()).size() > 8);
  COMMENTS_CHECK(key != other->store().signing_key());
  post(maker->store(), {.content_id = "1", .body = "here"});
  COMMENTS_CHECK(key == maker->store().signing_key());
}

COMMENTS_PROMISE(store, versions_have_the_epoch,
                 "every version comes with the store's epoch, which is no other store's") {
  const auto maker = make(), other = make();
  store& store = maker->store();
  post(store, {.content_id = "1", .body = "here"});
  const std::string any{"any"};
  const std::uint64_t epoch = must(store.contents({&any, 1})).front().epoch;
  for (const std::string id : {"1", "nowhere"}) {
    COMMENTS_CHECK(must(store.contents({&id, 1})).front().epoch == epoch);
    COMMENTS_CHECK(must(store.list({.content_id = id})).content.epoch == epoch);
    COMMENTS_CHECK(store.known_content(id).value_or(content{.epoch = epoch}).epoch == epoch);
  }
  COMMENTS_CHECK(must(store.set_status("1", content_status::locked, {}, {}, later)).epoch == epoch);
  COMMENTS_CHECK(store.epoch() == epoch);
  if (epoch != 0) COMMENTS_CHECK(other->store().epoch() != epoch);
}

COMMENTS_PROMISE(store, recovery_changes_nothing,
                 "a store that trusts its storage takes writes, and recovery leaves it so") {
  const auto maker = make();
  store& store = maker->store();
  const bool is_remote = store.is_remote();
  COMMENTS_CHECK(store.is_writable());
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const picture before = look(store, "1");
  for (int i = 0; i < 3; ++i) {
    store.recover();
    COMMENTS_CHECK(store.is_writable());
    COMMENTS_CHECK(look(store, "1") == before);
  }
  must(store.amend(made.id, to(status::spam), later));
  check_not_found(store.vote(made.id, {"ana"}, true, later));  // a refusal is no reason to stop
  COMMENTS_CHECK(store.is_writable());
  COMMENTS_CHECK(store.is_remote() == is_remote);
}

COMMENTS_PROMISE(store, threads_recover_while_others_write,
                 "a store can be asked for its state, and to recover, while others write") {
  constexpr int threads = 6, rounds = 30;
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(wrong == 0);
  COMMENTS_CHECK(look(store, "1").all.content == counted(store, "1", 90, 90));
}

COMMENTS_PROMISE(store, reopening_keeps_everything, "a store that is opened again is as it was") {
  const auto maker = make();
  const auto made = talk(maker->store());
  const draft written{.content_id = "ä", .author = {"Someone"}, .body = "once", .key = "k"};
  const comment keyed = post(maker->store(), written);
  const std::string key{maker->store().signing_key()};
  const std::uint64_t epoch = maker->store().epoch();
  const picture before[] = {look(maker->store(), "1"), look(maker->store(), "ä")};

  for (int i = 0; i < 2; ++i) {
    maker->reopen();
    COMMENTS_CHECK(look(maker->store(), "1") == before[0]);
    COMMENTS_CHECK(look(maker->store(), "ä") == before[1]);
    COMMENTS_CHECK(must(maker->store().find(made[0].id)) == before[0].all.items[0]);
    COMMENTS_CHECK(key == maker->store().signing_key());
    COMMENTS_CHECK(epoch == maker->store().epoch());
    const post_result again = must(maker->store().insert({written}, noon));
    COMMENTS_CHECK(again.replayed);
    COMMENTS_CHECK(again.stored == keyed);
  }
  const comment reply =
      post(maker->store(), {.content_id = "1", .parent = made[0].id, .body = "later"});
  COMMENTS_CHECK(reply.position == 8);
}

COMMENTS_PROMISE(store, reopening_keeps_forgetting,
                 "a store that is opened again has forgotten what was to be forgotten") {
  const auto maker = make();
  const auto everything = [&] {
    const store& store = maker->store();
    return std::tuple{look(store, "1"), must(store.votes_of("a:01", {}, 100)),
                      must(store.votes_of("ana", {}, 100))};
  };
  const comment made =
      post(maker->store(), {.said = {.content_id = "1", .body = "x"}, .origin = "0123"});
  for (const std::string who : {"a:01", "ana"}) {
    must(maker->store().vote(made.id, {who}, true, noon));
    must(maker->store().report(made.id, {who}, "rude", noon));
  }
  COMMENTS_CHECK(must(maker->store().forget_origins(later, 10)) == 3);
  must(maker->store().forget_reporter("ana"));
  const auto before = everything();
  COMMENTS_CHECK(std::get<0>(before).comments.front().origin.empty());
  COMMENTS_CHECK(std::get<0>(before).reports.front().empty());
  COMMENTS_CHECK(std::get<0>(before).comments.front().votes == 2);
  COMMENTS_CHECK(std::get<1>(before).empty());
  COMMENTS_CHECK(std::get<2>(before).size() == 1);
  for (int i = 0; i < 2; ++i) {
    maker->reopen();
    COMMENTS_CHECK((everything() == before));
  }
}

COMMENTS_PROMISE(store, reopening_keeps_changes,
                 "a store that is opened again has all that was done to its comments") {
  const auto maker = make();
  auto made = searchable(maker->store());
  for (const comment& one : made) {
    if (!is_visible(one)) continue;
    must(maker->store().vote(one.id, {"ana"}, true, later));
    must(maker->store().report(one.id, {"ana"}, "rude", later));
  }
  must(maker->store().amend(made[0].id, rewrite("second"), later));
  must(maker->store().amend(made[1].id, to(status::published), later));
  must(maker->store().amend(made[2].id, to(status::removed), later));
  must(maker->store().set_status("3", content_status::first_comment, {}, {}, later));
  const auto everything = [&] {
    const store& store = maker->store();
    return std::tuple{look(store, "1"),
                      look(store, "2"),
                      look(store, "3"),
                      must(store.votes_of("ana", {}, 100)),
                      must(store.history(made[0].id, 0, 9)),
                      must(store.find_all({.email = "ana@example.com"})).items};
  };
  const auto before = everything();
  COMMENTS_CHECK(std::get<2>(before).all.content.status == content_status::first_comment);
  for (int i = 0; i < 2; ++i) {
    maker->reopen();
    COMMENTS_CHECK((everything() == before));
  }
  COMMENTS_CHECK(must(maker->store().vote(made[0].id, {"ana"}, true, later)).votes == 1);
  COMMENTS_CHECK(must(maker->store().report(made[0].id, {"ana"}, "rude", later)).reports == 1);
}

COMMENTS_PROMISE(store, closing_ends_inserts,
                 "a store that is closed has ended each insert, and keeps what it said") {
  const auto maker = make();
  std::vector<insertion> wanted(20);
  std::vector<std::optional<result<post_result>>> ended;
  comments::mutex mutex;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wanted[i].said = {.content_id = "1", .body = std::to_string(i)};
    maker->store().begin_insert(wanted[i], noon, [&](std::optional<result<post_result>> made) {
      const mutex_lock lock{mutex};
      ended.push_back(std::move(made));
    });
  }
  maker->reopen();
  COMMENTS_CHECK(ended.size() == wanted.size());
  for (const auto& made : ended) {
    if (!made) continue;
    const comment stored = must(*made).stored;
    COMMENTS_CHECK(must(maker->store().find(stored.id)) == stored);
  }
}

}  // namespace comments::inline v0::contract

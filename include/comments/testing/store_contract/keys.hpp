#pragma once
// testing/store_contract/keys.hpp - promises about the keys by which a post is retried.

#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace comments::inline v0::contract {

COMMENTS_PROMISE(store, keys_replay, "the same key and draft answer the first comment again") {
  const auto maker = make();
  store& store = maker->store();
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
    COMMENTS_CHECK(again.replayed);
    COMMENTS_CHECK(again.stored == first);
  }
  COMMENTS_CHECK(look(store, "1") == before);
}

COMMENTS_PROMISE(store, keys_refuse_another_draft,
                 "a key with another draft is refused, and nothing changes") {
  const auto maker = make();
  store& store = maker->store();
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
    COMMENTS_CHECK(refused == fails_with(errc::key_reused));
    COMMENTS_CHECK(refused.error().violations == key_reused().violations);
  }
  COMMENTS_CHECK(look(store, "1") == before);
}

COMMENTS_PROMISE(store, keys_replay_what_stands,
                 "a key replays the comment as it stands now, for the draft as it was") {
  const auto maker = make();
  store& store = maker->store();
  const draft written{.content_id = "1", .body = "first", .key = "k"};
  const comment first = post(store, written);
  must(store.amend(first.id, rewrite("second"), later));
  must(store.vote(first.id, {"ana"}, true, later));
  must(store.amend(first.id, to(status::spam), later));
  const comment stands = must(store.find(first.id));
  COMMENTS_CHECK(stands.body == "second");
  const post_result again = must(store.insert({written}, later));
  COMMENTS_CHECK(again.replayed);
  COMMENTS_CHECK(again.stored == stands);
  draft edited = written;
  edited.body = "second";
  COMMENTS_CHECK(store.insert({edited}, later) == fails_with(errc::key_reused));
}

COMMENTS_PROMISE(store, keys_belong_to_their_content,
                 "a key counts for its content only, and to the letter") {
  const auto maker = make();
  store& store = maker->store();
  std::set<comment_id> made;
  for (const std::string content_id : {"1", "2"})
    for (const std::string key : {"k", "K", "k'", "k%", "0", "00"})
      made.insert(post(store, {.content_id = content_id, .body = "same", .key = key}).id);
  COMMENTS_CHECK(made.size() == 12);
}

COMMENTS_PROMISE(store, empty_keys_never_replay, "without a key every post is a new comment") {
  const auto maker = make();
  store& store = maker->store();
  std::set<comment_id> made;
  for (int i = 0; i < 3; ++i) made.insert(post(store, {.content_id = "1", .body = "same"}).id);
  COMMENTS_CHECK(made.size() == 3);
  COMMENTS_CHECK(look(store, "1").all.content.version == 3);
}

COMMENTS_PROMISE(store, threads_share_a_key, "one key from 8 threads at once makes one comment") {
  constexpr int threads = 8, keys = 5;
  const auto maker = make();
  store& store = maker->store();
  std::vector<std::vector<post_result>> answers(threads);
  at_once(threads, [&](int thread) {
    for (int i = 0; i < keys; ++i)
      if (auto posted = store.insert(
              {{.content_id = "1", .body = "once", .key = "k" + std::to_string(i)}}, noon))
        answers[static_cast<std::size_t>(thread)].push_back(*posted);
  });
  for (const auto& answer : answers) COMMENTS_CHECK(answer.size() == keys);
  for (std::size_t key = 0; key < keys; ++key) {
    COMMENTS_CHECK(std::ranges::count_if(answers, [&](auto& a) { return !a[key].replayed; }) == 1);
    for (const auto& answer : answers) COMMENTS_CHECK(answer[key].stored == answers[0][key].stored);
  }
  COMMENTS_CHECK(look(store, "1").all.content == counted(store, "1", keys, keys));
}

}  // namespace comments::inline v0::contract

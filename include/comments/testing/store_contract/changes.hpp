#pragma once
// testing/store_contract/changes.hpp - promises about comments after their post: amendments,
// statuses, removal.

#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace comments::inline v0::contract {

COMMENTS_PROMISE(store, amend_changes_a_comment,
                 "an amendment changes what it may change, and says so in the log") {
  const auto maker = make();
  store& store = maker->store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const comment reply = post(store, {.said = {.content_id = "1",
                                              .parent = root.id,
                                              .author = {"A", "a@example.com", "", false, ""},
                                              .body = "first"},
                                     .origin = "0123",
                                     .encoded = "1 first"});
  must(store.vote(reply.id, {"ana"}, true, noon));
  const picture before = look(store, "1");
  const author changed_author{"B", "b@example.com", "https://example.com/", true, "user 7"};
  comment decided_on;
  const auto amended = must(store.amend(
      reply.id,
      [&](const comment& now) -> result<amendment> {
        decided_on = now;
        return amendment{{.id = root.id,  // what it may not change has no effect
                          .content_id = "2",
                          .position = 77,
                          .author = changed_author,
                          .body = "second",
                          .votes = 99,
                          .replies = 5,
                          .reports = 3,
                          .edited_at = later,
                          .version = 1,
                          .origin = "other",
                          .encoded = "1 second"},
                         {.content_id = "2",
                          .version = 99,
                          .kind = event_kind::edited,
                          .comment = root.id,
                          .at = noon,
                          .by = "author",
                          .reason = "typo",
                          .status = "published",
                          .before = "first"}};
      },
      later));
  COMMENTS_CHECK(decided_on == before.comments[1]);
  comment expected = before.comments[1];
  expected.author = changed_author;
  expected.body = "second";
  expected.encoded = "1 second";
  expected.edited_at = later;
  expected.reports = 3;
  expected.version = 4;
  COMMENTS_CHECK(amended == expected);
  const picture after = look(store, "1");
  COMMENTS_CHECK(after.comments == std::vector{before.comments[0], expected});
  COMMENTS_CHECK(after.all.content == counted(store, "1", 4, 2));
  COMMENTS_CHECK(after.events.back() == event{"1", 4, event_kind::edited, reply.id, later, "author",
                                              "typo", "published", "first"});
  COMMENTS_CHECK(after.events.size() == 4);
  COMMENTS_CHECK(look(store, "2").all.content.version == 0);
}

COMMENTS_PROMISE(store, amend_clears_the_edit,
                 "an edit can be taken back to a comment that was never edited") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "first"});
  COMMENTS_CHECK(must(store.amend(made.id, rewrite("second"), later)).edited_at == later);
  const auto undone = must(store.amend(
      made.id,
      [](const comment& now) -> result<amendment> {
        amendment undo{now, {.kind = event_kind::edited}};
        undo.changed.edited_at.reset();
        return undo;
      },
      later));
  COMMENTS_CHECK(!undone.edited_at);
  COMMENTS_CHECK(must(store.find(made.id)) == undone);
}

COMMENTS_PROMISE(store, amend_passes_refusals_on,
                 "what decides may refuse: its error is the answer, and nothing changes") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  const picture before = look(store, "1");
  const error reason{errc::edit_window_closed, "Too late.", {{"/body", "late"}}};
  const auto refused = store.amend(
      made[2].id, [&](const comment&) -> result<amendment> { return error{reason}; }, later);
  COMMENTS_CHECK(!refused.has_value());
  COMMENTS_CHECK(refused.error().code == reason.code);
  COMMENTS_CHECK(refused.error().message == reason.message);
  COMMENTS_CHECK(refused.error().violations == reason.violations);
  bool is_asked = false;
  for (const comment_id& id : {comment_id{}, make_comment_id(noon)})
    check_not_found(store.amend(
        id,
        [&](const comment& now) -> result<amendment> {
          is_asked = true;
          return amendment{now, {}};
        },
        later));
  COMMENTS_CHECK(!is_asked);
  COMMENTS_CHECK(look(store, "1") == before);
}

COMMENTS_PROMISE(store, amend_counts_statuses,
                 "each step from one status to another counts what is shown") {
  const auto maker = make();
  store& store = maker->store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const comment reply = post(store, {.content_id = "1", .parent = root.id, .body = "reply"});
  for (const status from : statuses) {
    for (const status wanted : statuses) {
      const note was{"from", to_text(from)};
      const note becomes{"to", to_text(wanted)};
      must(store.amend(reply.id, to(from), noon));
      const comment above = must(store.find(root.id));
      const comment now = must(store.amend(reply.id, to(wanted), later));
      COMMENTS_CHECK(now.status == wanted);
      const bool shows = wanted == status::published, showed = from == status::published;
      const picture seen = look(store, "1");
      COMMENTS_CHECK(seen.all.content.comments == 1 + int{shows});
      COMMENTS_CHECK(seen.all.content.version == now.version);
      COMMENTS_CHECK(seen.events.back().status == to_text(wanted));
      // What stands above shows another count now, so it has another version.
      COMMENTS_CHECK(seen.comments[0].version == (shows == showed ? above.version : now.version));
      COMMENTS_CHECK(seen.comments[0].replies == int{shows});
      check_counts(store, "1");
    }
  }
}

COMMENTS_PROMISE(store, tombstones_hold_what_is_below,
                 "what is hidden stays listed as long as something visible is below it") {
  for (const status hidden : hidden_statuses) {
    const auto maker = make();
    store& store = maker->store();
    std::vector<comment> chain;
    for (int i = 0; i < 4; ++i) {
      draft written{.content_id = "1", .body = "x"};
      if (i > 0) written.parent = chain.back().id;
      chain.push_back(post(store, written));
    }
    const auto replies = [&] {
      std::vector<std::int64_t> found;
      for (const comment& one : look(store, "1").comments) found.push_back(one.replies);
      return found;
    };
    const auto step = [&](std::size_t which, status wanted) {
      const auto version = must(store.amend(chain[which].id, to(wanted), later)).version;
      check_counts(store, "1");
      return version;
    };
    using counts = std::vector<std::int64_t>;
    for (const std::size_t which : {0u, 1u, 2u}) step(which, hidden);
    COMMENTS_CHECK(replies() == counts{1, 1, 1, 0});
    COMMENTS_CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
    COMMENTS_CHECK(must(store.list({.content_id = "1", .scope = scope::all})).items.size() == 1);
    const std::int64_t gone = step(3, hidden);  // with the last one all of them go
    COMMENTS_CHECK(replies() == counts{0, 0, 0, 0});
    for (const comment& one : look(store, "1").comments) COMMENTS_CHECK(one.version == gone);
    COMMENTS_CHECK(must(store.list({.content_id = "1"})).items.empty());
    const std::int64_t back = step(2, status::published);
    COMMENTS_CHECK(replies() == counts{1, 1, 0, 0});
    for (const std::size_t above : {0u, 1u})
      COMMENTS_CHECK(must(store.find(chain[above].id)).version == back);
    step(0, status::published);
    COMMENTS_CHECK(replies() == counts{1, 1, 0, 0});
    step(2, hidden);
    COMMENTS_CHECK(replies() == counts{0, 0, 0, 0});
    COMMENTS_CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
  }
}

COMMENTS_PROMISE(store, tombstones_are_whole, "the replies to a hidden comment can be asked for") {
  const auto maker = make();
  store& store = maker->store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const comment reply = post(store, {.content_id = "1", .parent = root.id, .body = "reply"});
  const comment hidden = must(store.amend(root.id, to(status::pending), later));
  COMMENTS_CHECK(must(store.list({.content_id = "1"})).items == std::vector{hidden});
  COMMENTS_CHECK(hidden.body == "root");
  COMMENTS_CHECK(
      must(store.list({.content_id = "1", .scope = scope::replies, .parent = root.id})).items ==
      std::vector{reply});
  check_not_found(
      store.insert({{.content_id = "1", .parent = root.id, .body = "to what is hidden"}}, later));
  post(store, {.content_id = "1", .parent = reply.id, .body = "to what is shown"});
  check_counts(store, "1");
}

COMMENTS_PROMISE(store, removal_erases, "what is removed is erased, and its key still replays it") {
  const auto maker = make();
  store& store = maker->store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  insertion written{.said = {.content_id = "1",
                             .parent = root.id,
                             .author = {"Someone", "someone@example.com", "https://example.com/",
                                        true, "7", true},
                             .body = "first",
                             .key = "k"},
                    .origin = "0123",
                    .encoded = "1 first"};
  const comment made = post(store, written);
  const comment reply = post(store, {.content_id = "1", .parent = made.id, .body = "reply"});
  must(store.amend(made.id, rewrite("second"), later));
  must(store.amend(made.id, to(status::pending), later));
  must(store.amend(made.id, to(status::published), later));
  must(store.amend(reply.id, rewrite("another"), later));
  must(store.vote(made.id, {"ana"}, true, later));
  must(store.report(made.id, {"ana"}, "rude", later));
  must(store.report(reply.id, {"ana"}, "rude as well", later));
  const picture before = look(store, "1");

  const comment removed = must(store.amend(
      made.id,
      [](const comment& now) -> result<amendment> {
        amendment gone{now,
                       {.kind = event_kind::removed,
                        .by = "moderator ana",
                        .reason = "rude",
                        .status = "removed",
                        .before = now.body}};
        gone.changed.status = status::removed;
        return gone;
      },
      later));
  comment expected = before.comments[1];
  expected.status = status::removed;
  expected.author = {};
  expected.body.clear();
  expected.encoded.clear();
  expected.origin.clear();
  expected.version = removed.version;
  COMMENTS_CHECK(removed == expected);
  const picture after = look(store, "1");
  COMMENTS_CHECK(after.comments[1] == removed);
  COMMENTS_CHECK(after.reports[1].empty());
  COMMENTS_CHECK(after.reports[2] == before.reports[2]);
  for (const event& one : after.events) {
    const bool is_kept = one.comment == reply.id && one.kind == event_kind::edited;
    COMMENTS_CHECK(one.before == std::string{is_kept ? "reply" : ""});
  }
  COMMENTS_CHECK(must(store.history(made.id, 0, 100)).size() == 5);
  COMMENTS_CHECK(after.events.back().by == "moderator ana");
  COMMENTS_CHECK(after.events.back().reason == "rude");
  COMMENTS_CHECK(must(store.find_all({.email = "someone@example.com"})).items.empty());
  COMMENTS_CHECK(must(store.find_all({.subject = "7"})).items.empty());
  check_counts(store, "1");

  for (const std::string body : {"first", "anything else"}) {
    written.said.body = body;
    const post_result again = must(store.insert(written, later));
    COMMENTS_CHECK(again.replayed);
    COMMENTS_CHECK(again.stored == removed);
  }
  COMMENTS_CHECK(look(store, "1") == after);
}

COMMENTS_PROMISE(store, set_status_moves_the_version,
                 "a content takes a status and gives it back, at the version expected") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  const event cause{.content_id = "other",
                    .version = 99,
                    .kind = event_kind::moderated,
                    .comment = made[0].id,
                    .at = noon,
                    .by = "moderator ana",
                    .reason = "too heated",
                    .status = "locked"};
  std::int64_t version = 7;
  for (const auto wanted :
       {std::optional{content_status::locked}, std::optional{content_status::premoderated},
        std::optional{content_status::first_comment}, std::optional{content_status::open},
        std::optional<content_status>{}}) {
    for (const auto& expected : {std::optional<std::int64_t>{}, std::optional{version + 1}}) {
      const content now = must(store.set_status("1", wanted, expected, cause, later));
      COMMENTS_CHECK(now == counted(store, "1", ++version, 7, wanted));
      const picture seen = look(store, "1");
      COMMENTS_CHECK(seen.all.content == now);
      COMMENTS_CHECK(seen.counted.front() == now);
      COMMENTS_CHECK(seen.events.back() == event{"1",
                                                 version,
                                                 event_kind::moderated,
                                                 {},
                                                 later,
                                                 "moderator ana",
                                                 "too heated",
                                                 "locked"});
      COMMENTS_CHECK(seen.comments == look(store, "1").all.items);
    }
  }
  const picture before = look(store, "1");
  for (const std::int64_t expected : {version - 1, version + 1, std::int64_t{0}}) {
    const auto refused = store.set_status("1", content_status::open, expected, cause, later);
    COMMENTS_CHECK(refused == fails_with(errc::version_mismatch));
  }
  COMMENTS_CHECK(look(store, "1") == before);
  COMMENTS_CHECK(post(store, {.content_id = "1", .body = "x"}).position == version + 1);
  COMMENTS_CHECK(must(store.set_status("1", content_status::locked, {}, cause, later)).comments ==
                 8);
  post(store, {.content_id = "1", .body = "a store keeps what it is given"});
  COMMENTS_CHECK(look(store, "1").all.content.status == content_status::locked);
}

COMMENTS_PROMISE(store, set_status_makes_a_content,
                 "a content without comments can have a status") {
  const auto maker = make();
  store& store = maker->store();
  const event cause{.kind = event_kind::moderated, .status = "locked"};
  const auto refused = store.set_status("1", content_status::locked, 1, cause, later);
  COMMENTS_CHECK(refused == fails_with(errc::version_mismatch));
  COMMENTS_CHECK(look(store, "1").all.content == counted(store, "1", 0, 0));
  COMMENTS_CHECK(look(store, "1").events.empty());
  COMMENTS_CHECK(must(store.set_status("1", content_status::locked, 0, cause, later)) ==
                 counted(store, "1", 1, 0, content_status::locked));
  COMMENTS_CHECK(must(store.set_status("2", {}, {}, cause, later)) == counted(store, "2", 1, 0));
  COMMENTS_CHECK(look(store, "1").all.content.status == content_status::locked);
  COMMENTS_CHECK(look(store, "2").events.size() == 1);
  COMMENTS_CHECK(post(store, {.content_id = "1", .body = "x"}).position == 2);
}

COMMENTS_PROMISE(store, threads_race_to_amend,
                 "of several changes of the version that was seen, exactly one wins") {
  constexpr int threads = 8, rounds = 10;
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  for (int round = 0; round < rounds; ++round) {
    const std::int64_t seen = must(store.find(made.id)).version;
    std::atomic<int> won{}, lost{};
    at_once(threads, [&](int thread) {
      const auto mine = store.amend(
          made.id,
          [&](const comment& now) -> result<amendment> {
            if (now.version != seen) return version_moved();
            return rewrite(std::to_string(thread))(now);
          },
          later);
      if (mine) ++won;
      if (!mine && mine == fails_with(errc::version_mismatch)) ++lost;
    });
    COMMENTS_CHECK(won == 1);
    COMMENTS_CHECK(lost == threads - 1);
    COMMENTS_CHECK(must(store.find(made.id)).version == seen + 1);
  }
  const auto edits = must(store.history(made.id, 1, 100));
  COMMENTS_CHECK(edits.size() == rounds);
  COMMENTS_CHECK(edits.front().before == "x");
}

}  // namespace comments::inline v0::contract

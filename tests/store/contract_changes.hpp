#pragma once
// store/contract_changes.hpp - the part of the contract that is about comments after their post:
// amendments, votes, reports, statuses, erasure and their events. See `contract.hpp`.

#include <comments/store.hpp>

#include <doctest/doctest.h>

#include "store/contract_tools.hpp"
#include "support/size.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace store_contract {

inline constexpr std::array statuses{status::published, status::pending, status::spam,
                                     status::removed};
inline constexpr std::array hidden_statuses{status::pending, status::spam, status::removed};
inline constexpr std::size_t all_of_it = std::numeric_limits<std::size_t>::max();

// Decides for a status, and for nothing else.
inline decider to(status wanted) {
  return [wanted](const comment& before) -> result<amendment> {
    amendment made{before, {.kind = event_kind::moderated}};
    made.changed.status = wanted;
    made.cause.status = to_text(wanted);
    if (wanted == status::removed) made.cause.kind = event_kind::removed;
    return made;
  };
}

// Decides for another body, as its author does.
inline decider rewrite(std::string body, instant now = later) {
  return [body = std::move(body), now](const comment& before) -> result<amendment> {
    amendment made{before, {.kind = event_kind::edited, .by = "author", .before = before.body}};
    made.changed.body = body;
    made.changed.edited_at = now;
    return made;
  };
}

inline std::vector<comment_id> ids(const std::vector<comment>& comments) {
  std::vector<comment_id> found;
  for (const comment& comment : comments) found.push_back(comment.id);
  return found;
}

template <typename T>
void check_not_found(const result<T>& answer) {
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == errc::not_found);
}

// Holds what a content counts and lists to what its comments say.
inline void check_counts(const store& store, const std::string& content_id) {
  const picture seen = look(store, content_id);
  std::map<comment_id, std::vector<std::int64_t>> below;  // what is listed there, latest first
  std::vector<std::int64_t> roots, visible;
  for (std::size_t i = seen.comments.size(); i-- > 0;) {  // replies come after their parents
    const comment& one = seen.comments[i];
    CAPTURE(one.position);
    const auto& replies = below[one.id];
    REQUIRE(one.replies == static_cast<std::int64_t>(replies.size()));
    if (is_visible(one)) visible.push_back(one.position);
    if (is_listed(one)) (one.parent ? below[*one.parent] : roots).push_back(one.position);
  }
  REQUIRE(seen.all.content.comments == static_cast<std::int64_t>(visible.size()));
  REQUIRE(seen.counted.front() == seen.all.content);
  query asked{.content_id = content_id, .scope = scope::all, .sort = sort::newest, .limit = 100};
  REQUIRE(positions(walk(store, asked)) == visible);
  asked.scope = scope::roots;
  REQUIRE(positions(walk(store, asked)) == roots);
  asked.scope = scope::replies;
  for (const auto& [parent, replies] : below) {
    asked.parent = parent;
    if (seen.comments.size() < 100) REQUIRE(positions(walk(store, asked)) == replies);
  }
}

TEST_CASE_TEMPLATE_DEFINE("an amendment changes what it may change, and says so in the log", Maker,
                          amend_changes_a_comment) {
  Maker maker;
  store& store = maker.store();
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
  const auto amended = must(store.amend(
      reply.id,
      [&](const comment& now) -> result<amendment> {
        CHECK(now == before.comments[1]);
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
  comment expected = before.comments[1];
  expected.author = changed_author;
  expected.body = "second";
  expected.encoded = "1 second";
  expected.edited_at = later;
  expected.reports = 3;
  expected.version = 4;
  CHECK(amended == expected);
  const picture after = look(store, "1");
  CHECK(after.comments == std::vector{before.comments[0], expected});
  CHECK(after.all.content == content{"1", 4, 2, {}});
  CHECK(after.events.back() ==
        event{"1", 4, event_kind::edited, reply.id, later, "author", "typo", "published", "first"});
  CHECK(after.events.size() == 4);
  CHECK(look(store, "2").all.content.version == 0);
}

TEST_CASE_TEMPLATE_DEFINE("an edit can be taken back to a comment that was never edited", Maker,
                          amend_clears_the_edit) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "first"});
  CHECK(must(store.amend(made.id, rewrite("second"), later)).edited_at == later);
  const auto undone = must(store.amend(
      made.id,
      [](const comment& now) -> result<amendment> {
        amendment undo{now, {.kind = event_kind::edited}};
        undo.changed.edited_at.reset();
        return undo;
      },
      later));
  CHECK_FALSE(undone.edited_at);
  CHECK(must(store.find(made.id)) == undone);
}

TEST_CASE_TEMPLATE_DEFINE("what decides may refuse: its error is the answer, and nothing changes",
                          Maker, amend_passes_refusals_on) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  const picture before = look(store, "1");
  const error reason{errc::edit_window_closed, "Too late.", {{"/body", "late"}}};
  const auto refused = store.amend(
      made[2].id, [&](const comment&) -> result<amendment> { return error{reason}; }, later);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == reason.code);
  CHECK(refused.error().message == reason.message);
  CHECK(refused.error().violations == reason.violations);
  bool is_asked = false;
  for (const comment_id& id : {comment_id{}, make_comment_id(noon)})
    check_not_found(store.amend(
        id,
        [&](const comment& now) -> result<amendment> {
          is_asked = true;
          return amendment{now, {}};
        },
        later));
  CHECK_FALSE(is_asked);
  CHECK(look(store, "1") == before);
}

TEST_CASE_TEMPLATE_DEFINE("each step from one status to another counts what is shown", Maker,
                          amend_counts_statuses) {
  Maker maker;
  store& store = maker.store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const comment reply = post(store, {.content_id = "1", .parent = root.id, .body = "reply"});
  for (const status from : statuses) {
    for (const status wanted : statuses) {
      CAPTURE(to_text(from));
      CAPTURE(to_text(wanted));
      must(store.amend(reply.id, to(from), noon));
      const comment above = must(store.find(root.id));
      const comment now = must(store.amend(reply.id, to(wanted), later));
      CHECK(now.status == wanted);
      const bool shows = wanted == status::published, showed = from == status::published;
      const picture seen = look(store, "1");
      CHECK(seen.all.content.comments == 1 + int{shows});
      CHECK(seen.all.content.version == now.version);
      CHECK(seen.events.back().status == to_text(wanted));
      // What stands above shows another count now, so it has another version.
      CHECK(seen.comments[0].version == (shows == showed ? above.version : now.version));
      CHECK(seen.comments[0].replies == int{shows});
      check_counts(store, "1");
    }
  }
}

TEST_CASE_TEMPLATE_DEFINE("what is hidden stays listed as long as something visible is below it",
                          Maker, tombstones_hold_what_is_below) {
  for (const status hidden : hidden_statuses) {
    Maker maker;
    store& store = maker.store();
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
    CHECK(replies() == counts{1, 1, 1, 0});
    CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
    CHECK(must(store.list({.content_id = "1", .scope = scope::all})).items.size() == 1);
    const std::int64_t gone = step(3, hidden);  // with the last one all of them go
    CHECK(replies() == counts{0, 0, 0, 0});
    for (const comment& one : look(store, "1").comments) CHECK(one.version == gone);
    CHECK(must(store.list({.content_id = "1"})).items.empty());
    const std::int64_t back = step(2, status::published);
    CHECK(replies() == counts{1, 1, 0, 0});
    for (const std::size_t above : {0u, 1u})
      CHECK(must(store.find(chain[above].id)).version == back);
    step(0, status::published);
    CHECK(replies() == counts{1, 1, 0, 0});
    step(2, hidden);
    CHECK(replies() == counts{0, 0, 0, 0});
    CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
  }
}

TEST_CASE_TEMPLATE_DEFINE("the replies to a hidden comment can be asked for", Maker,
                          tombstones_are_whole) {
  Maker maker;
  store& store = maker.store();
  const comment root = post(store, {.content_id = "1", .body = "root"});
  const comment reply = post(store, {.content_id = "1", .parent = root.id, .body = "reply"});
  const comment hidden = must(store.amend(root.id, to(status::pending), later));
  CHECK(must(store.list({.content_id = "1"})).items == std::vector{hidden});
  CHECK(hidden.body == "root");
  CHECK(must(store.list({.content_id = "1", .scope = scope::replies, .parent = root.id})).items ==
        std::vector{reply});
  check_not_found(
      store.insert({{.content_id = "1", .parent = root.id, .body = "to what is hidden"}}, later));
  post(store, {.content_id = "1", .parent = reply.id, .body = "to what is shown"});
  check_counts(store, "1");
}

TEST_CASE_TEMPLATE_DEFINE("a draft that is not published is kept, and neither counted nor listed",
                          Maker, insert_keeps_hidden_drafts) {
  for (const status hidden : {status::pending, status::spam}) {
    Maker maker;
    store& store = maker.store();
    const comment root = post(store, {.content_id = "1", .body = "root"});
    const insertion written{
        .said = {.content_id = "1", .parent = root.id, .body = "held", .key = "k"},
        .status = hidden,
        .reason = "links"};
    const comment held = post(store, written);
    CHECK(held.status == hidden);
    CHECK(held.parent == root.id);
    const picture seen = look(store, "1");
    CHECK(seen.all.content == content{"1", 2, 1, {}});
    CHECK(seen.all.items == std::vector{root});
    CHECK(seen.comments == std::vector{root, held});
    event cause = posted(held);
    cause.by = "rules";
    cause.reason = "links";
    CHECK(seen.events.back() == cause);
    check_not_found(store.insert({{.content_id = "1", .parent = held.id, .body = "?"}}, noon));
    CHECK(look(store, "1") == seen);
    CHECK(must(store.insert(written, later)).stored == held);
    must(store.amend(held.id, to(status::published), later));
    CHECK(must(store.find(root.id)).replies == 1);
    check_counts(store, "1");
    const comment alone =
        post(store, {.said = {.content_id = "2", .body = "held"}, .status = hidden});
    CHECK(look(store, "2").all.content == content{"2", 1, 0, {}});
    CHECK(must(store.list({.content_id = "2"})).items.empty());
    CHECK(must(store.find(alone.id)) == alone);
  }
}

TEST_CASE_TEMPLATE_DEFINE("a reply that would be too deep hangs at the cap, and keeps its answer",
                          Maker, insert_caps_the_depth) {
  Maker maker;
  store& store = maker.store();
  std::vector<comment> made;
  const auto reply = [&](std::size_t to, std::int64_t depth_max) {
    insertion written{.said = {.content_id = "1", .body = "x"}, .depth_max = depth_max};
    if (!made.empty()) written.said.parent = made[to].id;
    made.push_back(post(store, written));
    const comment& one = made.back();
    CHECK(one.reply_to == written.said.parent);
    CHECK(must(store.find(one.id)) == one);
    return std::pair{one.depth, one.parent};
  };
  using found = std::pair<std::int64_t, std::optional<comment_id>>;
  CHECK(reply(0, 2) == found{0, std::nullopt});
  CHECK(reply(0, 2) == found{1, made[0].id});
  CHECK(reply(1, 2) == found{2, made[1].id});  // at the cap
  CHECK(reply(2, 2) == found{2, made[1].id});  // one past it: beside what it answers
  CHECK(reply(3, 2) == found{2, made[1].id});
  CHECK(reply(2, 3) == found{3, made[2].id});  // the cap was raised
  CHECK(reply(5, 4) == found{4, made[5].id});
  CHECK(reply(6, 1) == found{1, made[0].id});  // and lowered, under what hangs deeper
  CHECK(reply(6, 4) == found{4, made[5].id});
  CHECK(must(store.find(made[1].id)).replies == 3);
  check_counts(store, "1");
  // What stands between may be hidden: only what is answered must be there.
  must(store.amend(made[1].id, to(status::pending), later));
  CHECK(reply(3, 2) == found{2, made[1].id});
  check_counts(store, "1");
}

// A chain of replies, each to the last: as deep as it may be, climbed by the first under a lower
// cap, and hidden and shown from its ends.
inline void check_chain(store& store, std::size_t length, std::int64_t depth_max) {
  std::vector<comment> chain{post(store, {.content_id = "1", .body = "x"})};
  std::int64_t wrong = 0;
  for (std::size_t i = 1; i < length; ++i) {
    const comment above = chain.back();
    const insertion written{.said = {.content_id = "1", .parent = above.id, .body = "x"},
                            .depth_max = depth_max};
    chain.push_back(must(store.insert(written, noon)).stored);
    wrong += chain.back().depth != std::min(static_cast<std::int64_t>(i), depth_max);
    wrong += chain.back().reply_to != above.id;
  }
  CHECK(wrong == 0);
  check_counts(store, "1");
  const comment low = post(
      store, {.said = {.content_id = "1", .parent = chain.back().id, .body = "x"}, .depth_max = 1});
  CHECK(low.parent == chain.front().id);
  must(store.amend(low.id, to(status::removed), later));
  for (std::size_t i = 0; i + 1 < length; ++i)
    must(store.amend(chain[i].id, to(status::spam), later));
  CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
  must(store.amend(chain.back().id, to(status::spam), later));
  CHECK(must(store.list({.content_id = "1"})).items.empty());
  const comment back = must(store.amend(chain.back().id, to(status::published), later));
  CHECK(must(store.find(chain.front().id)).version == back.version);
  CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
  check_counts(store, "1");
}

TEST_CASE_TEMPLATE_DEFINE("a long chain of replies is kept, as deep as it may be" *
                              testing::one_thread,
                          Maker, insert_takes_long_chains) {
  for (const std::int64_t depth_max : {std::int64_t{6}, std::int64_t{1'000'000}}) {
    Maker maker;
    check_chain(maker.store(), 300, depth_max);
  }
}

TEST_CASE_TEMPLATE_DEFINE("what is removed is erased, and its key still replays it", Maker,
                          removal_erases) {
  Maker maker;
  store& store = maker.store();
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
  CHECK(removed == expected);
  const picture after = look(store, "1");
  CHECK(after.comments[1] == removed);
  CHECK(after.reports[1].empty());
  CHECK(after.reports[2] == before.reports[2]);
  for (const event& one : after.events) {
    const bool is_kept = one.comment == reply.id && one.kind == event_kind::edited;
    CHECK(one.before == std::string{is_kept ? "reply" : ""});
  }
  CHECK(must(store.history(made.id, 0, 100)).size() == 5);
  CHECK(after.events.back().by == "moderator ana");
  CHECK(after.events.back().reason == "rude");
  CHECK(must(store.find_all({.email = "someone@example.com"})).items.empty());
  CHECK(must(store.find_all({.subject = "7"})).items.empty());
  check_counts(store, "1");

  for (const std::string body : {"first", "anything else"}) {
    written.said.body = body;
    const post_result again = must(store.insert(written, later));
    CHECK(again.replayed);
    CHECK(again.stored == removed);
  }
  CHECK(look(store, "1") == after);
}

TEST_CASE_TEMPLATE_DEFINE("one voter has one vote, and what changes nothing moves nothing", Maker,
                          votes_count_voters) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  std::int64_t version = 1, votes = 0;
  const auto vote = [&](const std::string& voter, bool is_there, bool changes) {
    CAPTURE(voter);
    const picture before = look(store, "1");
    const comment now = must(store.vote(made.id, {voter}, is_there, later));
    if (changes) votes += is_there ? 1 : -1;
    version += changes;
    comment expected = made;
    expected.votes = votes;
    expected.version = version;
    CHECK(now == expected);
    const picture after = look(store, "1");
    CHECK(after.comments == std::vector{expected});
    CHECK(after.all.content == content{"1", version, 1, {}});
    if (!changes) CHECK(after == before);
    const event cause{"1", version, event_kind::voted, made.id, later};
    if (changes) CHECK(after.events.back() == cause);
    CHECK(after.events.size() == static_cast<std::size_t>(version));
  };
  vote("ana", false, false);
  vote("ana", true, true);
  vote("ana", true, false);
  vote("a:0123", true, true);
  vote("Ana", true, true);  // names differ by any letter
  vote("ana", false, true);
  vote("ana", false, false);
  vote("ana", true, true);
  CHECK(votes == 3);
}

TEST_CASE_TEMPLATE_DEFINE("only what is visible is voted for; a vote may always be taken back",
                          Maker, votes_need_what_is_visible) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  must(store.vote(made.id, {"ana"}, true, noon));
  for (const bool is_there : {true, false})
    for (const comment_id& id : {comment_id{}, make_comment_id(noon)})
      check_not_found(store.vote(id, {"ana"}, is_there, later));
  for (const status hidden : hidden_statuses) {
    must(store.amend(made.id, to(hidden), later));
    const picture before = look(store, "1");
    check_not_found(store.vote(made.id, {"ana"}, true, later));
    check_not_found(store.vote(made.id, {"bob"}, true, later));
    CHECK(look(store, "1") == before);
    CHECK(must(store.vote(made.id, {"bob"}, false, later)) == before.comments[0]);
    CHECK(look(store, "1") == before);
    CHECK(must(store.vote(made.id, {"ana"}, false, later)).votes == 0);
    must(store.amend(made.id, to(status::published), later));
    CHECK(must(store.vote(made.id, {"ana"}, true, later)).votes == 1);
  }
}

TEST_CASE_TEMPLATE_DEFINE("votes order what is sorted by `top`", Maker, votes_order_the_top) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);  // roots at 1, 2, 6; replies to the first at 3, 4, 7
  const std::pair<std::size_t, int> votes[] = {{1, 2}, {5, 2}, {3, 1}, {6, 3}};
  for (const auto& [which, count] : votes)
    for (int i = 0; i < count; ++i)
      must(store.vote(made[which].id, {"voter " + std::to_string(i)}, true, later));
  const auto top = [&](query asked) {
    std::vector<std::int64_t> found;
    asked.content_id = "1";
    asked.sort = sort::top;
    for (asked.limit = 1; asked.limit <= 8; ++asked.limit) {
      const auto now = positions(walk(store, asked));
      if (found.empty()) found = now;
      CHECK(now == found);
    }
    return found;
  };
  using order = std::vector<std::int64_t>;
  CHECK(top({.scope = scope::roots}) == order{2, 6, 1});
  CHECK(top({.scope = scope::replies, .parent = made[0].id}) == order{7, 4, 3});
  CHECK(top({.scope = scope::all}) == order{7, 2, 6, 4, 1, 3, 5});
}

TEST_CASE_TEMPLATE_DEFINE("reports_by tells a reporter's reports by their comments' ids", Maker,
                          reports_by_a_reporter) {
  Maker maker;
  store& store = maker.store();
  std::vector<comment> made;
  for (const std::string id : {"2", "1", "2", "3", "1"})
    made.push_back(post(store, {.content_id = id, .body = "x"}));
  std::vector<made_report> expected;
  for (const comment& one : made) {
    must(store.report(one.id, {"bob"}, "of another", noon));
    must(store.report(one.id, {"ana"}, "rude: ção " + one.content_id, later));
    must(store.report(one.id, {"ana"}, "again", noon));  // does nothing
    if (one.id != made[4].id)
      expected.push_back({one.id, one.content_id, "rude: ção " + one.content_id, later});
  }
  must(store.amend(made[4].id, to(status::removed), later));
  std::ranges::sort(expected, {}, &made_report::comment);
  CHECK(must(store.reports_by("ana", {}, 100)) == expected);
  CHECK(must(store.reports_by("ana", {}, all_of_it)) == expected);
  CHECK(must(store.reports_by("ana", {}, 0)).empty());
  CHECK(must(store.reports_by("bob", {}, 100)).size() == 4);
  CHECK(must(store.reports_by("Ana", {}, 4)).empty());
  std::vector<made_report> met;
  for (std::optional<comment_id> after;;) {
    const auto next = must(store.reports_by("ana", after, 3));
    if (next.empty()) break;
    met.insert(met.end(), next.begin(), next.end());
    after = met.back().comment;
  }
  CHECK(met == expected);
  must(store.forget_reporter("ana"));
  CHECK(must(store.reports_by("ana", {}, 100)).empty());
}

TEST_CASE_TEMPLATE_DEFINE("votes_of tells a voter's votes by their comments' ids", Maker,
                          votes_of_a_voter) {
  Maker maker;
  store& store = maker.store();
  std::vector<comment> made;
  for (const std::string id : {"2", "1", "2", "3", "1"})
    made.push_back(post(store, {.content_id = id, .body = "x"}));
  for (const comment& one : made) must(store.vote(one.id, {"ana"}, true, later));
  must(store.vote(made[1].id, {"bob"}, true, noon));
  must(store.vote(made[4].id, {"ana"}, false, later));
  std::vector<comments::vote> expected;
  for (std::size_t i = 0; i < 4; ++i) expected.push_back({made[i].id, made[i].content_id, later});
  std::ranges::sort(expected, {}, &comments::vote::comment);
  CHECK(must(store.votes_of("ana", {}, 100)) == expected);
  CHECK(must(store.votes_of("ana", {}, all_of_it)) == expected);
  CHECK(must(store.votes_of("ana", {}, 0)).empty());
  CHECK(must(store.votes_of("bob", {}, 4)) == std::vector<comments::vote>{{made[1].id, "1", noon}});
  CHECK(must(store.votes_of("Ana", {}, 4)).empty());
  std::vector<comments::vote> met;
  for (std::optional<comment_id> after;;) {
    const auto next = must(store.votes_of("ana", after, 3));
    if (next.empty()) break;
    met.insert(met.end(), next.begin(), next.end());
    after = met.back().comment;
  }
  CHECK(met == expected);
}

TEST_CASE_TEMPLATE_DEFINE("a reader reports a comment once, and no version moves", Maker,
                          reports_count_readers) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const comment other = post(store, {.content_id = "1", .body = "y"});
  const picture before = look(store, "1");
  const std::vector<comments::report> said{{"ana", "rude", noon}, {"a:01", "", later}};
  CHECK(must(store.report(made.id, {said[0].reporter}, said[0].reason, said[0].at)).reports == 1);
  CHECK(must(store.report(made.id, {said[1].reporter}, said[1].reason, said[1].at)).reports == 2);
  CHECK(must(store.report(made.id, {"ana"}, "again", later)).reports == 2);
  CHECK(must(store.report(other.id, {"ana"}, "rude", later)).reports == 1);
  picture after = look(store, "1");
  CHECK(after.reports[0] == std::vector{said[1], said[0]});  // the latest first
  CHECK(after.all.content == before.all.content);
  CHECK(after.events == before.events);
  comment expected = made;
  expected.reports = 2;
  CHECK(after.comments[0] == expected);
  CHECK(must(store.list({.content_id = "1"})).items[0] == expected);

  // A decision may set the counter back; a reporter stays one.
  must(store.amend(
      made.id,
      [](const comment& now) -> result<amendment> {
        amendment fine{now, {.kind = event_kind::moderated}};
        fine.changed.reports = 0;
        return fine;
      },
      later));
  CHECK(must(store.report(made.id, {"ana"}, "again", later)).reports == 0);
  CHECK(must(store.report(made.id, {"bob"}, "rude", later)).reports == 1);
}

TEST_CASE_TEMPLATE_DEFINE("only a visible comment is reported", Maker,
                          reports_need_what_is_visible) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  must(store.report(made.id, {"ana"}, "rude", noon));
  for (const comment_id& id : {comment_id{}, make_comment_id(noon)})
    check_not_found(store.report(id, {"ana"}, "rude", noon));
  for (const status hidden : hidden_statuses) {
    must(store.amend(made.id, to(hidden), later));
    const picture before = look(store, "1");
    for (const std::string reporter : {"ana", "bob"})
      check_not_found(store.report(made.id, {reporter}, "rude", later));
    CHECK(look(store, "1") == before);
  }
}

// A network of 65,536 clients voted as often.
TEST_CASE_TEMPLATE_DEFINE(
    "so many of one network may vote for a comment and report it, and no more", Maker,
    networks_are_limited) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const comment other = post(store, {.content_id = "1", .body = "y"});
  const auto of = [](std::string name) { return voter{.name = std::move(name), .network_max = 2}; };
  for (const char* name : {"a:net:1", "a:net:2"}) {
    must(store.vote(made.id, of(name), true, later));
    must(store.report(made.id, of(name), "rude", later));
  }
  const picture before = look(store, "1");
  CHECK(before.comments[0].votes == 2);
  CHECK(before.comments[0].reports == 2);
  CHECK(store.vote(made.id, of("a:net:3"), true, later).error().code == errc::conflict);
  CHECK(store.report(made.id, of("a:net:3"), "rude", later).error().code == errc::conflict);
  CHECK(must(store.vote(made.id, of("a:net:3"), false, later)).votes == 2);  // it had none
  CHECK(must(store.vote(made.id, of("a:net:2"), true, later)).votes == 2);   // it has one
  CHECK(look(store, "1") == before);

  // Others have a say all the same: other networks, addresses without one, accounts, comments.
  for (const char* name : {"a:net2:3", "a:ne:3", "a:net", "a:9", "u:net:3"}) {
    CAPTURE(name);
    must(store.vote(made.id, of(name), true, later));
    must(store.report(made.id, of(name), "rude", later));
  }
  CHECK(must(store.vote(other.id, of("a:net:3"), true, later)).votes == 1);
  CHECK(must(store.vote(made.id, of("a:net:1"), false, later)).votes == 6);
  CHECK(must(store.vote(made.id, of("a:net:3"), true, later)).votes == 7);
  CHECK(must(store.vote(made.id, {"a:net:4"}, true, later)).votes == 8);  // without a limit
}

TEST_CASE_TEMPLATE_DEFINE("a voter whose name now says its network is known by the name before",
                          Maker, former_names_are_known) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  must(store.vote(made.id, {"a:1"}, true, noon));
  must(store.report(made.id, {"a:1"}, "rude", noon));
  CHECK(must(store.vote(made.id, {"a:net:1"}, true, later)).votes == 1);
  CHECK(must(store.report(made.id, {"a:net:1"}, "rude", later)).reports == 1);
  CHECK(must(store.vote(made.id, {"a:net:2"}, false, later)).votes == 1);
  CHECK(must(store.vote(made.id, {"a:net:1"}, false, later)).votes == 0);
}

// Whoever shared an address with a voter took the voter's vote back.
TEST_CASE_TEMPLATE_DEFINE("a vote is taken back by its browser or its account, else by its address",
                          Maker, votes_are_taken_back_by_browser) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const voter ana{"a:net:1", "ana"}, eva{"a:net:1", "eva"}, nobody{"a:net:1"};
  const auto votes = [&](const voter& by, bool is_there) {
    return must(store.vote(made.id, by, is_there, later)).votes;
  };
  CHECK(votes(ana, true) == 1);
  for (const voter& other : {eva, nobody}) {
    const picture before = look(store, "1");
    CHECK(votes(other, true) == 1);
    CHECK(votes(other, false) == 1);
    CHECK(look(store, "1") == before);
  }
  CHECK(votes({"a:net:2", "ana"}, true) == 1);  // elsewhere it is the same browser
  CHECK(votes({"a:net:2", "ana"}, false) == 0);

  CHECK(votes(nobody, true) == 1);  // as votes from before are
  CHECK(votes({"a:net:2", "ana"}, false) == 1);
  CHECK(votes(ana, false) == 0);

  // An account is proof enough, and one of its own for each who shares a browser.
  CHECK(votes({"u:1", "ana"}, true) == 1);
  CHECK(votes({"u:2", "ana"}, true) == 2);
  CHECK(votes(ana, false) == 2);
  CHECK(votes({"u:1"}, false) == 1);
  CHECK(votes({"u:2", "eva"}, false) == 0);
  CHECK(votes(ana, true) == 1);
  CHECK(votes({"u:1", "ana"}, true) == 1);  // who has voted already, before signing in
  CHECK(votes({"u:1", "ana"}, false) == 0);
}

TEST_CASE_TEMPLATE_DEFINE(
    "comments of a browser are found once they were held, and not when removed", Maker,
    browsers_are_found) {
  Maker maker;
  store& store = maker.store();
  const auto put = [&](std::string content_id, status status, std::string browser) {
    return must(store.insert({.said = {.content_id = std::move(content_id), .body = "x"},
                              .status = status,
                              .browser = std::move(browser)},
                             noon))
        .stored;
  };
  const comment shown = put("1", status::published, "ana");
  const comment waiting = put("1", status::pending, "ana"), other = put("2", status::spam, "ana");
  put("1", status::pending, "eva");
  put("1", status::pending, "");
  CHECK(waiting.held);
  CHECK_FALSE(shown.held);
  CHECK(must(store.find(waiting.id)) == waiting);
  const auto found = [&](search wanted) {
    wanted.browser = "ana";
    std::vector<comment_id> ids;
    for (const comment& item : must(store.find_all(wanted)).items) ids.push_back(item.id);
    return ids;
  };
  using ids = std::vector<comment_id>;
  CHECK(found({}).size() == 2);
  CHECK(found({.status = status::pending}) == ids{waiting.id});
  CHECK(found({.content_id = "2"}) == ids{other.id});
  CHECK(found({.status = status::published}).empty());
  must(store.amend(waiting.id, to(status::published), later));
  CHECK(found({.status = status::published}) == ids{waiting.id});
  must(store.amend(shown.id, to(status::pending), later));
  CHECK(found({.status = status::pending, .content_id = "1"}) == ids{shown.id});
  must(store.amend(waiting.id, to(status::removed), later));
  CHECK(found({}).size() == 2);
  CHECK(must(store.find(waiting.id)).browser == "");
}

TEST_CASE_TEMPLATE_DEFINE("reports come the latest first, up to the limit", Maker,
                          reports_come_latest_first) {
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  std::vector<comments::report> expected;
  for (const int minute : {3, 1, 4, 5, 9, 2, 6}) {
    const comments::report said{std::to_string(minute), "rude",
                                noon + std::chrono::minutes{minute}};
    must(store.report(made.id, {said.reporter}, said.reason, said.at));
    expected.push_back(said);
  }
  std::ranges::sort(expected, std::ranges::greater{}, &comments::report::at);
  CHECK(must(store.reports_of(made.id, all_of_it)) == expected);
  for (const std::size_t limit : {0u, 1u, 6u, 7u, 8u}) {
    const auto found = must(store.reports_of(made.id, limit));
    CHECK(found ==
          std::vector(expected.begin(), expected.begin() + std::min<long>(long(limit), 7)));
  }
  CHECK(must(store.reports_of(make_comment_id(noon), 10)).empty());
}

TEST_CASE_TEMPLATE_DEFINE("a content takes a status and gives it back, at the version expected",
                          Maker, set_status_moves_the_version) {
  Maker maker;
  store& store = maker.store();
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
      CHECK(now == content{"1", ++version, 7, wanted});
      const picture seen = look(store, "1");
      CHECK(seen.all.content == now);
      CHECK(seen.counted.front() == now);
      CHECK(seen.events.back() == event{"1",
                                        version,
                                        event_kind::moderated,
                                        {},
                                        later,
                                        "moderator ana",
                                        "too heated",
                                        "locked"});
      CHECK(seen.comments == look(store, "1").all.items);
    }
  }
  const picture before = look(store, "1");
  for (const std::int64_t expected : {version - 1, version + 1, std::int64_t{0}}) {
    const auto refused = store.set_status("1", content_status::open, expected, cause, later);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == errc::version_mismatch);
  }
  CHECK(look(store, "1") == before);
  CHECK(post(store, {.content_id = "1", .body = "x"}).position == version + 1);
  CHECK(must(store.set_status("1", content_status::locked, {}, cause, later)).comments == 8);
  post(store, {.content_id = "1", .body = "a store keeps what it is given"});
  CHECK(look(store, "1").all.content.status == content_status::locked);
}

TEST_CASE_TEMPLATE_DEFINE("a content without comments can have a status", Maker,
                          set_status_makes_a_content) {
  Maker maker;
  store& store = maker.store();
  const event cause{.kind = event_kind::moderated, .status = "locked"};
  const auto refused = store.set_status("1", content_status::locked, 1, cause, later);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::version_mismatch);
  CHECK(look(store, "1").all.content == content{.content_id = "1"});
  CHECK(look(store, "1").events.empty());
  CHECK(must(store.set_status("1", content_status::locked, 0, cause, later)) ==
        content{"1", 1, 0, content_status::locked});
  CHECK(must(store.set_status("2", {}, {}, cause, later)) == content{"2", 1, 0, {}});
  CHECK(look(store, "1").all.content.status == content_status::locked);
  CHECK(look(store, "2").events.size() == 1);
  CHECK(post(store, {.content_id = "1", .body = "x"}).position == 2);
}

TEST_CASE_TEMPLATE_DEFINE("what tells an address is forgotten by its age, a part at a time", Maker,
                          forget_origins_by_age) {
  Maker maker;
  store& store = maker.store();
  const auto at = [](int minute) { return noon + std::chrono::minutes{minute}; };
  std::vector<comment> made;
  for (int i = 0; i < 6; ++i) {
    const std::string id = std::to_string(i % 2);
    insertion written{.said = {.content_id = id, .body = "x"}, .origin = i == 1 ? "" : "0123"};
    made.push_back(post(store, written, at(i)));
    must(store.vote(made.back().id, {"a:01"}, true, at(i)));
    must(store.vote(made.back().id, {"ana"}, true, at(i)));
    must(store.vote(made.back().id, {"a;"}, true, at(i)));  // no prefix, though near it
    must(store.report(made.back().id, {"a:01"}, "rude", at(i)));
    must(store.report(made.back().id, {"ana"}, "rude", at(i)));
  }
  const picture before[] = {look(store, "0"), look(store, "1")};
  CHECK(must(store.forget_origins(at(0), 100)) == 0);
  CHECK(must(store.forget_origins(at(4), 0)) == 0);
  CHECK(look(store, "0") == before[0]);
  CHECK(must(store.forget_origins(at(4), 2)) == 6);  // of each two
  CHECK(must(store.forget_origins(at(4), 2)) == 5);  // one comment had none
  CHECK(must(store.forget_origins(at(4), 2)) == 0);
  for (const std::string id : {"0", "1"}) {
    const picture after = look(store, id);
    const picture& old = before[id == "1"];
    CHECK(after.all.content == old.all.content);
    CHECK(after.events == old.events);
    for (std::size_t i = 0; i < after.comments.size(); ++i) {
      comment expected = old.comments[i];
      if (expected.created_at < at(4)) expected.origin.clear();
      CHECK(after.comments[i] == expected);
      CHECK(expected.votes == 3);
      CHECK(expected.reports == 2);
      const auto& said = after.reports[i];
      CHECK(said.size() == (expected.created_at < at(4) ? 1 : 2));
      CHECK(std::ranges::count(said, "ana", &comments::report::reporter) == 1);
    }
  }
  CHECK(must(store.votes_of("a:01", {}, 100)).size() == 2);
  CHECK(must(store.votes_of("ana", {}, 100)).size() == 6);
  CHECK(must(store.votes_of("a;", {}, 100)).size() == 6);
  CHECK(must(store.forget_origins(at(6), all_of_it)) == 6);
  CHECK(must(store.votes_of("a:01", {}, 100)).empty());
}

TEST_CASE_TEMPLATE_DEFINE("a reporter's reports are forgotten, and still count", Maker,
                          forget_reporters) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  for (const comment& one : made)
    for (const std::string reporter : {"ana", "bob", "Ana"})
      must(store.report(one.id, {reporter}, "rude", later));
  const picture before = look(store, "1");
  must(store.forget_reporter("nobody"));
  CHECK(look(store, "1") == before);
  must(store.forget_reporter("ana"));
  const picture after = look(store, "1");
  CHECK(after.comments == before.comments);
  CHECK(after.events == before.events);
  for (const auto& said : after.reports) {
    CHECK(said.size() == 2);
    CHECK(std::ranges::count(said, "ana", &comments::report::reporter) == 0);
  }
}

TEST_CASE_TEMPLATE_DEFINE("the history of a comment is its events without its votes", Maker,
                          history_leaves_votes_out) {
  Maker maker;
  store& store = maker.store();
  const auto made = talk(store);
  const comment_id& id = made[2].id;
  must(store.amend(id, rewrite("second"), later));                   // 8
  must(store.vote(id, {"ana"}, true, later));                        // 9
  must(store.amend(made[0].id, rewrite("elsewhere"), later));        // 10
  must(store.amend(id, rewrite("third"), later));                    // 11
  must(store.amend(id, to(status::spam), later));                    // 12
  must(store.set_status("1", content_status::open, {}, {}, later));  // 13
  must(store.vote(id, {"ana"}, false, later));                       // 14
  must(store.amend(id, to(status::removed), later));                 // 15
  std::vector<event> expected;
  for (const event& one : must(store.events("1", 0, 100)))
    if (one.comment == id && one.kind != event_kind::voted) expected.push_back(one);
  REQUIRE(expected.size() == 5);
  CHECK(must(store.history(id, 0, all_of_it)) == expected);
  for (std::int64_t after = -1; after <= 16; ++after)
    for (std::size_t limit = 0; limit <= 6; ++limit) {
      std::vector<event> part;
      for (const event& one : expected)
        if (one.version > after && part.size() < limit) part.push_back(one);
      CHECK(must(store.history(id, after, limit)) == part);
    }
  CHECK(must(store.history(make_comment_id(noon), 0, 10)).empty());
  CHECK(must(store.history(comment_id{}, 0, 10)).empty());
}

TEST_CASE_TEMPLATE_DEFINE("decisions are what moderators did, of all contents, the latest first",
                          Maker, decisions_are_what_moderators_did) {
  Maker maker;
  store& store = maker.store();
  const auto decide = [&](const comment& about, status status, std::string by, int minute) {
    const instant when = noon + std::chrono::minutes{minute};
    must(store.amend(
        about.id,
        [&](const comment& stands) {
          amendment wanted = *to(status)(stands);
          wanted.cause.kind =
              status == status::removed ? event_kind::removed : event_kind::moderated;
          wanted.cause.by = by;
          wanted.cause.reason = "reason " + std::to_string(minute);
          return result{wanted};
        },
        when));
  };
  CHECK(must(store.decisions({})).items.empty());
  const auto made = talk(store);
  const comment other = post(store, {.content_id = "other", .body = "x"});
  decide(made[6], status::spam, "moderator ana", 1);
  decide(made[5], status::spam, "moderator", 1);  // the same moment, as when several are decided
  decide(other, status::pending, "moderator bia", 1);
  decide(other, status::published, "reports", 2);
  decide(made[4], status::removed, "author", 3);
  decide(other, status::removed, "moderator ana", 4);
  const event lock{
      .kind = event_kind::moderated, .by = "moderator", .reason = "heated", .status = "locked"};
  must(store.set_status("empty", content_status::locked, {}, lock, noon));  // an earlier moment
  must(store.vote(made[0].id, {"moderator"}, true, later));

  std::vector<event> expected;
  for (const auto* id : {"1", "other", "empty"})
    for (const event& one : must(store.events(id, 0, 100)))
      if (is_decision(one)) expected.push_back(one);
  std::ranges::sort(expected, std::ranges::greater{}, [](const event& one) {
    return std::tuple{one.at, one.content_id, one.version};
  });
  REQUIRE(expected.size() == 5);
  CHECK(expected.front().kind == event_kind::removed);
  CHECK(expected.back().reason == "heated");
  CHECK(expected.back().by == "moderator");
  const auto walk = [&](decision_query wanted, bool is_changing = false) {
    std::vector<event> met;
    for (int pages = 0; pages < 20; ++pages) {
      const decision_page page = must(store.decisions(wanted));
      CHECK(page.items.size() <= wanted.limit);
      met.insert(met.end(), page.items.begin(), page.items.end());
      if (!page.next) break;
      wanted.after = page.next;
      if (is_changing) decide(made[0], status::spam, "moderator new", 60 + pages);
    }
    return met;
  };
  for (std::size_t limit = 1; limit <= 6; ++limit) {
    CHECK(walk({.limit = limit}) == expected);
    std::vector<event> of_one;
    for (const event& one : expected)
      if (one.content_id == "1") of_one.push_back(one);
    CHECK(of_one.size() == 2);
    CHECK(walk({.content_id = "1", .limit = limit}) == of_one);
  }
  CHECK(must(store.decisions({.content_id = "nothing"})).items.empty());
  CHECK(must(store.decisions({.limit = 0})).items.empty());
  CHECK(walk({.limit = 2}, true) == expected);
}

// Six comments of three contents in the order of their ids, each another find.
inline std::vector<comment> searchable(store& store) {
  const insertion drafts[] = {
      {{.content_id = "2",
        .author = {"Ana", "ana@example.com", "", true, "7"},
        .body = "Olá MUNDO"}},
      {.said = {.content_id = "1", .author = {"Bob", "ANA@EXAMPLE.COM"}, .body = ""},
       .status = status::spam},
      {{.content_id = "2", .author = {"ana", "", "", true, "8"}, .body = "100% _ [x] 'y'"}},
      {.said = {.content_id = "3", .author = {"", "", "", true, "7"}, .body = "olÁ"},
       .status = status::spam},
      {.said = {.content_id = "1", .author = {"Bob", "anna@example.com"}, .body = "mundo"},
       .status = status::pending},
      {{.content_id = "1", .author = {"Bob", "ana@example.com"}, .body = "Mundo"}}};
  std::vector<comment> made;
  for (const insertion& one : drafts)
    made.push_back(post(store, one, noon + std::chrono::minutes{made.size()}));
  return made;
}

TEST_CASE_TEMPLATE_DEFINE("a search finds what it describes, of all contents, page by page", Maker,
                          find_all_finds) {
  Maker maker;
  store& store = maker.store();
  auto made = searchable(store);
  made[4] = must(store.amend(made[4].id, to(status::removed), later));
  const struct {
    search wanted{};
    std::vector<std::size_t> expected{};
  } asked[] = {
      {{}, {0, 1, 2, 3, 4, 5}},
      {{.status = status::published}, {0, 2, 5}},
      {{.status = status::spam}, {1, 3}},
      {{.status = status::removed}, {4}},
      {{.status = status::pending}, {}},
      {{.subject = "7"}, {0, 3}},
      {{.subject = "77"}, {}},
      {{.email = "ana@example.com"}, {0, 1, 5}},
      {{.email = "Ana@Example.Com"}, {0, 1, 5}},
      {{.email = "anna@example.com"}, {}},  // erased with its comment
      {{.email = "%"}, {}},
      {{.verified = true}, {0, 2, 3}},
      {{.verified = false}, {1, 4, 5}},
      {{.text = "mundo"}, {0, 5}},
      {{.text = "MUNDO"}, {0, 5}},
      {{.text = "Olá"}, {0}},  // only ASCII letters are the same in both cases
      {{.text = "ANA"}, {0, 2}},
      {{.text = "%"}, {2}},
      {{.text = "_"}, {2}},
      {{.text = "[X]"}, {2}},
      {{.text = "'"}, {2}},
      {{.text = "nowhere"}, {}},
      {{.status = status::spam, .email = "ana@example.com"}, {1}},
      {{.status = status::spam, .subject = "7"}, {3}},
      {{.status = status::published,
        .subject = "7",
        .email = "ana@example.com",
        .verified = true,
        .text = "ol"},
       {0}},
      {{.subject = "7", .verified = false}, {}},
      {{.email = "ana@example.com", .verified = false, .text = "bob"}, {1, 5}},
  };
  for (const auto& row : asked) {
    const search& wanted = row.wanted;
    const auto& expected = row.expected;
    std::vector<comment> all;
    for (const std::size_t which : expected) all.push_back(made[which]);
    CAPTURE(wanted.text + wanted.subject + wanted.email);
    const search_result found = must(store.find_all(wanted));
    CHECK(found.items == all);
    CHECK_FALSE(found.next);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{6}, all_of_it}) {
      search page = wanted;
      page.limit = limit;
      std::vector<comment> met;
      do {
        const search_result part = must(store.find_all(page));
        met.insert(met.end(), part.items.begin(), part.items.end());
        CHECK(part.items.size() == std::min(limit, all.size() - (met.size() - part.items.size())));
        CHECK(part.next.has_value() == (met.size() < all.size()));
        page.after = part.next;
      } while (page.after && met.size() < 10);
      CHECK(met == all);
    }
  }
  CHECK(must(store.find_all({.limit = 0})).items.empty());
  CHECK(must(store.find_all({.after = made[5].id})).items.empty());
  CHECK(must(store.find_all({.after = comment_id{}})).items.size() == 6);
}

TEST_CASE_TEMPLATE_DEFINE("64 threads vote for one comment, and it has as many votes as voters",
                          Maker, threads_vote) {
  constexpr int threads = 64;
  Maker maker;
  store& store = maker.store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  std::atomic<int> wrong{};
  const auto vote = [&](const std::string& voter, bool is_there) {
    if (!store.vote(made.id, {voter}, is_there, later)) ++wrong;
  };
  const auto check = [&](std::size_t voters) {
    const comment now = must(store.find(made.id));
    CHECK(now.votes == static_cast<std::int64_t>(voters));
    const picture seen = look(store, "1");
    CHECK(seen.all.content.version == static_cast<std::int64_t>(seen.events.size()));
    std::size_t found = 0;
    for (int i = 0; i < threads; ++i)
      for (const std::string who : {"own ", "common "})
        found += must(store.votes_of(who + std::to_string(i), {}, 9)).size();
    CHECK(found == voters);
  };
  // Each votes for itself, and all of them for eight whom they have in common.
  at_once(threads, [&](int thread) {
    vote("own " + std::to_string(thread), true);
    for (int i = 0; i < 8; ++i) vote("common " + std::to_string((thread + i) % 8), true);
  });
  check(threads + 8);
  // Every second takes its vote back, while the others insist, and all fight about the common ones.
  at_once(threads, [&](int thread) {
    vote("own " + std::to_string(thread), thread % 2 == 0);
    for (int i = 0; i < 8; ++i) vote("common " + std::to_string((thread + i) % 8), i % 2 == 0);
  });
  std::size_t left = 0;
  for (int i = 0; i < 8; ++i)
    left += must(store.votes_of("common " + std::to_string(i), {}, 9)).size();
  check(threads / 2 + left);
  CHECK(wrong == 0);
}

TEST_CASE_TEMPLATE_DEFINE("of several changes of the version that was seen, exactly one wins",
                          Maker, threads_race_to_amend) {
  constexpr int threads = 8, rounds = 10;
  Maker maker;
  store& store = maker.store();
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
      if (!mine && mine.error().code == errc::version_mismatch) ++lost;
    });
    CHECK(won == 1);
    CHECK(lost == threads - 1);
    CHECK(must(store.find(made.id)).version == seen + 1);
  }
  const auto edits = must(store.history(made.id, 1, 100));
  REQUIRE(edits.size() == rounds);
  CHECK(edits.front().before == "x");
}

// Changes the comments of a content except those that are to stay. Returns failures.
inline int disturb(store& store, const std::vector<comment>& others, int thread) {
  int failures = 0;
  for (std::size_t i = 0; i < 60; ++i) {
    const comment& one = others[(i * 7 + static_cast<std::size_t>(thread)) % others.size()];
    const bool hides = (i / others.size() + i) % 2 == 0;
    failures += !store.amend(one.id, to(hides ? status::pending : status::published), later);
    insertion written{{.content_id = "1", .body = "new"}};
    if (i % 3 == 0) written.status = status::pending;
    const auto made = store.insert(written, noon);
    failures += !made;
    if (made && i % 6 == 0) failures += !store.amend(made->stored.id, to(status::published), later);
  }
  return failures;
}

TEST_CASE_TEMPLATE_DEFINE(
    "threads that follow the pages meet each comment once, while others post, hide and approve",
    Maker, threads_walk_while_others_moderate) {
  Maker maker;
  store& store = maker.store();
  std::vector<comment> kept, others;
  for (int i = 0; i < 20; ++i) {
    others.push_back(post(store, {.content_id = "1", .body = "may go"}));
    kept.push_back(post(store, {.content_id = "1", .body = "stays"}));
    for (int vote = 0; vote < i % 4; ++vote)
      for (const comment* one : {&kept.back(), &others.back()})
        must(store.vote(one->id, {std::to_string(vote)}, true, noon));
    // Below what may be hidden: such a parent is then listed as what holds this one.
    if (i % 5 == 0) post(store, {.content_id = "1", .parent = others.back().id, .body = "below"});
  }
  std::atomic<int> writers{2}, failures{}, wrong{}, walks{};
  at_once(5, [&](int thread) {
    if (thread >= 3) {
      failures += disturb(store, others, thread);
      --writers;
      return;
    }
    do {
      query asked{.content_id = "1",
                  .scope = walks % 2 == 0 ? scope::roots : scope::all,
                  .sort = sorts[static_cast<std::size_t>(thread)],
                  .limit = 3};
      std::multiset<std::int64_t> met;
      do {
        const auto page = store.list(asked);
        if (!page) break;
        for (const comment& one : page->items) met.insert(one.position);
        asked.after = page->next;
      } while (asked.after && met.size() < 10'000);
      for (const comment& one : kept) wrong += met.count(one.position) != 1;
      for (const std::int64_t position : met) wrong += met.count(position) != 1;
      ++walks;
    } while (writers > 0);
  });
  CHECK(failures == 0);
  CHECK(wrong == 0);
  CHECK(walks >= 3);
  check_counts(store, "1");
}

TEST_CASE_TEMPLATE_DEFINE(
    "a draft is stored only under the status of its content it was judged for", Maker,
    insert_holds_to_the_status) {
  using status = std::optional<content_status>;
  Maker maker;
  store& store = maker.store();
  const status all[] = {{}, content_status::open, content_status::locked};
  for (const status stands : all) {
    if (stands) must(store.set_status("1", stands, {}, {}, noon));
    for (const status judged : all) {
      const picture before = look(store, "1");
      const auto made = store.insert(
          {.said = {.content_id = "1", .body = "?"}, .expected = {true, judged}}, noon);
      CHECK(made.has_value() == (judged == stands));
      if (made) continue;
      CHECK(made.error().code == errc::version_mismatch);
      CHECK(look(store, "1") == before);
    }
    post(store, {.content_id = "1", .body = "nobody looked"});
  }
  const insertion keyed{.said = {.content_id = "1", .body = "once", .key = "k"},
                        .expected = {true, content_status::locked}};
  const comment first = post(store, keyed);
  must(store.set_status("1", {}, {}, {}, noon));
  CHECK(must(store.insert(keyed, noon)).stored == first);  // what is there is there
}

TEST_CASE_TEMPLATE_DEFINE("a store that is opened again has all that was done to its comments",
                          Maker, reopening_keeps_changes) {
  Maker maker;
  auto made = searchable(maker.store());
  for (const comment& one : made) {
    if (!is_visible(one)) continue;
    must(maker.store().vote(one.id, {"ana"}, true, later));
    must(maker.store().report(one.id, {"ana"}, "rude", later));
  }
  must(maker.store().amend(made[0].id, rewrite("second"), later));
  must(maker.store().amend(made[1].id, to(status::published), later));
  must(maker.store().amend(made[2].id, to(status::removed), later));
  must(maker.store().set_status("3", content_status::first_comment, {}, {}, later));
  const auto everything = [&] {
    const store& store = maker.store();
    return std::tuple{look(store, "1"),
                      look(store, "2"),
                      look(store, "3"),
                      must(store.votes_of("ana", {}, 100)),
                      must(store.history(made[0].id, 0, 9)),
                      must(store.find_all({.email = "ana@example.com"})).items};
  };
  const auto before = everything();
  CHECK(std::get<2>(before).all.content.status == content_status::first_comment);
  for (int i = 0; i < 2; ++i) {
    maker.reopen();
    CHECK((everything() == before));
  }
  CHECK(must(maker.store().vote(made[0].id, {"ana"}, true, later)).votes == 1);
  CHECK(must(maker.store().report(made[0].id, {"ana"}, "rude", later)).reports == 1);
}

}  // namespace store_contract

#pragma once
// testing/store_contract/votes.hpp - promises about votes and reports, and about who is told apart.

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
#include <utility>
#include <vector>

namespace comments::inline v0::contract {

COMMENTS_PROMISE(store, votes_count_voters,
                 "one voter has one vote, and what changes nothing moves nothing") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  std::int64_t version = 1, votes = 0;
  const auto vote = [&](const std::string& voter, bool is_there, bool changes) {
    const note of_voter{"voter", voter};
    const picture before = look(store, "1");
    const comment now = must(store.vote(made.id, {voter}, is_there, later));
    if (changes) votes += is_there ? 1 : -1;
    version += changes;
    comment expected = made;
    expected.votes = votes;
    expected.version = version;
    COMMENTS_CHECK(now == expected);
    const picture after = look(store, "1");
    COMMENTS_CHECK(after.comments == std::vector{expected});
    COMMENTS_CHECK(after.all.content == counted(store, "1", version, 1));
    if (!changes) COMMENTS_CHECK(after == before);
    const event cause{"1", version, event_kind::voted, made.id, later};
    if (changes) COMMENTS_CHECK(after.events.back() == cause);
    COMMENTS_CHECK(after.events.size() == static_cast<std::size_t>(version));
  };
  vote("ana", false, false);
  vote("ana", true, true);
  vote("ana", true, false);
  vote("a:0123", true, true);
  vote("Ana", true, true);  // names differ by any letter
  vote("ana", false, true);
  vote("ana", false, false);
  vote("ana", true, true);
  COMMENTS_CHECK(votes == 3);
}

COMMENTS_PROMISE(store, votes_need_what_is_visible,
                 "only what is visible is voted for; a vote may always be taken back") {
  const auto maker = make();
  store& store = maker->store();
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
    COMMENTS_CHECK(look(store, "1") == before);
    COMMENTS_CHECK(must(store.vote(made.id, {"bob"}, false, later)) == before.comments[0]);
    COMMENTS_CHECK(look(store, "1") == before);
    COMMENTS_CHECK(must(store.vote(made.id, {"ana"}, false, later)).votes == 0);
    must(store.amend(made.id, to(status::published), later));
    COMMENTS_CHECK(must(store.vote(made.id, {"ana"}, true, later)).votes == 1);
  }
}

COMMENTS_PROMISE(store, votes_order_the_top, "votes order what is sorted by `top`") {
  const auto maker = make();
  store& store = maker->store();
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
      COMMENTS_CHECK(now == found);
    }
    return found;
  };
  using order = std::vector<std::int64_t>;
  COMMENTS_CHECK(top({.scope = scope::roots}) == order{2, 6, 1});
  COMMENTS_CHECK(top({.scope = scope::replies, .parent = made[0].id}) == order{7, 4, 3});
  COMMENTS_CHECK(top({.scope = scope::all}) == order{7, 2, 6, 4, 1, 3, 5});
}

COMMENTS_PROMISE(store, votes_of_a_voter, "votes_of tells a voter's votes by their comments' ids") {
  const auto maker = make();
  store& store = maker->store();
  std::vector<comment> made;
  for (const std::string id : {"2", "1", "2", "3", "1"})
    made.push_back(post(store, {.content_id = id, .body = "x"}));
  for (const comment& one : made) must(store.vote(one.id, {"ana"}, true, later));
  must(store.vote(made[1].id, {"bob"}, true, noon));
  must(store.vote(made[4].id, {"ana"}, false, later));
  std::vector<comments::vote> expected;
  for (std::size_t i = 0; i < 4; ++i) expected.push_back({made[i].id, made[i].content_id, later});
  std::ranges::sort(expected, {}, &comments::vote::comment);
  COMMENTS_CHECK(must(store.votes_of("ana", {}, 100)) == expected);
  COMMENTS_CHECK(must(store.votes_of("ana", {}, all_of_it)) == expected);
  COMMENTS_CHECK(must(store.votes_of("ana", {}, 0)).empty());
  COMMENTS_CHECK(must(store.votes_of("bob", {}, 4)) ==
                 std::vector<comments::vote>{{made[1].id, "1", noon}});
  COMMENTS_CHECK(must(store.votes_of("Ana", {}, 4)).empty());
  std::vector<comments::vote> met;
  for (std::optional<comment_id> after;;) {
    const auto next = must(store.votes_of("ana", after, 3));
    if (next.empty()) break;
    met.insert(met.end(), next.begin(), next.end());
    after = met.back().comment;
  }
  COMMENTS_CHECK(met == expected);
}

COMMENTS_PROMISE(store, reports_by_a_reporter,
                 "reports_by tells a reporter's reports by their comments' ids") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(must(store.reports_by("ana", {}, 100)) == expected);
  COMMENTS_CHECK(must(store.reports_by("ana", {}, all_of_it)) == expected);
  COMMENTS_CHECK(must(store.reports_by("ana", {}, 0)).empty());
  COMMENTS_CHECK(must(store.reports_by("bob", {}, 100)).size() == 4);
  COMMENTS_CHECK(must(store.reports_by("Ana", {}, 4)).empty());
  std::vector<made_report> met;
  for (std::optional<comment_id> after;;) {
    const auto next = must(store.reports_by("ana", after, 3));
    if (next.empty()) break;
    met.insert(met.end(), next.begin(), next.end());
    after = met.back().comment;
  }
  COMMENTS_CHECK(met == expected);
  must(store.forget_reporter("ana"));
  COMMENTS_CHECK(must(store.reports_by("ana", {}, 100)).empty());
}

COMMENTS_PROMISE(store, reports_count_readers,
                 "a reader reports a comment once, and no version moves") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const comment other = post(store, {.content_id = "1", .body = "y"});
  const picture before = look(store, "1");
  const std::vector<comments::report> said{{"ana", "rude", noon}, {"a:01", "", later}};
  COMMENTS_CHECK(
      must(store.report(made.id, {said[0].reporter}, said[0].reason, said[0].at)).reports == 1);
  COMMENTS_CHECK(
      must(store.report(made.id, {said[1].reporter}, said[1].reason, said[1].at)).reports == 2);
  COMMENTS_CHECK(must(store.report(made.id, {"ana"}, "again", later)).reports == 2);
  COMMENTS_CHECK(must(store.report(other.id, {"ana"}, "rude", later)).reports == 1);
  picture after = look(store, "1");
  COMMENTS_CHECK(after.reports[0] == std::vector{said[1], said[0]});  // the latest first
  COMMENTS_CHECK(after.all.content == before.all.content);
  COMMENTS_CHECK(after.events == before.events);
  comment expected = made;
  expected.reports = 2;
  COMMENTS_CHECK(after.comments[0] == expected);
  COMMENTS_CHECK(must(store.list({.content_id = "1"})).items[0] == expected);

  // A decision may set the counter back; a reporter stays one.
  must(store.amend(
      made.id,
      [](const comment& now) -> result<amendment> {
        amendment fine{now, {.kind = event_kind::moderated}};
        fine.changed.reports = 0;
        return fine;
      },
      later));
  COMMENTS_CHECK(must(store.report(made.id, {"ana"}, "again", later)).reports == 0);
  COMMENTS_CHECK(must(store.report(made.id, {"bob"}, "rude", later)).reports == 1);
}

COMMENTS_PROMISE(store, reports_need_what_is_visible, "only a visible comment is reported") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  must(store.report(made.id, {"ana"}, "rude", noon));
  for (const comment_id& id : {comment_id{}, make_comment_id(noon)})
    check_not_found(store.report(id, {"ana"}, "rude", noon));
  for (const status hidden : hidden_statuses) {
    must(store.amend(made.id, to(hidden), later));
    const picture before = look(store, "1");
    for (const std::string reporter : {"ana", "bob"})
      check_not_found(store.report(made.id, {reporter}, "rude", later));
    COMMENTS_CHECK(look(store, "1") == before);
  }
}

// A network of 65,536 clients voted as often.
COMMENTS_PROMISE(store, networks_are_limited,
                 "so many of one network may vote for a comment and report it, and no more") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const comment other = post(store, {.content_id = "1", .body = "y"});
  const auto of = [](std::string name) { return voter{.name = std::move(name), .network_max = 2}; };
  for (const char* name : {"a:net:1", "a:net:2"}) {
    must(store.vote(made.id, of(name), true, later));
    must(store.report(made.id, of(name), "rude", later));
  }
  const picture before = look(store, "1");
  COMMENTS_CHECK(before.comments[0].votes == 2);
  COMMENTS_CHECK(before.comments[0].reports == 2);
  COMMENTS_CHECK(store.vote(made.id, of("a:net:3"), true, later) == fails_with(errc::conflict));
  COMMENTS_CHECK(store.report(made.id, of("a:net:3"), "rude", later) == fails_with(errc::conflict));
  COMMENTS_CHECK(must(store.vote(made.id, of("a:net:3"), false, later)).votes == 2);  // it had none
  COMMENTS_CHECK(must(store.vote(made.id, of("a:net:2"), true, later)).votes == 2);   // it has one
  COMMENTS_CHECK(look(store, "1") == before);

  // Others have a say all the same: other networks, addresses without one, accounts, comments.
  for (const char* other_network : {"a:net2:3", "a:ne:3", "a:net", "a:9", "u:net:3"}) {
    const note of_whom{"voter", other_network};
    must(store.vote(made.id, of(other_network), true, later));
    must(store.report(made.id, of(other_network), "rude", later));
  }
  COMMENTS_CHECK(must(store.vote(other.id, of("a:net:3"), true, later)).votes == 1);
  COMMENTS_CHECK(must(store.vote(made.id, of("a:net:1"), false, later)).votes == 6);
  COMMENTS_CHECK(must(store.vote(made.id, of("a:net:3"), true, later)).votes == 7);
  COMMENTS_CHECK(must(store.vote(made.id, {"a:net:4"}, true, later)).votes ==
                 8);  // without a limit
}

COMMENTS_PROMISE(store, former_names_are_known,
                 "a voter whose name now says its network is known by the name before") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  must(store.vote(made.id, {"a:1"}, true, noon));
  must(store.report(made.id, {"a:1"}, "rude", noon));
  COMMENTS_CHECK(must(store.vote(made.id, {"a:net:1"}, true, later)).votes == 1);
  COMMENTS_CHECK(must(store.report(made.id, {"a:net:1"}, "rude", later)).reports == 1);
  COMMENTS_CHECK(must(store.vote(made.id, {"a:net:2"}, false, later)).votes == 1);
  COMMENTS_CHECK(must(store.vote(made.id, {"a:net:1"}, false, later)).votes == 0);
}

// Whoever shared an address with a voter took the voter's vote back.
COMMENTS_PROMISE(store, votes_are_taken_back_by_browser,
                 "a vote is taken back by its browser or its account, else by its address") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  const voter ana{"a:net:1", "ana"}, eva{"a:net:1", "eva"}, nobody{"a:net:1"};
  const auto votes = [&](const voter& by, bool is_there) {
    return must(store.vote(made.id, by, is_there, later)).votes;
  };
  COMMENTS_CHECK(votes(ana, true) == 1);
  for (const voter& other : {eva, nobody}) {
    const picture before = look(store, "1");
    COMMENTS_CHECK(votes(other, true) == 1);
    COMMENTS_CHECK(votes(other, false) == 1);
    COMMENTS_CHECK(look(store, "1") == before);
  }
  COMMENTS_CHECK(votes({"a:net:2", "ana"}, true) == 1);  // elsewhere it is the same browser
  COMMENTS_CHECK(votes({"a:net:2", "ana"}, false) == 0);

  COMMENTS_CHECK(votes(nobody, true) == 1);  // as votes from before are
  COMMENTS_CHECK(votes({"a:net:2", "ana"}, false) == 1);
  COMMENTS_CHECK(votes(ana, false) == 0);

  // An account is proof enough, and one of its own for each who shares a browser.
  COMMENTS_CHECK(votes({"u:1", "ana"}, true) == 1);
  COMMENTS_CHECK(votes({"u:2", "ana"}, true) == 2);
  COMMENTS_CHECK(votes(ana, false) == 2);
  COMMENTS_CHECK(votes({"u:1"}, false) == 1);
  COMMENTS_CHECK(votes({"u:2", "eva"}, false) == 0);
  COMMENTS_CHECK(votes(ana, true) == 1);
  COMMENTS_CHECK(votes({"u:1", "ana"}, true) == 1);  // who has voted already, before signing in
  COMMENTS_CHECK(votes({"u:1", "ana"}, false) == 0);
}

COMMENTS_PROMISE(store, browsers_are_found,
                 "comments of a browser are found once they were held, and not when removed") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(waiting.held);
  COMMENTS_CHECK(!shown.held);
  COMMENTS_CHECK(must(store.find(waiting.id)) == waiting);
  const auto found = [&](search wanted) {
    wanted.browser = "ana";
    std::vector<comment_id> ids;
    for (const comment& item : must(store.find_all(wanted)).items) ids.push_back(item.id);
    return ids;
  };
  using ids = std::vector<comment_id>;
  COMMENTS_CHECK(found({}).size() == 2);
  COMMENTS_CHECK(found({.status = status::pending}) == ids{waiting.id});
  COMMENTS_CHECK(found({.content_id = "2"}) == ids{other.id});
  COMMENTS_CHECK(found({.status = status::published}).empty());
  must(store.amend(waiting.id, to(status::published), later));
  COMMENTS_CHECK(found({.status = status::published}) == ids{waiting.id});
  must(store.amend(shown.id, to(status::pending), later));
  COMMENTS_CHECK(found({.status = status::pending, .content_id = "1"}) == ids{shown.id});
  must(store.amend(waiting.id, to(status::removed), later));
  COMMENTS_CHECK(found({}).size() == 2);
  COMMENTS_CHECK(must(store.find(waiting.id)).browser == "");
}

COMMENTS_PROMISE(store, reports_come_latest_first,
                 "reports come the latest first, up to the limit") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  std::vector<comments::report> expected;
  for (const int minute : {3, 1, 4, 5, 9, 2, 6}) {
    const comments::report said{std::to_string(minute), "rude",
                                noon + std::chrono::minutes{minute}};
    must(store.report(made.id, {said.reporter}, said.reason, said.at));
    expected.push_back(said);
  }
  std::ranges::sort(expected, std::ranges::greater{}, &comments::report::at);
  COMMENTS_CHECK(must(store.reports_of(made.id, all_of_it)) == expected);
  for (const std::size_t limit : {0u, 1u, 6u, 7u, 8u}) {
    const auto found = must(store.reports_of(made.id, limit));
    COMMENTS_CHECK(
        found == std::vector(expected.begin(), expected.begin() + std::min<long>(long(limit), 7)));
  }
  COMMENTS_CHECK(must(store.reports_of(make_comment_id(noon), 10)).empty());
}

COMMENTS_PROMISE(store, threads_vote,
                 "64 threads vote for one comment, and it has as many votes as voters") {
  constexpr int threads = 64;
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "x"});
  std::atomic<int> wrong{};
  const auto vote = [&](const std::string& voter, bool is_there) {
    if (!store.vote(made.id, {voter}, is_there, later)) ++wrong;
  };
  const auto check = [&](std::size_t voters) {
    const comment now = must(store.find(made.id));
    COMMENTS_CHECK(now.votes == static_cast<std::int64_t>(voters));
    const picture seen = look(store, "1");
    COMMENTS_CHECK(seen.all.content.version == static_cast<std::int64_t>(seen.events.size()));
    std::size_t found = 0;
    for (int i = 0; i < threads; ++i)
      for (const std::string who : {"own ", "common "})
        found += must(store.votes_of(who + std::to_string(i), {}, 9)).size();
    COMMENTS_CHECK(found == voters);
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
  COMMENTS_CHECK(wrong == 0);
}

}  // namespace comments::inline v0::contract

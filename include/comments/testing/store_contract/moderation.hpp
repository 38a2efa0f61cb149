#pragma once
// testing/store_contract/moderation.hpp - promises about what moderators find, read and have
// forgotten.

#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace comments::inline v0::contract {

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

COMMENTS_PROMISE(store, forget_origins_by_age,
                 "what tells an address is forgotten by its age, a part at a time") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(must(store.forget_origins(at(0), 100)) == 0);
  COMMENTS_CHECK(must(store.forget_origins(at(4), 0)) == 0);
  COMMENTS_CHECK(look(store, "0") == before[0]);
  COMMENTS_CHECK(must(store.forget_origins(at(4), 2)) == 6);  // of each two
  COMMENTS_CHECK(must(store.forget_origins(at(4), 2)) == 5);  // one comment had none
  COMMENTS_CHECK(must(store.forget_origins(at(4), 2)) == 0);
  for (const std::string id : {"0", "1"}) {
    const picture after = look(store, id);
    const picture& old = before[id == "1"];
    COMMENTS_CHECK(after.all.content == old.all.content);
    COMMENTS_CHECK(after.events == old.events);
    for (std::size_t i = 0; i < after.comments.size(); ++i) {
      comment expected = old.comments[i];
      if (expected.created_at < at(4)) expected.origin.clear();
      COMMENTS_CHECK(after.comments[i] == expected);
      COMMENTS_CHECK(expected.votes == 3);
      COMMENTS_CHECK(expected.reports == 2);
      const auto& said = after.reports[i];
      COMMENTS_CHECK(said.size() == (expected.created_at < at(4) ? 1 : 2));
      COMMENTS_CHECK(std::ranges::count(said, "ana", &comments::report::reporter) == 1);
    }
  }
  COMMENTS_CHECK(must(store.votes_of("a:01", {}, 100)).size() == 2);
  COMMENTS_CHECK(must(store.votes_of("ana", {}, 100)).size() == 6);
  COMMENTS_CHECK(must(store.votes_of("a;", {}, 100)).size() == 6);
  COMMENTS_CHECK(must(store.forget_origins(at(6), all_of_it)) == 6);
  COMMENTS_CHECK(must(store.votes_of("a:01", {}, 100)).empty());
}

COMMENTS_PROMISE(store, forget_reporters, "a reporter's reports are forgotten, and still count") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  for (const comment& one : made)
    for (const std::string reporter : {"ana", "bob", "Ana"})
      must(store.report(one.id, {reporter}, "rude", later));
  const picture before = look(store, "1");
  must(store.forget_reporter("nobody"));
  COMMENTS_CHECK(look(store, "1") == before);
  must(store.forget_reporter("ana"));
  const picture after = look(store, "1");
  COMMENTS_CHECK(after.comments == before.comments);
  COMMENTS_CHECK(after.events == before.events);
  for (const auto& said : after.reports) {
    COMMENTS_CHECK(said.size() == 2);
    COMMENTS_CHECK(std::ranges::count(said, "ana", &comments::report::reporter) == 0);
  }
}

COMMENTS_PROMISE(store, history_leaves_votes_out,
                 "the history of a comment is its events without its votes") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(expected.size() == 5);
  COMMENTS_CHECK(must(store.history(id, 0, all_of_it)) == expected);
  for (std::int64_t after = -1; after <= 16; ++after)
    for (std::size_t limit = 0; limit <= 6; ++limit) {
      std::vector<event> part;
      for (const event& one : expected)
        if (one.version > after && part.size() < limit) part.push_back(one);
      COMMENTS_CHECK(must(store.history(id, after, limit)) == part);
    }
  COMMENTS_CHECK(must(store.history(make_comment_id(noon), 0, 10)).empty());
  COMMENTS_CHECK(must(store.history(comment_id{}, 0, 10)).empty());
}

COMMENTS_PROMISE(store, decisions_are_what_moderators_did,
                 "decisions are what moderators did, of all contents, the latest first") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(must(store.decisions({})).items.empty());
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
  COMMENTS_CHECK(expected.size() == 5);
  COMMENTS_CHECK(expected.front().kind == event_kind::removed);
  COMMENTS_CHECK(expected.back().reason == "heated");
  COMMENTS_CHECK(expected.back().by == "moderator");
  const auto walk = [&](decision_query wanted, bool is_changing = false) {
    std::vector<event> met;
    for (int pages = 0; pages < 20; ++pages) {
      const decision_page page = must(store.decisions(wanted));
      COMMENTS_CHECK(page.items.size() <= wanted.limit);
      met.insert(met.end(), page.items.begin(), page.items.end());
      if (!page.next) break;
      wanted.after = page.next;
      if (is_changing) decide(made[0], status::spam, "moderator new", 60 + pages);
    }
    return met;
  };
  for (std::size_t limit = 1; limit <= 6; ++limit) {
    COMMENTS_CHECK(walk({.limit = limit}) == expected);
    std::vector<event> of_one;
    for (const event& one : expected)
      if (one.content_id == "1") of_one.push_back(one);
    COMMENTS_CHECK(of_one.size() == 2);
    COMMENTS_CHECK(walk({.content_id = "1", .limit = limit}) == of_one);
  }
  COMMENTS_CHECK(must(store.decisions({.content_id = "nothing"})).items.empty());
  COMMENTS_CHECK(must(store.decisions({.limit = 0})).items.empty());
  COMMENTS_CHECK(walk({.limit = 2}, true) == expected);
}

COMMENTS_PROMISE(store, find_all_finds,
                 "a search finds what it describes, of all contents, page by page") {
  const auto maker = make();
  store& store = maker->store();
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
    const note of_search{"text, subject and email", wanted.text + wanted.subject + wanted.email};
    const search_result found = must(store.find_all(wanted));
    COMMENTS_CHECK(found.items == all);
    COMMENTS_CHECK(!found.next);
    for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{6}, all_of_it}) {
      search page = wanted;
      page.limit = limit;
      std::vector<comment> met;
      do {
        const search_result part = must(store.find_all(page));
        met.insert(met.end(), part.items.begin(), part.items.end());
        COMMENTS_CHECK(part.items.size() ==
                       std::min(limit, all.size() - (met.size() - part.items.size())));
        COMMENTS_CHECK(part.next.has_value() == (met.size() < all.size()));
        page.after = part.next;
      } while (page.after && met.size() < 10);
      COMMENTS_CHECK(met == all);
    }
  }
  COMMENTS_CHECK(must(store.find_all({.limit = 0})).items.empty());
  COMMENTS_CHECK(must(store.find_all({.after = made[5].id})).items.empty());
  COMMENTS_CHECK(must(store.find_all({.after = comment_id{}})).items.size() == 6);
}

COMMENTS_PROMISE(
    store, threads_walk_while_others_moderate,
    "threads that follow the pages meet each comment once, while others post, hide and approve") {
  const auto maker = make();
  store& store = maker->store();
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
  COMMENTS_CHECK(failures == 0);
  COMMENTS_CHECK(wrong == 0);
  COMMENTS_CHECK(walks >= 3);
  check_counts(store, "1");
}

}  // namespace comments::inline v0::contract

#include <comments/store/algorithms.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace comments;

TEST_CASE("the event of a post says what its comment became, and why, if rules decided") {
  const event plain = to_event({{.content_id = "1", .body = "x"}});
  CHECK(plain.kind == event_kind::posted);
  CHECK(plain.status == "published");
  CHECK(plain.by + plain.reason == "");
  const event held = to_event({.said = {}, .status = status::pending, .reason = "links"});
  CHECK(held.status == "pending");
  CHECK(held.by == "rules");
  CHECK(held.reason == "links");
}

TEST_CASE("an insertion becomes a comment of its status, at the version that it makes") {
  const insertion wanted{
      .said = {.content_id = "1",
               .parent = make_comment_id(from_milliseconds(1)),
               .author = {"Someone", "someone@example.com", "https://example.com", true},
               .body = "Oi",
               .key = "k"},
      .status = status::pending,
      .reason = "links",
      .origin = "0123",
      .browser = "b",
      .encoded = "1 x"};
  const comment_id id = make_comment_id(from_milliseconds(2));
  const comment made = to_comment(wanted, id, 7, from_milliseconds(3));
  const comment expected{.id = id,
                         .content_id = "1",
                         .reply_to = wanted.said.parent,
                         .position = 7,
                         .status = status::pending,
                         .author = wanted.said.author,
                         .body = "Oi",
                         .created_at = from_milliseconds(3),
                         .version = 7,
                         .origin = "0123",
                         .browser = "b",
                         .held = true,
                         .encoded = "1 x"};
  CHECK(made == expected);
}

TEST_CASE("a check of the content's status is met by that status, or is none") {
  const content none{}, locked{.status = content_status::locked};
  CHECK(is_met({}, none));
  CHECK(is_met({}, locked));
  CHECK(is_met({.mode = content_status::open}, locked));
  CHECK(is_met({.is_checked = true}, none));
  CHECK_FALSE(is_met({.is_checked = true}, locked));
  CHECK(is_met({.is_checked = true, .mode = content_status::locked}, locked));
  CHECK_FALSE(is_met({.is_checked = true, .mode = content_status::locked}, none));
  CHECK_FALSE(is_met({.is_checked = true, .mode = content_status::open}, locked));
}

TEST_CASE("tokens are taken from all allowances or from none") {
  bucket_table buckets;
  const instant now = from_milliseconds(1'700'000'000'000);
  const rate two{.per_minute = 1, .burst = 2}, one{.per_minute = 1, .burst = 1};
  const insertion both{.said = {.content_id = "1"}, .allowances = {{"ana", two}, {"", one}}};
  const insertion client{.said = {.content_id = "2"}, .allowances = {{"ana", two}}};
  CHECK(take_tokens(buckets, both, now));
  const auto refused = take_tokens(buckets, both, now);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::rate_limited);
  CHECK(refused.error().retry_after_seconds == 60);
  CHECK(take_tokens(buckets, client, now));  // the refusal took none of the client's
  CHECK_FALSE(take_tokens(buckets, client, now));
  CHECK(take_tokens(buckets, {}, now));
}

TEST_CASE("tokens that are given back are there again, of each allowance") {
  bucket_table buckets;
  const instant now = from_milliseconds(1'700'000'000'000);
  const rate two{.per_minute = 1, .burst = 2}, one{.per_minute = 1, .burst = 1};
  const insertion both{.said = {.content_id = "1"}, .allowances = {{"ana", two}, {"", one}}};
  for (int i = 0; i < 5; ++i) {
    CHECK(take_tokens(buckets, both, now));
    CHECK_FALSE(take_tokens(buckets, both, now));
    give_back_tokens(buckets, both);
  }
  // The same allowance twice needs two tokens, and with one of them takes none.
  const insertion twice{.allowances = {{"ana", two}, {"ana", two}}};
  const insertion once{.allowances = {{"ana", two}}};
  CHECK(take_tokens(buckets, once, now));
  CHECK_FALSE(take_tokens(buckets, twice, now));
  CHECK(take_tokens(buckets, once, now));
  CHECK_FALSE(take_tokens(buckets, once, now));
}

TEST_CASE("an id is new each time, and of its moment") {
  const instant now = from_milliseconds(1'700'000'000'000);
  const auto first = new_id(now), second = new_id(now);
  REQUIRE(first);
  REQUIRE(second);
  CHECK(*first != *second);
  CHECK(to_string(*first).substr(0, 13) == to_string(*second).substr(0, 13));
}

TEST_CASE("an amendment changes what it may, and nothing else") {
  const comment stands{.id = comment_id{{1}}, .content_id = "1", .position = 3, .votes = 7};
  const comment wanted{.id = comment_id{{2}},
                       .content_id = "2",
                       .depth = 9,
                       .position = 9,
                       .status = status::spam,
                       .author = {.name = "Ana"},
                       .body = "y",
                       .votes = 9,
                       .replies = 9,
                       .reports = 2,
                       .edited_at = from_milliseconds(5),
                       .version = 9,
                       .origin = "0123",
                       .browser = "b",
                       .encoded = "1 y"};
  CHECK(amend(stands, wanted) == comment{.id = comment_id{{1}},
                                         .content_id = "1",
                                         .position = 3,
                                         .status = status::spam,
                                         .author = {.name = "Ana"},
                                         .body = "y",
                                         .votes = 7,
                                         .reports = 2,
                                         .edited_at = from_milliseconds(5),
                                         .held = true,
                                         .encoded = "1 y"});
}

TEST_CASE("a vote is its voter's and its browser's, and taken back by what is known of it") {
  const voter ana{"a:net:1", "ana"}, user{"u:1", "ana"};
  CHECK(is_by(ana, "a:net:1", "eva"));
  CHECK(is_by(ana, "a:1", ""));
  CHECK(is_by(ana, "a:net:2", "ana"));
  CHECK_FALSE(is_by(ana, "a:net:2", "eva"));
  CHECK_FALSE(is_by({"a:1"}, "a:2", ""));
  CHECK(may_take_back(ana, "a:net:2", "ana"));
  CHECK(may_take_back(ana, "a:1", ""));
  CHECK_FALSE(may_take_back(ana, "a:net:1", "eva"));
  CHECK_FALSE(may_take_back({"a:1"}, "a:1", "ana"));
  CHECK(may_take_back(user, "u:1", ""));
  CHECK(browser_of_vote(ana) == "ana");
  CHECK(browser_of_vote(user) == "");
}

TEST_CASE("a network is full once as many of it as may are there, and not without one") {
  network_count some{voter{"a:net:1", "", 2}};
  for (const char* name : {"a:net2:1", "a:2", "u:net:1", "a:net:2"}) some.add(name);
  CHECK_FALSE(some.is_full());
  some.add("a:net:3");
  CHECK(some.is_full());
  for (const voter& any : {voter{"a:net:1"}, voter{"a:1", "", 1}, voter{"u:1", "", 1}}) {
    network_count none{any};
    none.add(any.name);
    CHECK_FALSE(none.is_full());
  }
}

TEST_CASE("a search matches the comments that it describes") {
  const comment made{.status = status::pending,
                     .author = {.name = "Ana", .email = "Ana@example.com", .subject = "7"},
                     .body = "Olá MUNDO"};
  for (const search& wanted :
       {search{}, search{.status = status::pending}, search{.subject = "7"},
        search{.email = "ana@EXAMPLE.com"}, search{.verified = false}, search{.text = "mundo"},
        search{.text = "ANA"}, search{.after = comment_id{{9}}, .limit = 0}})
    CHECK(matches(made, wanted));
  for (const search& wanted :
       {search{.status = status::spam}, search{.subject = "77"}, search{.email = "example.com"},
        search{.verified = true}, search{.text = "OLÁ"}, search{.text = "example"}})
    CHECK_FALSE(matches(made, wanted));
}

TEST_CASE("a search is filled with what it asks for, and says where it goes on") {
  const auto id = [](int n) { return comment_id{{static_cast<std::uint8_t>(n)}}; };
  const auto fill = [&](const search& wanted) {
    search_result found;
    int n = 1;
    while (n <= 4 && add(found, {.id = id(n), .content_id = n == 2 ? "2" : "1"}, wanted)) ++n;
    return found;
  };
  const search_result all = fill({.content_id = "1", .limit = 3});
  CHECK(all.items.size() == 3);
  CHECK(!all.next);
  const search_result some = fill({.content_id = "1", .limit = 2});
  REQUIRE(some.items.size() == 2);
  CHECK(some.items.back().id == id(3));
  CHECK(some.next == id(3));
  CHECK(fill({.limit = 0}).items.empty());
  CHECK(!fill({.limit = 0}).next);
}

TEST_CASE("a page matches the comments of its scope, behind its cursor") {
  const comment root{.content_id = "1", .position = 2, .votes = 3};
  comment reply{.content_id = "1", .parent = comment_id{{1}}, .position = 4, .votes = 5};
  CHECK(matches(root, query{.content_id = "1"}));
  CHECK_FALSE(matches(root, query{.content_id = "2"}));
  CHECK_FALSE(matches(reply, query{.content_id = "1"}));
  CHECK(matches(reply, query{.content_id = "1", .scope = scope::all}));
  CHECK(matches(reply, query{.content_id = "1", .scope = scope::replies, .parent = reply.parent}));
  CHECK_FALSE(
      matches(root, query{.content_id = "1", .scope = scope::replies, .parent = reply.parent}));
  CHECK(matches(root, query{.content_id = "1", .scope = scope::replies}));
  for (const sort order : {sort::oldest, sort::newest, sort::top}) {
    query behind{.content_id = "1", .scope = scope::all, .sort = order, .after = cursor{4, 5}};
    CHECK_FALSE(matches(reply, behind));
    CHECK(matches(root, behind) == (order != sort::oldest));
    behind.after = cursor{2, 3};
    CHECK_FALSE(matches(root, behind));
    CHECK(matches(reply, behind) == (order == sort::oldest));
  }
  reply.status = status::spam;
  reply.replies = 1;
  CHECK(matches(reply, query{.content_id = "1", .scope = scope::replies, .parent = reply.parent}));
  CHECK_FALSE(matches(reply, query{.content_id = "1", .scope = scope::all}));
}

TEST_CASE("a thread is deciding while its decider runs, and then no more") {
  CHECK_FALSE(is_deciding());
  bool was_deciding = false, was_other = true;
  const auto decided = ask(
      [&](const comment& stands) -> result<amendment> {
        was_deciding = is_deciding();
        std::thread{[&] { was_other = is_deciding(); }}.join();
        CHECK(ask([](const comment&) -> result<amendment> { return called_back(); }, stands)
                  .error()
                  .code == errc::unavailable);
        CHECK(is_deciding());
        return amendment{stands, {}};
      },
      {.body = "x"});
  CHECK(was_deciding);
  CHECK_FALSE(was_other);
  REQUIRE(decided);
  CHECK(decided->changed.body == "x");
  CHECK_FALSE(is_deciding());
  const decider throwing = [](const comment&) -> result<amendment> {
    throw std::runtime_error{"secret"};
  };
  for (const decider& broken : {throwing, decider{}}) {
    const auto failed = ask(broken, {});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == errc::unavailable);
    CHECK(failed.error().message == "A decision about the comment failed.");
    CHECK_FALSE(is_deciding());
  }
}

TEST_CASE("a removed comment keeps its place and nothing that a person wrote") {
  comment removed{.content_id = "1",
                  .position = 7,
                  .author = {"Ana", "ana@example.com", "https://example.com", true},
                  .body = "x",
                  .encoded = "y"};
  removed.origin = "z";
  erase_text(removed);
  comment expected{.content_id = "1", .position = 7};
  CHECK(removed == expected);
}

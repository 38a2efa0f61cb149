// What becomes of each use case when the store fails at any of its calls, or its answer gets lost:
// a problem that says so, and nothing that doing it again does not complete.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "support/api.hpp"
#include "support/faulty_store.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;

namespace {

// Whose comments, votes and reports there are in these stories.
const fields ana = as_user("uid-ana", "Ana", "ana@example.com");

// A small world: Ana's root with a reply of Bia's and a second comment; each has voted for and
// reported what is the other's.
struct world {
  world() {
    service comments{memory, {.clock = now.as_clock()}};
    const client api{testing::all_routes(comments, {.secrets = all_secrets})};
    const auto bia = as_user("uid-bia", "Bia", "bia@example.com");
    root = post_comment(api, {{"body", "root"}}, ana);
    reply = post_comment(api, {{"body", "reply"}, {"parent_id", root.id}}, bia);
    second = post_comment(api, {{"body", "second"}}, ana);
    for (const posted& one : {root, reply, second}) {
      const bool is_hers = one.id != reply.id;
      const fields& other = is_hers ? bia : ana;
      REQUIRE(api.ask("PUT", one.path + "/vote", {}, other).status == 200);
      REQUIRE(api.post(one.path + "/reports", R"({"reason":"r"})", other).status == 204);
    }
    REQUIRE(api.ask("PUT", root.path + "/vote", {}, ana).status == 200);
    REQUIRE(api.ask("PUT", second.path + "/vote", {}, ana).status == 200);
  }

  // All that is to be the same, whether something failed on the way or not: not versions, which
  // tell how often something was done.
  std::string look() const {
    std::string seen;
    auto all = memory.find_all({.limit = 100});
    std::ranges::sort(all->items, {}, &comment::position);
    for (const comment& one : all->items) {
      const auto said = memory.reports_of(one.id, 10);
      seen += one.body + "|" + std::string{to_text(one.status)} + "|" + one.author.name + "|" +
              one.author.subject + "|" + std::to_string(one.votes) + "|" +
              std::to_string(one.replies) + "|" + std::to_string(one.reports) + "|" +
              std::to_string(said->size()) + "\n";
    }
    const std::string id = "1";
    const auto home = memory.contents({&id, 1})->front();
    seen += std::to_string(home.comments) + (home.status ? to_text(*home.status) : "").data();
    for (const char* voter : {"u:uid-ana", "u:uid-bia"})
      seen += " " + std::to_string(memory.votes_of(voter, {}, 10)->size());
    return seen;
  }

  manual_clock now{some_moment};
  memory_store memory{0};
  posted root{}, reply{}, second{};
};

struct story {
  std::string name;
  std::function<request(const world&)> ask;
  int done;          // the status of success
  int done_already;  // that a retry may get whose first try did it all
  bool is_write{true};
};

request make(std::string method, std::string target, std::string body = {}, fields headers = {}) {
  headers.emplace_back("Content-Type", "application/json");
  return {.method = std::move(method),
          .target = std::move(target),
          .headers = std::move(headers),
          .body = std::move(body),
          .peer = "192.0.2.77"};
}
request action(const char* what, std::vector<std::string> ids) {
  return make("POST", "/api/v1/moderation/actions", tree{{"ids", ids}, {"action", what}}.dump(),
              as_moderator());
}

const story stories[] = {
    {"a reply",
     [](const world& in) {
       return make("POST", "/api/v1/comments",
                   tree{{"content_id", "1"}, {"body", "new"}, {"parent_id", in.root.id}}.dump(),
                   {{"Idempotency-Key", "k"}});
     },
     201, 201},
    {"an edit",
     [](const world& in) {
       return make("PATCH", in.root.path, R"({"body":"edited"})", bearer(in.root.token));
     },
     200, 200},
    {"an edit that waits",
     [](const world& in) {
       return make("PATCH", in.root.path, R"({"body":"pills"})", bearer(in.root.token));
     },
     200, 200},
    {"a removal", [](const world& in) { return make("DELETE", in.root.path, {}, ana); }, 204, 404},
    {"a vote", [](const world& in) { return make("PUT", in.root.path + "/vote"); }, 200, 200},
    {"a vote taken back",
     [](const world& in) { return make("DELETE", in.root.path + "/vote", {}, ana); }, 200, 200},
    {"a report that hides",
     [](const world& in) { return make("POST", in.root.path + "/reports", R"({"reason":"r"})"); },
     204, 404},
    {"one decision", [](const world& in) { return action("hold", {in.root.id}); }, 200, 409},
    {"a content locked",
     [](const world&) {
       return make("PATCH", "/api/v1/contents/1", R"({"status":"locked"})", as_moderator());
     },
     200, 200},
    {"erasing oneself", [](const world&) { return make("DELETE", "/api/v1/me", {}, ana); }, 200,
     200},
    {"erasing somebody",
     [](const world&) {
       return make("DELETE", "/api/v1/me?email=ANA@example.com", {}, as_moderator());
     },
     200, 200},
    {"the queue",
     [](const world&) {
       return make("GET", "/api/v1/moderation/queue?status=all", {}, as_moderator());
     },
     200, 200, false},
    {"a history",
     [](const world& in) { return make("GET", in.root.path + "/history", {}, as_moderator()); },
     200, 200, false},
    {"a hidden comment's reading",
     [](const world& in) { return make("GET", in.root.path, {}, as_moderator()); }, 200, 200,
     false},
};

verdict hold_pills(const draft& written, const arrival&) {
  return written.body == "pills" ? hold("pills") : accept();
}

}  // namespace

TEST_CASE("whichever call of a use case fails, it says so, and doing it again completes it") {
  for (const story& told : stories) {
    CAPTURE(told.name);
    std::string expected;
    int doubts = 0;
    for (const fault how : {fault::refused, fault::answer_lost}) {
      bool has_failed = true;
      for (std::size_t n = 0; has_failed || n == 1; ++n) {  // n = 0 shows how it ends without
        CAPTURE(n);
        REQUIRE(n < 100);
        world in;
        faulty_store faulty{in.memory, n, how};
        service comments{faulty,
                         {.page_max = 2,
                          .mode = content_status::first_comment,
                          .rules = {hold_pills},
                          .reports_max = 2,
                          .clock = in.now.as_clock()}};
        const client api{testing::all_routes(comments, {.secrets = all_secrets})};
        const request asked = told.ask(in);
        const response first = api.send(asked);
        has_failed = faulty.has_failed() || n == 0;
        if (n == 0) expected = in.look();
        if (!faulty.has_failed()) {
          CHECK(first.status == told.done);
          CHECK(in.look() == expected);
          continue;
        }
        CHECK(first.status == 503);
        CHECK(code_of(first) == "unavailable");
        const bool is_in_doubt = read(first).contains("in_doubt");
        if (is_in_doubt) CHECK(read(first).at("in_doubt") == true);
        if (how == fault::refused || asked.method == "GET") CHECK_FALSE(is_in_doubt);
        doubts += is_in_doubt;
        const response again = api.send(asked);
        CAPTURE(again.body);
        CHECK((again.status == told.done || again.status == told.done_already));
        CHECK(in.look() == expected);
      }
    }
    CHECK((doubts > 0) == told.is_write);
  }
}

TEST_CASE("of many decisions the one that fails says so, and the others are made") {
  for (const std::size_t n : {1u, 2u, 3u}) {
    world in;
    faulty_store faulty{in.memory, n};
    service comments{faulty, {.clock = in.now.as_clock()}};
    const client api{testing::all_routes(comments, {.secrets = all_secrets})};
    const auto answer = api.send(action("hold", {in.root.id, in.reply.id, in.second.id}));
    CHECK(answer.status == 200);
    const auto rulings = read(answer).at("items");
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(rulings.at(i).contains("error") == (i + 1 == n));
      if (i + 1 == n) CHECK(rulings.at(i).at("error") == "unavailable");
    }
  }
}

TEST_CASE("of many decisions the one whose answer got lost is in doubt, and no other") {
  for (const std::size_t n : {1u, 2u, 3u}) {
    world in;
    faulty_store faulty{in.memory, n, fault::answer_lost};
    service comments{faulty, {.clock = in.now.as_clock()}};
    const client api{testing::all_routes(comments, {.secrets = all_secrets})};
    const auto answer = api.send(action("hold", {in.root.id, in.reply.id, in.second.id}));
    CHECK(answer.status == 200);
    const auto items = read(answer).at("items");
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(items.at(i).contains("in_doubt") == (i + 1 == n));
      if (i + 1 == n) CHECK(items.at(i).at("in_doubt") == true);
      CHECK(in.memory.find(*parse_comment_id(items.at(i).at("id").get<std::string>()))->status ==
            status::pending);
    }
  }
}

TEST_CASE("a write without a key that is in doubt says so as well, in both APIs") {
  for (const auto& [target, body] :
       {std::pair{"/api/v1/comments", R"({"content_id":1,"body":"Oi"})"},
        std::pair{"/api/comment/new",
                  R"({"content_id":1,"comment":"Oi","email":"charlie@example.com"})"}}) {
    memory_store memory{0};
    faulty_store faulty{memory, 2, fault::answer_lost};
    service comments{faulty};
    const client api{testing::all_routes(comments)};
    const auto answer = api.post(target, body);
    CHECK(answer.status == 503);
    CHECK(read(answer).at("in_doubt") == true);
    CHECK(memory.events("1", 0, 10)->size() == 1);
  }
}

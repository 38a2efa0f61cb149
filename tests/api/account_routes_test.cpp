#include <comments/api/account_routes.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/api.hpp"
#include "support/faulty_store.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;
using namespace std::chrono_literals;

namespace {

const std::string me_path = "/api/v1/me";
const std::string export_path = "/api/v1/me/export";

// All of a streamed answer; "broken" at its end if that is how it ended.
std::string whole(response answer) {
  std::string text = std::move(answer.body);
  for (chunk next; answer.rest && next.then == chunk::state::more;) {
    next = answer.rest([] {});
    text += next.bytes;
    CHECK(next.then != chunk::state::waiting);
    if (next.then == chunk::state::broken) text += "broken";
  }
  return text;
}

struct full_site : site {
  explicit full_site(service_options chosen = {})
      : site{{.secrets = all_secrets}, std::move(chosen)} {}

  tree take(fields who, std::string query = "") const {
    auto answer = get(export_path + query, std::move(who));
    REQUIRE(answer.status == 200);
    CHECK(header(answer, "Cache-Control") == "no-store");
    CHECK(header(answer, "Content-Disposition") == "attachment; filename=\"comments.json\"");
    return tree::parse(whole(std::move(answer)));
  }
  tree erase(fields who, std::string query = "") const {
    const auto answer = ask("DELETE", me_path + query, {}, std::move(who));
    REQUIRE(answer.status == 200);
    return tree::parse(answer.body);
  }
  void vote(const posted& one, fields who) const {
    REQUIRE(ask("PUT", one.path + "/vote", {}, std::move(who)).status == 200);
  }
};

tree by(const char* email) { return {{"body", "a"}, {"author", {{"email", email}}}}; }

}  // namespace

TEST_CASE("an export is everything of a user, whatever its status, and nothing of others") {
  full_site site;
  const auto ana = as_user("uid-ana", "Ana", "ana@example.com");
  std::set<std::string> mine;
  for (int i = 0; i < 40; ++i)
    mine.insert(post_comment(site,
                             {{"content_id", std::to_string(i % 3)},
                              {"body", "a \"" + std::to_string(i)},
                              {"author", {{"url", "https://example.com"}}}},
                             ana)
                    .id);
  const auto held = post_comment(site, {{"body", "held"}}, ana);
  const auto gone = post_comment(site, {{"body", "gone"}}, ana);
  mine.insert(held.id);
  REQUIRE(decide(site, "hold", {held.id}).status == 200);
  REQUIRE(decide(site, "remove", {gone.id}).status == 200);
  const auto other =
      post_comment(site, by("bia@example.com"), as_user("uid-bia", "Bia", "bia@example.com"));
  const auto stranger = post_comment(site, by("ana@example.com"));  // says so, no more
  site.vote(other, ana);
  site.vote(stranger, ana);
  site.vote(other, as_user("uid-bia"));

  const auto all = site.take(ana);
  CHECK(all.at("subject") == "uid-ana");
  CHECK(all.at("email") == "ana@example.com");
  std::set<std::string> found;
  for (const auto& one : all.at("comments")) {
    found.insert(one.at("id").get<std::string>());
    CHECK(one.at("email") == "ana@example.com");
    CHECK(one.at("url") == (one.at("id") == held.id ? "" : "https://example.com"));
  }
  CHECK(all.at("comments").size() == mine.size());
  CHECK(found == mine);
  REQUIRE(all.at("votes").size() == 2);
  for (const auto& vote : all.at("votes")) CHECK(vote.at("content_id") == "1");
  CHECK(all.dump().find("bia@") == std::string::npos);
  CHECK(all.dump().find("uid-bia") == std::string::npos);
}

TEST_CASE("an export of any length is JSON: of none, one page, and one comment more") {
  for (const int count : {0, 1, 31, 32, 33, 64, 65}) {
    full_site site;
    const auto ana = as_user("uid-ana");
    for (int i = 0; i < count; ++i) post_comment(site, {{"body", "a"}}, ana);
    const auto all = site.take(ana);
    CHECK(all.at("comments").size() == static_cast<std::size_t>(count));
    CHECK(all.at("votes").empty());
  }
}

TEST_CASE("an export has all votes, however many") {
  full_site site{{.page_max = 3}};
  const auto ana = as_user("uid-ana");
  for (int i = 0; i < 7; ++i) site.vote(post_comment(site, {{"body", "a"}}), ana);
  const auto all = site.take(ana);
  CHECK(all.at("comments").empty());
  std::set<std::string> voted;
  for (const auto& one : all.at("votes")) voted.insert(one.at("comment_id").get<std::string>());
  CHECK(voted.size() == 7);
}

TEST_CASE("a moderator exports what is under an e-mail address, in any case of its letters") {
  full_site site;
  post_comment(site, by("ana@example.com"));
  post_comment(site, by("Ana@Example.com"));
  post_comment(site, by("bia@example.com"));
  const auto account = post_comment(site, {{"body", "a"}}, as_user("uid-ana"));
  site.vote(account, as_user("uid-ana"));
  const auto all = site.take(as_moderator(), "?email=ANA%40example.com");
  CHECK(all.at("comments").size() == 3);
  CHECK(all.at("votes").size() == 1);
  CHECK(all.dump().find("bia@") == std::string::npos);
  CHECK(site.take(as_moderator(), "?email=nobody%40example.com").at("comments").empty());
}

TEST_CASE("an export whose store fails is a problem at once, or breaks off: never half an answer") {
  backstage behind;
  const auto ana = as_user("uid-ana");
  const client well{testing::all_routes(behind.comments, {.secrets = all_secrets})};
  for (int i = 0; i < 40; ++i) post_comment(well, {{"body", "a"}}, ana);
  REQUIRE(well.ask("PUT",
                   "/api/v1/comments/" +
                       to_string(behind.store.find_all({.limit = 1})->items[0].id) + "/vote",
                   {}, ana)
              .status == 200);
  for (std::size_t n = 1; n <= 6; ++n) {
    faulty_store store{behind.store, n};
    service comments{store, {.clock = behind.now.as_clock()}};
    const client api{testing::all_routes(comments, {.secrets = all_secrets})};
    auto answer = api.get(export_path, ana);
    CHECK(answer.status == (n == 1 ? 503 : 200));
    if (n > 1) CHECK(whole(std::move(answer)).ends_with("broken") == (n < 6));
    CHECK(store.calls() == std::min<std::size_t>(n, 5));
  }
}

TEST_CASE("erasing oneself takes comments, votes and reports, and leaves what is others'") {
  full_site site{{.page_max = 3}};
  const auto ana = as_user("uid-ana");
  std::vector<posted> mine;
  for (int i = 0; i < 7; ++i) mine.push_back(post_comment(site, {{"body", "segredo"}}, ana));
  const auto other = post_comment(site, by("ana@example.com"));
  const auto reply = post_comment(site, {{"body", "re"}, {"parent_id", mine[0].id}});
  for (const posted& one : {other, reply, mine[1], mine[2]}) site.vote(one, ana);
  site.vote(other, {});
  REQUIRE(site.ask("POST", other.path + "/reports", R"({"reason":"mine"})", ana).status == 204);
  REQUIRE(site.ask("POST", other.path + "/reports", R"({"reason":"other"})").status == 204);

  CHECK(site.erase(ana) == tree{{"comments", 7}, {"votes", 4}});
  CHECK(site.take(ana).at("comments").empty());
  CHECK(site.take(ana).at("votes").empty());
  CHECK(read(site.get(mine[0].path)).at("status") == "removed");  // a tombstone: it has a reply
  for (std::size_t i = 1; i < mine.size(); ++i) CHECK(site.get(mine[i].path).status == 404);
  CHECK(read(site.get(other.path)).at("votes") == 1);
  CHECK(read(site.get(reply.path)).at("votes") == 0);
  const auto said = site.store.reports_of(*parse_comment_id(other.id), 10);
  REQUIRE(said->size() == 1);
  CHECK(said->at(0).reason == "other");
  for (const posted& one : mine) {
    const auto kept = site.store.find(*parse_comment_id(one.id));
    CHECK(kept->body + kept->author.name + kept->author.email + kept->author.subject == "");
  }
  const auto last = site.store.history(*parse_comment_id(mine[1].id), 0, 10)->back();
  CHECK(last.kind == event_kind::removed);
  CHECK(last.by == "author");
  CHECK(last.reason == "erased");
  CHECK(site.erase(ana) == tree{{"comments", 0}, {"votes", 0}});
}

TEST_CASE("erasing is not bound to the edit window nor to a content's mode") {
  full_site site;
  const auto claims = tree{{"sub", "uid-ana"}, {"exp", 9'999'999'999}};
  const auto ana = bearer(make_jwt(claims));
  post_comment(site, {{"body", "a"}}, ana);
  REQUIRE(
      site.ask("PATCH", "/api/v1/contents/1", R"({"status":"locked"})", as_moderator()).status ==
      200);
  site.now.advance(24h);
  CHECK(site.erase(ana) == tree{{"comments", 1}, {"votes", 0}});
}

TEST_CASE("a moderator erases what is under an e-mail address, and its accounts' votes") {
  full_site site;
  const auto ana = as_user("uid-ana", "Ana", "Ana@example.com");
  post_comment(site, by("ana@example.com"));
  const auto bia = post_comment(site, by("bia@example.com"));
  post_comment(site, {{"body", "a"}}, ana);
  post_comment(site, {{"body", "a"}}, ana);
  site.vote(bia, ana);
  site.vote(bia, as_user("uid-bia"));
  CHECK(site.erase(as_moderator(), "?email=ANA@EXAMPLE.COM") ==
        tree{{"comments", 3}, {"votes", 1}});
  CHECK(read(site.get(bia.path)).at("votes") == 1);
  CHECK(site.take(ana).at("comments").empty());
  CHECK(site.take(ana).at("votes").empty());
  CHECK(site.get("/api/comment/list/1").body == R"([{"email":"","comment":"a"}])");
}

TEST_CASE("signed-in users get what is theirs, and moderators what is under an address") {
  full_site site;
  post_comment(site, by("bia@example.com"));
  const auto chief = bearer(make_jwt({{"sub", "uid-chief"}, {"role", "moderator"}}));
  for (const auto& [method, path] : {std::pair{"GET", export_path}, std::pair{"DELETE", me_path}}) {
    const auto code = [&, verb = method, at = path](const fields& who, const char* query = "") {
      return code_of(site.ask(verb, at + query, {}, who));
    };
    CHECK(code({}) == "unauthenticated");
    CHECK(code(as_pipeline()) == "unauthenticated");
    CHECK(code({}, "?email=bia@example.com") == "unauthenticated");
    CHECK(code(as_user("uid-1"), "?email=bia@example.com") == "forbidden");
    CHECK(code(as_user("uid-1", "Bia", "bia@example.com"), "?email=bia@example.com") ==
          "forbidden");
    CHECK(code(as_pipeline(), "?email=bia@example.com") == "forbidden");
    CHECK(errors_of(site.ask(method, path, {}, as_moderator())) == "email required");
    for (const char* query : {"?email=", "?email=bia", "?email=bia%00@example.com"})
      CHECK(errors_of(site.ask(method, path + query, {}, as_moderator())) == "email format");
    CHECK(code(as_user("uid-1")) == "200");
    CHECK(code(chief) == "200");
  }
  CHECK(read(site.get("/api/v1/counts?content_id=1")).at("counts").at("1") == 1);
  CHECK(site.erase(chief, "?email=bia@example.com") == tree{{"comments", 1}, {"votes", 0}});
}

TEST_CASE("where something came from is forgotten after origins_kept, and not before") {
  full_site site{{.origins_kept = 48h}};
  const auto one = post_comment(site, {{"body", "a"}});
  const auto id = *parse_comment_id(one.id);
  REQUIRE(site.ask("PUT", one.path + "/vote").status == 200);
  REQUIRE(site.ask("POST", one.path + "/reports", R"({"reason":"r"})").status == 204);
  CHECK(site.store.find(id)->origin.size() == 22);
  site.now.advance(48h);
  CHECK(*site.comments.forget_origins() == 0);
  site.now.advance(1ms);
  CHECK(*site.comments.forget_origins() == 3);
  CHECK(site.store.find(id)->origin == "");
  CHECK(site.store.find(id)->votes == 1);
  CHECK(site.store.find(id)->reports == 1);
  CHECK(*site.comments.forget_origins() == 0);
}

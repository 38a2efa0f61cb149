#include <comments/api/person_export.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/api.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using testing::tree;

namespace {

const principal ana{.role = principal::role::user, .subject = "uid-ana", .name = "Ana"};
const principal bia{.role = principal::role::user, .subject = "uid-bia", .name = "Bia"};

// All chunks of an export; "broken" at the end if that is how it ended.
std::string whole(person_export all) {
  std::string text;
  for (chunk next; next.then == chunk::state::more;) {
    next = all.next();
    text += next.bytes;
    if (next.then == chunk::state::broken) text += "broken";
  }
  return text;
}

struct shelf : testing::backstage {
  http::context context{comments, {}};
};

}  // namespace

TEST_CASE("an export of a person without comments is whole, and empty") {
  const shelf at;
  CHECK(whole({at.context, {.subject = "uid-ana"}, ana}) ==
        R"({"subject":"uid-ana","email":"","comments":[],"votes":[],"reports":[]})");
}

TEST_CASE("an export has the address that the site gave, and one's own reports, page by page") {
  testing::backstage at{{.page_max = 2, .reports_max = 0}};
  const http::context context{at.comments, {}};
  const principal cai{
      .role = principal::role::user, .subject = "uid-cai", .email = "cai@example.com"};
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    const auto made = at.comments.post({.content_id = "1", .body = std::to_string(i)}, ana);
    ids.push_back(to_string(made->stored.id));
    REQUIRE(at.comments.report(made->stored.id, "rude " + std::to_string(i), cai));
    REQUIRE(at.comments.report(made->stored.id, "of another", bia));
  }
  std::ranges::sort(ids);
  const tree read = tree::parse(whole({context, {.subject = "uid-cai"}, cai}));
  CHECK(read.at("email") == "cai@example.com");
  CHECK(read.at("comments").empty());
  REQUIRE(read.at("reports").size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    const tree& one = read.at("reports").at(i);
    CHECK(one.at("comment_id") == ids[i]);
    CHECK(one.at("content_id") == "1");
    CHECK(one.at("reason").get<std::string>().starts_with("rude "));
    CHECK(one.at("at").get<std::string>().ends_with("Z"));
  }
  CHECK(tree::parse(whole({context, {.subject = "uid-ana"}, ana})).at("reports").empty());
}

TEST_CASE("an export says why a moderator hid a comment") {
  shelf at;
  const auto made = at.comments.post({.content_id = "1", .body = "a"}, ana);
  const principal moderator{.role = principal::role::moderator};
  REQUIRE(at.comments.moderate(std::vector{made->stored.id}, decision::hold, moderator,
                               {.reason = "Off topic."}));
  const auto own = [&](const principal& who) {
    return tree::parse(whole({at.context, {.subject = "uid-ana"}, who})).at("comments").at(0);
  };
  CHECK(own(ana).at("reason") == "Off topic.");
  REQUIRE(at.comments.moderate(std::vector{made->stored.id}, decision::approve, moderator, {}));
  CHECK_FALSE(own(ana).contains("reason"));
}

TEST_CASE("each chunk has a page of comments, and then of votes") {
  shelf at;
  for (int i = 0; i < 40; ++i)
    REQUIRE(at.comments.post({.content_id = "1", .body = std::to_string(i)}, ana));
  const auto other = at.comments.post({.content_id = "1", .body = "x"}, bia);
  REQUIRE(at.comments.vote(other->stored.id, ana, true));
  person_export all{at.context, {.subject = "uid-ana"}, ana};
  CHECK(tree::parse(all.next().bytes + "]}").at("comments").size() == person_export::page_max);
  const tree read = tree::parse(whole({at.context, {.subject = "uid-ana"}, ana}));
  CHECK(read.at("comments").size() == 40);
  REQUIRE(read.at("votes").size() == 1);
  CHECK(read.at("votes").at(0).at("comment_id") == to_string(other->stored.id));
}

TEST_CASE("an export for another user is broken from the start") {
  const shelf at;
  CHECK(whole({at.context, {.subject = "uid-ana"}, bia}) == "broken");
  CHECK(whole({at.context, {.email = "ana@example.com"}, ana}) == "broken");
  const principal moderator{.role = principal::role::moderator};
  CHECK(whole({at.context, {.email = "ana@example.com"}, moderator}) ==
        R"({"subject":"","email":"ana@example.com","comments":[],"votes":[],"reports":[]})");
}

#include <comments/api/person_export.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

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
        R"({"subject":"uid-ana","email":"","comments":[],"votes":[]})");
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
        R"({"subject":"","email":"ana@example.com","comments":[],"votes":[]})");
}

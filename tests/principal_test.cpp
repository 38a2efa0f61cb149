#include <comments/principal.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments;

namespace {

using role = enum principal::role;
constexpr role roles[] = {role::anyone, role::editor, role::user, role::moderator, role::pipeline};

const comment_id some_id{{1}};
const comment_id other_id{{2}};

// A comment that the site's user 17 wrote, or that another person wrote under that name.
comment by_user_17(bool is_verified) {
  return {.id = some_id, .author = {.name = "Ana", .verified = is_verified, .subject = "17"}};
}

}  // namespace

TEST_CASE("a caller without a proof is anyone") {
  CHECK(principal{}.role == role::anyone);
  CHECK_FALSE(is_user({}));
}

TEST_CASE("each role is that role and no other, and only users and moderators have accounts") {
  for (const role one : roles) {
    CHECK(is_moderator({.role = one}) == (one == role::moderator));
    CHECK(is_pipeline({.role = one}) == (one == role::pipeline));
    CHECK(is_user({.role = one, .subject = "17"}) == (one == role::user || one == role::moderator));
    CHECK_FALSE(is_user({.role = one, .name = "Ana", .email = "ana@example.com"}));
  }
}

TEST_CASE("a user votes as the account from everywhere, a caller without one as the address") {
  CHECK(voter_of({.role = role::user, .subject = "17", .client = "c"}) == "u:17");
  CHECK(voter_of({.role = role::user, .subject = "17", .client = "d"}) == "u:17");
  CHECK(voter_of({.client = "c"}) == "a:c");
  CHECK(voter_of({.role = role::editor, .comment = some_id, .client = "c"}) == "a:c");
  CHECK(voter_of({.role = role::moderator, .client = "c"}) == "a:c");
  CHECK(voter_of({.subject = "17", .client = "c"}) == "a:c");
}

TEST_CASE("the names of voters of one network begin alike, and tell the names before") {
  const std::string one = voter_of({.client = "c", .network = "n"});
  CHECK(one == "a:n:c");
  CHECK(network_of(one) == "a:n:");
  CHECK(network_of(voter_of({.client = "d", .network = "n"})) == "a:n:");
  CHECK(former_name_of(one) == voter_of({.client = "c"}));
  for (const std::string& name :
       {voter_of({.client = "c"}), voter_of_user("x:y:z"), std::string{}}) {
    CHECK(network_of(name) == "");
    CHECK(former_name_of(name) == "");
  }
}

TEST_CASE("a user's name is never taken for an address, and an unknown caller is no voter") {
  CHECK(voter_of({.role = role::user, .subject = "a:c"}) != voter_of({.client = "c"}));
  CHECK(voter_of({}) == "");
  CHECK(voter_of_user("17") == "u:17");
}

TEST_CASE("an editor is the author of one comment, also if a user signed it") {
  const principal editor{.role = role::editor, .comment = some_id};
  CHECK(is_author(editor, {.id = some_id}));
  CHECK(is_author(editor, by_user_17(true)));
  CHECK_FALSE(is_author(editor, {.id = other_id}));
  CHECK_FALSE(is_author({.role = role::editor}, {.id = some_id}));
  CHECK_FALSE(is_author({.role = role::user, .comment = some_id}, {.id = some_id}));
}

TEST_CASE("a user is the author only of comments that the site vouches for as theirs") {
  const principal user{.role = role::user, .subject = "17", .name = "Ana"};
  CHECK(is_author(user, by_user_17(true)));
  CHECK_FALSE(is_author(user, by_user_17(false)));
  CHECK_FALSE(is_author({.role = role::user, .subject = "18", .name = "Ana"}, by_user_17(true)));
  CHECK_FALSE(is_author({.subject = "17"}, by_user_17(true)));
  CHECK_FALSE(is_author({}, {.author = {.verified = true}}));
  CHECK_FALSE(is_author({.role = role::moderator}, {.author = {.verified = true}}));
}

TEST_CASE("moderators see which kind of caller did something, and the names of moderators") {
  CHECK(to_actor({}) == "author");
  CHECK(to_actor({.role = role::user, .subject = "17", .name = "Ana"}) == "author");
  CHECK(to_actor({.role = role::moderator}) == "moderator");
  CHECK(to_actor({.role = role::moderator, .subject = "ana"}) == "moderator ana");
}

TEST_CASE("a signed-in user's draft is under the name that the site gives, and verified") {
  draft written{
      .author = {.name = "Bia", .email = "bia@example.com", .url = "https://example.com"}};
  sign(written, {.role = role::user, .subject = "17", .name = "Ana", .email = "ana@example.com"});
  CHECK(written.author == author{"Ana", "ana@example.com", "https://example.com", true, "17"});
}

TEST_CASE("an account's address is shown only if its user gave the same to be shown") {
  const principal ana{.role = role::user, .subject = "17", .email = "ana@example.com"};
  for (const std::string given : {"ana@example.com", "other@example.com", ""}) {
    draft written{.author = {.email = given, .email_shown = true}};
    sign(written, ana);
    CHECK(written.author.email == "ana@example.com");
    CHECK(written.author.email_shown == (given == "ana@example.com"));
  }
  draft by_anyone{.author = {.email = "ana@example.com", .email_shown = true}};
  sign(by_anyone, {});
  CHECK(by_anyone.author.email_shown);
}

TEST_CASE("no draft of another caller is verified, whatever it claims to be") {
  for (const principal& who :
       {principal{}, principal{.role = role::editor}, principal{.role = role::moderator},
        principal{.subject = "17", .name = "Ana"}}) {
    draft written{.author = {.name = "Bia", .verified = true, .subject = "18"}};
    sign(written, who);
    CHECK(written.author == author{.name = "Bia"});
  }
}

TEST_CASE("what a moderator did is told from what others did by the actor") {
  for (const principal& who :
       {principal{.role = role::moderator}, principal{.role = role::moderator, .subject = "ana"}})
    CHECK(is_moderators(to_actor(who)));
  for (const std::string other : {"", "author", "rules", "reports", "moderators", "Moderator"})
    CHECK_FALSE(is_moderators(other));
}

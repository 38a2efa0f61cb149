#include <comments/auth/bearer.hpp>

#include <comments/auth/hmac.hpp>
#include <comments/auth/signer.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

using namespace comments;
using namespace comments::auth;
using namespace std::string_literals;

namespace {

const signer ours{std::string(32, '\x0b')};
const comment_id some_comment = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ab");
const comment_id other_comment = *parse_comment_id("0192f0c1-7b2a-7c3d-9e4f-0123456789ac");
const instant start = from_milliseconds(1'700'000'000'000);
const std::string moderator_token = "moderators-have-this";
const std::string deploy_token = "the-pipeline-has-this";
const std::string sso_secret(32, 's');

secrets all_secrets() { return {moderator_token, deploy_token, {.secret = sso_secret}}; }

std::string jwt(std::string_view members, const std::string& key = sso_secret) {
  const std::string parts =
      to_base64url(R"({"alg":"HS256"})") + "." + to_base64url("{" + std::string{members} + "}");
  return parts + "." + to_base64url(hmac_sha256(key, parts));
}
const std::string ana =
    jwt(R"("sub":"17","name":"Ana","email":"ana@example.com","exp":1700000000)");

// A place where tokens are shown, at a moment that can be moved.
struct door {
  explicit door(const secrets& chosen = all_secrets()) : proofs{ours, chosen, now.as_clock()} {}

  result<principal> open(const std::string& header, std::optional<comment_id> comment = {}) {
    return proofs.authenticate(
        {.header = header, .client = "c", .comment = comment, .may_guess = [this] {
           return ++asked, may_guess;
         }});
  }
  // The name of the role that `token` gives, or of the error.
  std::string role_of(const std::string& token, std::optional<comment_id> comment = {}) {
    const auto who = open("Bearer " + token, comment);
    constexpr const char* roles[] = {"anyone", "editor", "user", "moderator", "pipeline"};
    if (who) return roles[static_cast<int>(who->role)];
    const bool is_plain = who.error().message == "The token is not valid.";
    switch (who.error().code) {
      case errc::unauthenticated: return is_plain ? "unauthenticated" : who.error().message;
      case errc::edit_window_closed: return "edit_window_closed";
      case errc::rate_limited: return "rate_limited";
      default: return "another error";
    }
  }

  manual_clock now{start};
  bool may_guess{true};
  int asked{};
  bearer proofs;
};

}  // namespace

TEST_CASE("without a header the caller is anyone, with the client's hash") {
  const auto who = door{}.open("");
  REQUIRE(who);
  CHECK(*who == principal{.client = "c"});
}

TEST_CASE("the moderators' token makes a moderator, the pipeline's a pipeline") {
  CHECK(*door{}.open("Bearer " + moderator_token) ==
        principal{.role = principal::role::moderator, .client = "c"});
  CHECK(*door{}.open("Bearer " + deploy_token) ==
        principal{.role = principal::role::pipeline, .client = "c"});
}

TEST_CASE("a user is the person that the host's site names") {
  CHECK(*door{}.open("Bearer " + ana) == principal{.role = principal::role::user,
                                                   .subject = "17",
                                                   .name = "Ana",
                                                   .email = "ana@example.com",
                                                   .client = "c"});
  const auto head =
      door{}.open("Bearer " + jwt(R"("sub":"1","role":"moderator","exp":1700000000)"));
  CHECK(*head == principal{.role = principal::role::moderator, .subject = "1", .client = "c"});
}

TEST_CASE("no role but moderator is more than a user's") {
  for (const auto* other : {"Moderator", "moderators", "pipeline", "editor", "anyone", "admin", ""})
    CHECK(door{}.role_of(jwt(R"("sub":"1","exp":1700000000,"role":")"s + other + "\"")) == "user");
}

TEST_CASE("an edit token makes the editor of its comment, where that is what it is about") {
  const std::string token = make_edit_token(ours, some_comment, start);
  CHECK(*door{}.open("Bearer " + token, some_comment) ==
        principal{.role = principal::role::editor, .comment = some_comment, .client = "c"});
  CHECK(door{}.role_of(token, other_comment) == "unauthenticated");
  CHECK(door{}.role_of(token) == "unauthenticated");
}

TEST_CASE("an edit token that is too old says so, but only for its own comment") {
  door at;
  const std::string token = make_edit_token(ours, some_comment, start);
  CHECK(at.role_of(token, some_comment) == "editor");
  at.now.advance(std::chrono::milliseconds{1});
  CHECK(at.role_of(token, some_comment) == "edit_window_closed");
  CHECK(at.role_of(token, other_comment) == "unauthenticated");
  const signer elsewhere{"another install"};
  CHECK(at.role_of(make_edit_token(elsewhere, some_comment, start), some_comment) ==
        "unauthenticated");
}

TEST_CASE("other proofs are good where an edit token would be, too") {
  CHECK(door{}.role_of(moderator_token, some_comment) == "moderator");
  CHECK(door{}.role_of(ana, some_comment) == "user");
}

TEST_CASE("a form token and a cursor prove nothing") {
  for (const auto& token : {make_form_token(ours, start), ours.token("cursor", "17")})
    CHECK(door{}.role_of(token, some_comment) == "unauthenticated");
}

TEST_CASE("the scheme is Bearer, in any case, and a broken one is refused") {
  for (const auto* scheme : {"Bearer ", "bearer ", "BEARER ", "bEaReR   "})
    CHECK(door{}.open(scheme + moderator_token)->role == principal::role::moderator);
  for (const auto* scheme : {"Bearer\t", "Bearer: ", " Bearer ", "Bearer,", "=Bearer ", "\"x\" "})
    CHECK_MESSAGE(!door{}.open(scheme + moderator_token), scheme);
  for (const auto* header : {"Bearer", "Bearer ", "Bearer    ", " ", "bearer"}) {
    const auto who = door{}.open(header);
    REQUIRE_FALSE(who);
    CHECK(who.error().code == errc::unauthenticated);
  }
}

TEST_CASE("a proof for somebody else is passed over, and proves nothing here") {
  // Found behind a proxy that guards a whole site with a password: every post was 401.
  for (const auto* scheme : {"Basic ", "Digest ", "Negotiate ", "NTLM ", "Token ", "Bear ",
                             "Bearers ", "AWS4-HMAC-SHA256 Credential=", "DPoP ", ""})
    CHECK_MESSAGE(*door{}.open(scheme + moderator_token) == principal{.client = "c"}, scheme);
  CHECK(*door{}.open("Negotiate") == principal{.client = "c"});
  CHECK(*door{}.open("basic Og==", some_comment) == principal{.client = "c"});
}

TEST_CASE("a secret that is nearly right is wrong") {
  for (std::size_t size = 0; size < moderator_token.size(); ++size)
    CHECK(door{}.role_of(moderator_token.substr(0, size)) == "unauthenticated");
  for (const auto& token :
       {moderator_token + "x", moderator_token + " ", moderator_token + "\0"s, "x"s,
        moderator_token + "," + deploy_token, sso_secret, std::string(8192, 'x')})
    CHECK(door{}.role_of(token) == "unauthenticated");
}

TEST_CASE("what is not configured proves nothing, not even nothing itself") {
  for (const auto& token : {""s, " "s, moderator_token, deploy_token, ana,
                            jwt(R"("sub":"1","role":"moderator","exp":1700000000)", "")})
    CHECK(door{secrets{}}.role_of(token) == "unauthenticated");
  CHECK(door{secrets{.deploy_token = deploy_token}}.role_of(moderator_token) == "unauthenticated");
  CHECK(door{secrets{.deploy_token = deploy_token}}.role_of(deploy_token) == "pipeline");
  CHECK(door{secrets{.moderator_token = moderator_token}}.role_of(ana) == "unauthenticated");
}

TEST_CASE("a token is read up to its longest length, and no further") {
  secrets tight = all_secrets();
  tight.site.limits.jwt_bytes_max = moderator_token.size();
  CHECK(door{tight}.role_of(moderator_token) == "moderator");
  tight.site.limits.jwt_bytes_max = moderator_token.size() - 1;
  CHECK(door{tight}.role_of(moderator_token) == "unauthenticated");
}

TEST_CASE("a client without guesses is refused even with the right token, if that is weak") {
  const std::string weak(15, 'x'), strong(16, 'x');
  door at{secrets{.moderator_token = weak, .deploy_token = strong}};
  CHECK(at.role_of(weak) == "moderator");
  CHECK(at.role_of("a wrong token here") == "unauthenticated");
  at.may_guess = false;
  for (const auto& token : {weak, strong, "a wrong token here"s})
    CHECK(at.role_of(token) == "rate_limited");
}

TEST_CASE("a token that cannot be guessed takes no guess") {
  door at;
  at.may_guess = false;
  CHECK(at.role_of(moderator_token) == "moderator");
  CHECK(at.role_of("a wrong token here") == "unauthenticated");
  CHECK(at.role_of(ana) == "user");
  CHECK(at.role_of(make_edit_token(ours, some_comment, start), some_comment) == "editor");
  CHECK(at.open(""));
  at.now.advance(std::chrono::hours{1});
  CHECK(at.role_of(ana) == "unauthenticated");
  CHECK(at.role_of(make_edit_token(ours, some_comment, start), some_comment) ==
        "edit_window_closed");
  CHECK(at.asked == 0);
}

TEST_CASE("where there is no secret to guess, guesses are not counted") {
  door at{secrets{.site = {.secret = sso_secret}}};
  CHECK(at.role_of("a wrong token here") == "unauthenticated");
  CHECK(at.asked == 0);
}

TEST_CASE("without a bound guesses are unlimited") {
  const bearer proofs{ours, all_secrets(), [] { return start; }};
  CHECK_FALSE(proofs.authenticate({.header = "Bearer nonsense"}));
  CHECK(proofs.authenticate({.header = "Bearer " + moderator_token}));
}

TEST_CASE("chosen secrets differ, and look like what they are; weak ones are named") {
  const auto fault = [](const secrets& chosen) {
    const auto checked = check_secrets(chosen);
    return checked ? "" : checked.error().message;
  };
  CHECK(fault({}) == "");
  CHECK(fault(all_secrets()) == "");
  const std::string at_limit(16, 'x'), too_short(15, 'x');
  CHECK(weak_secrets(all_secrets()).empty());
  CHECK(weak_secrets({.moderator_token = at_limit, .deploy_token = at_limit}).empty());
  const auto weak = weak_secrets({.moderator_token = too_short,
                                  .deploy_token = too_short,
                                  .site = {.secret = sso_secret.substr(1)}});
  CHECK(weak == std::vector<std::string_view>{"moderator-token", "deploy-token", "sso-secret"});
  CHECK(fault({.moderator_token = at_limit, .deploy_token = at_limit}) ==
        "The moderators' and the pipeline's tokens must differ.");
  for (const auto& token : {ana, "with a space in it"s, "with a\ttab in it"s,
                            "with\0a NUL in it...."s, "line\nbreak......."s})
    CHECK(fault({.moderator_token = token}) ==
          "A token is visible characters without spaces, and no JWT.");
  CHECK(fault({.moderator_token = "eyes.are.watching.you.x", .deploy_token = at_limit}) != "");
  CHECK(fault({.moderator_token = "eyes.are-watching-you", .deploy_token = at_limit}) == "");
  CHECK(fault({.moderator_token = "my.eyes.are.on.you", .deploy_token = at_limit}) == "");
}

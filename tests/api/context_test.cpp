#include <comments/api/context.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/api.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;
using namespace std::chrono_literals;

namespace {

// What routes share, with a store and a clock behind it.
struct shared_by_all : backstage {
  explicit shared_by_all(route_options options = {.secrets = all_secrets})
      : context{comments, std::move(options)} {}

  http::context context;

  result<principal> identify(fields headers, std::string client = "192.0.2.1",
                             std::optional<comment_id> editing = {}) const {
    return context.identify({.headers = std::move(headers), .client = std::move(client)}, editing);
  }
  errc refusal(fields headers) const {
    const auto who = identify(std::move(headers));
    REQUIRE_FALSE(who);
    return who.error().code;
  }
};

using role = enum principal::role;

}  // namespace

TEST_CASE("a caller is what the proof says, and anyone without a proof") {
  const shared_by_all one;
  CHECK(one.identify({})->role == role::anyone);
  CHECK(one.identify(as_moderator())->role == role::moderator);
  CHECK(one.identify(as_pipeline())->role == role::pipeline);
  const auto user = one.identify(as_user("uid-1", "Ana", "ana@example.com"));
  CHECK(user->role == role::user);
  CHECK(user->subject == "uid-1");
  CHECK(user->name == "Ana");
  CHECK(user->email == "ana@example.com");
  const auto chief = one.identify(bearer(make_jwt({{"sub", "uid-2"}, {"role", "moderator"}})));
  CHECK(chief->role == role::moderator);
  CHECK(chief->subject == "uid-2");
  CHECK(one.identify(bearer(make_jwt({{"sub", "uid-2"}, {"role", "admin"}})))->role == role::user);
}

TEST_CASE("an address is known by its keyed hash alone, and an unknown one by nothing") {
  const shared_by_all one, other;
  const std::string hash = one.identify({})->client;
  CHECK(hash.size() == 22);
  CHECK(hash.find("192") == std::string::npos);
  CHECK(one.identify({})->client == hash);
  CHECK(one.identify(as_moderator())->client == hash);
  CHECK(one.identify({}, "192.0.2.2")->client != hash);
  CHECK(other.identify({})->client != hash);
  CHECK(one.identify({}, "")->client == "");
}

TEST_CASE("a wrong proof is refused, not taken for none") {
  const shared_by_all one;
  CHECK(one.refusal(bearer("guess")) == errc::unauthenticated);
  CHECK(one.refusal(bearer("")) == errc::unauthenticated);
  CHECK(one.identify({{"Authorization", "Basic dXNlcg=="}})->role == role::anyone);
  CHECK(one.refusal(bearer(make_jwt({{"sub", "uid-1"}}, std::string(32, 'x')))) ==
        errc::unauthenticated);
  CHECK(one.refusal(bearer(make_jwt({{"sub", "uid-1"}, {"exp", 1}}))) == errc::unauthenticated);
}

TEST_CASE("where secrets are unset, nothing proves anything") {
  const shared_by_all one{route_options{}};
  for (const fields& proof : {as_moderator(), as_pipeline(), as_user("uid-1"), bearer(""),
                              bearer(make_jwt({{"sub", "uid-1"}}, ""))})
    CHECK(one.refusal(proof) == errc::unauthenticated);
  CHECK(one.identify({})->role == role::anyone);
}

TEST_CASE("an edit token counts for the comment that is being edited, within its time") {
  shared_by_all one;
  const comment_id mine{{1}}, other{{2}};
  const auto proof = bearer(auth::make_edit_token(one.context.sign(), mine, some_moment));
  const auto editor = one.identify(proof, "192.0.2.1", mine);
  CHECK(editor->role == role::editor);
  CHECK(editor->comment == mine);
  CHECK(one.identify(proof, "192.0.2.1", other).error().code == errc::unauthenticated);
  CHECK(one.refusal(proof) == errc::unauthenticated);
  one.now.advance(1ms);
  CHECK(one.identify(proof, "192.0.2.1", mine).error().code == errc::edit_window_closed);
}

TEST_CASE("a client that guesses tokens is stopped, and keeps no other client out") {
  shared_by_all one{
      {.rates = {.failed_tokens = {.per_minute = 1, .burst = 3}}, .secrets = all_secrets}};
  for (int i = 0; i < 3; ++i) CHECK(one.refusal(bearer("guess")) == errc::unauthenticated);
  CHECK(one.refusal(bearer("guess")) == errc::rate_limited);
  CHECK(one.identify(bearer("guess")).error().retry_after_seconds == 60);
  CHECK(one.identify(as_moderator())->role == role::moderator);
  CHECK(one.identify(as_user("uid-1"))->role == role::user);
  CHECK(one.identify({})->role == role::anyone);
  CHECK(one.identify(as_moderator(), "192.0.2.2")->role == role::moderator);
  one.now.advance(1min);
  CHECK(one.identify(as_moderator())->role == role::moderator);
}

// With a key of the e-mail address, whoever posted with a guess saw whether it was right.
TEST_CASE(
    "an author's key is of the account, else of the browser within the content, else nothing") {
  const shared_by_all one, other;
  const auto key = [&](author by, std::string browser = {}, std::string content_id = "1") {
    return one.context.style().key_of({.id = make_comment_id(some_moment),
                                       .content_id = std::move(content_id),
                                       .author = std::move(by),
                                       .browser = std::move(browser)});
  };
  const author ana{"Ana", "ana@example.com", "", true, "17"};
  CHECK(key(ana) == key({"Other", "other@example.com", "", true, "17"}));
  CHECK(key(ana) != key({"Ana", "ana@example.com", "", true, "18"}));
  CHECK(key(ana) != key({.name = "Ana", .email = "ana@example.com"}));
  CHECK(key(ana) != key({.name = "17"}));
  CHECK(key(ana, "b", "1") == key(ana, "c", "2"));
  CHECK(key({.name = "a"}, "b") == key({.name = "c", .email = "x@example.com"}, "b"));
  CHECK(key({.name = "a"}, "b") != key({.name = "a"}, "c"));
  CHECK(key({.name = "a"}, "b", "1") != key({.name = "a"}, "b", "2"));
  const author guessed{.name = "x@example.com", .email = "x@example.com"};
  CHECK(key(guessed) != key(guessed));  // each comment has its own
  const comment same{.content_id = "1", .author = ana};
  CHECK(one.context.style().key_of(same) != other.context.style().key_of(same));
}

TEST_CASE("a browser is known by its proof, until that is too old, and by nothing else") {
  shared_by_all one;
  const std::string name = auth::make_browser_name();
  CHECK(name.size() == 16);
  const std::string proof = auth::make_browser_proof(one.context.sign(), name, one.now.now());
  const auto browser = [&](const http::fields& headers) {
    return one.context.browser_of({.headers = headers});
  };
  CHECK(browser({{"comments-browser", proof}}) == name);
  CHECK(browser({}) == "");
  const shared_by_all other;
  for (const std::string& wrong :
       {std::string{}, name, proof + "x", proof.substr(1), std::string(600, 'x'), "a.b" + proof,
        auth::make_browser_proof(other.context.sign(), name, one.now.now()),
        one.context.sign().token("browser", name), one.context.sign().token("form", "1 " + name)})
    CHECK(browser({{"Comments-Browser", wrong}}) == "");
  CHECK(one.identify({{"Comments-Browser", proof}})->browser == name);
  CHECK(one.identify({{"Comments-Browser", proof}})->role == role::anyone);
  one.now.advance(std::chrono::days{400});
  CHECK(browser({{"Comments-Browser", proof}}) == name);
  one.now.advance(1ms);
  CHECK(browser({{"Comments-Browser", proof}}) == "");
}

TEST_CASE("what limits a comment is for the store to count: its client's rate and its content's") {
  const rate by_client{.per_minute = 60, .burst = 2}, by_content{.per_minute = 5};
  using all = std::vector<allowance>;
  CHECK(allowances_of({}, {.client = "ana"}) == all{});
  CHECK(allowances_of({.writes = by_client}, {.client = "ana"}) == all{{"ana", by_client}});
  CHECK(allowances_of({.writes = by_client}, {}) == all{});
  CHECK(allowances_of({.writes = by_client, .content_writes = by_content}, {.client = "ana"}) ==
        all{{"ana", by_client}, {"", by_content}});
  const principal neighbour{.client = "ana", .network = "net"};
  CHECK(allowances_of({.writes = by_client, .network_clients = 4}, neighbour) ==
        all{{"ana", by_client}, {"net", {.per_minute = 240, .burst = 8}}});
  const rate of_posts{.per_minute = 3};
  CHECK(allowances_of({.writes = by_client, .posts = of_posts}, {.client = "ana"}) ==
        all{{"ana", of_posts}});
  CHECK(allowances_of({.posts = of_posts, .network_clients = 4}, neighbour) ==
        all{{"ana", of_posts}, {"net", {.per_minute = 12}}});
}

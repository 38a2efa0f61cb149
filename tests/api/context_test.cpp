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

TEST_CASE("an author's key is of the account, else of the address, else of the name") {
  const shared_by_all one, other;
  const auto key = [&](author by) { return one.context.style().key_of(by); };
  const author ana{"Ana", "ana@example.com", "", true, "17"};
  CHECK(key(ana) == key({"Other", "other@example.com", "", true, "17"}));
  CHECK(key(ana) != key({"Ana", "ana@example.com", "", true, "18"}));
  CHECK(key(ana) != key({.name = "Ana", .email = "ana@example.com"}));
  CHECK(key(ana) != key({.name = "17"}));
  CHECK(key({.name = "a", .email = "x@example.com"}) == key({.email = "x@example.com"}));
  CHECK(key({.name = "a"}) != key({.name = "b"}));
  CHECK(key(ana) != other.context.style().key_of(ana));
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
}

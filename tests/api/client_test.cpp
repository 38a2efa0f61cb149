// The client, against the API that it asks.

#include <comments/api/client.hpp>

#include <comments/api/routes.hpp>
#include <comments/comments.hpp>
#include <comments/http/problem.hpp>

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using http::api_client;

namespace {

struct served {
  memory_store store{0};
  service comments;
  http::handler api;

  explicit served(service_options options = {})
      : comments{store, std::move(options)}, api{http::routes(comments)} {}
  api_client ask(http::client_options options = {}) const {
    return api_client{http::to_transport(api), std::move(options)};
  }
};

// A transport that keeps what it was given, and answers always the same.
http::transport answering(http::response answer, http::request& kept) {
  return
      [answer = std::move(answer), &kept](const http::request& wanted) -> result<http::response> {
        kept = wanted;
        return answer;
      };
}

}  // namespace

TEST_CASE("a comment is posted, read, changed, voted for, reported and removed") {
  const served site;
  const api_client api = site.ask();
  const auto posted = api.post({.content_id = "a/b?c&d #1",
                                .author = {.name = "Ana", .email = "ana@example.com"},
                                .body = "Oi \"\\\n\xF0\x9F\x98\x80",
                                .key = "key-1"});
  REQUIRE(posted);
  const comment_id id = posted->comment.id;
  CHECK(posted->comment.author.name == "Ana");
  CHECK_FALSE(posted->edit_token.empty());
  CHECK(site.comments.find(id)->author.email == "ana@example.com");

  CHECK(api.find(id)->comment == posted->comment);
  CHECK(api.edit(id, "Ola", posted->edit_token)->comment.body == "Ola");
  CHECK(api.find(id)->comment.edited_at);
  const api_client reader = site.ask({.browser = posted->browser});
  const auto voted = reader.vote(id, true);
  REQUIRE_MESSAGE(voted, voted.error().message);
  CHECK(voted->comment.votes == 1);
  CHECK(reader.vote(id, false)->comment.votes == 0);
  CHECK(api.report(id, "It is an \"advertisement\".") == ok());
  CHECK(site.comments.find(id)->reports == 1);
  CHECK(api.remove(id, posted->edit_token) == ok());
  CHECK(api.find(id).error().code == errc::not_found);
}

TEST_CASE("a post that is repeated with its key is the same post") {
  const served site;
  const draft written{.content_id = "1", .body = "Oi", .key = "key-1"};
  const auto first = site.ask().post(written), again = site.ask().post(written);
  CHECK(first->comment.id == again->comment.id);
  CHECK(site.ask().find_content("1")->comments == 1);
  CHECK(site.ask().post({.content_id = "1", .body = "Other", .key = "key-1"}).error().code ==
        errc::key_reused);
}

TEST_CASE("pages, replies and orders are listed as the service lists them") {
  const served site;
  const api_client api = site.ask();
  std::vector<comment_id> ids;
  for (int i = 0; i < 7; ++i)
    ids.push_back(api.post({.content_id = "1", .body = std::to_string(i)})->comment.id);
  const auto reply = api.post({.content_id = "1", .parent = ids[0], .body = "Re"});
  CHECK(reply->comment.reply_to == ids[0]);

  std::vector<std::string> seen;
  http::list_request wanted{.content_id = "1", .sort = sort::newest, .limit = 3};
  do {
    const auto page = api.list(wanted);
    REQUIRE(page);
    CHECK(page->content.comments == 8);
    for (const auto& item : page->items) seen.push_back(item.comment.body);
    wanted.cursor = page->next;
  } while (!wanted.cursor.empty());
  CHECK(seen == std::vector<std::string>{"6", "5", "4", "3", "2", "1", "0"});

  const auto below = api.list({.content_id = "1", .parent = ids[0]});
  REQUIRE(below->items.size() == 1);
  CHECK(below->items[0].comment == reply->comment);
  CHECK(api.list({.content_id = "none"})->items.empty());
}

TEST_CASE("contents are counted, as many as one asks for") {
  const served site;
  const api_client api = site.ask();
  for (const char* id : {"a b", "a b", "c&content_id=d"})
    REQUIRE(api.post({.content_id = id, .body = "Oi"}));
  const std::vector<std::string> ids{"a b", "c&content_id=d", "none"};
  const auto counted = api.counts(ids);
  REQUIRE(counted);
  REQUIRE(counted->size() == 3);
  CHECK((*counted)[0].comments == 2);
  CHECK((*counted)[1].content_id == "c&content_id=d");
  CHECK((*counted)[1].comments == 1);
  CHECK((*counted)[2].comments == 0);
}

TEST_CASE("an error is the one that the service returned") {
  served site;
  const api_client api = site.ask();
  const auto posted = api.post({.content_id = "1", .body = "Oi"});
  const auto wrong = api.post({.content_id = "", .author = {.email = "@"}, .body = " "});
  CHECK(wrong.error().code == errc::invalid);
  const auto direct = site.comments.post({.content_id = "", .author = {.email = "@"}, .body = " "});
  CHECK(wrong.error().violations.size() == direct.error().violations.size());
  CHECK(api.edit(posted->comment.id, "x", "no token").error().code == errc::unauthenticated);
  CHECK(api.edit(posted->comment.id, "x", posted->edit_token, 17).error().code ==
        errc::version_mismatch);
  CHECK(api.remove({}, "").error().code != errc::unavailable);
  CHECK(api.report(posted->comment.id, "").error().violations.front().pointer == "/reason");
  CHECK(api.list({.content_id = "1", .cursor = "made up"}).error().code == errc::malformed);
}

TEST_CASE("each error of the domain comes back from the problem that tells it") {
  for (const auto& kind : http::error_kinds) {
    const error told{kind.code, "Said.", {{"/body", "required"}, {"", "x"}}, 7};
    const error read = http::decode_problem(http::problem(told, {}));
    CHECK(read.code == told.code);
    CHECK(read.message == told.message);
    CHECK(read.violations == told.violations);
    if (kind.status == 503 || kind.status == 429) CHECK(read.retry_after_seconds == 7);
  }
}

TEST_CASE("what a proxy answers instead is an error, whatever it is") {
  http::request kept;
  for (const auto& [status, code] : {std::pair{502, errc::unavailable},
                                     {504, errc::unavailable},
                                     {400, errc::malformed},
                                     {301, errc::malformed}}) {
    for (const char* body : {"<html>Bad Gateway</html>", "", "{}", R"({"code":7,"errors":[1]})"}) {
      const api_client api{answering({.status = status, .body = body}, kept)};
      CHECK(api.find({}).error().code == code);
      CHECK(api.report({}, "x").error().code == code);
      CHECK_FALSE(api.find({}).error().message.empty());
    }
  }
  CHECK_FALSE(api_client{answering({.body = "<html>"}, kept)}.find({}));
}

TEST_CASE("a transport that fails says so itself") {
  const api_client api{[](const http::request&) -> result<http::response> {
    return error{errc::in_doubt, "The connection was cut."};
  }};
  CHECK(api.post({.content_id = "1", .body = "Oi"}).error().code == errc::in_doubt);
  CHECK(api.remove({}, "").error().message == "The connection was cut.");
}

TEST_CASE("a transport that throws leaves one request in doubt, and without one there is none") {
  const http::transport broken[] = {
      [](const http::request&) -> result<http::response> { throw std::runtime_error{"secret"}; },
      [](const http::request&) -> result<http::response> { throw 42; },
      [](const http::request&) -> result<http::response> { throw std::bad_alloc{}; },
      http::to_transport([](http::request&&) -> http::response { throw 42; })};
  for (const http::transport& each : broken) {
    const api_client api{each};
    const auto posted = api.post({.content_id = "1", .body = "Oi"});
    CHECK(posted.error().code == errc::in_doubt);
    CHECK(posted.error().message.find("secret") == std::string::npos);
    CHECK(api.remove({}, "").error().code == errc::in_doubt);
  }
  for (const http::transport& none : {http::transport{}, http::to_transport({})}) {
    CHECK(api_client{none}.find({}).error().code == errc::unavailable);
    CHECK(api_client{none}.report({}, "x").error().code == errc::unavailable);
  }
}

TEST_CASE("a transport may ask the same server by a client of its own") {
  const served site;
  int asked = 0;
  const api_client api{[&](const http::request& wanted) -> result<http::response> {
    if (++asked == 1) CHECK(site.ask().post({.content_id = "1", .body = "first"}));
    return http::to_transport(site.api)(wanted);
  }};
  CHECK(api.post({.content_id = "1", .body = "second"}));
  CHECK(api.find_content("1")->comments == 2);
}

TEST_CASE("the prefix, the token and the browser's proof go along with each request") {
  http::request kept;
  const api_client api{answering({.body = "{}"}, kept),
                       {.prefix = "/comments", .token = "mine", .browser = "proof"}};
  CHECK_FALSE(api.list({.content_id = "1"}));
  CHECK(kept.target.starts_with("/comments/api/v1/comments?content_id=1&"));
  CHECK(http::find_header(kept.headers, "Authorization") == "Bearer mine");
  CHECK(http::find_header(kept.headers, "Comments-Browser") == "proof");
  CHECK_FALSE(api.edit({}, "x", "of the comment"));
  CHECK(http::find_header(kept.headers, "Authorization") == "Bearer of the comment");
}

TEST_CASE("a body that is made while it is sent is gathered, and one that breaks off is an error") {
  const auto streaming = [](http::chunk::state last) {
    return http::to_transport([last](http::request&&) {
      return http::response{.body = "a", .rest = [last, n = 0](const auto&) mutable {
                              return http::chunk{"b", ++n < 3 ? http::chunk::state::more : last};
                            }};
    });
  };
  CHECK(streaming(http::chunk::state::over)({})->body == "abbb");
  CHECK(streaming(http::chunk::state::broken)({}).error().code == errc::unavailable);
  CHECK(streaming(http::chunk::state::waiting)({}).error().code == errc::unavailable);
}

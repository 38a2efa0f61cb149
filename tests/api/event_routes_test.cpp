#include <comments/api/event_routes.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "support/api.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;

namespace {

const std::string comments_path = "/api/v1/comments";

}  // namespace

TEST_CASE("events stream what happened behind a version, and what will") {
  site site;
  const std::string id = site.say("1", "a");
  site.say("1", "b");
  const response answer = site.get("/api/v1/events?content_id=1&after=1");
  CHECK(answer.status == 200);
  CHECK(header(answer, "Content-Type") == "text/event-stream");
  REQUIRE(answer.rest);
  int wakes = 0;
  const auto next = [&] { return answer.rest([&] { ++wakes; }); };
  const chunk past = next();
  CHECK(past.bytes.starts_with("id: 2\nevent: posted\n"));
  CHECK(past.then == chunk::state::waiting);
  site.ask("PUT", "/api/v1/comments/" + id + "/vote");
  CHECK(wakes == 1);
  CHECK(next().bytes.starts_with("id: 3\nevent: voted\n"));
  site.comments.news().close();
  CHECK(wakes == 2);
  CHECK(next().then == chunk::state::over);
}

TEST_CASE("each change of a content wakes its followers, and not those of others") {
  site site{{.secrets = all_secrets}, {.reports_max = 1}};
  const auto one = post_comment(site, {{"body", "a"}}, as_user("uid-1"));
  const response mine = site.get("/api/v1/events?content_id=1");
  const response other = site.get("/api/v1/events?content_id=2");
  int woken = 0, others = 0;
  other.rest([&] { ++others; });
  const auto wakes = [&](const std::function<response()>& change) {
    const int before = woken;
    mine.rest([&] { ++woken; });
    CHECK(change().status < 300);
    return woken - before;
  };
  const auto ask = [&](const char* method, const std::string& target, std::string body,
                       fields who) {
    return [&site, method, target, body, who] { return site.ask(method, target, body, who); };
  };
  CHECK(wakes(ask("PATCH", one.path, R"({"body":"b"})", bearer(one.token))) == 1);
  CHECK(wakes(ask("PUT", one.path + "/vote", "", {})) == 1);
  CHECK(wakes(ask("POST", one.path + "/reports", R"({"reason":"r"})", {})) == 1);
  CHECK(wakes([&] { return decide(site, "approve", {one.id}); }) == 1);
  CHECK(wakes(ask("PATCH", "/api/v1/contents/1", R"({"status":null})", as_moderator())) == 1);
  CHECK(wakes(ask("POST", comments_path, R"({"content_id":1,"body":"c"})", {})) == 1);
  CHECK(wakes(ask("DELETE", "/api/v1/me", "", as_user("uid-1"))) == 1);
  CHECK(others == 0);
}

TEST_CASE("HEAD of events has an end, and leaves no follower") {
  site site{{}, {.followers = {.subscribers_max = 1}}};
  for (int i = 0; i < 3; ++i) {
    const response answer = site.ask("HEAD", "/api/v1/events?content_id=1");
    CHECK(answer.status == 200);
    CHECK(header(answer, "Content-Type") == "text/event-stream");
    CHECK_FALSE(answer.rest);
  }
  CHECK(site.get("/api/v1/events?content_id=1").status == 200);
}

TEST_CASE("a version that is not there yet is refused, and so is what is none") {
  site site;
  site.say("1", "a");
  const std::string path = "/api/v1/events?content_id=1";
  CHECK(site.get(path + "&after=1").status == 200);
  CHECK(errors_of(site.get(path + "&after=2")) == "after out_of_range");
  // A browser gives up for good after an error, so it is told to read again instead.
  CHECK(site.get(path, {{"Last-Event-ID", "2"}}).status == 200);
  CHECK(site.get(path, {{"Last-Event-ID", "99999999999999999999"}}).status == 200);
  CHECK(errors_of(site.get(path, {{"Last-Event-ID", "-1"}})) == "Last-Event-ID format");
  CHECK(errors_of(site.get(path + "&after=")) == "after format");
  CHECK(errors_of(site.get("/api/v1/events?content_id=none&after=1")) == "after out_of_range");
  CHECK(errors_of(site.get("/api/v1/events")) == "content_id required");
}

TEST_CASE("past its followers an API says so, and takes another when one has gone") {
  site site{{}, {.followers = {.subscribers_max = 3, .content_subscribers_max = 2}}};
  std::vector<response> held;
  for (const char* id : {"1", "1", "2"})
    held.push_back(site.get("/api/v1/events?content_id=" + std::string{id}));
  for (const response& one : held) CHECK(one.status == 200);
  for (const char* id : {"1", "2"})
    CHECK(site.get("/api/v1/events?content_id=" + std::string{id}).status == 503);
  held.pop_back();
  CHECK(site.get("/api/v1/events?content_id=1").status == 503);  // of one content
  CHECK(site.get("/api/v1/events?content_id=2").status == 200);
}

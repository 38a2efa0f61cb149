#include <comments/api/moderation_routes.hpp>

#include <doctest/doctest.h>

#include <comments/store/forwarding.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "support/api.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;
using namespace std::chrono_literals;

namespace {

const std::string queue_path = "/api/v1/moderation/queue";
const std::string actions_path = "/api/v1/moderation/actions";

struct full_site : site {
  explicit full_site(service_options chosen = {})
      : site{{.secrets = all_secrets}, std::move(chosen)} {}

  // A comment that a moderator has taken to `status` since; each a millisecond behind the other.
  posted write(std::string body, std::string_view status = "published",
               std::string content_id = "1") {
    now.advance(1ms);
    const auto one = post_comment(*this, {{"content_id", content_id}, {"body", std::move(body)}});
    const std::map<std::string_view, const char*> ways{
        {"pending", "hold"}, {"spam", "spam"}, {"removed", "remove"}};
    if (const auto way = ways.find(status); way != ways.end())
      REQUIRE(decide(*this, way->second, {one.id}).status == 200);
    return one;
  }
  std::string status_of(const posted& at) const {
    return std::string{to_text(store.find(*parse_comment_id(at.id))->status)};
  }
  response queue(std::string query = "") const { return get(queue_path + query, as_moderator()); }
  // The bodies on all pages of the queue.
  std::vector<std::string> walk(const std::string& query) const {
    std::vector<std::string> found;
    for (std::string at;;) {
      const auto page = read(queue("?" + query + at));
      for (const auto& item : page.at("items")) found.push_back(item.at("body"));
      if (page.at("next").is_null()) return found;
      at = "&cursor=" + percent_encode(page.at("next").get<std::string>());
    }
  }
  response change(std::string body, fields headers = as_moderator(),
                  std::string content_id = "1") const {
    return ask("PATCH", "/api/v1/contents/" + content_id, std::move(body), std::move(headers));
  }
  auto history(const posted& at) const {
    return read(get(at.path + "/history", as_moderator())).at("items");
  }
  int visible(std::string id = "1") const {
    return read(get("/api/v1/counts?content_id=" + id)).at("counts").at(id).get<int>();
  }
};

using texts = std::vector<std::string>;

// Posts a comment after each look at a content.
class moving_store final : public forwarding_store {
 public:
  explicit moving_store(store& inner) : forwarding_store{inner}, busy_{inner} {}

  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    auto found = inner().contents(ids);
    CHECK(busy_.insert({{.content_id = "1", .body = "x"}}, some_moment));
    return found;
  }

 private:
  store& busy_;
};

}  // namespace

TEST_CASE("each decision about each status is the move in the handbook's table, or a conflict") {
  // Written down from docs/http-api.md, not from the code. "-": 409.
  const struct {
    const char *is, *approve, *hold, *spam, *remove;
  } table[] = {{"pending", "published", "-", "spam", "removed"},
               {"published", "published", "pending", "spam", "removed"},
               {"spam", "published", "pending", "-", "removed"},
               {"removed", "-", "-", "-", "-"}};
  full_site site;
  for (const auto& row : table)
    for (const auto& [action, to] :
         {std::pair{"approve", row.approve}, std::pair{"hold", row.hold},
          std::pair{"spam", row.spam}, std::pair{"remove", row.remove}}) {
      CAPTURE(row.is);
      const auto one = site.write("a", row.is);
      const int before = site.visible();
      const auto events = site.history(one).size();
      const auto answer = decide(site, action, {one.id});
      if (std::string{to} == "-") {
        CHECK(code_of(answer) == "conflict");
        CHECK(site.status_of(one) == row.is);
        CHECK(site.history(one).size() == events);
        CHECK(site.visible() == before);
        continue;
      }
      CHECK(answer.status == 200);
      const auto ruling = read(answer).at("items").at(0);
      CHECK(ruling.at("id") == one.id);
      CHECK(ruling.at("status") == to);
      CHECK(site.status_of(one) == to);
      CHECK(site.visible() - before ==
            int{std::string{to} == "published"} - int{std::string{row.is} == "published"});
      const auto last = site.history(one).back();
      CHECK(last.at("kind") == (std::string{to} == "removed" ? "removed" : "moderated"));
      CHECK(last.at("status") == to);
      CHECK(last.at("by") == "moderator");
      CHECK(last.at("reason") == "r");
      CHECK(last.at("version") == ruling.at("version"));
    }
}

TEST_CASE("of many decisions each has its own outcome, in the order asked for") {
  full_site site;
  const auto a = site.write("a"), b = site.write("b", "pending"), c = site.write("c", "removed");
  const std::string absent = "0192f0c1-7b2a-7c3d-9e4f-0123456789ab";
  const auto answer = decide(site, "hold", {a.id, b.id, c.id, absent, a.id});
  CHECK(answer.status == 200);
  texts said;
  const auto rulings = read(answer).at("items");
  for (const auto& one : rulings)
    said.push_back(one.contains("status") ? one.at("status") : one.at("error"));
  CHECK(said == texts{"pending", "conflict", "conflict", "not_found", "conflict"});
  CHECK(read(answer).at("next").is_null());
  CHECK(site.status_of(a) == "pending");
}

TEST_CASE("a decision about one comment that cannot be is that problem") {
  full_site site;
  const auto gone = site.write("a", "removed");
  CHECK(code_of(decide(site, "approve", {gone.id})) == "conflict");
  CHECK(code_of(decide(site, "approve", {"0192f0c1-7b2a-7c3d-9e4f-0123456789ab"})) == "not_found");
}

TEST_CASE("a hundred decisions are taken at once, one more is too many, and so are 10,000") {
  full_site site;
  texts ids;
  for (int i = 0; i < 101; ++i) ids.push_back(site.write("a").id);
  const auto refused = decide(site, "hold", ids);
  CHECK(refused.status == 422);
  CHECK(errors_of(refused) == "/ids too_many");
  CHECK(site.visible() == 101);
  ids.pop_back();
  CHECK(decide(site, "hold", ids).status == 200);
  CHECK(site.visible() == 1);
  CHECK(code_of(decide(site, "hold", texts(10'000, ids[0]))) == "too_large");
  CHECK(site.visible() == 1);
  const client roomy{testing::all_routes(
      site.comments, {.limits = {.request_bytes_max = 1'000'000}, .secrets = all_secrets})};
  CHECK(errors_of(decide(roomy, "approve", texts(10'000, ids[0]))) == "/ids too_many");
}

TEST_CASE("what is wrong with a decision is named, and nothing is decided") {
  full_site site;
  const auto one = site.write("a");
  const auto errors_with = [&](const std::string& body) {
    return errors_of(site.post(actions_path, body, as_moderator()));
  };
  const std::string id = '"' + one.id + '"';
  CHECK(errors_with("{}") == "/ids required, /action required");
  CHECK(errors_with("[]") == " type");
  CHECK(errors_with(R"({"ids":[],"action":"hold"})") == "/ids required");
  CHECK(errors_with(R"({"ids":)" + id + R"(,"action":"hold"})") == "/ids type");
  CHECK(errors_with(R"({"ids":[)" + id + R"(,1],"action":"hold"})") == "/ids type");
  CHECK(errors_with(R"({"ids":[)" + id + R"(,"x"],"action":"hold"})") == "/ids format");
  CHECK(errors_with(R"({"ids":[)" + id + R"(],"action":"delete"})") == "/action unknown");
  CHECK(errors_with(R"({"ids":[)" + id + R"(],"action":""})") == "/action required");
  CHECK(errors_with(R"({"ids":[)" + id + R"(],"action":"hold","reason":1})") == "/reason type");
  CHECK(site.post(actions_path, "{", as_moderator()).status == 400);
  CHECK(site.status_of(one) == "published");
}

TEST_CASE("a reason has at most as many bytes as a reason may have") {
  full_site site;
  const auto most = limits{}.reason_bytes_max;
  const auto one = site.write("a");
  const auto with_reason = [&](std::string action, std::string reason) {
    return site.post(actions_path,
                     tree{{"ids", {one.id}}, {"action", action}, {"reason", reason}}.dump(),
                     as_moderator());
  };
  CHECK(errors_of(with_reason("hold", std::string(most + 1, 'x'))) == "/reason too_long");
  CHECK(errors_of(with_reason("hold", std::string("\0", 1))) == "/reason control_character");
  CHECK(site.status_of(one) == "published");
  CHECK(with_reason("hold", std::string(most, 'x')).status == 200);
  CHECK(site.history(one).back().at("reason") == std::string(most, 'x'));
  CHECK(errors_of(site.change(
            tree{{"status", nullptr}, {"reason", std::string(most + 1, 'x')}}.dump())) ==
        "/reason too_long");
}

TEST_CASE("moderation is for moderators: unknown callers get 401, all others 403") {
  full_site site;
  const auto one = site.write("a");
  const tree hold{{"ids", {one.id}}, {"action", "hold"}};
  const auto chief = bearer(make_jwt({{"sub", "chief"}, {"role", "moderator"}}));
  const std::tuple<const char*, std::string, std::string> ways[] = {
      {"GET", queue_path, ""},
      {"GET", one.path + "/history", ""},
      {"GET", "/api/v1/comments/17/history", ""},
      {"POST", actions_path, hold.dump()},
      {"PATCH", "/api/v1/contents/1", R"({"status":"locked"})"},
      {"PATCH", "/api/v1/contents?content_id=1", R"({"status":"locked"})"},
      {"GET", "/api/v1/moderation/notices", ""}};
  for (const auto& [method, path, body] : ways) {
    const auto anyone = site.ask(method, path, body);
    CHECK(code_of(anyone) == "unauthenticated");
    CHECK(header(anyone, "WWW-Authenticate") == "Bearer");
    CHECK(code_of(site.ask(method, path, body, as_user("uid-1"))) == "forbidden");
    CHECK(code_of(site.ask(method, path, body, as_pipeline())) == "forbidden");
    CHECK(code_of(site.ask(method, path, body, bearer("guess"))) == "unauthenticated");
  }
  CHECK(site.status_of(one) == "published");
  for (const auto& [method, path, body] : ways)
    CHECK(site.ask(method, path, body, chief).status ==
          (path.find("/17/") == path.npos ? 200 : 404));
  CHECK(site.history(one).back().at("by") == "moderator chief");
}

TEST_CASE("without secrets there are no moderators, and nothing breaks") {
  testing::site site;
  for (const fields& proof :
       {fields{}, as_moderator(), bearer(""), bearer(make_jwt({{"sub", "a"}}))}) {
    CHECK(site.get(queue_path, proof).status == 401);
    CHECK(site.post(actions_path, "{}", proof).status == 401);
    CHECK(site.ask("PATCH", "/api/v1/contents/1", "{}", proof).status == 401);
    CHECK(site.get("/api/v1/me/export", proof).status == 401);
    CHECK(site.ask("DELETE", "/api/v1/me", {}, proof).status == 401);
  }
}

TEST_CASE("If-Match guards decisions") {
  full_site site;
  for (const auto& [value, passes] :
       {std::pair{"\"1\"", true}, std::pair{"*", true}, std::pair{"\"9\", \"1\"", true},
        std::pair{"\"2\"", false}, std::pair{"W/\"1\"", false}, std::pair{"1", false}}) {
    const auto one = site.write("a", "published", value);
    const auto answer = decide(site, "hold", {one.id}, {{"If-Match", value}});
    CHECK(code_of(answer) == (passes ? "200" : "version_mismatch"));
    CHECK(site.status_of(one) == (passes ? "pending" : "published"));
  }
  // At versions 1 and 2.
  const auto a = site.write("a", "published", "2"), b = site.write("b", "published", "2");
  const auto both = decide(site, "hold", {a.id, b.id}, {{"If-Match", "\"2\""}});
  CHECK(read(both).at("items").at(0).at("error") == "version_mismatch");
  CHECK(read(both).at("items").at(1).at("status") == "pending");
}

TEST_CASE("a content is as a moderator says, and as the default when that is taken back") {
  full_site site{{.mode = content_status::premoderated}};
  const auto status_of_post = [&] {
    const auto posted = site.post("/api/v1/comments", R"({"content_id":1,"body":"a"})");
    return posted.status == 201 ? read(posted).at("status").get<std::string>() : code_of(posted);
  };
  const std::pair<const char*, const char*> modes[] = {{"\"open\"", "published"},
                                                       {"\"premoderated\"", "pending"},
                                                       {"\"first-comment\"", "pending"},
                                                       {"\"locked\"", "content_locked"},
                                                       {"null", "pending"}};
  for (const auto& [mode, becomes] : modes) {
    const auto changed = site.change(std::string{R"({"reason":"r","status":)"} + mode + "}");
    CHECK(changed.status == 200);
    const std::string shown = std::string{mode} == "null" ? "premoderated" : std::string{mode};
    CHECK(changed.body.find(shown) != std::string::npos);
    CHECK(header(changed, "ETag") == to_etag({.version = read(changed).at("version")},
                                             std::string{read(changed).at("status")}));
    CHECK(read(site.get("/api/v1/contents/1")) == read(changed));
    CHECK(read(site.get("/api/v1/comments?content_id=1")).at("content") == read(changed));
    CHECK(status_of_post() == becomes);
  }
}

// nginx decodes %2F in a path and leaves out dots, so that such contents could not be locked.
TEST_CASE("a content that no path can name is found and locked by its id in the query") {
  full_site site;
  for (const std::string id : {"1", "/blog/a post/", ".", "..", "a/../b", "a%2Fb", "?x=1&y", "é"}) {
    CAPTURE(id);
    const std::string at = "/api/v1/contents?content_id=" + percent_encode(id);
    CHECK(site.get(at).status == 404);
    const auto changed = site.ask("PATCH", at, R"({"status":"locked"})", as_moderator());
    CHECK(changed.status == 200);
    CHECK(read(changed).at("content_id") == id);
    CHECK(read(site.get(at)) == read(changed));
    CHECK(site.get(at, {{"If-None-Match", header(changed, "ETag")}}).status == 304);
    CHECK(read(site.get("/api/v1/contents/" + percent_encode(id))) == read(changed));
    CHECK(code_of(site.ask("PATCH", at, R"({"status":null})",
                           with(as_moderator(), "If-Match", "\"7\""))) == "version_mismatch");
  }
}

TEST_CASE("a query that names no content, or two, names the field") {
  full_site site;
  for (const auto& [query, errors] :
       {std::pair{"", "content_id required"}, std::pair{"?", "content_id required"},
        std::pair{"?id=1", "content_id required"}, std::pair{"?content_id=", "content_id required"},
        std::pair{"?content_id=1&content_id=1", "content_id too_many"},
        std::pair{"?content_id=1&content_id=", "content_id too_many"}}) {
    const std::string at = std::string{"/api/v1/contents"} + query;
    CAPTURE(at);
    CHECK(errors_of(site.get(at)) == errors);
    CHECK(errors_of(site.ask("PATCH", at, R"({"status":"locked"})", as_moderator())) == errors);
  }
  const std::string longest = "?content_id=" + std::string(256, 'x');
  CHECK(errors_of(site.get("/api/v1/contents" + longest)) == "content_id too_long");
  CHECK(site.get("/api/v1/contents?content_id=1").status == 404);
  CHECK(header(site.ask("DELETE", "/api/v1/contents"), "Allow") == "OPTIONS, GET, HEAD, PATCH");
}

TEST_CASE("moderators are told of a proxy that is not heard, and of none without one") {
  full_site site;
  const std::string notices = "/api/v1/moderation/notices";
  CHECK(read(site.get(notices, as_moderator())).dump() == R"({"items":[],"next":null})");
  site.ask("GET", "/healthz", {}, {{"X-Forwarded-For", "192.0.2.9"}}, "10.0.0.7");
  const auto told = read(site.get(notices, as_moderator())).at("items");
  REQUIRE(told.size() == 1);
  CHECK(told[0].at("code") == "untrusted_proxy");
  CHECK(told[0].at("header") == "X-Forwarded-For");
  CHECK(told[0].at("address") == "10.0.0.7");
  CHECK(told[0].at("detail").get<std::string>().find("--trusted-proxies 10.0.0.7") !=
        std::string::npos);
}

TEST_CASE("changes of a content's mode move its version once each, and are events") {
  full_site site;
  CHECK(site.get("/api/v1/contents/1").status == 404);
  CHECK(read(site.change(R"({"status":"locked"})")).at("version") == 1);
  CHECK(site.get("/api/v1/contents/1").status == 200);
  CHECK(site.get("/api/v1/contents/1", {{"If-None-Match", "\"1-locked\""}}).status == 304);
  CHECK(read(site.change(R"({"status":null})")).at("version") == 2);
  const auto events = site.store.events("1", 0, 10);
  REQUIRE(events->size() == 2);
  CHECK(events->at(0).status == "locked");
  CHECK(events->at(1).status == "open");
  CHECK(events->at(1).by == "moderator");
}

TEST_CASE("what is wrong with a change of a content is named, and nothing changes") {
  full_site site;
  CHECK(errors_of(site.change("{}")) == "/status required");
  CHECK(errors_of(site.change(R"({"status":""})")) == "/status required");
  CHECK(errors_of(site.change(R"({"status":"closed"})")) == "/status unknown");
  CHECK(errors_of(site.change(R"({"status":1,"reason":[]})")) == "/reason type, /status type");
  CHECK(errors_of(site.change(R"({"status":null})", as_moderator(), "%20")) ==
        "content_id required");
  CHECK(errors_of(site.change(R"({"status":null})", as_moderator(), std::string(256, 'x'))) ==
        "content_id too_long");
  CHECK(site.send({.method = "PATCH", .target = "/api/v1/contents/1", .headers = as_moderator()})
            .status == 415);
  CHECK(site.get("/api/v1/contents/1").status == 404);
}

TEST_CASE("If-Match guards a content's mode, by any of its tags") {
  full_site site;
  for (const auto& [value, passes] :
       {std::pair{"\"1\"", true}, std::pair{"*", true}, std::pair{" \"1\" ", true},
        std::pair{"\"9\", \"1\"", true}, std::pair{"\"1\",\"9\"", true}, std::pair{"\"0\"", false},
        std::pair{"\"2\"", false}, std::pair{"W/\"1\"", false}, std::pair{"1", false},
        std::pair{"", false}, std::pair{"\"", false}, std::pair{"\"\"", false}}) {
    const std::string id = percent_encode(std::string{"c"} + value);
    site.write("a", "published", std::string{"c"} + value);
    const auto answer =
        site.change(R"({"status":"locked"})", with(as_moderator(), "If-Match", value), id);
    CHECK(code_of(answer) == (passes ? "200" : "version_mismatch"));
    CHECK(read(site.get("/api/v1/contents/" + id)).at("status") == (passes ? "locked" : "open"));
  }
  CHECK(site.change(R"({"status":"locked"})", with(as_moderator(), "If-Match", "\"0\""), "new")
            .status == 200);
}

TEST_CASE("a content that changed between the look and the change is not changed") {
  memory_store memory{0};
  moving_store moving{memory};
  service comments{moving};
  const client api{testing::all_routes(comments, {.secrets = all_secrets})};
  const auto change = [&](const char* etag) {
    return api.ask("PATCH", "/api/v1/contents/1", R"({"status":"locked"})",
                   with(as_moderator(), "If-Match", etag));
  };
  CHECK(code_of(change("\"0\"")) == "version_mismatch");
  CHECK(change("*").status == 200);
}

TEST_CASE("in first-comment, only authors known by account or browser are published") {
  full_site site{{.mode = content_status::first_comment}};
  const auto status_of = [&](tree author, const fields& who = {}) {
    const auto answer =
        site.post("/api/v1/comments",
                  tree{{"content_id", "1"}, {"body", "a"}, {"author", author}}.dump(), who);
    return read(answer).at("status").get<std::string>();
  };
  const tree ana{{"name", "Ana"}, {"email", "ana@example.com"}};
  const auto first = post_comment(site, {{"body", "a"}}, as_user("uid-1"));
  CHECK(site.status_of(first) == "pending");
  CHECK(status_of({}, as_user("uid-1")) == "pending");
  REQUIRE(decide(site, "approve", {first.id}).status == 200);
  CHECK(status_of({}, as_user("uid-1")) == "published");
  CHECK(status_of({}, as_user("uid-2")) == "pending");
  CHECK(status_of(ana) == "pending");  // her name and address, and not she
  CHECK(status_of(tree::object()) == "pending");
  const auto stranger =
      post_comment(site, {{"body", "a"}, {"author", {{"email", "x@example.com"}}}});
  const fields browser{{"Comments-Browser", stranger.browser}};
  CHECK(status_of({}, browser) == "pending");
  REQUIRE(decide(site, "approve", {stranger.id}).status == 200);
  CHECK(status_of({{"email", "x@example.com"}}) == "pending");  // which anybody can write
  CHECK(status_of({}, browser) == "published");
  REQUIRE(decide(site, "remove", {stranger.id}).status == 200);
  CHECK(status_of({}, browser) == "pending");
  CHECK(status_of({}, as_moderator()) == "published");
}

TEST_CASE("the queue is what waits, oldest first, or what is asked for") {
  full_site site;
  for (const char* status : {"pending", "published", "spam", "removed"})
    for (const char* body : {"a", "b"}) site.write(std::string{body} + status, status);
  CHECK(site.walk("") == texts{"apending", "bpending"});
  CHECK(site.walk("status=pending") == texts{"apending", "bpending"});
  CHECK(site.walk("status=published") == texts{"apublished", "bpublished"});
  CHECK(site.walk("status=spam") == texts{"aspam", "bspam"});
  CHECK(site.walk("status=removed") == texts{"", ""});
  CHECK(site.walk("status=all").size() == 8);
  CHECK(site.walk("status=all&q=SP") == texts{"aspam", "bspam"});
  CHECK(site.walk("q=nothing").empty());
  CHECK(site.walk("status=all&q=bpublished") == texts{"bpublished"});
  CHECK(site.walk("status=all&q=%25").empty());
  CHECK(errors_of(site.queue("?status=x&limit=0")) == "status unknown, limit out_of_range");
  CHECK(errors_of(site.queue("?status=")) == "status unknown");
  CHECK(errors_of(site.queue("?limit=201")) == "limit out_of_range");
  CHECK(errors_of(site.queue("?limit=x&q=%00")) == "q control_character, limit format");
  CHECK(errors_of(site.queue("?q=" + std::string(201, 'x'))) == "q too_long");
  CHECK(site.queue("?limit=200&q=" + std::string(200, 'x')).status == 200);
}

TEST_CASE("the queue shows how often and why comments were reported, and not by whom") {
  full_site site;
  const auto one = site.write("a");
  for (const char* reason : {"first \"reason\"", "second"})
    site.ask("POST", one.path + "/reports", tree{{"reason", reason}}.dump(), {},
             "192.0.2." + std::to_string(std::string{reason}.size()));
  site.ask("POST", one.path + "/reports", R"({"reason":"third"})", as_user("uid-1"));
  const auto item = read(site.queue()).at("items").at(0);
  CHECK(item.at("id") == one.id);
  CHECK(item.at("reports") == 3);
  const texts said = item.at("reasons");
  CHECK(std::set(said.begin(), said.end()) ==
        std::set<std::string>{"first \"reason\"", "second", "third"});
  REQUIRE(decide(site, "approve", {one.id}).status == 200);
  CHECK(read(site.queue("?status=published")).at("items").at(0).at("reports") == 0);
  REQUIRE(decide(site, "remove", {one.id}).status == 200);
  CHECK(read(site.queue("?status=removed")).at("items").at(0).at("reasons").empty());
}

TEST_CASE("paging the queue during decisions misses nothing and meets nothing twice") {
  full_site site;
  std::vector<posted> all;
  for (int i = 0; i < 20; ++i) all.push_back(site.write(std::to_string(i), "pending"));
  std::vector<std::string> seen;
  std::string at;
  for (std::size_t turn = 0;; ++turn) {
    const auto page = read(site.queue("?limit=3" + at));
    for (const auto& item : page.at("items")) {
      seen.push_back(item.at("body"));
      CHECK(decide(site, turn % 2 == 0 ? "approve" : "spam", {item.at("id")}).status == 200);
    }
    site.write("later", "pending");
    if (page.at("next").is_null() || turn > 6) break;
    at = "&cursor=" + percent_encode(page.at("next").get<std::string>());
  }
  std::erase(seen, "later");
  REQUIRE(seen.size() == 20);
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == std::to_string(i));
}

TEST_CASE("a queue's cursor is good for its filter only, and not when any byte was changed") {
  full_site site;
  for (int i = 0; i < 3; ++i) site.write("a", "pending"), site.write("a");
  const std::string cursor = read(site.queue("?limit=1")).at("next");
  const auto status_with = [&](const std::string& text, const std::string& filter = "limit=1") {
    return site.queue("?" + filter + "&cursor=" + percent_encode(text)).status;
  };
  CHECK(status_with(cursor) == 200);
  CHECK(status_with(cursor, "limit=2&status=pending") == 200);
  for (const char* filter : {"status=all", "status=published", "q=a", "status=spam", "q=%20"})
    CHECK(status_with(cursor, filter) == 400);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    CHECK(status_with(cursor.substr(0, i)) == 400);
    for (const char c : {'A', 'z', '0', '-', '.', '\0'}) {
      std::string edited = cursor;
      edited[i] = c;
      if (edited != cursor) CHECK(status_with(edited) == 400);
    }
  }
  const std::string of_list = read(site.get("/api/v1/comments?content_id=1&limit=1")).at("next");
  CHECK(status_with(of_list) == 400);
  CHECK(errors_of(site.queue("?cursor=x")) == "cursor unknown");
}

TEST_CASE("a history names actors and actions, with earlier texts until the comment is removed") {
  full_site site;
  const auto one = site.write("primeiro");
  const auto edit = [&](const char* body, const fields& who) {
    return site.ask("PATCH", one.path, tree{{"body", body}}.dump(), who).status;
  };
  REQUIRE(edit("segundo", bearer(one.token)) == 200);
  REQUIRE(edit("terceiro", as_moderator()) == 200);
  REQUIRE(site.ask("PUT", one.path + "/vote").status == 200);
  auto items = site.history(one);
  REQUIRE(items.size() == 3);
  CHECK(items.at(0).at("kind") == "posted");
  CHECK(items.at(1).at("kind") == "edited");
  CHECK(items.at(1).at("by") == "author");
  CHECK(items.at(1).at("before") == "primeiro");
  CHECK(items.at(2).at("by") == "moderator");
  CHECK(items.at(2).at("before") == "segundo");
  CHECK(items.at(2).at("comment_id") == one.id);
  REQUIRE(decide(site, "remove", {one.id}).status == 200);
  items = site.history(one);
  REQUIRE(items.size() == 4);
  for (const auto& item : items) CHECK(item.at("before") == "");
  CHECK(items.at(3).at("kind") == "removed");
  CHECK(items.at(3).at("reason") == "r");
}

TEST_CASE("a long history comes in pages") {
  full_site site{{.page_max = 3}};
  const auto one = site.write("0");
  for (int i = 1; i < 7; ++i)
    site.ask("PATCH", one.path, tree{{"body", std::to_string(i)}}.dump(), as_moderator());
  std::vector<int> versions;
  for (std::string after = "0"; !after.empty();) {
    const auto page = read(site.get(one.path + "/history?after=" + after, as_moderator()));
    for (const auto& item : page.at("items")) versions.push_back(item.at("version"));
    after = page.at("next").is_null() ? "" : page.at("next").get<std::string>();
  }
  CHECK(versions == std::vector{1, 2, 3, 4, 5, 6, 7});
  CHECK(errors_of(site.get(one.path + "/history?after=x", as_moderator())) == "after format");
}

TEST_CASE("all that moderators decided is listed, by whom and why, and only moderators read it") {
  // Who locked a content, when and why was stored and told to nobody.
  full_site site;
  const auto one = site.write("the first text", "spam"), other = site.write("x", "published", "2");
  site.now.advance(1ms);
  REQUIRE(site.change(R"({"status":"locked","reason":"heated"})").status == 200);
  site.now.advance(1ms);
  REQUIRE(decide(site, "hold", {one.id, other.id}).status == 200);
  REQUIRE(decide(site, "remove", {one.id}).status == 200);
  const auto list = [&](const std::string& query = "") {
    return site.get(actions_path + query, as_moderator());
  };
  const auto told = [](const auto& items) {
    texts found;
    for (const auto& item : items)
      found.push_back(item.at("content_id").template get<std::string>() + " " +
                      item.at("status").template get<std::string>() + " " +
                      item.at("reason").template get<std::string>());
    return found;
  };
  const auto all = read(list()).at("items");
  CHECK(told(all).back() == "1 spam r");
  CHECK(std::ranges::count(told(all), "1 locked heated") == 1);
  CHECK(all.size() == 5);
  for (const auto& item : all) {
    CHECK(item.at("by").get<std::string>().starts_with("moderator"));
    CHECK_FALSE(item.contains("before"));
  }
  CHECK(list().body.find("the first text") == std::string::npos);
  texts walked;
  for (std::string at = "?limit=1"; !at.empty();) {
    const auto page = read(list(at));
    for (const auto& text : told(page.at("items"))) walked.push_back(text);
    at = page.at("next").is_null()
             ? ""
             : "?limit=1&cursor=" + percent_encode(page.at("next").get<std::string>());
  }
  CHECK(walked == told(all));
  CHECK(told(read(list("?content_id=2")).at("items")) == texts{"2 pending r"});

  const std::string next = percent_encode(read(list("?limit=1")).at("next").get<std::string>());
  CHECK(list("?limit=1&content_id=1&cursor=" + next).status == 400);  // of another list
  CHECK(site.get(queue_path + "?cursor=" + next, as_moderator()).status == 400);
  for (const auto* wrong :
       {"?limit=0", "?limit=201", "?limit=x", "?content_id=", "?content_id=%00"})
    CHECK(list(wrong).status == 422);
  CHECK(site.get(actions_path).status == 401);
}

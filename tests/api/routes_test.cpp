#include <comments/api/routes.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/api.hpp"
#include "support/faulty_store.hpp"
#include "support/people.hpp"

using namespace comments;
using namespace comments::http;
using namespace testing;

namespace {

fields with_tag(fields headers, std::string tag) {
  headers.emplace_back("If-None-Match", std::move(tag));
  return headers;
}

const std::string comments_path = "/api/v1/comments";
const std::string legacy_path = "/api/comment/new";
const std::string absent_id = "0192f0c1-7b2a-7c3d-9e4f-0123456789ab";

using texts = std::vector<std::string>;

// Posts one more comment each time that a page was read.
class busy_store final : public forwarding_store {
 public:
  explicit busy_store(store& inner) : forwarding_store{inner}, busy_{inner} {}

  result<page> list(const query& query) const override {
    auto answer = inner().list(query);
    CHECK(busy_.insert({{.content_id = query.content_id, .body = "later"}}, some_moment));
    return answer;
  }

 private:
  store& busy_;
};

response say_legacy(const client& api, std::string_view email, std::string_view body,
                    std::string_view content_id) {
  return api.post(legacy_path, R"({"email":")" + std::string{email} + R"(","comment":")" +
                                   std::string{body} + R"(","content_id":)" +
                                   std::string{content_id} + "}");
}

std::string join(const texts& all) {
  std::string line;
  for (const std::string& one : all) line += (line.empty() ? "" : " ") + one;
  return line;
}

// What `field` says in each of these objects, in their order.
texts every(const nlohmann::ordered_json& objects, const char* field) {
  texts found;
  for (const auto& one : objects) found.push_back(one.at(field));
  return found;
}
texts bodies(const response& answer) { return every(read(answer).at("items"), "body"); }
texts legacy_bodies(const response& answer) { return every(read(answer), "comment"); }

// The target of the answer's Link to the next page; empty if there is none.
std::string next_of(const response& answer) {
  const std::string link = header(answer, "Link");
  if (link.empty()) return "";
  REQUIRE(link.starts_with("<"));
  REQUIRE(link.ends_with(">; rel=\"next\""));
  return link.substr(1, link.find('>') - 1);
}

// Every body of a list, page by page along its links, with `mark` behind each page but the last.
std::string walk(const client& api, std::string target, std::string_view mark = "") {
  std::string all;
  while (!target.empty()) {
    const response answer = api.get(target);
    REQUIRE(answer.status == 200);
    all += (all.empty() ? "" : std::string{mark} + " ") + join(bodies(answer));
    target = next_of(answer);
    CHECK(read(answer).at("next").is_null() == target.empty());
  }
  return all;
}

// "a0", "a1", … as many as `count`.
texts numbered(std::string_view prefix, std::size_t count) {
  texts all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::string{prefix} + std::to_string(i));
  return all;
}

bool varies_by_origin(const response& answer) {
  return std::ranges::find(answer.headers, std::pair<std::string, std::string>{"Vary", "Origin"}) !=
         answer.headers.end();
}

// One request for each way into the API, with the status that it gets on a store where content "1"
// has the comment `id`.
std::vector<std::pair<request, int>> every_request(const std::string& id, int limit = 50) {
  const fields is_json{{"Content-Type", "application/json"}};
  return {
      {{.method = "POST",
        .target = legacy_path,
        .headers = is_json,
        .body = R"({"email":"charlie@example.com","comment":"Oi","content_id":1})"},
       200},
      {{.method = "POST",
        .target = comments_path,
        .headers = is_json,
        .body = R"({"content_id":1,"body":"Oi","parent_id":")" + id + "\"}"},
       201},
      {{.method = "GET", .target = "/api/comment/list/1"}, 200},
      {{.method = "GET", .target = "/api/v1/comments?content_id=1&limit=" + std::to_string(limit)},
       200},
      {{.method = "GET", .target = "/api/v1/comments/" + id}, 200},
      {{.method = "GET", .target = "/api/v1/counts?content_id=1"}, 200},
      {{.method = "GET", .target = "/api/v1/contents/1"}, 200},
      {{.method = "GET", .target = "/healthz"}, 200},
      {{.method = "GET", .target = "/readyz"}, 200},
      {{.method = "GET", .target = "/version"}, 200},
      {{.method = "GET", .target = "/metrics"}, 200}};
}

}  // namespace

TEST_CASE("the six lines of the legacy API and its two lists are answered word for word") {
  const site site;
  const std::tuple<const char*, const char*, const char*> lines[] = {
      {"guilherme@example.com", "Primeiro Post!", "1"},
      {"matheus@example.com", "Parabens pelo novo post!", "1"},
      {"guilherme@example.com", "Obrigado, irei postar neste grupo a partir de agora!", "1"},
      {"gabriela@example.com", "Quando sera a proxima avaliacao pessoal?", "2"},
      {"charlie@example.com", "Acho que esta marcado para segunda Gabi!", "2"},
      {"gabriela@example.com", "Ufa, obrigado Charlie!", "2"}};
  for (const auto& [email, body, content_id] : lines) {
    const response answer = say_legacy(site, email, body, content_id);
    CHECK(answer.status == 200);
    CHECK(header(answer, "Content-Type") == "application/json");
    CHECK(answer.body ==
          R"({"status":"SUCCESS","message":"comment created and associated with content_id )" +
              std::string{content_id} + "\"}");
  }
  CHECK(site.get("/api/comment/list/1").body ==
        R"([{"email":"guilherme@example.com","comment":"Primeiro Post!"},)"
        R"({"email":"matheus@example.com","comment":"Parabens pelo novo post!"},)"
        R"({"email":"guilherme@example.com",)"
        R"("comment":"Obrigado, irei postar neste grupo a partir de agora!"}])");
  CHECK(site.get("/api/comment/list/2").body ==
        R"([{"email":"gabriela@example.com",)"
        R"("comment":"Quando sera a proxima avaliacao pessoal?"},)"
        R"({"email":"charlie@example.com","comment":"Acho que esta marcado para segunda Gabi!"},)"
        R"({"email":"gabriela@example.com","comment":"Ufa, obrigado Charlie!"}])");
}

TEST_CASE("the legacy list of an unknown content says so in the words of the legacy API") {
  const site site;
  const response answer = site.get("/api/comment/list/99");
  CHECK(answer.status == 404);
  CHECK(header(answer, "Content-Type") == "application/json");
  CHECK(answer.body == R"({"status":"NOT-FOUND","message":"content_id 99 not found"})");
  CHECK(site.get("/api/comment/list/a%2Fb").body ==
        R"({"status":"NOT-FOUND","message":"content_id a/b not found"})");
}

TEST_CASE("1 and \"1\" are the same content, in both APIs") {
  site site;
  CHECK(say_legacy(site, "charlie@example.com", "a", "1").status == 200);
  CHECK(say_legacy(site, "charlie@example.com", "b", "\"1\"").status == 200);
  CHECK(site.post(comments_path, R"({"content_id":1,"body":"c"})").status == 201);
  site.say("1", "d");
  CHECK(read(site.get("/api/comment/list/1")).size() == 4);
  CHECK(walk(site, "/api/v1/comments?content_id=1") == "a b c d");
}

TEST_CASE("the legacy list has replies too, in the order in which they were posted") {
  site site;
  const std::string first = site.say("1", "a");
  site.say("1", "b");
  site.say("1", "c", first);
  CHECK(join(legacy_bodies(site.get("/api/comment/list/1"))) == "a b c");
}

TEST_CASE("the legacy list is whole, however many pages it takes") {
  const site site;
  for (const std::size_t size : {199u, 200u, 201u, 400u, 450u}) {
    const std::string content_id = "c" + std::to_string(size);
    for (const std::string& body : numbered("", size))
      say_legacy(site, "charlie@example.com", body, '"' + content_id + '"');
    CHECK(legacy_bodies(site.get("/api/comment/list/" + content_id)) == numbered("", size));
  }
}

TEST_CASE("what is posted while the legacy list is read belongs to the next version") {
  memory_store memory{0};
  for (const std::string& body : numbered("", 5))
    REQUIRE(memory.insert({{.content_id = "1", .body = body}}, some_moment));
  busy_store busy{memory};
  service comments{busy, {.page_max = 2}};
  const response answer = client{testing::all_routes(comments)}.get("/api/comment/list/1");
  CHECK(header(answer, "ETag").starts_with("\"5-"));
  CHECK(read(answer).size() == 5);
}

TEST_CASE("the legacy answers carry entity tags, and 304 saves a list") {
  const site site;
  CHECK(header(say_legacy(site, "charlie@example.com", "a", "1"), "ETag") == "\"1\"");
  CHECK(header(say_legacy(site, "charlie@example.com", "b", "1"), "ETag") == "\"2\"");
  const response list = site.get("/api/comment/list/1");
  const std::string etag = header(list, "ETag");
  CHECK(header(list, "Cache-Control") == "no-cache");
  CHECK(site.get("/api/comment/list/1", {{"If-None-Match", etag}}).status == 304);
  CHECK(site.get("/api/comment/list/1", {{"If-None-Match", "\"1\""}}).status == 200);
  say_legacy(site, "charlie@example.com", "c", "1");
  CHECK(site.get("/api/comment/list/1", {{"If-None-Match", etag}}).status == 200);
}

TEST_CASE("an address that was not given to the legacy API is not in its list") {
  const auto listed = [](json::legacy_emails which) {
    const site site{{.legacy_emails = which}};
    say_legacy(site, "charlie@example.com", "a", "1");
    site.post("/api/v1/comments",
              R"({"content_id":"1","body":"b","author":{"email":"dora@example.com"}})");
    return site.get("/api/comment/list/1").body;
  };
  CHECK(listed(json::legacy_emails::show) ==
        R"([{"email":"charlie@example.com","comment":"a"},{"email":"","comment":"b"}])");
  CHECK(listed(json::legacy_emails::all) == R"([{"email":"charlie@example.com","comment":"a"},)"
                                            R"({"email":"dora@example.com","comment":"b"}])");
  CHECK(listed(json::legacy_emails::hide) ==
        R"([{"email":"","comment":"a"},{"email":"","comment":"b"}])");
}

TEST_CASE("a legacy list that a cache kept, with other addresses, is not taken for this one") {
  // Found in use: clients would have gone on showing addresses, told that nothing has changed.
  const std::string of_older_programs = R"("1", "1-hidden", W/"1")";
  std::string tags = of_older_programs;
  for (const auto which :
       {json::legacy_emails::show, json::legacy_emails::all, json::legacy_emails::hide}) {
    const site site{{.legacy_emails = which}};
    say_legacy(site, "charlie@example.com", "Oi", "1");
    const auto status = [&](const std::string& known) {
      return site.get("/api/comment/list/1", {{"If-None-Match", known}}).status;
    };
    CHECK(status(tags) == 200);  // those of the other two, also when it is kept
    CHECK(status(tags) == 200);
    const std::string tag = header(site.get("/api/comment/list/1"), "ETag");
    CHECK(status(tag) == 304);
    tags += ", " + tag;
  }
}

TEST_CASE("a retried post of the legacy API makes one comment") {
  const site site;
  const std::string body = R"({"email":"charlie@example.com","comment":"Oi","content_id":1})";
  const response first = site.post(legacy_path, body, {{"Idempotency-Key", "k"}});
  const response again = site.post(legacy_path, body, {{"Idempotency-Key", "k"}});
  CHECK(first.status == 200);
  CHECK(again.status == 200);
  CHECK(again.body == first.body);
  CHECK(header(first, "Idempotency-Replayed") == "");
  CHECK(header(again, "Idempotency-Replayed") == "true");
  CHECK(read(site.get("/api/comment/list/1")).size() == 1);
}

TEST_CASE("bad posts of the legacy API are problems that name its own fields") {
  const site site;
  CHECK(errors_of(site.post(legacy_path, "{}")) ==
        "/content_id required, /email required, /comment required");
  CHECK(errors_of(say_legacy(site, "a@b@c", "Oi", "1")) == "/email format");
  CHECK(errors_of(say_legacy(site, "charlie@example.com", " ", "1.5")) ==
        "/content_id type, /comment required");
  CHECK(site.post(legacy_path, "[]").status == 422);
  CHECK(site.post(legacy_path, "{").status == 400);
  CHECK(site.get("/api/comment/list/1").status == 404);
}

TEST_CASE("a post answers with the comment, where it is, and once with an edit token") {
  site site;
  const response answer =
      site.post(comments_path, R"({"content_id":"blog/1","body":"Primeiro post!",)"
                               R"("author":{"name":"Guilherme","email":"guilherme@example.com",)"
                               R"("url":"https://example.com"}})");
  CHECK(answer.status == 201);
  const auto posted = read(answer);
  const std::string id = posted.at("id");
  CHECK(header(answer, "Location") == "/api/v1/comments/" + id);
  CHECK(header(answer, "ETag") == "\"1-3-plain_1\"");
  CHECK(header(answer, "Content-Type") == "application/json");
  CHECK(header(answer, "Cache-Control") == "no-store");
  CHECK(posted.at("content_id") == "blog/1");
  CHECK(posted.at("parent_id").is_null());
  CHECK(posted.at("status") == "published");
  CHECK(posted.at("author").at("name") == "Guilherme");
  CHECK(posted.at("author").size() == 3);
  CHECK(posted.at("body_html") == "<p>Primeiro post!</p>\n");
  CHECK(posted.at("created_at") == "2023-11-14T22:13:20.123Z");
  CHECK(posted.at("version") == 1);

  const response found = site.get(header(answer, "Location"));
  CHECK(found.status == 200);
  auto expected = posted;
  expected.erase("browser");
  expected.erase("edit_token");
  CHECK(read(found) == expected);
}

TEST_CASE("an edit token proves its own comment for the length of the edit window") {
  site site{{}, {.edit_window = std::chrono::minutes{2}}};
  const auto posted = read(site.post(comments_path, R"({"content_id":1,"body":"Oi"})"));
  const auth::signer sign{site.store.signing_key()};
  const auto id = parse_comment_id(posted.at("id").get<std::string>());
  const std::string token = posted.at("edit_token");
  const instant end = some_moment + std::chrono::minutes{2};
  CHECK(auth::is_edit_token(sign, *id, token, end));
  CHECK_FALSE(auth::is_edit_token(sign, *id, token, end + std::chrono::milliseconds{1}));
}

TEST_CASE("links in answers start with the prefix that an adapter cut off") {
  const site site;
  const request asked{.method = "POST",
                      .target = comments_path,
                      .headers = {{"Content-Type", "application/json"}},
                      .body = R"({"content_id":1,"body":"Oi"})",
                      .prefix = "/talk"};
  CHECK(header(site.send(asked), "Location").starts_with("/talk/api/v1/comments/"));
  site.send(asked);
  const response list = site.send(
      {.method = "GET", .target = "/api/v1/comments?content_id=1&limit=1", .prefix = "/talk"});
  CHECK(next_of(list).starts_with("/talk/api/v1/comments?content_id=1&limit=1&cursor="));
  CHECK(read(site.send({.method = "GET", .target = "/x?y", .prefix = "/talk"})).at("instance") ==
        "/talk/x");
}

// A post with a guess told whether it is the address behind a comment.
TEST_CASE("a guess of who wrote a comment is answered by nobody's key") {
  const site site;
  const auto post = [&](std::string_view author, fields headers = {}, std::string id = "1") {
    headers.emplace_back("Content-Type", "application/json");
    return read(site.send({.method = "POST",
                           .target = comments_path,
                           .headers = headers,
                           .body = R"({"content_id":")" + id + R"(","body":"Oi","author":)" +
                                   std::string{author} + "}"}));
  };
  const auto key_of = [](const auto& posted) {
    return posted.at("author").at("key").template get<std::string>();
  };
  const std::string gabriela = R"({"name":"Gabriela","email":"gabriela@example.com"})";
  const auto first = post(gabriela);
  for (const std::string& guess : {gabriela, std::string{R"({"email":"gabriela@example.com"})"},
                                   std::string{R"({"name":"Gabriela"})"}})
    CHECK(key_of(post(guess)) != key_of(first));
  const fields same{{"Comments-Browser", first.at("browser")}};
  const auto second = post(R"({"name":"Gabi"})", same);
  CHECK(key_of(second) == key_of(first));
  CHECK(key_of(post(gabriela, same, "2")) != key_of(first));
  const std::string path = comments_path + std::string{"/"} + first.at("id").get<std::string>();
  CHECK(key_of(read(site.get(path))) == key_of(first));
}

TEST_CASE("own comments that wait are in one's own list, and in no cache") {
  const site site{{}, {.mode = content_status::premoderated}};
  const auto made = read(site.post(comments_path, R"({"content_id":"1","body":"Oi"})"));
  const fields own{{"Comments-Browser", made.at("browser")}};
  const std::string list = "/api/v1/comments?content_id=1", path = "/api/v1/comments/";
  const std::string id = made.at("id");
  for (int i = 0; i < 2; ++i) {
    const auto seen = site.get(list, own);
    CHECK(read(seen).at("items").at(0).at("status") == "pending");
    CHECK(read(seen).at("items").at(0).at("body") == "Oi");
    CHECK(header(seen, "Cache-Control") == "private, no-store");
    CHECK(header(seen, "ETag") == "");
    CHECK(site.get(list, with_tag(own, "\"1-3-plain_1-200-524288-open\"")).status == 200);
    const auto others = site.get(list);
    CHECK(read(others).at("items").empty());
    CHECK(header(others, "Cache-Control") == "no-cache");
  }
  CHECK(header(site.get(path + id, own), "Cache-Control") == "private, no-store");
  CHECK(site.get(path + id).status == 404);
  const auto stranger = read(site.post(comments_path, R"({"content_id":"2","body":"Oi"})"));
  const fields other{{"Comments-Browser", stranger.at("browser")}};
  CHECK(header(site.get(list, other), "ETag") ==
        "\"1-3-plain_1-200-524288-premoderated\"");  // as everyone gets it
  CHECK(site.get(list, with_tag(other, "\"1-3-plain_1-200-524288-premoderated\"")).status == 304);
  CHECK(site.get(path + id, other).status == 404);
}

TEST_CASE("every accepted post and vote hands out the browser's proof, anew and of the same name") {
  site site;
  const auto made = read(site.post(comments_path, R"({"content_id":"1","body":"Oi"})"));
  const std::string first = made.at("browser"), id = made.at("id");
  const std::string vote = "/api/v1/comments/" + id + "/vote";
  const auto put = [&](std::string method, fields headers) {
    return read(site.ask(std::move(method), vote, {}, std::move(headers)));
  };
  site.now.advance(std::chrono::days{399});
  const std::string second = put("PUT", {{"Comments-Browser", first}}).at("browser");
  CHECK(second != first);
  site.now.advance(std::chrono::days{2});
  CHECK(put("DELETE", {}).at("votes") == 1);
  CHECK(put("DELETE", {{"Comments-Browser", first}}).at("votes") == 1);  // it is too old
  CHECK(put("DELETE", {{"Comments-Browser", second}}).at("votes") == 0);
  CHECK_FALSE(put("DELETE", {}).contains("browser"));
  CHECK(put("PUT", {}).contains("browser"));
  CHECK(site.get("/api/v1/comments/" + id).body.find("browser") == std::string::npos);
}

TEST_CASE("a list that was kept before keys changed their form is sent anew") {
  site site;
  site.say("1", "Oi");
  const std::string list = "/api/v1/comments?content_id=1";
  CHECK(site.get(list, {{"If-None-Match", "\"1\""}}).status == 200);
  CHECK(site.get(list, {{"If-None-Match", "\"1-3-plain_1-200-524288-open\""}}).status == 304);
}

TEST_CASE("a retried post is answered with the first comment, without its token") {
  const site site;
  const std::string body = R"({"content_id":1,"body":"Oi"})";
  const fields key{{"Idempotency-Key", "8e03978e-40d5"}};
  const response first = site.post(comments_path, body, key);
  const response again = site.post(comments_path, " " + body, key);
  CHECK(first.status == 201);
  CHECK(header(first, "Idempotency-Replayed") == "");
  CHECK(again.status == 201);
  CHECK(header(again, "Idempotency-Replayed") == "true");
  CHECK(header(again, "Location") == header(first, "Location"));
  CHECK(header(again, "ETag") == header(first, "ETag"));
  CHECK_FALSE(read(again).contains("edit_token"));
  CHECK(read(again).at("id") == read(first).at("id"));
  CHECK(read(site.get("/api/v1/contents/1")).at("comments") == 1);
}

TEST_CASE("a key that comes with another comment is refused, and works on another content") {
  const site site;
  const fields key{{"idempotency-key", "k"}};
  CHECK(site.post(comments_path, R"({"content_id":1,"body":"Oi"})", key).status == 201);
  const response reused = site.post(comments_path, R"({"content_id":1,"body":"Tchau"})", key);
  CHECK(reused.status == 422);
  CHECK(read(reused).at("code") == "idempotency_reuse");
  CHECK(errors_of(reused) == "Idempotency-Key reused");
  CHECK(site.post(comments_path, R"({"content_id":2,"body":"Tchau"})", key).status == 201);
  CHECK(read(site.get("/api/v1/contents/1")).at("version") == 1);
}

TEST_CASE("a key has 1 to 255 visible characters") {
  const site site;
  const auto errors_with = [&](std::string key) {
    const response answer = site.post(comments_path, R"({"content_id":1,"body":"Oi"})",
                                      {{"Idempotency-Key", std::move(key)}});
    return answer.status == 201 ? "" : errors_of(answer);
  };
  CHECK(errors_with("!") == "");
  CHECK(errors_with(std::string(255, '~')) == "");
  CHECK(errors_with(std::string(256, 'k')) == "Idempotency-Key too_long");
  CHECK(errors_with("a b") == "Idempotency-Key format");
  CHECK(errors_with("\xc3\xa9") == "Idempotency-Key format");
  CHECK(errors_with("\xff") == "Idempotency-Key encoding");
  CHECK(errors_with("a\tb") == "Idempotency-Key control_character");
}

TEST_CASE("a reply stands below its parent, which counts it") {
  site site;
  const std::string parent = site.say("1", "a");
  const std::string reply = site.say("1", "b", parent);
  CHECK(read(site.get("/api/v1/comments/" + reply)).at("parent_id") == parent);
  CHECK(read(site.get("/api/v1/comments/" + parent)).at("replies") == 1);
  CHECK(header(site.get("/api/v1/comments/" + parent), "ETag") == "\"2-3-plain_1\"");
  CHECK(walk(site, "/api/v1/comments?content_id=1") == "a");
  CHECK(walk(site, "/api/v1/comments?content_id=1&parent_id=" + parent) == "b");
  CHECK(walk(site, "/api/v1/comments?content_id=1&parent_id=" + reply) == "");
}

TEST_CASE("a reply to an unknown comment or to one of another content is refused") {
  site site;
  const std::string elsewhere = site.say("2", "a");
  for (const std::string& parent : {absent_id, elsewhere}) {
    const response answer =
        site.post(comments_path, R"({"content_id":1,"body":"b","parent_id":")" + parent + "\"}");
    CHECK(answer.status == 404);
    CHECK(errors_of(answer) == "/parent_id not_found");
  }
  CHECK(site.get("/api/v1/contents/1").status == 404);
}

TEST_CASE("one comment is found by its id, in either case, and 304 saves it") {
  site site;
  std::string id = site.say("1", "Oi");
  CHECK(header(site.get("/api/v1/comments/" + id), "ETag") == "\"1-3-plain_1\"");
  CHECK(site.get("/api/v1/comments/" + id, {{"If-None-Match", "W/\"1-3-plain_1\""}}).status == 304);
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::toupper(c); });
  CHECK(site.get("/api/v1/comments/" + id).status == 200);
}

TEST_CASE("what is no comment's id is not found") {
  const site site;
  for (const std::string& id : {absent_id, std::string{"17"}, std::string{"%00"},
                                std::string{"%ff"}, absent_id.substr(1), std::string(5000, 'x')})
    CHECK(site.get("/api/v1/comments/" + id).status == 404);
}

TEST_CASE("a list is this JSON, and empty for a content without comments") {
  site site;
  const response empty = site.get("/api/v1/comments?content_id=99");
  CHECK(empty.status == 200);
  CHECK(header(empty, "ETag") == "\"0-3-plain_1-200-524288-open\"");
  CHECK(header(empty, "Link") == "");
  CHECK(empty.body == R"({"items":[],"next":null,)"
                      R"("content":{"content_id":"99","version":0,"comments":0,"status":"open"}})");
  const std::string id = site.say("1", "Oi");
  const auto list = read(site.get("/api/v1/comments?content_id=1"));
  CHECK(list.at("items").at(0) == read(site.get("/api/v1/comments/" + id)));
  CHECK(list.at("content") == read(site.get("/api/v1/contents/1")));
}

TEST_CASE("a list is sorted as asked") {
  site site;
  for (const std::string& body : numbered("", 3)) site.say("1", body);
  const std::string list = "/api/v1/comments?content_id=1";
  CHECK(walk(site, list) == "0 1 2");
  CHECK(walk(site, list + "&sort=oldest") == "0 1 2");
  CHECK(walk(site, list + "&sort=newest") == "2 1 0");
  CHECK(walk(site, list + "&sort=top") == "0 1 2");
  for (const char* sort : {"", "Oldest", "best", "oldest%20", "%00"})
    CHECK(errors_of(site.get(list + "&sort=" + sort)) == "sort unknown");
}

TEST_CASE("a page has 1 to 200 comments, 50 by default") {
  site site;
  for (const std::string& body : numbered("", 201)) site.say("1", body);
  const std::string list = "/api/v1/comments?content_id=1";
  CHECK(bodies(site.get(list)).size() == 50);
  CHECK(bodies(site.get(list + "&limit=1")).size() == 1);
  CHECK(bodies(site.get(list + "&limit=200")).size() == 200);
  for (const char* limit : {"0", "201", "18446744073709551615"})
    CHECK(errors_of(site.get(list + "&limit=" + limit)) == "limit out_of_range");
  for (const char* limit : {"x", "-1", "", "1.5", "1e2", "+1", "%201", "1%20", "0x10", "1%00",
                            "18446744073709551616", "%EF%BC%91"})
    CHECK(errors_of(site.get(list + "&limit=" + limit)) == "limit format");
}

TEST_CASE("all that is wrong with a list's parameters is named at once") {
  const site site;
  const response answer = site.get("/api/v1/comments?limit=x&sort=x&parent_id=x&cursor=x");
  CHECK(answer.status == 422);
  CHECK(errors_of(answer) == "content_id required, parent_id format, sort unknown, limit format");
}

TEST_CASE("a content's id in a path or query is held to the rules of one in a body") {
  const site site;
  const std::string longest(255, 'x');
  const std::pair<std::string, std::string> refused[] = {{longest + "x", "too_long"},
                                                         {"%00", "control_character"},
                                                         {"a%0Ab", "control_character"},
                                                         {"%C2%85", "control_character"},
                                                         {"%FF", "encoding"},
                                                         {"%ED%A0%80", "encoding"},
                                                         {"%20", "required"},
                                                         {"%E2%80%8B", "required"}};
  for (const char* path : {"/api/comment/list/", "/api/v1/contents/",
                           "/api/v1/comments?content_id=", "/api/v1/counts?content_id="}) {
    CHECK(site.get(path + longest).status != 422);
    for (const auto& [text, code] : refused) {
      const response answer = site.get(path + text);
      CAPTURE(answer.body);
      CHECK(answer.status == 422);
      CHECK(errors_of(answer) == "content_id " + code);
    }
  }
  CHECK(errors_of(site.get("/api/v1/comments?content_id=")) == "content_id required");
  CHECK(errors_of(site.get("/api/v1/comments")) == "content_id required");
}

TEST_CASE("following the links meets every comment once, in each order and page size") {
  site site;
  for (const std::string& body : numbered("", 7)) site.say("1", body);
  for (const std::string limit : {"1", "2", "3", "6", "7", "8"}) {
    const std::string list = "/api/v1/comments?content_id=1&limit=" + limit;
    CHECK(walk(site, list) == "0 1 2 3 4 5 6");
    CHECK(walk(site, list + "&sort=top") == "0 1 2 3 4 5 6");
    CHECK(walk(site, list + "&sort=newest") == "6 5 4 3 2 1 0");
  }
  CHECK(walk(site, "/api/v1/comments?content_id=1&limit=3", " |") == "0 1 2 | 3 4 5 | 6");
}

TEST_CASE("the links carry contents and filters of every spelling") {
  site site;
  for (const std::string content_id :
       {"a b", "a&b=c", "caf\xc3\xa9", "https://example.com/?x=1&y=%20#z", "a+b", "%41", "<>\"",
        "\xf0\x9f\x98\x80", "a,b;rel=next"}) {
    CAPTURE(content_id);
    const std::string parent = site.say(content_id, "parent");
    for (const std::string& body : numbered("", 3)) site.say(content_id, body, parent);
    CHECK(walk(site, "/api/v1/comments?content_id=" + percent_encode(content_id) +
                         "&sort=newest&limit=1&parent_id=" + parent) == "2 1 0");
  }
}

TEST_CASE("what is posted while one follows the links shifts nothing") {
  site site;
  for (const std::string& body : numbered("", 4)) site.say("1", body);
  const response first = site.get("/api/v1/comments?content_id=1&sort=newest&limit=2");
  site.say("1", "4");
  CHECK(join(bodies(first)) == "3 2");
  CHECK(walk(site, next_of(first)) == "1 0");
}

TEST_CASE("a cursor is the next page under its own filter only") {
  site site;
  const std::string parent = site.say("1", "0");
  for (const std::string& body : numbered("r", 3)) site.say("1", body, parent);
  for (const std::string& body : numbered("", 3)) site.say("1", body), site.say("2", body);
  const std::string list = "/api/v1/comments?content_id=1&limit=1";
  const std::string cursor = read(site.get(list)).at("next");
  const std::string at = "&cursor=" + percent_encode(cursor);
  CHECK(site.get(list + at).status == 200);
  CHECK(site.get("/api/v1/comments?content_id=1&limit=2&sort=oldest" + at).status == 200);
  for (const std::string& other :
       {"/api/v1/comments?content_id=2" + at, list + "&sort=newest" + at, list + "&sort=top" + at,
        list + "&parent_id=" + parent + at, "/api/v1/comments?content_id=1%20" + at}) {
    CAPTURE(other);
    const response answer = site.get(other);
    CHECK(answer.status == 400);
    CHECK(read(answer).at("code") == "malformed");
    CHECK(errors_of(answer) == "cursor unknown");
  }
}

TEST_CASE("a cursor that was edited, cut, made up or made by another store is refused") {
  site site;
  testing::site other;
  for (const std::string& body : numbered("", 3)) site.say("1", body), other.say("1", body);
  const std::string list = "/api/v1/comments?content_id=1&limit=1";
  const std::string cursor = read(site.get(list)).at("next");
  const auto status_with = [&](const std::string& text) {
    return site.get(list + "&cursor=" + percent_encode(text)).status;
  };
  CHECK(status_with(cursor) == 200);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    for (const char c : {'A', 'z', '0', '-', '.', '=', '\0', '\xff'}) {
      std::string edited = cursor;
      edited[i] = c;
      if (edited != cursor) CHECK(status_with(edited) == 400);
    }
    CHECK(status_with(cursor.substr(0, i)) == 400);
  }
  for (const std::string& text : {std::string{}, std::string{"."}, std::string{"1"}, cursor + "A",
                                  cursor + cursor, std::string(5000, 'A')})
    CHECK(status_with(text) == 400);
  CHECK(status_with(read(other.get(list)).at("next")) == 400);
  const auth::signer sign{site.store.signing_key()};
  CHECK(status_with(sign.token("edit", "1 0")) == 400);
}

TEST_CASE("a list's tag is the content's version, and 304 saves it") {
  site site;
  const std::string list = "/api/v1/comments?content_id=1";
  site.say("1", "a");
  site.say("1", "b");
  CHECK(header(site.get(list), "ETag") == "\"2-3-plain_1-200-524288-open\"");
  for (const char* header_of :
       {"\"2-3-plain_1-200-524288-open\"", "W/\"2-3-plain_1-200-524288-open\"",
        "\"1\", \"2-3-plain_1-200-524288-open\"", "*",
        "\"x\" ,W/\"2-3-plain_1-200-524288-open\""}) {
    const response answer = site.get(list, {{"If-None-Match", header_of}});
    CHECK(answer.status == 304);
    CHECK(header(answer, "ETag") == "\"2-3-plain_1-200-524288-open\"");
    CHECK(header(answer, "Content-Type") == "");
  }
  for (const char* header_of :
       {"\"1-3-plain_1-200-524288-open\"", "2-3-plain_1-200-524288-open",
        "\"1-3-plain_1-200-524288-open\", \"3-3-plain_1-200-524288-open\"", ""})
    CHECK(site.get(list, {{"If-None-Match", header_of}}).status == 200);
  site.say("1", "c");
  CHECK(site.get(list, {{"If-None-Match", "\"2-3-plain_1-200-524288-open\""}}).status == 200);
}

TEST_CASE("a content is what its comments made of it") {
  site site;
  CHECK(site.get("/api/v1/contents/1").status == 404);
  site.say("1", "a");
  site.say("a/b?c", "x");
  const response answer = site.get("/api/v1/contents/1");
  CHECK(answer.body == R"({"content_id":"1","version":1,"comments":1,"status":"open"})");
  CHECK(header(answer, "ETag") == "\"1-open\"");
  CHECK(site.get("/api/v1/contents/1", {{"If-None-Match", "\"1-open\""}}).status == 304);
  CHECK(read(site.get("/api/v1/contents/a%2Fb%3Fc")).at("content_id") == "a/b?c");
}

TEST_CASE("metrics count posts and requests, by route and never by what was written") {
  const site site;
  const std::string body = R"({"content_id":"secret","body":"Oi"})";
  site.post(comments_path, body, {{"Idempotency-Key", "k"}});
  site.post(comments_path, body, {{"Idempotency-Key", "k"}});
  site.post(comments_path, R"({"content_id":"secret","body":"Tchau"})", {{"Idempotency-Key", "k"}});
  site.get("/api/v1/contents/secret");
  site.get("/secret");
  const response answer = site.get("/metrics");
  CHECK(header(answer, "Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"comments_posted_total 1", "comments_replayed_total 1", "comments_refused_total 1",
        R"(comments_http_requests_total{method="POST",route="/api/v1/comments",status="201"} 2)",
        R"(comments_http_requests_total{method="POST",route="/api/v1/comments",status="422"} 1)",
        R"(comments_http_request_seconds_count{route="/api/v1/contents/{content_id}"} 1)",
        R"(comments_http_requests_total{method="GET",route="-",status="404"} 1)",
        "comments_http_requests_running 1"}) {
    CAPTURE(line);
    CHECK(answer.body.find(std::string{line} + "\n") != answer.body.npos);
  }
  CHECK(answer.body.find("secret") == answer.body.npos);
}

TEST_CASE("the observer hears of every request what may be logged") {
  std::vector<exchange> seen;
  const site site{{.observe = [&](const exchange& one) { seen.push_back(one); }}};
  site.get("/api/v1/contents/1", {{"X-Request-Id", "r1"}});
  site.post(comments_path, R"({"content_id":1,"body":"Oi"})");
  site.get("/nothing");
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].id == "r1");
  CHECK(seen[0].route == "/api/v1/contents/{content_id}");
  CHECK(seen[0].status == 404);
  CHECK(seen[1].method == "POST");
  CHECK(seen[1].status == 201);
  CHECK(seen[2].route == "-");
}

TEST_CASE("a body that is not JSON by its own word is refused, and the header is named") {
  const site site;
  for (const std::string& path : {comments_path, legacy_path}) {
    const auto ask = [&](fields headers) {
      return site.send(
          {.method = "POST", .target = path, .headers = std::move(headers), .body = "{}"});
    };
    CHECK(ask({}).status == 415);
    CHECK(errors_of(ask({})) == "Content-Type required");
    for (const char* type :
         {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
          "application/jsonx", "application/problem+json", "json", "text/json",
          "application/json, text/plain", "application json"})
      CHECK(errors_of(ask({{"Content-Type", type}})) == "Content-Type unsupported");
    for (const char* type :
         {"application/json", "Application/JSON", "application/json;charset=utf-8",
          "application/json ; charset=utf-8", "application/json\t;x=y"})
      CHECK(ask({{"content-type", type}}).status == 422);
    const auto encoded = [&](const char* encoding) {
      return ask({{"Content-Type", "application/json"}, {"Content-Encoding", encoding}});
    };
    CHECK(encoded("identity").status == 422);
    for (const char* encoding : {"gzip", "br", "deflate", "identity, gzip", ""})
      CHECK(errors_of(encoded(encoding)) == "Content-Encoding unsupported");
  }
}

TEST_CASE("a request of 64 KiB is read, and one byte more is too large") {
  const site site;
  for (auto [path, body] :
       {std::pair{comments_path, std::string{R"({"content_id":1,"body":"Oi")"}},
        std::pair{
            legacy_path,
            std::string{R"({"content_id":1,"comment":"Oi","email":"charlie@example.com")"}}}) {
    body += std::string(64 * 1024 - body.size() - 1, ' ') + "}";
    CHECK(site.post(path, body).status < 300);
    const response refused = site.post(path, body + " ");
    CHECK(refused.status == 413);
    CHECK(read(refused).at("code") == "too_large");
  }
  CHECK(read(site.get("/api/v1/contents/1")).at("comments") == 2);
}

TEST_CASE("a hundred headers are read, and one more is too many") {
  const site site;
  CHECK(site.get("/healthz", fields(100, {"A", "1"})).status == 200);
  const response refused = site.get("/healthz", fields(101, {"A", "1"}));
  CHECK(refused.status == 431);
  CHECK(errors_of(refused) == "headers too_many");
  CHECK(site.get("/healthz", fields(10'000, {"A", "1"})).status == 431);
}

TEST_CASE("what an adapter refused is never stored") {
  const site site;
  CHECK(site.send({.method = "POST",
                   .target = comments_path,
                   .headers = {{"Content-Type", "application/json"}},
                   .body = R"({"content_id":1,"body":"Oi"})",
                   .refusal =
                       request_error{request_errc::malformed, "The body did not arrive whole."}})
            .status == 400);
  CHECK(site.get("/api/v1/contents/1").status == 404);
}

TEST_CASE("bad bodies are problems that name the field, and store nothing") {
  const site site;
  const std::tuple<std::string, int, std::string> bad[] = {
      {"", 400, ""},
      {"{", 400, ""},
      {std::string(64, '[') + std::string(64, ']'), 400, ""},
      {"[]", 422, " type"},
      {"\"text\"", 422, " type"},
      {"null", 422, " type"},
      {"{}", 422, "/content_id required, /body required"},
      {R"({"content_id":null,"body":null})", 422, "/content_id required, /body required"},
      {R"({"content_id":1.5,"body":7})", 422, "/content_id type, /body type"},
      {R"({"content_id":1,"body":" \n"})", 422, "/body required"},
      {R"({"content_id":1,"body":"a\u0000"})", 422, "/body control_character"},
      {R"({"content_id":1,"body":"\ud800"})", 400, "/body malformed"},
      {"{\"content_id\":1,\"body\":\"\xff\"}", 400, "/body malformed"},
      {R"({"content_id":1,"body":"a","body":"b"})", 400, "/body repeated"},
      {R"({"content_id":1,"body":"a","author":{"email":"a@b@c"}})", 422, "/author/email format"},
      {R"({"content_id":1,"body":"a","parent_id":"x"})", 422, "/parent_id format"},
      {R"({"content_id":1,"body":")" + std::string(16'385, 'x') + "\"}", 422, "/body too_long"},
      {R"({"body":"a","content_id":")" + std::string(256, 'x') + "\"}", 422,
       "/content_id too_long"}};
  for (const auto& [body, status, errors] : bad) {
    const response answer = site.post(comments_path, body);
    CAPTURE(answer.body);
    CHECK(answer.status == status);
    CHECK(errors_of(answer) == errors);
    CHECK(site.get("/healthz").status == 200);
  }
  CHECK(site.get("/api/v1/contents/1").status == 404);
}

TEST_CASE("bad percent-encoding is refused and its place named") {
  const site site;
  CHECK(errors_of(site.get("/api/comment/list/%")) == "content_id percent_encoding");
  CHECK(errors_of(site.get("/api/v1/contents/%zz")) == "content_id percent_encoding");
  CHECK(errors_of(site.get("/api/v1/comments/%1")) == "id percent_encoding");
  CHECK(errors_of(site.get("/api/v1/comments?content_id=%")) == "content_id percent_encoding");
  CHECK(site.get("/api/v1/counts?%").status == 400);
}

TEST_CASE("HEAD is answered as GET is") {
  site site;
  for (const auto& [got_by, status] : every_request(site.say("1", "Oi"))) {
    if (got_by.method != "GET") continue;
    request asked = got_by;
    CAPTURE(asked.target);
    const response got = site.send(asked);
    asked.method = "HEAD";
    const response answer = site.send(asked);
    CHECK(answer.status == status);
    CHECK(header(answer, "Content-Type") == header(got, "Content-Type"));
    CHECK(header(answer, "ETag") == header(got, "ETag"));
  }
}

TEST_CASE("a method that a path does not take is 405 with those that it takes") {
  site site;
  for (const auto& one : every_request(site.say("1", "Oi"))) {
    request asked = one.first;
    CAPTURE(asked.target);
    const std::string path = asked.target.substr(0, asked.target.find('?'));
    const std::string allowed = path == comments_path ? "OPTIONS, GET, HEAD, POST"
                                : path.starts_with(comments_path)
                                    ? "OPTIONS, GET, HEAD, PATCH, DELETE"
                                : path.starts_with("/api/v1/contents") ? "OPTIONS, GET, HEAD, PATCH"
                                : asked.method == "POST"               ? "OPTIONS, POST"
                                                                       : "OPTIONS, GET, HEAD";
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"}) {
      if (("," + allowed + ",").find(method) != std::string::npos) continue;
      CAPTURE(method);
      asked.method = method;
      const response answer = site.send(asked);
      CHECK(answer.status == 405);
      CHECK(header(answer, "Allow") == allowed);
    }
    asked.method = "OPTIONS";
    CHECK(site.send(asked).status == 204);
    CHECK(header(site.send(asked), "Allow") == allowed);
  }
  CHECK(read(site.get("/api/v1/contents/1")).at("comments") == 1);
}

TEST_CASE("a path without a route is not found, for every method") {
  const site site;
  for (const char* path :
       {"/", "/api", "/api/v1", "/api/v1/comments//", "/api/comment/list/", "/api/comment/list",
        "//healthz/", "/API/v1/comments", "//healthz", "/api/v1/comments/x/y", "/../healthz"})
    for (const char* method : {"GET", "POST", "OPTIONS", "DELETE"})
      CHECK(site.send({.method = method, .target = path}).status == 404);
}

TEST_CASE("a target that is no path is refused, whatever route it seems to name") {
  const site site;
  for (const char* target : {"", "*", "healthz", "h/healthz", "http:///healthz", "x://h/healthz"})
    CHECK(site.send({.method = "GET", .target = target}).status == 400);
  CHECK(site.send({.method = "GET", .target = "http://h?x/healthz"}).status == 404);
  CHECK(site.send({.method = "GET", .target = "http://h/healthz"}).status == 200);
  CHECK(site.send({.method = "OPTIONS", .target = "*"}).status == 204);
}

TEST_CASE(
    "what is proved, typed or expected twice is refused, and what is listed twice is one list") {
  site site;
  const std::string id = site.say("1", "Oi");
  const std::string path = "/api/v1/comments/" + id;
  const auto status = [&](const std::string& method, fields headers, const std::string& to) {
    if (method != "GET") headers.emplace_back("Content-Type", "application/json");
    return site
        .send({.method = method,
               .target = to,
               .headers = std::move(headers),
               .body = R"({"content_id":"1","body":"x"})"})
        .status;
  };
  const std::string posts = "/api/v1/comments";
  CHECK(status("POST", {{"Authorization", "Basic a"}, {"authorization", "Basic a"}}, posts) == 400);
  CHECK(status("POST", {{"Idempotency-Key", "a"}, {"Idempotency-Key", "a"}}, posts) == 400);
  CHECK(status("POST", {{"content-type", "application/json"}}, posts) == 400);
  CHECK(status("POST", {{"Content-Encoding", "identity"}, {"Content-Encoding", "gzip"}}, posts) ==
        415);
  CHECK(status("GET", {{"If-None-Match", "\"9\""}, {"If-None-Match", "\"1-3-plain_1\""}}, path) ==
        304);
  CHECK(site.comments.find_content("1")->comments == 1);
}

TEST_CASE("a path with one slash too many leads to its route, below any prefix of a proxy's") {
  const site site;
  for (const auto& [path, way] :
       {std::pair{"/api/v1/comments/", "../comments"}, std::pair{"/api/v1/comments/x/", "../x"},
        std::pair{"/api/v1/comments/x/vote/", "../vote"}, std::pair{"/healthz/", "../healthz"},
        std::pair{"/api/comment/list/1/?a=b", "../1?a=b"}}) {
    for (const char* method : {"GET", "POST", "DELETE"}) {
      const response answer = site.send({.method = method, .target = path, .prefix = "/shown"});
      CHECK(answer.status == 308);
      CHECK(header(answer, "Location") == way);
    }
  }
}

TEST_CASE("when storage fails at any call, the answer says so and nothing is half done") {
  bool has_failed = true;
  for (std::size_t fails_at = 1; has_failed; ++fails_at) {
    CAPTURE(fails_at);
    memory_store memory{0};
    const auto first = memory.insert({{.content_id = "1", .body = "0"}}, some_moment);
    REQUIRE(first);
    for (const std::string& body : numbered("", 4))
      REQUIRE(memory.insert({{.content_id = "1", .body = body}}, some_moment));
    faulty_store faulty{memory, fails_at};
    service comments{faulty, {.page_max = 2}};  // so that the legacy list takes several pages
    const client api{testing::all_routes(comments)};

    int refused = 0;
    std::size_t stored = 5;
    for (const auto& [asked, status] : every_request(to_string(first->stored.id), 2)) {
      const response answer = api.send(asked);
      CAPTURE(answer.body);
      CHECK((answer.status == status || answer.status == 503));
      refused += answer.status == 503;
      stored += asked.method == "POST" && answer.status == status;
      CHECK(memory.events("1", 0, 100)->size() == stored);
    }
    has_failed = faulty.has_failed();
    CHECK(refused == (has_failed ? 1 : 0));
    CHECK(memory.list({.content_id = "1", .scope = scope::all})->items.size() == stored);
    REQUIRE(fails_at < 100);
  }
}

TEST_CASE("what an option's function throws ends one request, with 503, and nothing else") {
  bool throws = true;
  const site site{{.observe = [&](const exchange&) {
    if (throws) throw std::runtime_error{"observer"};
  }}};
  const auto read_one = site.get("/healthz");
  CHECK(read_one.status == 503);
  CHECK_FALSE(read(read_one).contains("in_doubt"));
  CHECK(header(read_one, "X-Request-Id") != "");
  const auto written = site.post(comments_path, R"({"content_id":1,"body":"Oi"})");
  CHECK(written.status == 503);
  CHECK(read(written).at("in_doubt") == true);  // and it was posted
  CHECK(site.store.events("1", 0, 10)->size() == 1);
  throws = false;
  CHECK(site.get("/healthz").status == 200);
  CHECK(site.get("/metrics").body.find("comments_http_requests_running 1\n") != std::string::npos);
}

TEST_CASE("where others wait only what stands in memory is answered, and the rest is deferred") {
  site site;
  const std::string id = site.say("1", std::string(2'000, 'a'));
  const handler api = all_routes(site.comments, {});
  const auto ask = [&](effort effort, const std::string& target, fields headers = {},
                       std::string method = "GET") {
    return api({.method = std::move(method),
                .target = target,
                .headers = std::move(headers),
                .peer = "192.0.2.1",
                .effort = effort});
  };
  for (const char* ready :
       {"/healthz", "/readyz", "/version", "/nothing", "/api/comment/list/none"})
    CHECK_FALSE(ask(effort::memory, ready).is_deferred);
  CHECK_FALSE(ask(effort::memory, comments_path, {}, "OPTIONS").is_deferred);
  for (const std::string& work :
       {std::string{"/metrics"}, comments_path + "/" + id, std::string{"/api/v1/form"},
        std::string{"/api/v1/counts?content_id=1"}, std::string{"/api/v1/events?content_id=1"},
        std::string{"/api/v1/moderation/queue"}, std::string{"/api/v1/me/export"}})
    CHECK(ask(effort::memory, work).is_deferred);
  for (const std::string& list :
       {comments_path + "?content_id=1", std::string{"/api/comment/list/1"}}) {
    const std::string etag = header(ask(effort::whole, list, {}, "HEAD"), "ETag");
    CHECK(ask(effort::memory, list).is_deferred);
    const std::string made = ask(effort::rest, list).body;
    CHECK(made.size() > 2'000);
    const response shared = ask(effort::memory, list);
    REQUIRE(shared.shared_body);
    CHECK(*shared.shared_body == made);
    CHECK(shared.body.empty());
    CHECK(ask(effort::memory, list).shared_body == shared.shared_body);  // no copy
    CHECK(ask(effort::memory, list, {{"If-None-Match", etag}}).status == 304);
    const fields packed{{"Accept-Encoding", "gzip"}};
    CHECK(ask(effort::memory, list, packed).is_deferred);
    CHECK(ask(effort::memory, list, packed, "HEAD").is_length_unknown);
    const response in_gzip = ask(effort::rest, list, packed);
    CHECK(header(in_gzip, "Content-Encoding") == "gzip");
    CHECK(*ask(effort::memory, list, packed).shared_body == in_gzip.body);
  }
}

TEST_CASE("a request that was deferred is counted once, by allowances and by the observer") {
  std::vector<int> seen;
  site site{{.rates = {.reads = {.per_minute = 1, .burst = 2}},
             .observe = [&](const exchange& one) { seen.push_back(one.status); }}};
  const auto ask = [&](effort effort) {
    return site.send({.method = "GET",
                      .target = "/api/v1/comments?content_id=1",
                      .peer = "192.0.2.1",
                      .effort = effort});
  };
  for (const char* left : {"\"read\";r=1;", "\"read\";r=0;"}) {
    CHECK(ask(effort::memory).is_deferred);
    const response made = ask(effort::rest);
    CHECK(made.status == 200);
    CHECK(header(made, "RateLimit").starts_with(left));
  }
  const response refused = ask(effort::memory);
  CHECK_FALSE(refused.is_deferred);
  CHECK(refused.status == 429);
  CHECK(seen == std::vector{200, 200, 429});
}

TEST_CASE("what a route throws is counted and may be read by the page that asked") {
  const site site{{.cors = {.origins = {"https://blog.example.com"}},
                   .more = {{"GET /broken", [](const context&) {
                               return [](request&&) -> response { throw 7; };
                             }}}}};
  const auto answer = site.get("/broken", {{"Origin", "https://blog.example.com"}});
  CHECK(answer.status == 503);
  CHECK(header(answer, "Access-Control-Allow-Origin") == "https://blog.example.com");
  CHECK(site.get("/metrics")
            .body.find(R"(comments_http_requests_total{method="GET",route="-",status="503"} 1)") !=
        std::string::npos);
}

TEST_CASE("a post whose answer got lost is in doubt, and is found again under its key") {
  memory_store memory{0};
  faulty_store faulty{memory, 2, fault::answer_lost};  // behind the look at the content's mode
  service comments{faulty};
  const client api{testing::all_routes(comments)};
  const auto post = [&] {
    return api.post(comments_path, R"({"content_id":1,"body":"Oi"})", {{"Idempotency-Key", "k"}});
  };
  const response lost = post();
  CHECK(lost.status == 503);
  CHECK(read(lost).at("code") == "unavailable");
  CHECK(read(lost).at("in_doubt") == true);
  const response again = post();
  CHECK(again.status == 201);
  CHECK(header(again, "Idempotency-Replayed") == "true");
  CHECK(memory.events("1", 0, 100)->size() == 1);
}

TEST_CASE("where pages are small, a list that asks for no size gets a small page") {
  memory_store store{0};
  service service{store, {.page_max = 2}};
  for (int i = 0; i < 3; ++i) REQUIRE(service.post({.content_id = "1", .body = "Oi"}));
  const testing::client client{testing::all_routes(service)};
  const auto page = client.get("/api/v1/comments?content_id=1");
  CHECK(page.status == 200);
  CHECK(testing::read(page).at("items").size() == 2);
  CHECK(testing::read(client.get("/api/comment/list/1")).size() == 3);
}

TEST_CASE("a client that asks too often learns when to come back, on every route alike") {
  site site{{.rates = {.reads = {.per_minute = 60, .burst = 2},
                       .writes = {.per_minute = 60, .burst = 1}}}};
  const std::string id = site.say("1", "Oi");
  const response refused = site.ask("PUT", "/api/v1/comments/" + id + "/vote");
  CHECK(refused.status == 429);
  CHECK(read(refused).at("code") == "rate_limited");
  CHECK(header(refused, "Retry-After") == "1");
  CHECK(header(refused, "RateLimit") == "\"write\";r=0;t=1");
  CHECK(header(refused, "RateLimit-Policy") == "\"write\";q=1;w=1");
  CHECK(site.ask("PUT", "/api/v1/comments/" + id + "/vote", {}, {}, "192.0.2.2").status == 200);
  CHECK(site.ask("OPTIONS", "/api/v1/comments").status == 204);
  CHECK(header(site.get("/api/v1/form"), "RateLimit") == "\"read\";r=1;t=1");
  CHECK(site.get("/nowhere").status == 404);
  for (const char* target : {"/api/v1/form", "/api/comment/list/1", "/nowhere"})
    CHECK(site.get(target).status == 429);
  for (const char* probe : {"/healthz", "/readyz", "/version", "/metrics"})
    CHECK(site.get(probe).status == 200);
  site.now.advance(std::chrono::seconds{1});
  CHECK(site.ask("PUT", "/api/v1/comments/" + id + "/vote").status == 200);
}

TEST_CASE("clients in one /64 of IPv6 share their limit, clients in two do not") {
  const site site{{.rates = {.reads = {.per_minute = 1}}}};
  const auto ask = [&](std::string peer) {
    return site.ask("GET", "/api/v1/form", {}, {}, std::move(peer)).status;
  };
  CHECK(ask("2001:db8:0:1::1") == 200);
  CHECK(ask("2001:db8:0:1::2") == 429);
  CHECK(ask("2001:db8:0:2::1") == 200);
}

TEST_CASE("a content takes so many comments from all together, in both APIs, and others go on") {
  const site site{{.rates = {.content_writes = {.per_minute = 2}}}};
  const auto post = [&](const char* content_id, std::string peer) {
    return site
        .ask("POST", comments_path, R"({"body":"a","content_id":)" + std::string{content_id} + "}",
             {}, std::move(peer))
        .status;
  };
  CHECK(post("1", "192.0.2.1") == 201);
  CHECK(say_legacy(site, "a@example.com", "b", "1").status == 200);
  const response refused = say_legacy(site, "a@example.com", "c", "1");
  CHECK(refused.status == 429);
  CHECK(header(refused, "Retry-After") == "30");
  CHECK(post("1", "192.0.2.3") == 429);
  CHECK(post("2", "192.0.2.3") == 201);
  CHECK(read(site.get("/api/v1/contents/1")).at("comments") == 2);
}

TEST_CASE("a client that guesses tokens is stopped on every route that takes one") {
  const site site{
      {.rates = {.failed_tokens = {.per_minute = 1, .burst = 2}}, .secrets = all_secrets}};
  const auto code = [&](const fields& proof, std::string peer = "192.0.2.1") {
    return testing::code_of(
        site.ask("GET", "/api/v1/moderation/queue", {}, proof, std::move(peer)));
  };
  CHECK(code(bearer("guess")) == "unauthenticated");
  CHECK(code(bearer(make_jwt({{"sub", "a"}}, std::string(32, 'x')))) == "unauthenticated");
  CHECK(code(bearer(make_jwt({{"sub", "a"}, {"exp", 1}}))) == "rate_limited");
  CHECK(code(bearer("guess")) == "rate_limited");
  CHECK(code(as_moderator()) == "200");  // a long token cannot be guessed
  CHECK(header(site.get("/api/v1/me/export", bearer("guess")), "Retry-After") == "60");
  CHECK(code(as_user("uid-1")) == "forbidden");  // a signature cannot be guessed
  CHECK(code({}) == "unauthenticated");          // who shows nothing tries nothing
  CHECK(code(bearer("guess"), "192.0.2.2") == "unauthenticated");
}

TEST_CASE("pages of listed sites may do everything, others nothing, and caches know that") {
  site site{{.cors = {.origins = {"https://blog.example.com"}}, .cache_bytes = 1'000'000}};
  const std::string id = site.say("1", "Oi");
  const fields listed{{"Origin", "https://blog.example.com"}};
  const fields other{{"Origin", "https://other.example.com"}};
  for (const char* target : {"/api/v1/comments?content_id=1", "/api/comment/list/1"})
    for (int i = 0; i < 3; ++i) {  // made, kept, and not modified
      const auto ask = [&](fields who) {
        if (i == 2)
          who.emplace_back("If-None-Match",
                           R"("1", "1-3-plain_1-200-524288-open", "1-emails-show")");
        return site.get(target, std::move(who));
      };
      CHECK(header(ask(listed), "Access-Control-Allow-Origin") == "https://blog.example.com");
      CHECK(header(ask(other), "Access-Control-Allow-Origin") == "");
      for (const fields& who : {listed, other, fields{}}) {
        CHECK(ask(who).status == (i == 2 ? 304 : 200));
        CHECK(varies_by_origin(ask(who)));
      }
    }
  const auto preflight = [&](fields who, const char* method, const std::string& target) {
    who.emplace_back("Access-Control-Request-Method", method);
    return site.ask("OPTIONS", target, {}, std::move(who));
  };
  for (const char* method : {"PATCH", "DELETE"}) {
    const response allowed = preflight(listed, method, "/api/v1/comments/" + id);
    CHECK(allowed.status == 204);
    CHECK(header(allowed, "Access-Control-Allow-Methods").find(method) != std::string::npos);
    CHECK(header(allowed, "Access-Control-Allow-Headers").find("If-Match") != std::string::npos);
    CHECK(header(preflight(other, method, "/api/v1/comments/" + id),
                 "Access-Control-Allow-Methods") == "");
  }
  CHECK(header(site.get("/api/v1/comments/" + id, listed), "Access-Control-Expose-Headers")
            .find("ETag") != std::string::npos);
}

TEST_CASE("where all sites may read, they may post to the legacy API and to nothing else") {
  const site site{{.cors = {.origins = {"*"}}}};
  const fields from{{"Origin", "https://blog.example.com"}};
  CHECK(header(site.post(legacy_path, "{}", from), "Access-Control-Allow-Origin") == "*");
  CHECK(header(site.post(comments_path, "{}", from), "Access-Control-Allow-Origin") == "");
}

TEST_CASE("a page of a listed site can read a 429, and a site without origins says nothing") {
  const site site{{.rates = {.reads = {.per_minute = 1}}, .cors = {.origins = {"*"}}}};
  const fields from{{"Origin", "https://blog.example.com"}};
  CHECK(site.get("/api/v1/form", from).status == 200);
  const response refused = site.get("/api/v1/form", from);
  CHECK(refused.status == 429);
  CHECK(header(refused, "Access-Control-Allow-Origin") == "*");
  CHECK(header(testing::site{}.get("/api/v1/form", from), "Access-Control-Allow-Origin") == "");
}

TEST_CASE("no response has an address, an account or an origin, for any caller") {
  const site site{{.secrets = all_secrets}};
  const auto ana = as_user("uid-ana", "Ana", "ana@example.com");
  const auto one =
      post_comment(site, {{"body", "a"}, {"author", {{"email", "x@example.com"}}}}, ana);
  site.ask("POST", one.path + "/reports", R"({"reason":"r"})", as_user("uid-bia"));
  site.ask("PATCH", one.path, R"({"body":"b"})", ana);
  for (const fields& who : {fields{}, ana, as_user("uid-bia"), as_moderator(), as_pipeline()})
    for (const char* target :
         {"/api/v1/comments?content_id=1", "/api/v1/counts?content_id=1", "/api/v1/contents/1",
          "/api/v1/moderation/queue?status=all", "/api/v1/form", "/metrics", "/version"}) {
      const response answer = site.get(target, who);  // `check_answer` looks
      CHECK(answer.body.find("example.com") == std::string::npos);
      CHECK(answer.body.find(site.store.find(*parse_comment_id(one.id))->origin) ==
            std::string::npos);
    }
  site.get(one.path, ana);
  site.get(one.path + "/history", as_moderator());
  chunk events = site.get("/api/v1/events?content_id=1&after=0").rest([] {});
  CHECK(events.bytes.find("uid-") == std::string::npos);
  CHECK(events.bytes.find('@') == std::string::npos);
}

TEST_CASE("what a program hands to the API and throws ends one request, and others go on") {
  route_options options;
  options.body = {.name = "loud 1", .to_html = [](std::string_view body) -> std::string {
                    if (body.find("bad") != body.npos) throw 7;
                    return "<p>fine</p>";
                  }};
  bool fails = false;
  const auto fail = [&fails](const auto&...) {
    if (fails) throw std::runtime_error{"secret"};
  };
  options.observe = fail;
  options.more.push_back(
      {"GET /thrown", [](const context&) { return [](request&&) -> response { throw 7; }; }});
  options.more.push_back({"GET /empty", [](const context&) { return handler{}; }});
  options.more.push_back({"GET /nothing", {}});
  const site at{std::move(options)};
  CHECK(at.post(comments_path, R"({"content_id":1,"body":"bad"})").status == 503);
  CHECK(at.post(comments_path, R"({"content_id":1,"body":"Oi"})").status == 201);
  CHECK(at.get("/thrown").status == 503);
  CHECK(at.get("/empty").status == 503);
  CHECK(at.get("/nothing").status == 404);
  fails = true;
  CHECK(at.get(comments_path + "?content_id=1").status == 503);
  fails = false;
  CHECK(read(at.get(comments_path + "?content_id=1")).at("items").size() == 1);
}

TEST_CASE("who is told of an unheard proxy may throw: that ends one request, and others go on") {
  int told = 0;
  const site at{{.on_unheard_proxy = [&told](const unheard_proxy&) {
    if (++told == 1) throw std::runtime_error{"secret"};
    throw 42;
  }}};
  const auto ask = [&](std::string peer) {
    return at.send({.method = "GET",
                    .target = comments_path + "?content_id=1",
                    .headers = {{"X-Forwarded-For", "192.0.2.1"}},
                    .peer = std::move(peer)});
  };
  // One whose address nobody vouches for, and then one that is known: it is told once of each.
  for (const char* peer : {"198.51.100.1", "127.0.0.1"}) {
    const auto answer = ask(peer);
    CHECK(answer.status == 503);
    CHECK(answer.body.find("secret") == std::string::npos);
    CHECK(ask(peer).status == 200);
  }
  CHECK(told == 2);
  const site untold{};
  CHECK(untold
            .send({.method = "GET",
                   .target = "/healthz",
                   .headers = {{"X-Forwarded-For", "192.0.2.1"}},
                   .peer = "127.0.0.1"})
            .status == 200);
}

TEST_CASE("who is told of an unheard proxy may ask the API and the service that tell") {
  const site* serving = nullptr;
  int status = 0;
  const site at{{.on_unheard_proxy = [&](const unheard_proxy&) {
    status = serving
                 ->send({.method = "GET",
                         .target = "/healthz",
                         .headers = {{"X-Forwarded-For", "192.0.2.1"}},
                         .peer = "127.0.0.1"})
                 .status;
    CHECK(serving->comments.contents(std::vector<std::string>{"1"}));
  }}};
  serving = &at;
  CHECK(at.send({.method = "GET",
                 .target = "/healthz",
                 .headers = {{"X-Forwarded-For", "192.0.2.1"}},
                 .peer = "127.0.0.1"})
            .status == 200);
  CHECK(status == 200);
}

TEST_CASE("a renderer that is empty ends what needs it, and a clock what needs the time") {
  route_options options;
  options.body = {.name = "none", .to_html = {}};
  const site at{std::move(options)};
  CHECK(at.post(comments_path, R"({"content_id":1,"body":"Oi"})").status == 503);
  CHECK(at.get("/healthz").status == 200);
  memory_store store{0};
  service timeless{store, {.clock = comments::clock{}}};
  const client api{routes(timeless)};
  CHECK(api.post(comments_path, R"({"content_id":1,"body":"Oi"})").status == 503);
  CHECK(api.get(comments_path + "?content_id=1").status == 200);
}

TEST_CASE("a route of the program may call the API and the service that serve it") {
  route_options options;
  options.more.push_back({"GET /inner", [](const context& shared) {
                            return [&shared](request&&) -> response {
                              const auto made =
                                  shared.service().post({.content_id = "1", .body = "inner"});
                              return {.status = made ? 200 : 500};
                            };
                          }});
  const site at{std::move(options)};
  CHECK(at.get("/inner").status == 200);
  CHECK(read(at.get(comments_path + "?content_id=1")).at("items").size() == 1);
}

TEST_CASE("a hundred tenants have one text of metrics and one limit of cached pages") {
  registry metrics;
  constexpr std::size_t limit = 1'048'576;
  struct tenant {
    tenant(registry& all, std::shared_ptr<cache_memory> cache, const std::string& name)
        : comments{store, {.metrics = &all, .labels = "tenant=\"" + name + "\""}},
          api{routes(comments, {.cache = std::move(cache)})} {}
    memory_store store{0};
    service comments;
    client api;
  };
  const auto pages = std::make_shared<cache_memory>(limit, metrics, "comments_page_cache");
  std::vector<std::unique_ptr<tenant>> all;
  for (int i = 0; i < 100; ++i)
    all.push_back(std::make_unique<tenant>(metrics, pages, std::to_string(i)));
  const std::string body(2'000, 'x');
  for (const auto& one : all) {
    for (int i = 0; i < 5; ++i)
      REQUIRE(one->api.post(comments_path, R"({"content_id":1,"body":")" + body + R"("})").status ==
              201);
    CHECK(one->api.get(comments_path + "?content_id=1").status == 200);
    CHECK(one->api.get(comments_path + "?content_id=1").status == 200);
  }
  CHECK(metrics.gauge_of("comments_page_cache_bytes", "").value() <= std::int64_t{limit});
  const std::string text = all.front()->api.get("/metrics").body;
  std::set<std::string> heads;
  for (std::size_t at = 0; (at = text.find("# TYPE ", at)) != text.npos; ++at)
    CHECK(heads.insert(text.substr(at, text.find('\n', at) - at)).second);
  CHECK(text.find(R"(comments_posted_total{tenant="0"} 5)") != text.npos);
  CHECK(text.find(R"(comments_posted_total{tenant="99"} 5)") != text.npos);
  CHECK(text.find("\ncomments_posted_total ") == text.npos);
}

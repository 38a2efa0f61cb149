// GET /api/v1/feed, asked without a socket.

#include <comments/feed/routes.hpp>
#include <comments/http/gzip.hpp>

#include <doctest/doctest.h>

#include <pugixml.hpp>
#include <string>
#include <vector>

#include "support/api.hpp"

using namespace comments;
using namespace testing;

namespace {

const std::string atom_path = "/api/v1/feed?content_id=1";
const std::string json_path = atom_path + "&format=json";

struct feed_site : site {
  explicit feed_site(service_options chosen = {})
      : site{{.secrets = {.moderator_token = moderator}, .more = {feed::route()}},
             std::move(chosen)} {}

  void remove(const std::string& id) {
    const auto gone = ask("DELETE", "/api/v1/comments/" + id, {},
                          {{"Authorization", "Bearer " + std::string{moderator}}});
    REQUIRE(gone.status == 204);
  }
  std::vector<std::string> titles() {
    std::vector<std::string> found;
    for (const auto feed = read(get(json_path)); const auto& item : feed.at("items"))
      found.push_back(item.at("title"));
    return found;
  }

  static constexpr const char* moderator = "a moderator's token of some length";
};

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("below a prefix all links of a feed begin with it, and it is another representation") {
  feed_site on;
  on.say("1", "first");
  for (const std::string& path : {atom_path, json_path}) {
    const auto plain = on.get(path);
    const http::request asked{
        .method = "GET", .target = path, .headers = {}, .peer = "192.0.2.1", .prefix = "/comments"};
    const auto below = on.send(asked);
    CHECK(plain.body.find("/comments/api/v1/feed") == std::string::npos);
    const bool has_links = path == atom_path;
    CHECK((below.body.find("\"/comments/api/v1/feed?content_id=1") != std::string::npos) ==
          has_links);
    CHECK((below.body.find("\"/comments/api/v1/comments/") != std::string::npos) == has_links);
    CHECK(below.body.find("\"/api/v1/") == std::string::npos);
    CHECK(header(below, "ETag") != header(plain, "ETag"));
    http::request again = asked;
    again.headers = {{"If-None-Match", header(plain, "ETag")}};
    CHECK(on.send(again).status == 200);
    again.headers = {{"If-None-Match", header(below, "ETag")}};
    CHECK(on.send(again).status == 304);
  }
}

TEST_CASE("without the route there is no feed") { CHECK(site{}.get(atom_path).status == 404); }

TEST_CASE("a feed is of the visible comments of one content, newest first, replies too") {
  feed_site on;
  const std::string first = on.say("1", "first");
  on.now.advance(std::chrono::seconds{1});
  on.say("2", "elsewhere");
  const std::string reply = on.say("1", "a reply", first);
  on.say("1", "last");
  CHECK(on.titles() == texts{"Anonymous: last", "Anonymous: a reply", "Anonymous: first"});
  on.remove(first);  // leaves a tombstone, which says nothing
  CHECK(on.titles() == texts{"Anonymous: last", "Anonymous: a reply"});
}

TEST_CASE("a feed is Atom unless JSON is asked for") {
  feed_site on;
  on.say("1", "Oi");
  const auto atom = on.get(atom_path);
  CHECK(atom.status == 200);
  CHECK(header(atom, "Content-Type") == "application/atom+xml");
  CHECK(header(atom, "Cache-Control") == "no-cache");
  CHECK(on.get(atom_path + "&format=atom").body == atom.body);
  pugi::xml_document xml;
  REQUIRE(xml.load_string(atom.body.c_str()));
  CHECK(xml.child("feed").child("entry").child_value("content") == std::string{"<p>Oi</p>\n"});
  const auto json = on.get(json_path);
  CHECK(json.status == 200);
  CHECK(header(json, "Content-Type") == "application/feed+json");
  CHECK(read(json).at("items").at(0).at("content_html") == "<p>Oi</p>\n");
}

TEST_CASE("a feed has at most entries_max comments") {
  feed_site on;
  for (std::size_t i = 0; i < feed::entries_max; ++i) on.say("1", "comment " + std::to_string(i));
  CHECK(on.titles().size() == feed::entries_max);
  CHECK(on.titles().back() == "Anonymous: comment 0");
  on.say("1", "one more");
  CHECK(on.titles().size() == feed::entries_max);
  CHECK(on.titles().front() == "Anonymous: one more");
  CHECK(on.titles().back() == "Anonymous: comment 1");
}

TEST_CASE("a feed has no more comments than a page may have") {
  feed_site on{{.page_max = 2}};
  for (int i = 0; i < 3; ++i) on.say("1", "Oi");
  CHECK(on.titles().size() == 2);
}

TEST_CASE("each format has a tag of its own that changes with the content") {
  feed_site on;
  on.say("1", "Oi");
  CHECK(header(on.get(atom_path), "ETag") == "\"1-atom-3-plain_1-200-524288-open\"");
  CHECK(header(on.get(json_path), "ETag") == "\"1-json-3-plain_1-200-524288-open\"");
  const auto kept = on.get(atom_path, {{"If-None-Match", "\"1-atom-3-plain_1-200-524288-open\""}});
  CHECK(kept.status == 304);
  CHECK(header(kept, "ETag") == "\"1-atom-3-plain_1-200-524288-open\"");
  CHECK(on.get(json_path, {{"If-None-Match", "\"1-atom-3-plain_1-200-524288-open\""}}).status ==
        200);
  on.say("1", "Oi");
  CHECK(on.get(atom_path, {{"If-None-Match", "\"1-atom-3-plain_1-200-524288-open\""}}).status ==
        200);
}

TEST_CASE("a feed is made once for a version of its content, in each form that it is sent in") {
  feed_site on;
  const auto made = [&on] {
    return on.comments.metrics().counter_of("comments_feed_cache_misses_total", "").value();
  };
  on.say("1", std::string(http::gzip_bytes_min, 'a'));
  const std::string first = on.get(atom_path).body;
  CHECK(made() == 1);
  CHECK(on.get(atom_path).body == first);
  CHECK(on.get(atom_path + "&more=1").body == first);
  CHECK(made() == 1);
  for (int i = 0; i < 2; ++i) {
    const auto packed = on.get(atom_path, {{"Accept-Encoding", "gzip"}});
    CHECK(header(packed, "Content-Encoding") == "gzip");
    CHECK(packed.body == http::gzip(first));
    CHECK(header(packed, "Content-Type") == "application/atom+xml");
    CHECK(made() == 2);
  }
  on.get(json_path);
  CHECK(made() == 3);
  on.say("1", "more");
  CHECK(on.titles().front() == "Anonymous: more");
  CHECK(on.get(atom_path).body != first);
  CHECK(made() == 5);
}

TEST_CASE("a feed of few bytes is not packed, and none is kept where nothing is") {
  feed_site on;
  on.say("1", "Oi");
  CHECK(header(on.get(json_path, {{"Accept-Encoding", "gzip"}}), "Content-Encoding") == "");
  site bare{{.cache_bytes = 0, .more = {feed::route()}}};
  bare.say("1", "Oi");
  CHECK(bare.get(atom_path).body == bare.get(atom_path).body);
  CHECK(bare.comments.metrics().gauge_of("comments_feed_cache_bytes", "").value() == 0);
}

TEST_CASE("a feed's id is its content's, and its time that of the last change") {
  feed_site on;
  const auto read_feed = [&on](const std::string& path) {
    pugi::xml_document xml;
    REQUIRE(xml.load_string(on.get(path).body.c_str()));
    return std::pair<std::string, std::string>{xml.child("feed").child_value("id"),
                                               xml.child("feed").child_value("updated")};
  };
  const std::string only = on.say("1", "Oi");
  on.say("2", "Oi");
  const auto before = read_feed(atom_path);
  CHECK(before.first.starts_with("urn:uuid:"));
  CHECK(parse_comment_id(before.first.substr(9)));
  CHECK(before.first[9 + 14] == '8');
  CHECK(before.second == "2023-11-14T22:13:20.123Z");
  CHECK(read_feed("/api/v1/feed?content_id=2").first != before.first);
  on.now.advance(std::chrono::minutes{1});
  on.remove(only);
  const auto after = read_feed(atom_path);
  CHECK(after.first == before.first);
  CHECK(after.second == "2023-11-14T22:14:20.123Z");
}

TEST_CASE("links are paths, with what the API is mounted under and the content's id encoded") {
  feed_site on;
  const std::string id = on.say("a/b&c", "Oi");
  const auto answer = on.send({.method = "GET",
                               .target = "/api/v1/feed?content_id=a%2Fb%26c",
                               .headers = {{"Host", "evil.example.com"}},
                               .prefix = "/talk"});
  pugi::xml_document xml;
  REQUIRE(xml.load_string(answer.body.c_str()));
  const auto root = xml.child("feed");
  CHECK(root.child("link").attribute("href").value() ==
        std::string{"/talk/api/v1/feed?content_id=a%2Fb%26c"});
  CHECK(root.child("entry").child("link").attribute("href").value() ==
        "/talk/api/v1/comments/" + id);
  CHECK(answer.body.find("evil") == answer.body.npos);
}

TEST_CASE("a feed never says an e-mail address") {
  feed_site on;
  const auto posted =
      on.post("/api/v1/comments",
              R"({"content_id":1,"body":"Oi","author":{"name":"Ada","email":"ada@example.com"}})");
  REQUIRE(posted.status == 201);
  CHECK(on.get(atom_path).body.find("ada@") == std::string::npos);
  CHECK(on.get(json_path).body.find("ada@") == std::string::npos);
}

TEST_CASE("what is no feed is a problem") {
  feed_site on;
  on.say("1", "Oi");
  CHECK(on.get("/api/v1/feed?content_id=2").status == 404);
  CHECK(errors_of(on.get("/api/v1/feed")) == "content_id required");
  CHECK(errors_of(on.get(atom_path + "&format=rss")) == "format unknown");
  CHECK(errors_of(on.get("/api/v1/feed?content_id=" + std::string(256, 'a'))) ==
        "content_id too_long");
  CHECK(on.post(atom_path, "{}").status == 405);
}

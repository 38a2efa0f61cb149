// Feeds as JSON Feed 1.1.

#include <comments/feed/json_feed.hpp>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace comments;

TEST_CASE("a feed has all that JSON Feed asks for, and escapes what it is given") {
  const feed::document two{
      .title = "Comments on \"1\"",
      .entries = {{.id = "urn:uuid:2",
                   .title = "Ada: \\",
                   .author = "Ada",
                   .html = "<p>1 &lt; 2\uFFFE</p>\n",
                   .published = from_milliseconds(1'700'000'000'123),
                   .edited = from_milliseconds(1'700'000'060'000)},
                  {.id = "urn:uuid:1", .author = "\xff", .published = from_milliseconds(0)}}};
  const auto expected = nlohmann::json::parse(R"({
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Comments on \"1\"",
    "items": [
      {"id": "urn:uuid:2", "title": "Ada: \\", "content_html": "<p>1 &lt; 2\uFFFE</p>\n",
       "date_published": "2023-11-14T22:13:20.123Z", "date_modified": "2023-11-14T22:14:20.000Z",
       "authors": [{"name": "Ada"}]},
      {"id": "urn:uuid:1", "title": "", "content_html": "",
       "date_published": "1970-01-01T00:00:00.000Z", "authors": [{"name": "\uFFFD"}]}]})");
  CHECK(nlohmann::json::parse(feed::to_json(two)) == expected);
}

TEST_CASE("a feed without entries is one") {
  CHECK(nlohmann::json::parse(feed::to_json({.title = "x"})).at("items") ==
        nlohmann::json::array());
}

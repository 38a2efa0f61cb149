// Feeds as Atom. What reads them here is lenient; tests/server/feed_test.py asks a strict parser.

#include <comments/feed/atom.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace comments;
using feed::to_atom;
using feed::to_xml_text;

namespace {

feed::document make_document(feed::entry one) {
  one.published = from_milliseconds(1'700'000'000'123);
  return {.id = "urn:uuid:1",
          .title = "Comments on <1>",
          .link = "/api/v1/feed?content_id=1",
          .updated = from_milliseconds(1'700'000'100'000),
          .entries = {std::move(one)}};
}

}  // namespace

TEST_CASE("text for XML keeps what XML 1.0 can hold and nothing else") {
  const std::string_view kept =
      "a\t\n\r \x7f\u0085é\uD7FF\uE000\uFFFD\U00010000\U0001FFFE\U0010FFFF";
  CHECK(to_xml_text(kept) == kept);
  CHECK(to_xml_text("a\uFFFEb\uFFFFc") == "a\uFFFDb\uFFFDc");
  for (char c = 0; c < ' '; ++c) {
    if (c == '\t' || c == '\n' || c == '\r') continue;
    CHECK(to_xml_text(std::string_view{&c, 1}) == "\uFFFD");
  }
  CHECK(to_xml_text("a\xff\xc3") == "a\uFFFD\uFFFD");
  CHECK(to_xml_text("\xed\xa0\x80").find('\xed') == std::string::npos);
}

TEST_CASE("a feed has all that RFC 4287 asks for, and escapes what it is given") {
  const std::string xml = to_atom(make_document({.id = "urn:uuid:2",
                                                 .title = "A & B: ]]> \"",
                                                 .author = "A & B",
                                                 .html = "<p>1 &lt; 2</p>\n",
                                                 .link = "/api/v1/comments/2?a&b\""}));
  CHECK(xml ==
        R"(<?xml version="1.0" encoding="utf-8"?>)"
        R"(<feed xmlns="http://www.w3.org/2005/Atom")"
        R"( xmlns:thr="http://purl.org/syndication/thread/1.0">)"
        R"(<id>urn:uuid:1</id><title>Comments on &lt;1&gt;</title>)"
        R"(<updated>2023-11-14T22:15:00.000Z</updated>)"
        R"(<link rel="self" type="application/atom+xml" href="/api/v1/feed?content_id=1"/>)"
        R"(<entry><id>urn:uuid:2</id><title>A &amp; B: ]]&gt; "</title>)"
        R"(<author><name>A &amp; B</name></author>)"
        R"(<published>2023-11-14T22:13:20.123Z</published>)"
        R"(<updated>2023-11-14T22:13:20.123Z</updated>)"
        R"(<link rel="alternate" type="application/json" href="/api/v1/comments/2?a&amp;b&quot;"/>)"
        "<content type=\"html\">&lt;p&gt;1 &amp;lt; 2&lt;/p&gt;\n</content></entry></feed>");
}

TEST_CASE("an edited entry was updated then, and a reply names what it answers") {
  const std::string xml = to_atom(
      make_document({.in_reply_to = "urn:uuid:3", .edited = from_milliseconds(1'700'000'060'000)}));
  CHECK(xml.find("<updated>2023-11-14T22:14:20.000Z</updated>") != xml.npos);
  CHECK(xml.find(R"(<thr:in-reply-to ref="urn:uuid:3"/>)") != xml.npos);
}

TEST_CASE("a feed without entries is one") {
  const std::string xml = to_atom({.id = "urn:uuid:1", .title = "x", .link = "/"});
  CHECK(xml.find("<entry") == xml.npos);
  CHECK(xml.find("<updated>1970-01-01T00:00:00.000Z</updated>") != xml.npos);
  CHECK(xml.ends_with("</feed>"));
}

#include <comments/renderer.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace comments;

TEST_CASE("the default renderer shows a body as plain paragraphs") {
  const renderer plain;
  CHECK(plain.name == "plain 1");
  CHECK(plain.to_html("*a* <b>\n\nc") == "<p>*a* &lt;b&gt;</p>\n<p>c</p>\n");
}

TEST_CASE("a renderer is a name and a function") {
  const renderer own{"own 2", [](std::string_view body) { return "<b>" + std::string{body}; }};
  CHECK(own.name == "own 2");
  CHECK(own.to_html("a") == "<b>a");
}

TEST_CASE("of HTML a reader sees the text, without tags and references") {
  CHECK(to_plain_text("") == "");
  CHECK(to_plain_text("<p>vi<strong>agra</strong></p>\n") == "\nviagra\n\n");
  CHECK(to_plain_text("a<br>b<br/>c<hr>d") == "a\nb\nc\nd");
  CHECK(to_plain_text("<td>a</td><td>b</td>") == "\na\n\nb\n");
  CHECK(to_plain_text("<a href=\"http://a\">b</a><code class=\"c\">d</code>e") == "bde");
  CHECK(to_plain_text("&amp;&lt;&gt;&quot;&#39;&#x4e2d;&#128512;&#xe4;") ==
        "&<>\"'\u4e2d\U0001f600\u00e4");
  for (const std::string_view odd : {"&", "&a", "&a;", "&;", "&#;", "&#x;", "&#0;", "&#xd800;",
                                     "&#x110000;", "&#12345678901;", "<", "a <b"})
    CHECK_MESSAGE(to_plain_text(odd) == odd, odd);
}

TEST_CASE("what a renderer shows of a body can be read") {
  CHECK(to_plain_reader({})("a <b> & \"c\"\n\nd") == "\na <b> & \"c\"\n\n\nd\n\n");
  const renderer loud{"loud 1",
                      [](std::string_view body) { return "<b>" + escape_html(body) + "</b>"; }};
  CHECK(to_plain_reader(loud)("1 < 2") == "1 < 2");
}

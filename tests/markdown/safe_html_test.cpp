// safe_html_test.cpp - that what judges our HTML refuses what it should.

#include "support/safe_html.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using testing::why_unsafe;

namespace {

const std::string rel = R"( rel="nofollow ugc noopener noreferrer")";

}  // namespace

TEST_CASE("harmless HTML is called safe") {
  for (const std::string& html : std::vector<std::string>{
           "", "a", "<p>a<br>\nb</p>", "<h3>a</h3><hr><h6>b</h6>",
           "<ul><li>a</li></ul><ol start=\"2\"><li><p><del>b</del></p></li></ol>",
           "<blockquote><pre><code class=\"language-c++\">a</code></pre></blockquote>",
           "<p><a href=\"https://example.com/?a=1&amp;b=%22\"" + rel + ">a</a></p>",
           "<p><a href=\"mailto:a@example.com\"" + rel + "><em>a</em></a></p>",
           "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
           "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td align=\"center\">b</td></tr>"
           "</tbody></table>",
           "<ul><li><label><input type=\"checkbox\" disabled> a</label></li></ul>",
           "<p><input type=\"checkbox\" disabled checked> a</p>"})
    CHECK_MESSAGE(why_unsafe(html) == "", html);
}

TEST_CASE("an element that is not in the list is found, wherever it stands") {
  for (const char* element :
       {"script",   "style",    "img",      "svg",      "math", "iframe", "object", "embed",
        "form",     "input",    "button",   "template", "base", "link",   "meta",   "div",
        "span",     "fieldset", "b",        "i",        "s",    "h1",     "h2",     "video",
        "frameset", "title",    "textarea", "noscript", "x-y",  "details"}) {
    const std::string html = "<" + std::string{element} + ">";
    CHECK_MESSAGE(why_unsafe(html) != "", html);
    CHECK_MESSAGE(why_unsafe("<p>a" + html + "b</p>") != "", html);
    CHECK_MESSAGE(why_unsafe("<ul><li><pre>" + html + "</pre></li></ul>") != "", html);
  }
}

TEST_CASE("an attribute that is not in the list is found") {
  for (const std::string& html : std::vector<std::string>{
           "<p onclick=\"a\">a</p>", "<p class=\"a\">a</p>", "<p id=\"a\">a</p>",
           "<p style=\"a\">a</p>", "<br onload=\"a\">", "<code id=\"a\">a</code>",
           "<a href=\"http://example.com\"" + rel + " target=\"_top\">a</a>",
           "<a href=\"http://example.com\"" + rel + " title=\"a\">a</a>", "<ol type=\"a\"></ol>",
           "<ul start=\"2\"></ul>", "<table><tr><td colspan=\"9\">a</td></tr></table>",
           "<table border=\"9\"><tr><td>a</td></tr></table>",
           "<input type=\"checkbox\" disabled name=\"a\">", "<label for=\"a\">a</label>",
           "<body onload=\"a\">", "<html class=\"a\">"})
    CHECK_MESSAGE(why_unsafe(html) != "", html);
}

TEST_CASE("an attribute that says what it must not is found") {
  for (const std::string& html : std::vector<std::string>{
           "<code class=\"a\">a</code>", "<code class=\"language-\">a</code>",
           "<code class=\"language-a b\">a</code>", "<code class=\"language-&quot;\">a</code>",
           "<code class=\"language-" + std::string(33, 'a') + "\">a</code>",
           "<ol start=\"-1\"></ol>", "<ol start=\"\"></ol>", "<ol start=\"1e3\"></ol>",
           "<ol start=\"1234567890\"></ol>", "<a" + rel + ">a</a>",
           "<a href=\"http://example.com\">a</a>",
           "<a href=\"http://example.com\" rel=\"nofollow\">a</a>",
           "<a href=\"http://example.com\" rel=\"\">a</a>",
           "<table><tr><td align=\"a\">a</td></tr></table>", "<input type=\"text\" disabled>",
           "<input type=\"checkbox\">", "<input disabled>",
           "<input type=\"checkbox\" disabled=\"a\">"})
    CHECK_MESSAGE(why_unsafe(html) != "", html);
}

TEST_CASE("an address that leads elsewhere is found, as a browser would understand it") {
  const auto link = [](std::string href) { return "<a href=\"" + href + "\"" + rel + ">a</a>"; };
  CHECK(why_unsafe(link("HTTPS://example.com")) == "");
  for (const char* href : {"javascript:a",
                           "JavaScript:a",
                           "java&#9;script:a",
                           "java\nscript:a",
                           " javascript:a",
                           "&#1;javascript:a",
                           "&#106;avascript:a",
                           "javascript&colon;a",
                           "data:text/html,a",
                           "vbscript:a",
                           "file:///a",
                           "ftp://example.com",
                           "//example.com",
                           "/a",
                           "a",
                           "",
                           "#a",
                           "?a",
                           "http:a",
                           "https:/a",
                           "http:\\\\example.com",
                           "http://example.com/ a",
                           "http://example.com/\xe2\x80\xae",
                           "http://example.com/'",
                           "http://example.com/&quot;",
                           "http://example.com/\\",
                           "http://example.com/`",
                           "xmpp:a@example.com",
                           "blob:http://a"})
    CHECK_MESSAGE(why_unsafe(link(href)) != "", href);
}

TEST_CASE("what is not well-formed is found") {
  for (const char* html : {"<p>",
                           "</p>",
                           "<p>a</p></p>",
                           "<em>a",
                           "a</em>",
                           "<p><em>a</p></em>",
                           "<p>a<p>b",
                           "<ul><li>a</ul></li>",
                           "<p><ul></ul></p>",
                           "<a <b>",
                           "a <",
                           "<!-- a -->",
                           "<!doctype html>",
                           "<?php a ?>",
                           "<![CDATA[a]]>",
                           "&bogus;",
                           "&lt",
                           "</body><p>a</p>",
                           "<p/>",
                           "a\x01"})
    CHECK_MESSAGE(why_unsafe(html) != "", html);
  const std::string a = "<a href=\"http://example.com\"" + rel + ">";
  CHECK(why_unsafe(a + a + "b</a></a>") != "");
}

TEST_CASE("text is what the page shows") {
  CHECK(testing::text_of("<p>a &lt;b&gt;</p>\n<ul><li>c</li></ul>") == "a <b>\nc");
  CHECK(testing::text_of("<p></p>") == "");
}

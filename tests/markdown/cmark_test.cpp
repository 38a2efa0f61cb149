#include <comments/markdown/cmark.hpp>

#include "support/failing_memory.hpp"
#include "support/safe_html.hpp"
#include "support/size.hpp"

#include <doctest/doctest.h>

#include <cmark-gfm.h>

#include <cstddef>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace comments;
using markdown::render;

namespace {

const std::string rel = R"( rel="nofollow ugc noopener noreferrer")";

std::string anchor(const std::string& href, const std::string& text) {
  return "<a href=\"" + href + "\"" + rel + ">" + text + "</a>";
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

using table = std::vector<std::pair<std::string_view, std::string_view>>;

// What each source becomes.
void check_all(const table& rows) {
  for (const auto& row : rows) {
    CHECK_MESSAGE(render(row.first) == row.second, row.first);
    CHECK_MESSAGE(testing::why_unsafe(render(row.first)) == "", row.first);
  }
}

void check_all_of(const std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& row : rows) check_all({{row.first, row.second}});
}

// The same for what stands in one paragraph.
void check_inlines(const std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& row : rows) {
    CHECK_MESSAGE(render(row.first) == "<p>" + row.second + "</p>\n", row.first);
    CHECK_MESSAGE(testing::why_unsafe(render(row.first)) == "", row.first);
  }
}

bool is_plain(const std::string& source, const markdown::limits& most = {}) {
  const std::string html = render(source, most);
  CHECK(testing::why_unsafe(html) == "");
  return html == to_paragraphs(source);
}

}  // namespace

TEST_CASE("Markdown becomes what its readers expect") {
  check_all({{"Oi", "<p>Oi</p>\n"},
             {"a\n\nb", "<p>a</p>\n<p>b</p>\n"},
             {"> a\n>\n> > b",
              "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n"
              "</blockquote>\n"},
             {"- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"},
             {"- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n"},
             {"- a\n\n- b", "<ul>\n<li>\n<p>a</p>\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>\n"},
             {"1. a\n2. b", "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"},
             {"0) a", "<ol start=\"0\">\n<li>a</li>\n</ol>\n"},
             {"999999999. a", "<ol start=\"999999999\">\n<li>a</li>\n</ol>\n"},
             {"a\n\n***\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"},
             {"    a < b\n", "<pre><code>a &lt; b\n</code></pre>\n"},
             {"```\n*a*\n\n`b`\n```", "<pre><code>*a*\n\n`b`\n</code></pre>\n"},
             {"a\\\nb  \nc", "<p>a<br>\nb<br>\nc</p>\n"}});
}

TEST_CASE("words are emphasised, struck out and set as code") {
  check_inlines({{"*a* _b_", "<em>a</em> <em>b</em>"},
                 {"**a** __b__", "<strong>a</strong> <strong>b</strong>"},
                 {"***a***", "<em><strong>a</strong></em>"},
                 {"~a~ ~~b~~", "<del>a</del> <del>b</del>"},
                 {"~~~a~~~ b", "~~~a~~~ b"},
                 {"snake_case_name 2*3*4 a ~ b", "snake_case_name 2<em>3</em>4 a ~ b"},
                 {"`a` ``b`c``", "<code>a</code> <code>b`c</code>"},
                 {"`<b>&amp;`", "<code>&lt;b&gt;&amp;amp;</code>"},
                 {"\\*a\\* &lt; &auml; &#228;", "*a* &lt; \xc3\xa4 \xc3\xa4"},
                 {"\"a\" 'b' --- ...", "&quot;a&quot; &#39;b&#39; --- ..."}});
}

TEST_CASE("a line break is a line break") {
  check_all({{"a\nb", "<p>a<br>\nb</p>\n"},
             {"a\r\nb", "<p>a<br>\nb</p>\n"},
             {"- a\n  b", "<ul>\n<li>a<br>\nb</li>\n</ul>\n"},
             {"> a\nb", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>\n"}});
}

TEST_CASE("headings start below those of the page") {
  check_all({{"# a", "<h3>a</h3>\n"},
             {"## a", "<h4>a</h4>\n"},
             {"### a", "<h5>a</h5>\n"},
             {"#### a", "<h6>a</h6>\n"},
             {"##### a", "<h6>a</h6>\n"},
             {"###### a", "<h6>a</h6>\n"},
             {"a\n===", "<h3>a</h3>\n"},
             {"a\n---", "<h4>a</h4>\n"},
             {"#hashtag", "<p>#hashtag</p>\n"}});
}

TEST_CASE("HTML is shown, not obeyed") {
  check_all(
      {{"a <b>b</b>", "<p>a &lt;b&gt;b&lt;/b&gt;</p>\n"},
       {"<b onclick=\"c\">*d*</b>", "<p>&lt;b onclick=&quot;c&quot;&gt;<em>d</em>&lt;/b&gt;</p>\n"},
       {"<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"},
       {"<div>\n*a*\n\nb", "<p>&lt;div&gt;<br>\n*a*</p>\n<p>b</p>\n"},
       {"<!-- a\n\nb -->\nc", "<p>&lt;!-- a</p>\n<p>b --&gt;</p>\n<p>c</p>\n"},
       {"- <hr>", "<ul>\n<li>\n<p>&lt;hr&gt;</p>\n</li>\n</ul>\n"},
       {"a <!-- b --> <?c?> <!D e> <![CDATA[f]]>",
        "<p>a &lt;!-- b --&gt; &lt;?c?&gt; &lt;!D e&gt; &lt;![CDATA[f]]&gt;</p>\n"},
       {"&lt;script&gt;", "<p>&lt;script&gt;</p>\n"}});
}

TEST_CASE("http, https and mailto are linked") {
  check_inlines({{"[a](http://example.com)", anchor("http://example.com", "a")},
                 {"[*a*](<https://example.com/b c> \"d\")",
                  anchor("https://example.com/b%20c", "<em>a</em>")},
                 {"[a](HTTPS://EXAMPLE.COM)", anchor("HTTPS://EXAMPLE.COM", "a")},
                 {"[a](mailto:a@example.com?subject=b&cc=c)",
                  anchor("mailto:a@example.com?subject=b&amp;cc=c", "a")},
                 {"<https://example.com>", anchor("https://example.com", "https://example.com")},
                 {"<a@example.com>", anchor("mailto:a@example.com", "a@example.com")},
                 {"[a][b]\n\n[b]: http://example.com", anchor("http://example.com", "a")},
                 {"[a](http://[2001:db8::1]:80/)", anchor("http://[2001:db8::1]:80/", "a")}});
}

TEST_CASE("bare addresses are linked") {
  check_inlines(
      {{"see https://example.com/a_b_(c)?d=1&e=%20#f.",
        "see " +
            anchor("https://example.com/a_b_(c)?d=1&amp;e=%20#f",
                   "https://example.com/a_b_(c)?d=1&amp;e=%20#f") +
            "."},
       {"(www.example.com)", "(" + anchor("http://www.example.com", "www.example.com") + ")"},
       {"a@example.com!", anchor("mailto:a@example.com", "a@example.com") + "!"},
       {"ftp://example.com", "ftp://example.com"},
       {"xmpp:a@example.com", "xmpp:a@example.com"},
       {"`https://example.com`", "<code>https://example.com</code>"}});
}

TEST_CASE("where else a link leads, only its text remains") {
  for (const std::string& to : std::vector<std::string>{"javascript:alert(1)",
                                                        "JaVaScRiPt:a",
                                                        "data:text/html,a",
                                                        "vbscript:a",
                                                        "file:///a",
                                                        "ftp://example.com",
                                                        "//example.com",
                                                        "/a",
                                                        "a.html",
                                                        "#a",
                                                        "?a",
                                                        "http:a",
                                                        "https:/a",
                                                        "http://",
                                                        "mailto:",
                                                        "tel:1",
                                                        "&#106;avascript:a",
                                                        "java&#10;script:a",
                                                        "&#1;http://a",
                                                        "http&colon;a",
                                                        "\\\\example.com",
                                                        "http:\\\\example.com",
                                                        "hſttp://a"}) {
    check_inlines({{"[a](<" + to + ">)", "a"}, {"![a](<" + to + ">)", "a"}});
    const std::string defined = render("[a *b*]\n\n[a *b*]: <" + to + ">");
    CHECK(defined.starts_with("<p>[a <em>b</em>]</p>\n<p>[a <em>b</em>]: "));
    CHECK(testing::why_unsafe(defined) == "");
  }
}

TEST_CASE("an address holds nothing that could leave its attribute") {
  CHECK(markdown::to_href("http://a/\"'<>`\\ \t{}|^") ==
        "http://a/%22%27%3C%3E%60%5C%20%09%7B%7D%7C%5E");
  CHECK(markdown::to_href("http://\xc3\xa4/\xe2\x80\xae&\x7f") ==
        "http://%C3%A4/%E2%80%AE&amp;%7F");
  CHECK(markdown::to_href(std::string_view{"http://a\0b", 10}) == "http://a%00b");
  CHECK(markdown::to_href("http://a") == "http://a");
  for (const std::string_view none :
       {"", "http://", "http:", "httpa", "mailto:", "ftp://a", " http://a"})
    CHECK_MESSAGE(markdown::to_href(none) == "", none);
}

TEST_CASE("a picture is a link to it") {
  const std::string a = "http://example.com/a.png";
  check_inlines({{"![b *c*](" + a + " \"d\")", anchor(a, "b <em>c</em>")},
                 {"![](" + a + ")", anchor(a, a)},
                 {"![&#8203;](" + a + ")", anchor(a, "\xe2\x80\x8b" + a)},
                 {"![b][c]\n\n[c]: " + a, anchor(a, "b")}});
}

TEST_CASE("a link that shows nothing shows its address") {
  check_inlines({{"[](http://example.com)", anchor("http://example.com", "http://example.com")},
                 {"[ ](javascript:a)", " javascript:a"},
                 {"![](data:a)", "data:a"},
                 {"[**&nbsp;**](http://a/\">)",
                  anchor("http://a/%22%3E", "<strong>\xc2\xa0</strong>http://a/&quot;&gt;")}});
}

TEST_CASE("a link within a link is none") {
  const std::string a = "http://example.com/a", b = "http://example.com/b";
  check_inlines(
      {{"[![c](" + b + ")](" + a + ")", anchor(a, "c")},
       {"![c [d](" + b + ") e](" + a + ")", anchor(a, "c d e")},
       {"[![c](" + b + ")](javascript:a)", anchor(b, "c")},
       {"[![](" + b + ")](" + a + ") [f](" + b + ")", anchor(a, b) + " " + anchor(b, "f")}});
}

TEST_CASE("a code block may say its language, and nothing else") {
  const auto fenced = [](std::string_view info) {
    return render("~~~" + std::string{info} + "\na");
  };
  const auto expected = [](std::string_view language) {
    return "<pre><code class=\"language-" + std::string{language} + "\">a\n</code></pre>\n";
  };
  CHECK(fenced("c++") == expected("c++"));
  CHECK(fenced(" Objective-C and more") == expected("Objective-C"));
  CHECK(fenced(std::string(32, 'x')) == expected(std::string(32, 'x')));
  for (const std::string& info : std::vector<std::string>{
           std::string{}, std::string{"c#"}, std::string{"\"onclick=a"}, std::string{"&quot;"},
           std::string{"a&#32;b"}, std::string{"\xc3\xa4"}, std::string(33, 'x')}) {
    const bool has_space = info == "a&#32;b";  // an entity is a character like any other
    CHECK_MESSAGE(fenced(info) == (has_space ? expected("a") : "<pre><code>a\n</code></pre>\n"),
                  info);
  }
}

TEST_CASE("what is no character does not come in as an entity") {
  check_inlines({{"a&#1;b&#x1b;c&#x7f;d&#x80;",
                  "a\xef\xbf\xbd"
                  "b\xef\xbf\xbd"
                  "c\xef\xbf\xbd"
                  "d\xef\xbf\xbd"},
                 {"a&#xfffe;&#xfdd0;&#xfdef;&#x1ffff;&#x10ffff;",
                  "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                 {"&#xfdcf;&#xfdf0;&#xfffd;", "\xef\xb7\x8f\xef\xb7\xb0\xef\xbf\xbd"},
                 {"`a`&#9;b", "<code>a</code>\tb"}});
}

TEST_CASE("footnotes and typography are left as they are") {
  check_all({{"a[^1]\n\n[^1]: b c", "<p>a[^1]</p>\n<p>[^1]: b c</p>\n"},
             {"\"a\" -- b...", "<p>&quot;a&quot; -- b...</p>\n"}});
}

TEST_CASE("a definition that no link uses, or that leads nowhere, stays as it was typed") {
  const std::string a = "http://example.com/a", b = "http://example.com/b";
  const std::string linked_a = anchor(a, a);
  check_all(
      {{"[Alice]: yes", "<p>[Alice]: yes</p>\n"},
       {"[Edit]: typo", "<p>[Edit]: typo</p>\n"},
       {"[Alice]: yes\n[Bob]: no", "<p>[Alice]: yes<br>\n[Bob]: no</p>\n"},
       {"[Alice]:\nyes", "<p>[Alice]:<br>\nyes</p>\n"},
       {"[Edit]:\n- one", "<p>[Edit]:</p>\n<ul>\n<li>one</li>\n</ul>\n"},
       {"> [Alice]: yes\n\nno", "<blockquote>\n<p>[Alice]: yes</p>\n</blockquote>\n<p>no</p>\n"},
       {"- [Alice]: yes\n1. [x]: y",
        "<ul>\n<li>[Alice]: yes</li>\n</ul>\n<ol>\n<li>[x]: y</li>\n</ol>\n"},
       {"[Alice]: yes\n===", "<h3>[Alice]: yes</h3>\n"},
       {"a\n\n[^1]: b \"c\"", "<p>a</p>\n<p>[^1]: b &quot;c&quot;</p>\n"},
       {"[a]: javascript:b\n\n[a]", "<p>[a]: javascript:b</p>\n<p>[a]</p>\n"},
       {"[a]: </b>\n\n[a]", "<p>[a]: &lt;/b&gt;</p>\n<p>[a]</p>\n"}});
  check_inlines({{"[a]: " + a, "[a]: " + linked_a}});
  check_all_of({{"[a]: <" + a + "> \"t\"\n\n`[a]`",
                 "<p>[a]: " + linked_a + " &quot;t&quot;</p>\n<p><code>[a]</code></p>\n"},
                {"[b](" + a + ")\n\n[b]: " + a,
                 "<p>" + anchor(a, "b") + "</p>\n<p>[b]: " + linked_a + "</p>\n"},
                {"[a]: " + a + "\n[a]: " + b + "\n\n[a]",
                 "<p>[a]: " + anchor(b, b) + "</p>\n<p>" + anchor(a, "a") + "</p>\n"}});
}

TEST_CASE("a definition that a link uses is one, whatever stands around it") {
  const std::string a = "http://example.com/a";
  const std::string used = "<p>" + anchor(a, "a") + "</p>\n";
  check_all_of(
      {{"[a]\n\n[a]: " + a, used},
       {"[a][]\n\n[A]:\n  <" + a + ">\n  'b'", used},
       {"> [a]: " + a + "\n\n[a]", "<blockquote>\n</blockquote>\n" + used},
       {"[Alice]: yes\n[a]: " + a + "\n\n[a]", "<p>[Alice]: yes</p>\n" + used},
       {"> [b]: " + a + "/b\n> [a]: " + a + "\n\n[a]",
        "<blockquote>\n<p>[b]: " + anchor(a + "/b", a + "/b") + "</p>\n</blockquote>\n" + used},
       {"[a]: " + a + "\n[Alice]: yes\n\n[a]", "<p>[Alice]: yes</p>\n" + used},
       {"[a]\n\n```\n[b]: c\n[a]: " + a + "\n```",
        "<p>[a]</p>\n<pre><code>[b]: c\n[a]: " + a + "\n</code></pre>\n"}});
}

TEST_CASE("tables are tables, with the sides of their columns") {
  check_all(
      {{"|a|b|\n|-|-|\n|c|d|",
        "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>c</"
        "td>\n"
        "<td>d</td>\n</tr>\n</tbody>\n</table>\n"},
       {"a | b | c\n:-- | :-: | --:\n*d* | `e\\|f`",
        "<table>\n<thead>\n<tr>\n<th align=\"left\">a</th>\n<th align=\"center\">b</th>\n"
        "<th align=\"right\">c</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td "
        "align=\"left\"><em>d</em></td>\n"
        "<td align=\"center\"><code>e|f</code></td>\n<td align=\"right\"></td>\n</tr>\n</tbody>\n"
        "</table>\n"},
       {"> |a|\n> |-|\n\nb",
        "<blockquote>\n<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n</table>\n</"
        "blockquote>\n"
        "<p>b</p>\n"},
       {"||a|\n|-|-|",
        "<table>\n<thead>\n<tr>\n<td></td>\n<th>a</th>\n</tr>\n</thead>\n</table>\n"},
       {"|a|b|\n|-|", "<p>|a|b|<br>\n|-|</p>\n"},
       {"|<b>|\n|-|\n|[x](javascript:a)|",
        "<table>\n<thead>\n<tr>\n<th>&lt;b&gt;</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>x</td>\n</"
        "tr>\n"
        "</tbody>\n</table>\n"}});
}

TEST_CASE("a list item that begins with a box has one, which nobody can tick") {
  const std::string input = "<label><input type=\"checkbox\" disabled";
  const auto open = [&](std::string_view of) {
    return input + "> " + std::string{of} + "</label>";
  };
  const auto done = [&](std::string_view of) {
    return input + " checked> " + std::string{of} + "</label>";
  };
  check_all_of(
      {{"- [ ] a [x]\n- [x] b\n* [X] **c**", "<ul>\n<li>" + open("a [x]") + "</li>\n<li>" +
                                                 done("b") + "</li>\n</ul>\n<ul>\n<li>" +
                                                 done("<strong>c</strong>") + "</li>\n</ul>\n"},
       {"1. [ ] a\n\n   b", "<ol>\n<li>\n<p>" + open("a") + "</p>\n<p>b</p>\n</li>\n</ol>\n"},
       {"> - [ ] a\n>   - [x] b\n>     c", "<blockquote>\n<ul>\n<li>" + open("a") + "\n<ul>\n<li>" +
                                               done("b<br>\nc") +
                                               "</li>\n</ul>\n</li>\n</ul>\n</blockquote>\n"},
       {"- \\[ ] a\n- [ ]b\n- [y] c\n- &#91;x] d\n- a [x] e",
        "<ul>\n<li>[ ] a</li>\n<li>[ ]b</li>\n<li>[y] c</li>\n<li>[x] d</li>\n<li>a [x] "
        "e</li>\n</ul>\n"},
       {"[ ] a\n\n```\n- [x] b\n```\n", "<p>[ ] a</p>\n<pre><code>- [x] b\n</code></pre>\n"}});
}

TEST_CASE("emphasis works beside East Asian punctuation") {
  check_inlines({{"**中文。**字", "<strong>中文。</strong>字"},
                 {"这是**“重点”**内容", "这是<strong>“重点”</strong>内容"},
                 {"中文**（重要）**说明", "中文<strong>（重要）</strong>说明"},
                 {"*「テスト」*です", "<em>「テスト」</em>です"},
                 {"**스크립트(Script)**는", "<strong>스크립트(Script)</strong>는"},
                 {"~~中文。~~字", "<del>中文。</del>字"},
                 {"***很好。***是", "<em><strong>很好。</strong></em>是"},
                 {"字**~~\"a\"~~**字", "字<strong><del>&quot;a&quot;</del></strong>字"},
                 {"**中。**a", "<strong>中。</strong>a"},
                 {"**`a`**字", "<strong><code>a</code></strong>字"},
                 {"\\**字。*字", "*<em>字。</em>字"},
                 {"`**中。**字`", "<code>**中。**字</code>"},
                 {"_中。_字", "_中。_字"},
                 {"**中。 **字", "**中。 **字"},
                 {"**a.**b", "**a.**b"}});
}

TEST_CASE("a bare address ends before what closes it, in any script") {
  const std::string a = "https://example.com/a", host = "https://example.com";
  check_inlines(
      {{"“" + a + "”", "“" + anchor(a, a) + "”"},
       {host + "。好", anchor(host, host) + "。好"},
       {"（" + host + "）**好。**好", "（" + anchor(host, host) + "）<strong>好。</strong>好"},
       {"**" + a + "**를", "<strong>" + anchor(a, a) + "</strong>를"},
       {"(" + a + "_(b(c)))", "(" + anchor(a + "_(b(c))", a + "_(b(c))") + ")"},
       {"[siehe " + a + "]", "[siehe " + anchor(a, a) + "]"},
       {"[" + host + "](" + a + ")", anchor(a, host)},
       {"![" + host + "](" + a + ")", anchor(a, host)},
       {"a@example.com。", anchor("mailto:a@example.com", "a@example.com") + "。"}});
}

TEST_CASE("no hint is left, wherever one was put, and none comes in") {
  check_all_of({{"```字**。\n- [x] a\n[a]: b\n```", "<pre><code>- [x] a\n[a]: b\n</code></pre>\n"},
                {"[a](<http://example.com/字**。>)",
                 "<p>" + anchor("http://example.com/%E5%AD%97**%E3%80%82", "a") + "</p>\n"},
                {"<b\n[a]: b>", "<p>&lt;b<br>\n[a]: b&gt;</p>\n"},
                {"<div>\n- [x] a", "<p>&lt;div&gt;<br>\n- [x] a</p>\n"},
                {"[a](java\u0091script:b) \u0090&#x90;c", "<p>a c</p>\n"},
                {"\u0090", ""}});
}

TEST_CASE("a comment that would show nothing is shown as it was written") {
  for (const std::string& source :
       std::vector<std::string>{"---", "-", "```\n```", "# ", ">", "&#8203;", "1.", "***\n***"})
    CHECK_MESSAGE(is_plain(source), source);
  CHECK(render("") == "");
  CHECK(render(" \n") == "");
}

TEST_CASE("a comment past a limit is shown as it was written, and one at it is not") {
  const auto check = [](const std::string& fits, const std::string& exceeds,
                        const markdown::limits& most = {}) {
    CHECK_FALSE(is_plain(fits, most));
    CHECK(is_plain(exceeds, most));
  };
  check("*a*" + std::string(16'381, 'b'), "*a*" + std::string(16'382, 'b'));
  check(std::string(32, '>') + "a", std::string(33, '>') + "a");
  check("\xef\xbb\xbf" + std::string(32, '>') + "a", std::string(33, '>') + "a");
  check(repeat("_a_ ", 2'048), repeat("_a_ ", 2'048) + "~");
  check("*a*" + repeat("<?", 256), "*a*" + repeat("<?", 257));
  // The document, its paragraph and 98 emphases are 100 nodes in one another.
  const std::string deep = repeat("*a _b ", 49) + "c" + repeat("_*", 49);
  check(deep, "*z " + deep + "*");
  const std::string html = render("*a* <b>");
  check("*a* <b>", "*a* <b>c", {.html_bytes_max = html.size()});
}

TEST_CASE("a short source cannot become endless HTML") {
  const std::string address = "[a]: http://" + std::string(8'000, 'b') + "\n\n";
  CHECK_FALSE(is_plain(address + repeat("[a] ", 10)));
  CHECK(is_plain(address + repeat("[a] ", 2'000)));
}

TEST_CASE("a source that would take long is shown plain, however it is built") {
  for (const std::string_view part :
       {"> - ", "1. ", "<?", "_~*~", "*a **a ", "~~a", "- - ", "* ", "<!-- "})
    CHECK_MESSAGE(is_plain(repeat(part, 16'384 / part.size())), part);
  CHECK(is_plain("x" + repeat("<?", 8'191)));
}

TEST_CASE("where tables would take long, there are none") {
  const std::string table = "|a|\n|-|\n|**b**|";
  const std::size_t cells = markdown::count_cells(table);
  CHECK(render(table, {.cells_max = cells}).starts_with("<table>"));
  CHECK(render(table, {.cells_max = cells - 1}) ==
        "<p>|a|<br>\n|-|<br>\n|<strong>b</strong>|</p>\n");
  const std::string wide = repeat("|a", 500) + "\n" + repeat("|-", 500) + "\n";
  CHECK(render(wide + "|b").starts_with("<table>"));
  CHECK(render(wide + repeat("|\n", 2'000)).starts_with("<p>|a|a"));
  CHECK(
      render("*a*\n\n" + repeat("|a|\n|-|\n", 1'500)).starts_with("<p><em>a</em></p>\n<p>|a|<br>"));
}

TEST_CASE("signs of addresses in a row are looked at once") {
  for (const std::string_view part : {"www.a_b_", "http://a_b_c_", "a@", "@a.", "http://a.b/)",
                                      "'http://a.b/''", ":", "://", "w"})
    CHECK(testing::why_unsafe(render(repeat(part, 16'384 / part.size()))) == "");
  const std::string closed = "http://a.b/" + std::string(16'000, ')');
  CHECK(render(closed) ==
        "<p>" + anchor("http://a.b/", "http://a.b/") + std::string(16'000, ')') + "</p>\n");
}

TEST_CASE("what only looks as if it would take long is rendered") {
  for (const std::string_view part : {"[a](http://a.b)", "https://example.com ", "*a* ", "`a` ",
                                      "![[", "[", "]", "&amp;", "- a\n", "> a\n"}) {
    const std::string html = render("**x** " + repeat(part, 16'000 / part.size() / 2));
    CHECK_MESSAGE(html.starts_with("<p><strong>x</strong>"), part);
    CHECK(testing::why_unsafe(html) == "");
  }
}

TEST_CASE("what cmark needs is reserved, whatever the source is made of" * testing::one_thread) {
  constexpr std::string_view alphabet = "*_~`[]()!<>&\\#-+ \n\t1a.|:/@w\"'=";
  const auto render_many = [](const std::string& part) {
    const std::string source = repeat(part, 16'384 / part.size());
    for (std::size_t size = source.size(); size > 0; size /= 4)  // up to where it is not plain
      CHECK_NOTHROW(render(source.substr(0, size)));
  };
  for (const char a : alphabet) render_many({a});
  for (const std::size_t size : {10u, 100u, 1'000u, 4'000u, 8'000u, 8'190u, 12'000u, 15'000u})
    for (const std::string_view use :
         {"[a] ", "[a]", "![a]", "[a]\n", "[a][] ", "[b][a] ", "[a]!"}) {
      const std::string defined =
          "[a]: http://b/" + std::string(size, 'c') + " \"" + std::string(size / 9, 'd') + "\"\n\n";
      CHECK_NOTHROW(render((defined + repeat(use, 8'192)).substr(0, 16'384)));
    }
  for (const std::string_view cell : {"|a", "|", "|`", "|[a](b)", "|*a*"})
    for (const std::size_t columns : {1u, 4u, 60u, 600u}) {
      const std::string row = repeat(cell, columns) + "\n";
      const std::string head = row + repeat("|-", columns) + "|\n";
      CHECK_NOTHROW(render((head + repeat(row, 4'096 / columns)).substr(0, 16'384)));
      CHECK_NOTHROW(render((head + repeat("|\n", 4'096 / columns)).substr(0, 16'384)));
      CHECK_NOTHROW(render(repeat(head, 16'384 / head.size())));
    }
  std::mt19937 random{20'261'130};
  for (int i = 0; i < testing::size(60, 30'000); ++i) {
    std::string part;
    for (std::size_t left = 2 + random() % 6; left > 0; --left)
      part += alphabet[random() % alphabet.size()];
    render_many(part);
  }
}

TEST_CASE("without memory a source is not rendered, and the process goes on") {
  const std::string source =
      "**a** http://b.c\n\n|e|\n|-|\n\n[f]: http://g\n\n- " + std::string(3'000, 'd');
  const std::string html = render(source);
  for (std::size_t failing = 1;; ++failing) {
    std::string made;
    testing::failing_memory shortage{failing};
    try {
      made = render(source);
    } catch (const std::bad_alloc&) {
    }
    shortage.end();
    CHECK((made.empty() || made == html));
    if (failing > 100) break;  // as many as are made, and more
  }
  CHECK(render(source) == html);
}

TEST_CASE("several threads may render at once") {
  // Long, so that one begins and ends while another is in the middle.
  const std::string source = repeat("~~a~~ www.b.c\n", 500);
  const std::string html = render(source);
  std::vector<std::thread> threads;
  std::vector<std::size_t> different(4);
  for (std::size_t& count : different)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) count += render(source) != html;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(different == std::vector<std::size_t>(4));
  CHECK(html.find("<del>a</del>") != html.npos);
}

TEST_CASE("the renderer's name tells the parser's version and the form of what is written") {
  const renderer markdown = markdown::make_renderer();
  CHECK(markdown.name == "cmark-gfm " + std::string{cmark_version_string()} + ", 2");
  CHECK(markdown.name.find_first_of("\"\n\r") == std::string::npos);
  CHECK(markdown.to_html("*a*") == "<p><em>a</em></p>\n");
}

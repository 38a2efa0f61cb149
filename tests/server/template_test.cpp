#include <template.hpp>

#include <assets.hpp>
#include <language.hpp>

#include <doctest/doctest.h>

#include <comments/comment.hpp>
#include <comments/json/encode.hpp>

#include <string>
#include <type_traits>

using namespace server;

namespace {

std::string shown_in(std::string_view name, const values& shown) {
  return render(name, shown, english()).text();
}

bool has(const std::string& html, std::string_view part) { return html.find(part) != html.npos; }

TEST_CASE("template: text is escaped, wherever it stands") {
  values shown;
  shown.set_text("title", "<Ana> & \"Bia\" 'x'");
  shown.set_text("body", "</textarea><script>");
  shown.set_text("name", "\" onfocus=\"x");
  const std::string html = shown_in("form.html", shown);
  CHECK(has(html, "&lt;Ana&gt; &amp; &quot;Bia&quot; &#39;x&#39;"));
  CHECK(has(html, "&lt;/textarea&gt;&lt;script&gt;"));
  CHECK(has(html, "value=\"&quot; onfocus=&quot;x\""));
}

TEST_CASE("template: Mustache in a value is text like any other") {
  values shown;
  shown.set_text("title", "{{words.reply}} {{{main_html}}} {{#x}} {{=<% %>=}} <%x%>");
  CHECK(has(shown_in("problem.html", shown),
            "{{words.reply}} {{{main_html}}} {{#x}} {{=&lt;% %&gt;=}} &lt;%x%&gt;"));
}

TEST_CASE("template: HTML is made by templates and by a comment's renderer alone") {
  static_assert(!std::is_constructible_v<safe_html, std::string>);
  static_assert(!std::is_constructible_v<safe_html, const char*>);
  comments::comment item;
  item.status = comments::status::published;
  item.body = "a <b>";
  const comments::json::style style{[](const comments::comment&) { return ""; }};
  const safe_html body = safe_html::of_body(item, style);
  CHECK(body.text() == "<p>a &lt;b&gt;</p>\n");
  values shown;
  shown.set_html("main_html", body);
  CHECK(has(shown_in("frame.html", shown), "<p>a &lt;b&gt;</p>"));
}

TEST_CASE("template: what is empty counts as absent") {
  values shown;
  shown.set_text("notice", "");
  shown.set_html("comments_html", {});
  const std::string html = shown_in("thread.html", shown);
  CHECK(has(html, english().word("empty")));
  CHECK_FALSE(has(html, "<p class=\"notice\"></p>"));
}

TEST_CASE("template: each item of a list sees its own values, then the outer ones") {
  std::vector<values> items(2);
  items[0].set_text("id", "1");
  items[1].set_text("hue", "7");
  values shown;
  shown.set_text("id", "outer");
  shown.set_list("comments", items);
  const std::string html = shown_in("comments.html", shown);
  CHECK(has(html, "id=\"comment-1\""));
  CHECK(has(html, "id=\"comment-outer\""));
  CHECK(has(html, "hsl(7 50% 50%)"));
}

TEST_CASE("template: every source is a template, and leaves no tag behind") {
  for (const asset& source : page_sources()) {
    if (!source.name.ends_with(".html")) continue;
    CAPTURE(source.name);
    const std::string html = shown_in(source.name, {});
    CHECK(html.size() > 20);
    CHECK_FALSE(has(html, "{{"));
  }
}

TEST_CASE("relative_url: addresses of this server stay, all others become the page's folder") {
  for (const char* text : {"", "?", "?a=b:c", "#x", "./", "../..", "a/b:c", "api/v1/feed", "./a:b"})
    CHECK(relative_url{text}.text() == text);
  for (const char* text :
       {"javascript:alert(1)", "JavaScript:x", "https://example.com", "//x", "/x", "\\\\x", "a\\b",
        " ?", "java\nscript:x", "\tx", "data:,x", "x\x7f"})
    CHECK(relative_url{text}.text() == "./");
}

TEST_CASE("relative_url: parameters and fragments are encoded") {
  CHECK(relative_url{"?"}.with("a", "b c&d").text() == "?a=b%20c%26d");
  CHECK(relative_url{"?a=1"}.with("b", "\"<").at("x y").text() == "?a=1&b=%22%3C#x%20y");
  CHECK(relative_url{"api"}.with("a", "").text() == "api?a=");
}

TEST_CASE("language: words, values and plurals") {
  CHECK(english().word("reply") == "Reply");
  CHECK(english().word("lang") == "en");
  CHECK(english().word("none such").empty());
  CHECK(english().say("answer", {{"name", "{name} & co"}}) == "Reply to {name} & co");
  const auto in = [](std::string tag) {
    return &language_for({.target = "/", .headers = {{"Accept-Language", std::move(tag)}}});
  };
  const language& portuguese = *in("PT-br,en;q=0.5");
  CHECK(portuguese.code() == "pt-BR");
  CHECK(in("de,pt") == &english());
  CHECK(&language_for({.target = "/x?lang=pt"}) == &portuguese);
  CHECK(&language_for({.target = "/x?lang=en", .headers = {{"Accept-Language", "pt"}}}) ==
        &english());
  for (const auto& [number, one, other] : {std::tuple{0, "0 replies", "0 resposta"},
                                           {1, "1 reply", "1 resposta"},
                                           {2, "2 replies", "2 respostas"}}) {
    CHECK(english().count("replies", number) == one);
    CHECK(portuguese.count("replies", number) == other);
  }
}

}  // namespace

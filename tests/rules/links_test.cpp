#include <comments/rules/links.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace comments;
using namespace std::string_literals;
using rules::count_links;

TEST_CASE("links are counted where Markdown could make one") {
  const struct {
    std::string_view text;
    std::size_t count;
  } table[] = {
      {"", 0},
      {"Primeiro post!", 0},
      {"http://example.com", 1},
      {"https://example.com", 1},
      {"HTTPS://EXAMPLE.COM and hTTp://example.com", 2},
      {"http://a.example.com,http://b.example.com", 2},
      {"xhttp://example.com", 1},
      {"www.example.com", 1},
      {"(WWW.example.com)", 1},
      {"awww. and wwww.", 0},
      {"http://www.example.com", 1},
      {"mailto:ana@example.com", 1},
      {"<mailto:ana@example.com>", 1},
      {"ana@example.com", 0},
      {"http: // https:/ http and www", 0},
      {"[a](http://example.com)", 1},
      {"[a](<http://example.com>)", 1},
      {"[a]( \n\thttp://example.com \"title\")", 1},
      {"![a](https://example.com/a.png)", 1},
      {"[a](www.example.com)", 1},
      {"[a](//example.com)", 1},
      {"[a](/path) and [b](#top)", 2},
      {"[a](http&#58;//example.com)", 1},
      {"[![a](/b.png)](/c)", 2},
      {"[a]: http://example.com\n[a] [a] [a]", 1},
      {"[a]: //example.com", 1},
      {"[a] (no link)", 0},
      {"a[0](", 0},
      {"](   ", 0},
  };
  for (const auto& row : table) CHECK_MESSAGE(count_links(row.text) == row.count, row.text);
}

TEST_CASE("as many links as allowed pass, and one more waits") {
  const rule ask = rules::links(2);
  const auto judged = [&](const std::string& body) { return ask({.body = body}, {}); };
  CHECK(judged("") == accept());
  CHECK(judged("http://a.example.com www.example.com") == accept());
  CHECK(judged("http://a.example.com www.example.com [c](/d)") == hold("3 links"));
  CHECK(rules::links(0)({.body = "no"}, {}) == accept());
  CHECK(rules::links(0)({.body = "www.example.com"}, {}) == hold("1 links"));
}

TEST_CASE("only the body counts: the author's own address is not part of it") {
  CHECK(rules::links(0)({.author = {.url = "https://example.com"}, .body = "x"}, {}) == accept());
}

TEST_CASE("a thousand links are a thousand links") {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "http://a.example.com\n";
  CHECK(rules::links(999)({.body = body}, {}) == hold("1000 links"));
  CHECK(rules::links(1000)({.body = body}, {}) == accept());
}

TEST_CASE("text that is all openings is counted to its end") {
  for (const auto* part : {"](", "]( ", "[", "](<", "h", "w", "www.", "]:"}) {
    std::string body;
    while (body.size() < 16'384) body += part;
    CHECK(count_links(body) <= body.size() / 2);
  }
  // Spaces are passed over once for what stands before them, not once for each of them.
  CHECK(count_links("](" + std::string(1 << 20, ' ') + "x") == 1);
}

TEST_CASE("links wait if nobody knows their author, or that cannot be found out") {
  const rule ask = rules::newcomer_links(1);
  const auto judged = [&](std::string body, result<bool> is_known) {
    return ask({.body = std::move(body)}, {.is_author_known = [&] { return is_known; }});
  };
  const std::string one = "www.example.com", two = "www.example.com www.example.org";
  CHECK(judged(one, false) == accept());
  CHECK(judged(two, false) == hold("2 links of a newcomer"));
  CHECK(judged(two, true) == accept());
  CHECK(judged(two, error{errc::unavailable, "away"}) == hold("2 links of a newcomer"));
  CHECK(ask({.body = two}, {}) == hold("2 links of a newcomer"));
  CHECK(rules::newcomer_links(0)({.body = one}, {}) == hold("1 link of a newcomer"));
}

TEST_CASE("the store is asked who a newcomer is only if there are links") {
  int asked = 0;
  const arrival how{.is_author_known = [&] {
    ++asked;
    return result{true};
  }};
  CHECK(rules::newcomer_links(0)({.body = "no link"}, how) == accept());
  CHECK(asked == 0);
}

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

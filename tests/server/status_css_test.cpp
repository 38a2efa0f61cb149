#include "../../apps/server/assets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace {

const std::string_view style = server::find_page_source("status.css").text;

}

TEST_CASE("the page is styled for light and dark, for wide and narrow screens") {
  for (const std::string part :
       {"color-scheme: light dark", "@media (prefers-color-scheme: dark)", "@media (max-width:"})
    CHECK_MESSAGE(style.find(part) != style.npos, part);
  CHECK(std::ranges::count(style, '{') == std::ranges::count(style, '}'));
}

TEST_CASE("the style fetches nothing from anywhere") {
  for (const std::string part : {"url(", "@import", "@font-face", "//"})
    CHECK_MESSAGE(style.find(part) == style.npos, part);
}

TEST_CASE("each colour has its like in the dark") {
  const std::size_t dark = style.find("@media (prefers-color-scheme: dark)");
  for (const std::string name :
       {"--ink", "--faint", "--paper", "--card", "--line", "--good", "--bad", "--busy", "--link"}) {
    CHECK_MESSAGE(style.substr(0, dark).find(name + ": #") != style.npos, name);
    CHECK_MESSAGE(style.substr(dark).find(name + ": #") != style.npos, name);
  }
}

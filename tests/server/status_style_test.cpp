#include "../../apps/server/status_style.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using server::status_style;

TEST_CASE("the page is styled for light and dark, for wide and narrow screens") {
  for (const std::string part :
       {"color-scheme: light dark", "@media (prefers-color-scheme: dark)", "@media (max-width:"})
    CHECK_MESSAGE(status_style.find(part) != status_style.npos, part);
  CHECK(std::ranges::count(status_style, '{') == std::ranges::count(status_style, '}'));
}

TEST_CASE("the style fetches nothing from anywhere") {
  for (const std::string part : {"url(", "@import", "@font-face", "//"})
    CHECK_MESSAGE(status_style.find(part) == status_style.npos, part);
}

TEST_CASE("each colour has its like in the dark") {
  const std::size_t dark = status_style.find("@media (prefers-color-scheme: dark)");
  for (const std::string name :
       {"--ink", "--faint", "--paper", "--card", "--line", "--good", "--bad", "--busy", "--link"}) {
    CHECK_MESSAGE(status_style.substr(0, dark).find(name + ": #") != status_style.npos, name);
    CHECK_MESSAGE(status_style.substr(dark).find(name + ": #") != status_style.npos, name);
  }
}

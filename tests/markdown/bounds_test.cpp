#include <comments/markdown/bounds.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments::markdown;

namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

}  // namespace

TEST_CASE("a list item's marker is a bullet or a number before a space or the end") {
  for (const auto& row : std::vector<std::pair<std::string_view, std::size_t>>{{"- a", 2},
                                                                               {"+ a", 2},
                                                                               {"* a", 2},
                                                                               {"-\ta", 2},
                                                                               {"-", 1},
                                                                               {"1. a", 3},
                                                                               {"1) a", 3},
                                                                               {"123456789. a", 11},
                                                                               {"1.", 2},
                                                                               {"", 0},
                                                                               {"a", 0},
                                                                               {"-a", 0},
                                                                               {"--", 0},
                                                                               {"1", 0},
                                                                               {"1.a", 0},
                                                                               {"1 a", 0},
                                                                               {"1- a", 0},
                                                                               {". a", 0},
                                                                               {"1234567890. a", 0},
                                                                               {" - a", 0}})
    CHECK_MESSAGE(marker_size(row.first) == row.second, row.first);
}

TEST_CASE("containers are counted as markers within markers") {
  for (const auto& row :
       std::vector<std::pair<std::string_view, std::size_t>>{{"", 0},
                                                             {"a", 0},
                                                             {"a > b", 0},
                                                             {"    a\n        b", 0},
                                                             {"> a", 1},
                                                             {">a", 1},
                                                             {">>>a", 3},
                                                             {"> > > a", 3},
                                                             {"- a\n- b\n- c", 1},
                                                             {"- a\n  - b", 2},
                                                             {"- a\n  - b\n    - c", 3},
                                                             {"1. a\n   - b", 2},
                                                             {"- a\n\t- b", 2},
                                                             {"- - - a", 3},
                                                             {"> - a\n>   - b", 3},
                                                             {"> a\n\n> b", 1},
                                                             {"- a\r- b", 1},
                                                             {"> a\r\n> b", 1},
                                                             {"-\n  -\n    -", 3},
                                                             {"- a\n> b", 1}})
    CHECK_MESSAGE(count_containers(row.first) == row.second, row.first);
}

TEST_CASE("each *, _ and ~ that follows another character is a delimiter") {
  for (const auto& row : std::vector<std::pair<std::string_view, std::size_t>>{{"", 0},
                                                                               {"a", 0},
                                                                               {"*", 1},
                                                                               {"****", 1},
                                                                               {"*a*", 2},
                                                                               {"**a**", 2},
                                                                               {"*_~", 3},
                                                                               {"a_b_c", 2},
                                                                               {"* *", 2}})
    CHECK_MESSAGE(count_delimiters(row.first) == row.second, row.first);
}

TEST_CASE("each ] looks back at every delimiter before it") {
  for (const auto& row : std::vector<std::pair<std::string_view, std::size_t>>{{"", 0},
                                                                               {"]", 0},
                                                                               {"*]", 1},
                                                                               {"**]", 1},
                                                                               {"*_~]", 3},
                                                                               {"*]]", 2},
                                                                               {"]*", 0},
                                                                               {"*]_]", 3},
                                                                               {"![]", 1},
                                                                               {"!*[]]", 2},
                                                                               {"[]", 0},
                                                                               {"![![]]", 4}})
    CHECK_MESSAGE(count_lookbacks(row.first) == row.second, row.first);
}

TEST_CASE("each <? and <! is a declaration") {
  for (const auto& row : std::vector<std::pair<std::string_view, std::size_t>>{
           {"", 0}, {"<", 0}, {"<?", 1}, {"<!-- a -->", 1}, {"<<??", 1}, {"<a ?", 0}, {"<!<?", 2}})
    CHECK_MESSAGE(count_declarations(row.first) == row.second, row.first);
}

TEST_CASE("the cells that tables may have are counted from the lines that may part their heads") {
  for (const auto& row :
       std::vector<std::pair<std::string_view, std::size_t>>{{"", 0},
                                                             {"a|b\nc", 0},
                                                             {"---", 0},
                                                             {"a\n---", 0},
                                                             {"- a\n- b", 0},
                                                             {"|a|\n|-|", 9},
                                                             {"|a|\r\n|-|", 9},
                                                             {"|a|\n|-|\n|b|", 12},
                                                             {"|a|\n|-|\nb\nc", 15},
                                                             {"|a|\n|-|\n\nb\nc", 9},
                                                             {"> |a|\n> |-|\n>\n> b", 15},
                                                             {":-", 2},
                                                             {"1. |-|", 6},
                                                             {"|-|\n|-|", 6 + 12},
                                                             {"a|b\n- [-|-]", 0}})
    CHECK_MESSAGE(count_cells(row.first) == row.second, row.first);
}

TEST_CASE("a source is within the limits up to each of them") {
  const auto check = [](const std::string& fits, const std::string& exceeds) {
    CHECK(is_within({}, fits));
    CHECK_FALSE(is_within({}, exceeds));
  };
  check(std::string(16'384, 'a'), std::string(16'385, 'a'));
  check(std::string(32, '>') + "a", std::string(33, '>') + "a");
  check(repeat("- ", 32) + "a", repeat("- ", 33) + "a");
  check(repeat("_a ", 4'096), repeat("_a ", 4'097));
  check(repeat("*_", 1'000) + repeat("]", 500), repeat("*_", 1'000) + repeat("]", 501));
  check(repeat("<?a ", 256), repeat("<!a ", 257));
}

TEST_CASE("what people write is within the limits") {
  const limits usual;
  for (const std::string& source : std::vector<std::string>{
           repeat("http://example.com/a_b_(c)\n", 600), repeat("www.example.com ", 1'000),
           repeat("a@example.com, ", 1'000), repeat("snake_case_name(int* p); // ~a\n", 500),
           repeat("- [x] **done**\n", 900),
           "| a | b | c |\n|:--|---|--:|\n" + repeat("| one | two | three |\n", 700),
           repeat("| a | b |\n|---|---|\n| c | d |\n\n", 100),
           repeat("> quoted\n> > twice\n\n", 600), repeat("<?php echo 1; ?> ", 200),
           repeat("<p>a</p>\n", 1'800), repeat("\xe4\xbd\xa0\xe5\xa5\xbd@", 480)}) {
    CHECK_MESSAGE(is_within(usual, source.substr(0, 16'384)), source.substr(0, 40));
    CHECK_MESSAGE(count_cells(source) <= usual.cells_max, source.substr(0, 40));
  }
}

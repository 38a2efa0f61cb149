// xss_test.cpp - what attackers are known to write (xss_corpus.txt), alone and inside of everything
// that Markdown has, read as a browser would read what becomes of it.

#include "support/safe_html.hpp"

#include <comments/markdown/cmark.hpp>

#include <doctest/doctest.h>

#include <charconv>
#include <cstddef>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;

namespace {

std::string to_utf8(unsigned point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), tail(0)};
  return {static_cast<char>(0xe0 | point >> 12), tail(6), tail(0)};
}

// A line of the corpus as the vector that it stands for.
std::string unescape(std::string_view line) {
  std::string vector;
  while (!line.empty()) {
    const std::size_t mark = std::min(line.find('\\'), line.size());
    vector += line.substr(0, mark);
    line.remove_prefix(mark);
    if (line.empty()) break;
    const std::size_t size = line.starts_with("\\u{") ? line.find('}') + 1 : 2;
    REQUIRE(line.size() >= size);
    if (size > 2) {
      unsigned point = 0;
      std::from_chars(line.data() + 3, line.data() + size - 1, point, 16);
      vector += to_utf8(point);
    } else {
      const std::size_t which = std::string_view{"nrt\\"}.find(line[1]);
      REQUIRE(which != std::string_view::npos);
      vector += "\n\r\t\\"[which];
    }
    line.remove_prefix(size);
  }
  return vector;
}

std::vector<std::string> read_corpus() {
  std::ifstream file{XSS_CORPUS};
  std::vector<std::string> vectors;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line != "#" && !line.starts_with("# ")) vectors.push_back(unescape(line));
  return vectors;
}

// `vector` with `mark` at the beginning of each line.
std::string mark_lines(std::string vector, std::string_view mark) {
  for (std::size_t at = 0; at != vector.npos + 1; at = vector.find('\n', at) + 1) {
    vector.insert(at, mark);
    at += mark.size();
  }
  return vector;
}

// `vector` by itself, and within all that has an inside.
std::vector<std::string> contexts_of(const std::string& vector) {
  std::vector<std::string> sources{vector, mark_lines(vector, "> "), mark_lines(vector, "- "),
                                   mark_lines(vector, "1. a\n   > "), mark_lines(vector, "    ")};
  for (const std::string_view frame : {"a |",
                                       "| a",
                                       "*|*",
                                       "**|**",
                                       "~~|~~",
                                       "_a | b_",
                                       "`|`",
                                       "``|``",
                                       "```\n|\n```",
                                       "```|\na\n```",
                                       "# |",
                                       "|\n---",
                                       "[|](https://example.com)",
                                       "[a](|)",
                                       "[a](<|>)",
                                       "[a](https://example.com/|)",
                                       "[a](<https://example.com/|>)",
                                       "[a](https://example.com \"|\")",
                                       "[a](https://example.com '|')",
                                       "[a](javascript:|)",
                                       "![|](https://example.com/a.png)",
                                       "![a](|)",
                                       "![a](https://example.com/a.png \"|\")",
                                       "[![|](https://example.com)](|)",
                                       "[a]: |\n\n[a]",
                                       "[a]: https://example.com \"|\"\n\n[a]",
                                       "[|]: https://example.com\n\n[|]",
                                       "<|>",
                                       "<https://example.com/|>",
                                       "https://example.com/|",
                                       "www.example.com/|",
                                       "a@example.com|",
                                       "<a href=\"|\">",
                                       "<!-- | -->",
                                       "<div>\n|\n</div>",
                                       "&#|;",
                                       "\\|",
                                       "|a|\n|-|\n|\\||",
                                       "- [ ] |",
                                       "|\n|"}) {
    std::string source;
    for (const char c : frame) c == '|' ? source += vector : source += c;
    sources.push_back(source);
  }
  sources.push_back(vector + "|b\n-|:-:\nc|d");
  sources.push_back("a|b\n-|:-:\n" + vector + "|d");
  return sources;
}

// With what validation refuses, a page may be ill-formed, as the plain paragraphs are; never
// unsafe.
bool is_printable(std::string_view source) {
  for (const char* none : {"\xef\xbf\xbe", "\xef\xbf\xbf"})
    if (source.find(none) != source.npos) return false;
  return !has_control(source, "\n\r\t");
}

}  // namespace

TEST_CASE("a line of the corpus is read as its head says") {
  CHECK(unescape("a\\n\\r\\t\\\\n") == "a\n\r\t\\n");
  CHECK(unescape("\\u{0}\\u{e4}\\u{202e}\\u{1}") == std::string("\0\xc3\xa4\xe2\x80\xae\x01", 7));
}

TEST_CASE("no known vector does anything in a reader's page, alone or inside of anything") {
  const std::vector<std::string> corpus = read_corpus();
  REQUIRE(corpus.size() >= 250);
  std::size_t rendered = 0;
  for (const std::string& vector : corpus) {
    for (const std::string& source : contexts_of(vector)) {
      const std::string html = markdown::render(source);
      const testing::reading page = testing::read_html(html);
      const bool is_fine =
          page.fault.empty() || (page.fault == "it is not well-formed" && !is_printable(source));
      if (!is_fine) FAIL_CHECK(page.fault << "\n" << source << "\n" << html);
      if (is_blank(page.text)) FAIL_CHECK("nothing is shown of " << source);
      ++rendered;
    }
  }
  CHECK(rendered == corpus.size() * 47);
}

TEST_CASE("no known vector does anything in the plain paragraphs either") {
  for (const std::string& vector : read_corpus()) {
    const testing::reading page = testing::read_html(to_paragraphs(vector));
    if (is_printable(vector)) CHECK_MESSAGE(page.fault == "", vector);
    CHECK_MESSAGE(!is_blank(page.text), vector);
  }
}

#include <comments/markdown/hints.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments;
using markdown::add_hints;

namespace {

// `source` with hints as letters: "T" for text, "L" for a letter, "X" for a box, and each number as
// "#".
std::string hinted(std::string_view source, const std::vector<bool>* used = nullptr) {
  const std::string text = add_hints(source, used).text;
  std::string shown;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = std::string_view{text}.substr(at);
    if (markdown::number_of_definition(rest)) {
      shown += "#";
      at += 5;
    } else if (rest.starts_with("\u0090") || rest.starts_with("\u0091") ||
               rest.starts_with("\u009f")) {
      shown += rest[1] == '\x90' ? "T" : rest[1] == '\x91' ? "L" : "X";
      ++at;
    } else {
      shown += text[at];
    }
  }
  return shown;
}

void check(const std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& row : rows) CHECK_MESSAGE(hinted(row.first) == row.second, row.first);
}

}  // namespace

TEST_CASE("a definition gets a number if a link can use it, and else a hint that it is text") {
  check({{"", ""},
         {"a [b] c", "a [b] c"},
         {"[a]: b", "T[Ta]: b"},
         {"> - [a]: b", "> - T[Ta]: b"},
         {"[a]: http://b", "[a]: #http://b"},
         {"[a]:<HTTPS://b>", "[a]:<#HTTPS://b>"},
         {"[a]:\n> mailto:b", "[a]:\n> #mailto:b"},
         {"[a\nb]: c", "T[Ta\nb]: c"},
         {"[a\\]]: c", "T[Ta\\]]: c"},
         {"x[a]: b", "x[a]: b"},
         {"[]: b", "[]: b"},
         {"[ ]: b", "[ ]: b"},
         {"[a[b]: c", "[a[b]: c"},
         {"[a]:", "T[Ta]:"},
         {"\\[a]: b", "\\[a]: b"}});
  CHECK(hinted("[" + std::string(999, 'a') + "]: b").starts_with("T[T"));
  CHECK(hinted("[" + std::string(1'000, 'a') + "]: b").starts_with("["));
  CHECK(add_hints("[a]: b\n[c]: http://d\n[e]: http://f").definitions == 2);
}

TEST_CASE("of the definitions with numbers, those that are not used are text") {
  const std::vector<bool> second{false, true, false};
  CHECK(hinted("[a]: http://a\n\n[b]: http://b\n\n[c]: http://c", &second) ==
        "T[Ta]: http://a\n\n[b]: #http://b\n\nT[Tc]: http://c");
}

TEST_CASE("a definition behind one that is text gets a paragraph of its own") {
  check({{"[a]: b\n[c]: http://d", "T[Ta]: b\n\n[c]: #http://d"},
         {"> [a]: b\n> [c]: http://d", "> T[Ta]: b\n> \n> [c]: #http://d"},
         {"[a]: b\n- [c]: http://d", "T[Ta]: b\n- [c]: #http://d"},
         {"x\n[a]: b\n[c]: http://d", "x\nT[Ta]: b\n[c]: #http://d"},
         {"[a]: b\nx\n[c]: http://d", "T[Ta]: b\nx\n[c]: #http://d"}});
}

TEST_CASE("a number is read from where it was written") {
  std::string source;
  for (int i = 0; i < 300; ++i) source += "[a]: http://b\n\n";
  const auto made = add_hints(source);
  CHECK(made.definitions == 300);
  const std::size_t last = made.text.rfind(": ") + 2;
  CHECK(markdown::number_of_definition(std::string_view{made.text}.substr(last)) == 299);
  CHECK_FALSE(markdown::number_of_definition("http://b"));
  CHECK_FALSE(markdown::number_of_definition("\u0090\u0091"));
}

TEST_CASE("rows of * and ~ get hints beside East Asian punctuation, and beside such text") {
  check({{"**中。**字", "**中。L**字"},
         {"字**（中）**", "字**L（中）L**"},
         {"**a)**字", "**a)L**字"},
         {"字**(a", "字**L(a"},
         {"**a**字", "**a**字"},
         {"**a.**b", "**a.**b"},
         {"**中。 **字", "**中。 **字"},
         {"**中。\u3000**字", "**中。\u3000**字"},
         {"字**~~\"a\"~~**字", "字**L~~L\"a\"L~~L**字"},
         {"_中。_字", "_中。_字"},
         {"\\**。", "\\*L*L。"},
         {"* 。", "* 。"}});
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += "。*字";
  const std::string text = add_hints(many).text;
  CHECK(text.size() == many.size() + 2 * markdown::emphasis_hints_max);
}

TEST_CASE("a box at the beginning of a list item gets a hint") {
  check({{"- [ ] a", "- X[ ] a"},
         {"> 1. [x] a\n* [X]\tb", "> 1. X[x] a\n* X[X]\tb"},
         {"- [ ]a", "- [ ]a"},
         {"[ ] a", "[ ] a"},
         {"- a [ ] b", "- a [ ] b"},
         {"- [x](http://a)", "- [x](http://a)"}});
}

TEST_CASE("hints are dropped, and characters beside them stay") {
  CHECK(markdown::without_hints("a\u0090b\u009fc\u00a0d\u0080") == "abc\u00a0d\u0080");
  CHECK(markdown::without_hints("\u0090\u00a0\u00c2\u0097 \xc2") == "\u00a0\u00c2 \xc2");
}

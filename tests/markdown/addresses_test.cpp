#include <comments/markdown/addresses.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments;

namespace {

// The first address in `text`, with what it leaves out in front; "" if there is none.
std::string found(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (markdown::address_signs.find(text[at]) == std::string_view::npos) continue;
    if (const auto one = markdown::find_address(text, at))
      return std::string{one->scheme} + std::string{text.substr(one->begin, one->end - one->begin)};
  }
  return "";
}

// What is found in each text.
void check(const std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& row : rows) CHECK_MESSAGE(found(row.first) == row.second, row.first);
}

const std::string a = "https://example.com/a";
const std::string host = "https://example.com";

}  // namespace

TEST_CASE("addresses on the web and of e-mail are found") {
  check({{a, a},
         {"see " + a + "?b=c&d=%20#e", a + "?b=c&d=%20#e"},
         {"HTTP://example.com", "HTTP://example.com"},
         {"http://localhost:8080/b", "http://localhost:8080/b"},
         {"https://user:word@example.com/", "https://user:word@example.com/"},
         {"www.example.com", "http://www.example.com"},
         {"WWW.example.com/b", "http://WWW.example.com/b"},
         {"a.b+c-d_e@example.com", "mailto:a.b+c-d_e@example.com"},
         {"mailto:a@example.com", "mailto:a@example.com"},
         {"https://例え.テスト/パス", "https://例え.テスト/パス"},
         {"见" + a, a},
         {"见www.example.com", "http://www.example.com"},
         {"http://a_b.c.d/", "http://a_b.c.d/"}});
  check({{"ftp://example.com", ""},
         {"xhttp://example.com", ""},
         {"http://", ""},
         {"http:///a", ""},
         {"http://a_b", ""},
         {"http://a.b_c.d", ""},
         {"www.", ""},
         {"xwww.example.com", ""},
         {"//www.example.com", ""},
         {"@example.com", ""},
         {"a@example", ""},
         {"a@b..c", ""},
         {"a@b.1", ""},
         {"a@b.c@d", ""},
         {"xmpp:a@example.com", ""},
         {"http://" + std::string(256, 'a'), ""},
         {std::string(65, 'a') + "@example.com", ""}});
  check(
      {{"http://" + std::string(255, 'a'), "http://" + std::string(255, 'a')},
       {std::string(64, 'a') + "@example.com", "mailto:" + std::string(64, 'a') + "@example.com"}});
}

TEST_CASE("an address ends before a space, a quotation mark or a full stop of any script") {
  for (const std::string behind :
       {" b",  "\tb",   "\nb", "\u00a0b", "\u3000b", "\u2009b", "\u200bb", "\u202eb", "”",   "”b",
        "’b",  "»b",    "«b",  "›b",      "“b",      "„b",      "」b",     "』b",     "】b", "》b",
        "）b", "（b）", "。b", "，b",     "、b",     "！b",     "？b",     "：b",     "；b", "…b",
        "—b",  "、",    "،b",  "؟b",      "۔b",      "।b",      "։b",      "።b",      "។b",  "။b",
        "\"b", "<b",    ">b",  "`b`",     "］b",     "｝b",     "〜b",     "～b"}) {
    check({{a + behind, a}, {host + behind, host}, {host + "/" + behind, host + "/"}});
    check({{"www.example.com" + behind, "http://www.example.com"},
           {"a@example.com" + behind, "mailto:a@example.com"}});
  }
}

TEST_CASE("what ends a sentence is no part of an address, and what stands within one is") {
  for (const std::string behind : {".", ",", "!", "?", ":", ";", "...", "?!", "*", "**", "_", "~",
                                   "'", "&copy;", "&#39;", ").", "·", "–"})
    check({{a + behind, a}, {a + behind + " b", a}});
  check({{a + ".b", a + ".b"},
         {a + ",b;c:d!e'f*g~h", a + ",b;c:d!e'f*g~h"},
         {a + "·b–c・d", a + "·b–c・d"},
         {a + "\u200cb", a + "\u200cb"},
         {host + ",b", host},
         {host + ".", host},
         {host + "_", host},
         {"__" + host + "__", host},
         {host + ":80", host + ":80"},
         {host + ":에서", host},
         {host + "./", host + "./"}});
}

TEST_CASE("brackets that are opened within an address belong to it, others do not") {
  check({{"(" + a + ")", a},
         {"(" + a + "(b))", a + "(b)"},
         {"(" + a + "_(b(c)))", a + "_(b(c))"},
         {a + "(b)c)", a + "(b)c"},
         {a + ")+b", a + ")+b"},
         {"(" + a + ")에서", a},
         {"[" + a + "]", a},
         {"[" + a + "](b)", a},
         {a + "[1]", a + "[1]"},
         {a + "[1]]", a + "[1]"}});
}

TEST_CASE("a word that goes on behind an address in another script is no part of it") {
  check({{host + "에서", host},
         {"www.example.com를", "http://www.example.com"},
         {"a@example.com에서", "mailto:a@example.com"},
         {"'" + a + "'와", a},
         {"**" + a + "**를", a},
         {"~~" + a + "~~を", a},
         {a + "에서", a + "에서"},
         {a + "*b", a + "*b"}});
}

#include <comments/rules/blocked_words.hpp>

#include <comments/comments.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::string_literals;
using rules::word_list;

namespace {

word_list listed(std::string_view text) {
  auto list = word_list::parse(text);
  REQUIRE(list);
  return *std::move(list);
}

// The entry of `list` that is in `text`; "" if none is.
std::string found(const word_list& list, std::string_view text) {
  return std::string{list.find(text).value_or("")};
}

std::string fault(std::string_view text) {
  const auto list = word_list::parse(text);
  REQUIRE_FALSE(list);
  CHECK(list.error().code == errc::invalid);
  return list.error().message;
}

}  // namespace

TEST_CASE("a word is found as a whole word, and not inside of others") {
  const word_list list = listed("casino");
  for (const auto* text : {"casino", " casino ", "(casino)", "casino!", "my-casino", "a_casino_b",
                           "https://casino.example.com/", "«casino»", "no casinos but a casino"})
    CHECK_MESSAGE(found(list, text) == "casino", text);
  for (const auto* text : {"", "casinos", "occasino", "casin o", "casino1", "1casino", "casin"})
    CHECK_MESSAGE(found(list, text) == "", text);
}

TEST_CASE("letters are the same in any case, as Unicode folds them") {
  CHECK(found(listed("Straße"), "STRASSE") == "Straße");
  CHECK(found(listed("ΣΊΣΥΦΟΣ"), "σίσυφος") == "ΣΊΣΥΦΟΣ");
  CHECK(found(listed("казино"), "КАЗИНО") == "казино");
  CHECK(found(listed("ação"), "AÇÃO") == "ação");
}

TEST_CASE("letters are the same in any form that is compatible") {
  const word_list list = listed("casino");
  CHECK(found(list, "ｃａｓｉｎｏ") == "casino");  // full width
  CHECK(found(list, "\U0001d41c\U0001d41a\U0001d42c\U0001d422\U0001d427\U0001d428") == "casino");
  CHECK(found(list, "ⓒⓐⓢⓘⓝⓞ") == "casino");
  CHECK(found(listed("ofﬁce"), "office") == "ofﬁce");  // with a ligature
  CHECK(found(listed("caf\u00e9"), "cafe\u0301") == "caf\u00e9");
  CHECK(found(listed("cafe\u0301"), "caf\u00e9") == "cafe\u0301");
  CHECK(found(listed("cafe"), "caf\u00e9") == "");
}

TEST_CASE("marks of different classes come in any order, and of one class in their own") {
  const word_list list = listed("a\u0323\u0301");  // below, then above
  CHECK(found(list, "a\u0301\u0323") != "");
  CHECK(found(list, "\u00e1\u0323") != "");
  CHECK(found(listed("a\u0301\u0308"), "a\u0308\u0301") == "");
}

TEST_CASE("marks of one class stay in their order, however many they are") {
  std::string above;
  for (int i = 0; i < 50; ++i) above += i % 3 ? "\u0301" : "\u0308";
  CHECK(rules::fold("x" + above + "\u0323") == rules::fold("x\u0323" + above));
  CHECK(rules::fold(above) == rules::fold(above + "\u200b"));
  CHECK(rules::fold("x" + above + "\u0301") != rules::fold("x\u0301" + above));
}

TEST_CASE("what leaves no mark hides no word") {
  const word_list list = listed("casino");
  for (const auto* hidden :
       {"\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e",
        "\u202e", "\u2060", "\u2066", "\u3164", "\ufe0f", "\ufeff", "\U000e0061", "\U000e0100"})
    for (std::size_t at = 0; at <= 6; ++at)
      CHECK_MESSAGE(found(list, "casino"s.insert(at, hidden)) == "casino", hidden, at);
}

TEST_CASE("a word stays hidden where a reader would not read it either") {
  CHECK(found(listed("casino"), "c.a.s.i.n.o") == "");
  CHECK(found(listed("casino"), "\u0441asino") == "");  // a Cyrillic letter
}

TEST_CASE("a phrase is found across spaces and punctuation, in its order") {
  const word_list list = listed("buy  now!");
  for (const auto* text : {"buy now", "BUY, NOW", "so buy\n\nnow please", "buy...now",
                           "buy buy now", "<b>buy</b> now? no: buy * now", "buy\u200b \u200bnow"})
    CHECK_MESSAGE(found(list, text) == "buy  now!", text);
  for (const auto* text : {"buynow", "now buy", "buy it now", "buy", "now", "buy\u200bnow"})
    CHECK_MESSAGE(found(list, text) == "", text);
}

TEST_CASE("phrases that begin alike are all found") {
  const word_list list = listed("buy now\nbuy it now\nbuy it cheap today\nit");
  CHECK(found(list, "buy now") == "buy now");
  CHECK(found(list, "buy it now") == "buy it now");
  CHECK(found(list, "buy it cheap today") == "buy it cheap today");
  CHECK(found(list, "buy it cheap") == "it");
  CHECK(found(list, "buy cheap") == "");
  CHECK(found(listed("buy\nbuy now"), "buy now") == "buy");
}

TEST_CASE("scripts without spaces are searched character by character") {
  CHECK(found(listed("赌博"), "我们去赌博吧") == "赌博");
  CHECK(found(listed("カジノ"), "このカジノは") == "カジノ");
  CHECK(found(listed("คาสิโน"), "ไปคาสิโนกัน") == "คาสิโน");
  CHECK(found(listed("赌博"), "赌而博") == "");
  CHECK(found(listed("赌博"), "go赌博now") == "赌博");
  CHECK(found(listed("casino"), "赌casino博") == "casino");
  CHECK(found(listed("ka"), "kaば") == "ka");
  CHECK(found(listed("ཞིང"), "བོད་ཞིང་") == "ཞིང");
  CHECK(found(listed("バカ"), "バガ") == "");  // a mark belongs to what it stands on
  CHECK(found(listed("ガ"), "イガイ") == "ガ");
}

TEST_CASE("Korean words are found with particles and in compounds, and not across spaces") {
  const word_list list = listed("카지노\n사기\n도박 사이트");
  for (const auto* text :
       {"카지노", "카지노 게임", "카지노에서", "온라인카지노", "온라인카지노입니다", "casino카지노",
        "카지노888", "카\u200b지노", "\u110f\u1161\u110c\u1175\u1102\u1169"})
    CHECK_MESSAGE(found(list, text) == "카지노", text);
  for (const auto* text : {"카 지노", "칸지노", "카진오", "회사 기술", "가지노"})
    CHECK_MESSAGE(found(list, text) == "", text);
  CHECK(found(list, "사기꾼") == "사기");
  CHECK(found(list, "도박사이트를") == "도박 사이트");
  CHECK(found(list, "온라인도박, 사이트") == "도박 사이트");
  CHECK(found(list, "도 박 사이트") == "");
  CHECK(found(listed("casino"), "casino에서") == "casino");
  CHECK(found(listed("카"), "칸") == "");
}

TEST_CASE("what a reader sees of a body is judged, and so is what was written") {
  const plain_reader shown = to_plain_reader(
      {"own 1", [](std::string_view body) {
         return body == "a" ? std::string{"<p>ca<b>si</b>n&#111;</p>"} : to_paragraphs(body);
       }});
  const rule ask = rules::blocked_words(listed("casino"), shown);
  CHECK(ask({.body = "a"}, {}) == hold("blocked: casino"));
  CHECK(ask({.body = "a casino"}, {}) == hold("blocked: casino"));
  CHECK(ask({.author = {.name = "Casino"}, .body = "b"}, {}) == hold("blocked: casino"));
  CHECK(ask({.body = "b"}, {}) == accept());
}

TEST_CASE("a list has an entry on each line, comments and blank lines aside") {
  const word_list list = listed("\ufeff# what we block\r\n\r\n  casino \r\n\t# more\n \nbuy now");
  CHECK(found(list, "casino") == "casino");
  CHECK(found(list, "buy now") == "buy now");
  CHECK(found(list, "what we block more") == "");
  CHECK(found(listed(""), "anything") == "");
  CHECK(found(listed("\n\n"), "anything") == "");
}

TEST_CASE("a bad line is named by its number") {
  CHECK(fault("casino\n\xff\n") == "line 2 is not UTF-8.");
  CHECK(fault("# a\n\ncas\xc3") == "line 3 is not UTF-8.");
  CHECK(fault("casino\n!!!\n") == "line 2 has no letter and no digit.");
  CHECK(fault("ca\x01sino") == "line 1 has a control character.");
  CHECK(fault("casino\rbingo\n") == "line 1 has a control character.");
  CHECK(fault("casino\n"s + '\0') == "line 2 has a control character.");
}

TEST_CASE("a line is read up to its longest length, and no further") {
  const std::string longest(word_list::line_bytes_max, 'x');
  CHECK(found(listed("a\n" + longest + "\r\nb"), longest) == longest);
  CHECK(fault("a\n" + longest + "x\nb") == "line 2 is longer than 255 bytes.");
}

TEST_CASE("a list has as many entries as allowed, and not one more") {
  std::string text;
  for (std::size_t i = 0; i < word_list::entries_max; ++i) text += std::to_string(i) + "\n";
  const word_list list = listed(text + "# a comment is no entry\n\n");
  CHECK(found(list, "9999") == "9999");
  CHECK(found(list, "10000") == "");
  CHECK(fault(text + "\nand more") == "line 10002 is one too many: 10000 entries are the most.");
}

TEST_CASE("the body, the author's name and address are looked at, and nothing else") {
  const rule ask = rules::blocked_words(listed("casino\nbingo"));
  CHECK(ask({.body = "A CASINO"}, {}) == hold("blocked: casino"));
  CHECK(ask({.author = {.name = "Bingo"}, .body = "x"}, {}) == hold("blocked: bingo"));
  CHECK(ask({.author = {.url = "https://casino.example.com"}, .body = "x"}, {}) ==
        hold("blocked: casino"));
  CHECK(ask({.content_id = "casino", .author = {.email = "casino@example.com"}, .body = "x"}, {}) ==
        accept());
  CHECK(rules::blocked_words(listed("buy now"))({.author = {.name = "now"}, .body = "buy"}, {}) ==
        accept());
}

TEST_CASE("text of any kind is folded to an end, and folding twice changes nothing") {
  std::mt19937 random{4};
  std::uniform_int_distribution<int> any{0, 0x10ffff};
  for (int round = 0; round < 2000; ++round) {
    std::u32string points;
    std::string text;
    for (int i = 0; i < 20; ++i) {
      // Half of them from where the marks and the letters with marks are.
      const int point = i % 2 ? any(random) : any(random) % 0x3000;
      if (point >= 0xd800 && point <= 0xdfff) continue;
      char bytes[4];
      text.append(bytes, static_cast<std::size_t>(utf8proc_encode_char(
                             point, reinterpret_cast<utf8proc_uint8_t*>(bytes))));
    }
    const std::u32string folded = rules::fold(text);
    std::string again;
    for (const char32_t point : folded) {
      char bytes[4];
      again.append(bytes, static_cast<std::size_t>(
                              utf8proc_encode_char(static_cast<utf8proc_int32_t>(point),
                                                   reinterpret_cast<utf8proc_uint8_t*>(bytes))));
    }
    REQUIRE(is_utf8(again));
    CHECK(rules::fold(again) == folded);
  }
}

TEST_CASE("text that is no UTF-8 is read up to where it breaks") {
  CHECK(found(listed("casino"), "casino \xff") == "casino");
  CHECK(found(listed("casino"), "\xff casino") == "");
}

TEST_CASE("a flood of marks, and one of words, is looked through") {
  const word_list list = listed("casino\na a a b");
  std::string marks = "x";
  for (int i = 0; i < 4000; ++i) marks += "\u0301\u0323";  // of two classes, in the wrong order
  CHECK(found(list, marks + " casino") == "casino");
  std::string words;
  for (int i = 0; i < 8000; ++i) words += "a ";
  CHECK(found(list, words) == "");
  CHECK(found(list, words + "b") == "a a a b");
}

TEST_CASE("one list serves many threads") {
  const rule ask = rules::blocked_words(listed("casino"));
  std::vector<std::thread> threads;
  std::atomic<int> held{};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) held += ask({.body = "a casino"}, {}) != accept();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(held == 400);
}

TEST_CASE("a reader that throws or is empty ends one post, and none is needed") {
  const std::pair<plain_reader, bool> readers[] = {
      {[](std::string_view) -> std::string { throw std::runtime_error{"secret"}; }, false},
      {[](std::string_view) -> std::string { throw 42; }, false},
      {to_plain_reader({.name = "none", .to_html = {}}), false},
      {plain_reader{}, true}};
  for (const auto& [reader, is_fine] : readers) {
    memory_store store;
    service comments{store, {.rules = {rules::blocked_words(listed("casino"), reader)}}};
    const auto posted = comments.post({.content_id = "1", .body = "Oi"});
    CHECK(posted.has_value() == is_fine);
    if (!posted) CHECK(posted.error().code == errc::unavailable);
    CHECK(comments.contents(std::vector<std::string>{"1"})->front().comments == (is_fine ? 1 : 0));
  }
}

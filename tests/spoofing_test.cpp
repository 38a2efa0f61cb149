#include <comments/spoofing.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>

using namespace comments;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// Names and words as they are really written, in NFD where that has more marks.
const std::string_view written[] = {
    "Ana Maria",
    "O\u2019Neill-Gr\u00fcn",
    "Nguye\u0302\u0303n The\u0302\u0301 Vinh",                         // Vietnamese
    "\u0e1b\u0e4b\u0e2d\u0e07 \u0e01\u0e35\u0e49 \u0e19\u0e49\u0e33",  // Thai, vowel and tone
    "\u0e17\u0e35\u0e48\u0e23\u0e31\u0e01\u0e4c",
    "\u05d1\u05bc\u05b0\u05e8\u05b5\u05d0\u05e9\u05c1\u05b4\u0596\u05d9\u05ea",  // niqqud, accents
    "\u05e9\u05bc\u05c1\u05b8\u05a3\u05dd",        // dagesh, shin dot, vowel, accent: 4
    "\u0915\u094d\u0937\u093f\u0924\u093f\u091c",  // Devanagari
    "\u0936\u094d\u0930\u0940\u0902",
    "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f\u064c",  // Arabic with harakat
    "\u0627\u0644\u0644\u0651\u064e\u0670\u0647\u0650",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  // Persian, with a non-joiner
    "\u0d2e\u0d4b\u0d39\u0d28\u0d4d\u200d",              // Malayalam, ends with one
    "\u0d2e\u0d4b\u0d39\u0d28\u0d4d\u200d \u0d2e",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",                    // Sinhala: sri
    "\u1000\u103b\u103d\u1014\u103a\u102f\u1015\u103a",  // Burmese
    "\u100a\u103e\u102d\u102f\u1037",
    "\u1781\u17d2\u1798\u17c2\u179a",                              // Khmer
    "\u845b\U000e0100\u98fe",                                      // Han, with a variant
    "\u1820\u180b\u1822",                                          // Mongolian
    "\u5c71\u7530\u3000\u592a\u90ce",                              // an ideographic space
    "\u2764\ufe0f\u200d\U0001f525",                                // a heart on fire
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  // a family
    "\U0001f3f3\ufe0f\u200d\U0001f308",
    "\U0001f44b\U0001f3fd",
};

}  // namespace

TEST_CASE("what people are called has nothing hidden in it, and no flood of marks") {
  for (const auto name : written) {
    CHECK_MESSAGE(!has_hidden_character(name), name);
    CHECK_MESSAGE(marks_in_a_row(name) <= 4, name);
  }
  CHECK(marks_in_a_row("\u05e9\u05bc\u05c1\u05b8\u05a3\u05dd") == 4);
}

TEST_CASE("directions, zero-width characters, tags and fillers are hidden wherever they stand") {
  for (const std::string& hidden :
       {"\u00ad"s,     "\u034f"s,     "\u061c"s,     "\u115f"s,     "\u1160"s,     "\u17b4"s,
        "\u180e"s,     "\u200b"s,     "\u200e"s,     "\u200f"s,     "\u2028"s,     "\u2029"s,
        "\u202a"s,     "\u202b"s,     "\u202c"s,     "\u202d"s,     "\u202e"s,     "\u2060"s,
        "\u2061"s,     "\u2064"s,     "\u2066"s,     "\u2067"s,     "\u2068"s,     "\u2069"s,
        "\u206a"s,     "\u2800"s,     "\u3164"s,     "\ufeff"s,     "\uffa0"s,     "\ufff9"s,
        "\ufffa"s,     "\ufffb"s,     "\U00013430"s, "\U00013438"s, "\U0001343f"s, "\u0600"s,
        "\U0001d173"s, "\U000e0001"s, "\U000e0020"s, "\U000e0061"s, "\U000e007f"s}) {
    for (const auto& [before, after] : {std::pair{"", ""},
                                        {"Ana", ""},
                                        {"", "Ana"},
                                        {"A", "na"},
                                        {"\u0645", "\u0645"},
                                        {"\U0001f469", "\U0001f469"},
                                        {"\u845b", "\u845b"}})
      CHECK_MESSAGE(has_hidden_character(before + hidden + after), hidden);
  }
}

TEST_CASE("a name cannot bring a badge of its own") {
  for (const auto badge :
       {"\u2713", "\u2714", "\u2714\ufe0f", "\u2611", "\u2705", "\U0001f5f8", "\U0001f5f9",
        "\u221a", "\u237b", "\U00010102", "\U0001fbb1", "\u32a3", "\U0001f3c5", "\U0001f396",
        "\U0001f3f5", "\U0001f6e1", "\u26e8", "\U0001f4db", "\U0001f947"}) {
    CHECK_MESSAGE(has_badge("Ana "s + badge), badge);
    CHECK_MESSAGE(has_badge(badge + "Ana"s), badge);
  }
  for (const auto name : written) CHECK_MESSAGE(!has_badge(name), name);
  for (const auto fine : {"", "Ana", "v", "\u03bd", "Acme\u00ae", "Ana \U0001f33b", "\u2605 Ana",
                          "\u2717", "\xff\u2713"})
    CHECK_FALSE_MESSAGE(has_badge(fine), fine);
}

TEST_CASE("a joiner that joins nothing is hidden") {
  for (const auto text : {"\u200d"sv,
                          "A\u200d"sv,
                          "\u200dA"sv,
                          "A\u200dna"sv,
                          "A\u200cna"sv,
                          "\u0410\u200d\u043d"sv,
                          "\u05d0\u200d\u05d1"sv,
                          "\u0645\u200c"sv,
                          "\u200c\u0645"sv,
                          "\u0645\u200c \u0645"sv,
                          "\u0645 \u200c\u0645"sv,
                          "\u0645\u200c\u200c\u0645"sv,
                          "\u0645\u200c\u200d\u0645"sv,
                          "\u0645\u200cA"sv,
                          "A\u200c\u0645"sv,
                          "\U0001f469\u200d"sv,
                          "\u2764\ufe0f\u200d"sv,
                          "e\u0301\u200d"sv,
                          "\u0645\u200c\u202e\u0645"sv,
                          "\u0645\u200c\u3000\u0645"sv,
                          "\u0d4d\u200d\u200d\u0d2e"sv,
                          "\u0645\u200c\u200b"sv})
    CHECK_MESSAGE(has_hidden_character(text), text);
}

TEST_CASE("a selector that selects nothing is hidden") {
  for (const auto text : {"\ufe0f"sv, "A\ufe0f"sv, "\ufe0fA"sv, "\u2764\ufe0f\ufe0f"sv,
                          "\u845b\U000e0100\U000e0101"sv, " \ufe0f"sv, "\u3000\ufe0f"sv,
                          "\u845b\u200c\ufe0f"sv, "\u0410\U000e0100"sv, "1\u180b"sv})
    CHECK_MESSAGE(has_hidden_character(text), text);
}

TEST_CASE("blanks are seen, line separators are not") {
  for (const auto text : {"a b"sv, "a\u00a0b"sv, "a\u2009b"sv, "a\u202fb"sv, "a\u3000b"sv})
    CHECK_FALSE(has_hidden_character(text));
  for (const auto text : {"a\tb"sv, "a\nb"sv, "a\u0085b"sv, "a\u2028b"sv, "\0"sv})
    CHECK(has_hidden_character(text));
}

TEST_CASE("marks are counted in a row, over all of the text") {
  CHECK(marks_in_a_row("") == 0);
  CHECK(marks_in_a_row("Ana") == 0);
  CHECK(marks_in_a_row("e\u0301") == 1);
  CHECK(marks_in_a_row("\u0301") == 1);
  CHECK(marks_in_a_row("a\u0301\u0302b\u0301\u0302\u0303c\u0301") == 3);
  CHECK(marks_in_a_row("Z\u0300\u0301\u0302\u0303\u0304") == 5);
  CHECK(marks_in_a_row("a\u20dd\u20de\u0e48\u0651") == 4);  // of any script, and around it
}

TEST_CASE("what is not seen does not part marks, what is seen does") {
  CHECK(marks_in_a_row("a\u0301\u200d\u0301\u200b\u0301 \u0301") == 4);
  CHECK(marks_in_a_row("a\u0301.\u0301") == 1);
}

TEST_CASE("floods are floods in every script") {
  for (const auto mark : {"\u0301"sv, "\u0e47"sv, "\u0651"sv, "\u05b0"sv, "\u0900"sv, "\u0489"sv,
                          "\u20dd"sv, "\U0001e8d0"sv, "\u3099"sv}) {
    std::string flood = "x";
    for (int i = 0; i < 60; ++i) flood += mark;
    CHECK(marks_in_a_row(flood) == 60);
  }
}

TEST_CASE("text that is no UTF-8 is read up to where it breaks") {
  CHECK(marks_in_a_row("a\u0301\xff\u0301\u0301") == 1);
  CHECK(has_hidden_character("\u200b\xff"));
  CHECK_FALSE(has_hidden_character("a\xff\u200b"));
  CHECK_FALSE(has_hidden_character("\u0645\u200c\xff"sv.substr(0, 2)));
}

TEST_CASE("of texts of any characters, those without hidden ones stay so when put together") {
  // Nothing is hidden in a sum of texts in which nothing is, with a space between them; and
  // something is in one of which a part has something.
  std::mt19937 random{1};
  const std::string_view parts[] = {"a",      "\u0645", "\u200c", "\u200d",     "\ufe0f", "\u0301",
                                    "\u0d4d", "\u845b", "\u2764", "\U000e0100", "\u200b", " "};
  const auto any = [&] {
    std::string text;
    for (auto left = random() % 6; left > 0; --left) text += parts[random() % std::size(parts)];
    return text;
  };
  int hidden = 0;
  for (int round = 0; round < 50'000; ++round) {
    const std::string one = any(), other = any();
    const bool is_hidden = has_hidden_character(one) || has_hidden_character(other);
    hidden += is_hidden;
    REQUIRE_MESSAGE(has_hidden_character(one + " " + other) == is_hidden, one, "|", other);
  }
  CHECK(hidden > 5'000);
  CHECK(hidden < 49'000);
}

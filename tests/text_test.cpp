#include <comments/text.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

using namespace comments;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

// `point` in `size` bytes, however wrong that is: 2 bytes take 11 bits, 3 take 16, 4 take 21.
std::string encode(char32_t point, std::size_t size) {
  if (size == 1) return {static_cast<char>(point)};
  std::string bytes(size, '\0');
  for (std::size_t i = size - 1; i > 0; --i, point >>= 6)
    bytes[i] = static_cast<char>(0x80 | (point & 0x3f));
  bytes[0] = static_cast<char>((0xf00u >> size & 0xf0) | point);
  return bytes;
}

std::size_t size_of(char32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}
std::string encode(char32_t point) { return encode(point, size_of(point)); }

// The code point that `text` starts with, if it is taken and `at` moves right behind it.
bool reads(std::string_view text, char32_t point, std::size_t size) {
  std::size_t at = 0;
  return next_code_point(text, at) == point && at == size;
}
bool refuses(std::string_view text) {
  std::size_t at = 0;
  return !next_code_point(text, at) && at == 0;
}

std::string name_of(char32_t point) {
  char text[16];
  std::snprintf(text, sizeof text, "U+%04X", static_cast<unsigned>(point));
  return text;
}

enum class colour { red, green };
constexpr std::array<std::string_view, 2> names_of(colour) { return {"red", "green"}; }

}  // namespace

TEST_CASE("the first and the last code point of every length are read") {
  CHECK(reads("\0"sv, 0, 1));
  CHECK(reads("\x7f", 0x7f, 1));
  CHECK(reads("\xc2\x80", 0x80, 2));
  CHECK(reads("\xdf\xbf", 0x7ff, 2));
  CHECK(reads("\xe0\xa0\x80", 0x800, 3));
  CHECK(reads("\xed\x9f\xbf", 0xd7ff, 3));
  CHECK(reads("\xee\x80\x80", 0xe000, 3));
  CHECK(reads("\xef\xbf\xbf", 0xffff, 3));
  CHECK(reads("\xf0\x90\x80\x80", 0x10000, 4));
  CHECK(reads("\xf4\x8f\xbf\xbf", 0x10ffff, 4));
}

TEST_CASE("overlong forms, surrogates and what lies over U+10FFFF are refused") {
  for (const auto text :
       {"\xc0\x80"sv, "\xc0\xaf"sv, "\xc1\xbf"sv, "\xe0\x80\x80"sv, "\xe0\x9f\xbf"sv,
        "\xf0\x80\x80\x80"sv, "\xf0\x8f\xbf\xbf"sv, "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv,
        "\xed\xa0\xbd\xed\xb8\x80"sv, "\xf4\x90\x80\x80"sv, "\xf7\xbf\xbf\xbf"sv,
        "\xf8\x88\x80\x80\x80"sv, "\xfc\x84\x80\x80\x80\x80"sv, "\xfe"sv, "\xff"sv})
    CHECK(refuses(text));
}

TEST_CASE("of all that the bits allow, exactly the shortest forms of scalar values are read") {
  constexpr std::array<char32_t, 5> end{0, 0x80, 0x800, 0x10000, 0x200000};
  int read = 0, mistaken = 0;
  for (std::size_t size = 1; size <= 4; ++size) {
    for (char32_t point = 0; point < end[size]; ++point) {
      const bool surrogate = point >= 0xd800 && point <= 0xdfff;
      const bool good = size == size_of(point) && !surrogate && point <= 0x10ffff;
      const std::string bytes = encode(point, size);
      read += good;
      mistaken += !(good ? reads(bytes, point, size) : refuses(bytes));
    }
  }
  CHECK(mistaken == 0);
  CHECK(read == 0x110000 - 0x800);
}

TEST_CASE("a code point that is cut short is refused at every byte") {
  for (const std::string& whole : {"é"s, "€"s, "\xf0\x9f\x98\x80"s}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      const std::string part = whole.substr(0, size);
      CHECK(refuses(part));
      CHECK(refuses(std::string_view{whole}.substr(0, size)));  // the rest is there, out of sight
      CHECK(refuses(part + "abc"));
      CHECK(refuses(part + whole));
      CHECK_FALSE(is_utf8("fine so far " + part));
      CHECK_FALSE(is_utf8(part + " and on"));
    }
  }
}

TEST_CASE("no byte but a continuation continues, and a continuation does not start") {
  for (const std::string& whole : {"é"s, "€"s, "\xf0\x9f\x98\x80"s}) {
    for (std::size_t at = 1; at < whole.size(); ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        if ((byte & 0xc0) == 0x80) continue;
        std::string broken = whole;
        broken[at] = static_cast<char>(byte);
        REQUIRE_MESSAGE(refuses(broken), "byte ", byte, " at ", at);
      }
    }
  }
  for (int byte = 0x80; byte < 0xc0; ++byte) REQUIRE(refuses(encode(char32_t(byte), 1) + "\x80"));
}

TEST_CASE("code points are read one after the other") {
  const auto text = "aé€\xf0\x9f\x98\x80"sv;
  std::size_t at = 0;
  CHECK(next_code_point(text, at) == U'a');
  CHECK(next_code_point(text, at) == U'é');
  CHECK(next_code_point(text, at) == U'€');
  CHECK(next_code_point(text, at) == U'\U0001f600');
  CHECK(at == text.size());
}

TEST_CASE("text is UTF-8 if all of it is") {
  const std::string text = "Olá, 世界 \U0001f600"s + '\0';
  CHECK(is_utf8(""));
  CHECK(is_utf8(text));
  for (std::size_t at = 0; at <= text.size(); ++at) {
    CHECK_FALSE(is_utf8(std::string{text}.insert(at, "\xff")));
    CHECK_FALSE(is_utf8(std::string{text}.insert(at, "\xed\xa0\x80")));
  }
}

TEST_CASE("length is counted in code points") {
  CHECK(count_code_points("") == 0);
  CHECK(count_code_points("abc") == 3);
  CHECK(count_code_points("a\0c"sv) == 3);
  CHECK(count_code_points("é€\U0001f600") == 3);
  CHECK(count_code_points("e\u0301") == 2);  // a letter and its accent are two
  CHECK(count_code_points("\U0001f44d\U0001f3fd") == 2);
}

TEST_CASE("controls are C0, DEL and C1, and nothing else") {
  for (char32_t point = 0; point < 0x110000; ++point) {
    const bool expected = point <= 0x1f || point == 0x7f || (point >= 0x80 && point <= 0x9f);
    if (is_control(point) != expected) FAIL(name_of(point));
  }
}

TEST_CASE("a control character is found wherever it stands, unless it is allowed") {
  CHECK_FALSE(has_control(""));
  CHECK_FALSE(has_control("Olá, 世界 \U0001f600\u00a0\u200b"));
  for (char32_t point = 0; point < 0xa0; ++point) {
    const std::string text = encode(point);
    REQUIRE(has_control(text) == is_control(point));
    REQUIRE(has_control("é" + text + "é") == is_control(point));
  }
  CHECK_FALSE(has_control("a\nb\tc\r", "\n\r\t"));
  CHECK(has_control("a\nb", "\r\t"));
  CHECK(has_control("a\nb\0"sv, "\n\r\t"));
  CHECK(has_control("\u0085", "\n\r\t"));
  CHECK_FALSE(has_control("\0"sv, "\0"sv));
}

TEST_CASE("only ASCII can be allowed") {
  CHECK(has_control("\u0085", "\x85"));
  CHECK(has_control("\u0085", "\u0085"));
}

TEST_CASE("white space leaves no mark") {
  for (const char32_t point : U"\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"sv)
    CHECK_MESSAGE(is_invisible(point), name_of(point));
  for (char32_t point = 0x2000; point <= 0x200a; ++point) CHECK(is_invisible(point));
}

TEST_CASE("what Unicode calls default-ignorable leaves no mark either") {
  const struct {
    char32_t first, last;
  } table[] = {{0xad, 0xad},     {0x34f, 0x34f},     {0x61c, 0x61c},     {0x115f, 0x1160},
               {0x17b4, 0x17b5}, {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e},
               {0x2060, 0x206f}, {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
               {0xffa0, 0xffa0}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  for (const auto& range : table) {
    int missed = 0;
    for (char32_t point = range.first; point <= range.last; ++point) missed += !is_invisible(point);
    CHECK_MESSAGE(missed == 0, missed, " from ", name_of(range.first));
  }
}

TEST_CASE("what leaves a mark is not invisible") {
  for (char32_t point = 0x21; point < 0x7f; ++point) CHECK_FALSE(is_invisible(point));
  for (const char32_t point :
       {U'\u00a1', U'\u00e9', U'\u0301', U'\u061b', U'\u061d', U'\u1161',    U'\u1681', U'\u1fff',
        U'\u2010', U'\u2027', U'\u2030', U'\u205e', U'\u2070', U'\u2fff',    U'\u3001', U'\u3163',
        U'\u3165', U'\ufdff', U'\ufe10', U'\ufefe', U'\ufffd', U'\U0001f600'})
    CHECK_MESSAGE(!is_invisible(point), name_of(point));
}

TEST_CASE("text is blank if a reader would see nothing at all") {
  for (const auto text : {""sv, " "sv, "\n\r\t "sv, "\0"sv, "\u00a0"sv, "\u3000"sv, "\u200b"sv,
                          "\u200d\ufe0f"sv, "\u2060 \u00ad"sv, "\u3164"sv, "\ufeff"sv})
    CHECK(is_blank(text));
  for (const auto text : {"."sv, " . "sv, "\u200ba"sv, "\u00a0\n\U0001f600"sv, "世"sv, "\ufffd"sv})
    CHECK_FALSE(is_blank(text));
}

TEST_CASE("an empty cell of Braille shows nothing") { CHECK(is_blank("\u2800")); }

TEST_CASE("text that is no UTF-8 is not blank: a reader sees that it is broken") {
  CHECK_FALSE(is_blank("\xff"));
  CHECK_FALSE(is_blank("  \xe2\x80"));
}

TEST_CASE("an enumeration's values have names, and names their values") {
  CHECK(to_text(colour::red) == "red");
  CHECK(to_text(colour::green) == "green");
  CHECK(parse<colour>("red") == colour::red);
  CHECK(parse<colour>("green") == colour::green);
  for (const auto name : {""sv, "Red"sv, "re"sv, "redd"sv, " red"sv, "red\0"sv, "blue"sv})
    CHECK_FALSE(parse<colour>(name));
  static_assert(to_text(colour::green) == "green");
  static_assert(parse<colour>("green") == colour::green);
}

TEST_CASE("markup is written as entities, and everything else as it is") {
  CHECK(escape_html("") == "");
  CHECK(escape_html("&<>\"'") == "&amp;&lt;&gt;&quot;&#39;");
  CHECK(escape_html("&lt;") == "&amp;lt;");
  CHECK(escape_html("<a href='x'>\"R&D\"</a>") ==
        "&lt;a href=&#39;x&#39;&gt;&quot;R&amp;D&quot;&lt;/a&gt;");
  CHECK(escape_html("Olá,\n世界 `\U0001f600`") == "Olá,\n世界 `\U0001f600`");
  std::string others;
  for (int byte = 0; byte < 256; ++byte)
    if ("&<>\"'"sv.find(static_cast<char>(byte)) == std::string_view::npos)
      others += static_cast<char>(byte);
  CHECK(escape_html(others) == others);
}

TEST_CASE("plain text becomes paragraphs") {
  const struct {
    std::string_view text, html;
  } table[] = {
      {"", ""},
      {"\n \n\u00a0\r\n", ""},
      {"one", "<p>one</p>\n"},
      {"one\n", "<p>one</p>\n"},
      {"one\ntwo", "<p>one<br>\ntwo</p>\n"},
      {"one\r\ntwo\r\n", "<p>one<br>\ntwo</p>\n"},
      {"one\n\ntwo", "<p>one</p>\n<p>two</p>\n"},
      {"one\r\n\r\ntwo", "<p>one</p>\n<p>two</p>\n"},
      {"one\n \t\ntwo", "<p>one</p>\n<p>two</p>\n"},
      {"one\n\n\n\ntwo\nthree\n\nfour", "<p>one</p>\n<p>two<br>\nthree</p>\n<p>four</p>\n"},
      {"\n\none\n\n", "<p>one</p>\n"},
      {"  one  two ", "<p>  one  two </p>\n"},
      {"<b>\n\n</p><script>", "<p>&lt;b&gt;</p>\n<p>&lt;/p&gt;&lt;script&gt;</p>\n"},
      {"&amp;", "<p>&amp;amp;</p>\n"},
  };
  for (const auto& [text, html] : table) CHECK(to_paragraphs(text) == html);
}

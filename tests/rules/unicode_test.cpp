// What we keep of Unicode's tables, held against those of a library that has all of them.

#include <comments/spoofing.hpp>

#include <comments/characters.hpp>

#include <doctest/doctest.h>
#include <utf8proc.h>

#include <string>

using namespace comments;

namespace {

utf8proc_category_t category_of(char32_t point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(point));
}

std::string to_utf8(char32_t point) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(point), bytes);
  return {bytes, bytes + size};
}

// Whether utf8proc strips it as a Default_Ignorable_Code_Point.
bool is_ignorable(char32_t point) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(point))->ignorable;
}

}  // namespace

TEST_CASE("marks are the nonspacing and the enclosing ones, and no other assigned character") {
  int marks = 0;
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    const auto category = category_of(point);
    const bool is_one = category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
    marks += is_one;
    if (category == UTF8PROC_CATEGORY_CN) continue;
    REQUIRE_MESSAGE(is_mark(point) == is_one, static_cast<unsigned>(point));
  }
  CHECK(marks > 1900);
}

TEST_CASE("blanks are the space separators") {
  for (char32_t point = 0; point <= 0x10ffff; ++point)
    REQUIRE_MESSAGE(is_space(point) == (category_of(point) == UTF8PROC_CATEGORY_ZS),
                    static_cast<unsigned>(point));
}

TEST_CASE("format controls are those of Unicode, and none can stand in a name") {
  int controls = 0;
  for (char32_t point = 1; point <= 0x10ffff; ++point) {
    const auto category = category_of(point);
    if (category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CS) continue;
    const bool is_one = category == UTF8PROC_CATEGORY_CF;
    controls += is_one;
    REQUIRE_MESSAGE(is_format(point) == is_one, static_cast<unsigned>(point));
    const bool is_hidden = is_one || is_ignorable(point) || category == UTF8PROC_CATEGORY_ZL ||
                           category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CC;
    if (is_hidden)
      REQUIRE_MESSAGE(has_hidden_character(to_utf8(point)), static_cast<unsigned>(point));
  }
  CHECK(controls > 150);
}

TEST_CASE("badges are symbols, and no letter, digit or mark of any script is one") {
  int badges = 0;
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (!is_badge(point)) continue;
    ++badges;
    const auto category = category_of(point);
    const bool is_symbol = category == UTF8PROC_CATEGORY_SO || category == UTF8PROC_CATEGORY_SM ||
                           category == UTF8PROC_CATEGORY_PO;
    CHECK_MESSAGE(is_symbol, static_cast<unsigned>(point));
  }
  CHECK(badges > 15);
}

TEST_CASE("everything that leaves no mark by Unicode's word is invisible") {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (category_of(point) == UTF8PROC_CATEGORY_CN) continue;
    if (is_ignorable(point) || is_space(point))
      REQUIRE_MESSAGE(is_invisible(point), static_cast<unsigned>(point));
  }
}

TEST_CASE(
    "punctuation beyond ASCII closes words, unless it joins them; what words are made of does "
    "not") {
  int marks = 0;
  for (char32_t point = 0x80; point <= 0x10ffff; ++point) {
    const auto category = category_of(point);
    const bool is_bracket_or_quote =
        category >= UTF8PROC_CATEGORY_PS && category <= UTF8PROC_CATEGORY_PO;
    const bool is_part = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
    if (is_bracket_or_quote)
      REQUIRE_MESSAGE(is_punctuation(point) != is_joining_punctuation(point),
                      static_cast<unsigned>(point));
    if (is_part) REQUIRE_MESSAGE(!is_punctuation(point), static_cast<unsigned>(point));
    marks += is_bracket_or_quote;
  }
  CHECK(marks > 600);
}

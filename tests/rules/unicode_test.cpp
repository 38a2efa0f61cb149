// What we keep of Unicode's tables, held against those of a library that has all of them.

#include <comments/spoofing.hpp>

#include <doctest/doctest.h>
#include <utf8proc.h>

using namespace comments;

namespace {

utf8proc_category_t category_of(char32_t point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(point));
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

TEST_CASE("everything that leaves no mark by Unicode's word is invisible") {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (category_of(point) == UTF8PROC_CATEGORY_CN) continue;
    if (is_ignorable(point) || is_space(point))
      REQUIRE_MESSAGE(is_invisible(point), static_cast<unsigned>(point));
  }
}

#include <comments/characters.hpp>

#include <doctest/doctest.h>

using namespace comments;

TEST_CASE("what closes a word in any script is punctuation, and what stands within words is none") {
  for (const char32_t point :
       U"\u00ab\u00bb\u2018\u2019\u201c\u201d\u2026\u2014\u3001\u3002\u300c"
       U"\u300d\uff08\uff09\uff0c\uff01\uff1f\uff1a\u060c\u061f\u06d4\u0964"
       U"\u0589\u1362\u17d4\u104b\u2e41")
    if (point != 0) CHECK_MESSAGE(is_punctuation(point), static_cast<unsigned>(point));
  for (const char32_t point :
       U"\u00e4\u00b7\u2010\u2011\u2013\u203f\u30fb\u4e2d\u3042\uac00\u0e01"
       U"\u0301\u0669\uff21\uff10\U0001f600")
    if (point != 0) CHECK_MESSAGE(!is_punctuation(point), static_cast<unsigned>(point));
}

TEST_CASE("middle dots, hyphens and short dashes join") {
  for (const char32_t point : U"\u00b7\u2010\u2011\u2013\u2027\u30fb\uff65")
    if (point != 0) CHECK_MESSAGE(is_joining_punctuation(point), static_cast<unsigned>(point));
  CHECK_FALSE(is_joining_punctuation(U'-'));
  CHECK_FALSE(is_joining_punctuation(U'\u2014'));
}

TEST_CASE("Han, kana, Hangul and their punctuation are East Asian") {
  for (const char32_t point :
       U"\u4e2d\u3042\u30ab\uac00\u1100\u3131\u3105\ua000\u3002\uff08\uff21"
       U"\u3005\uf900\U00020000\U0001b000")
    if (point != 0) CHECK_MESSAGE(is_east_asian(point), static_cast<unsigned>(point));
  for (const char32_t point : U"aä\u0e01\u0430\u201c\u2026\u3000\U0001f600")
    if (point != 0) CHECK_MESSAGE(!is_east_asian(point), static_cast<unsigned>(point));
}

#pragma once
// text.hpp - text: well-formed UTF-8 that can be counted, printed and put into a page.
//
// The service checks everything that a user writes with these functions before it stores it. So a
// later reader of the text (JSON, SQL, HTML, a terminal) never meets a byte that it has to guess
// about.
//
//   assert(is_utf8("coração"));
//   assert(count_code_points("coração") == 7);
//   assert(escape_html("a < b") == "a &lt; b");

#include <comments/config.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

// Returns the code point at `text[at]` and moves `at` behind it. Returns nothing, and leaves `at`
// where it is, if the bytes there are not well-formed UTF-8 (RFC 3629: no overlong forms, no
// surrogates, nothing over U+10FFFF). `at` must be less than the size of `text`.
std::optional<char32_t> next_code_point(std::string_view text, std::size_t& at);

// Returns `text` with the letters A to Z in lower case and everything else unchanged.
std::string to_lower_ascii(std::string_view text);

// Whether all of `text` is well-formed UTF-8.
bool is_utf8(std::string_view text);

// Returns the length of well-formed `text` in code points.
std::size_t count_code_points(std::string_view text);

// Whether `point` is in C0 or C1 or is DEL: a character that commands a terminal instead of showing
// something. NUL is one of them.
constexpr bool is_control(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f);
}

// Whether `text` has a control character other than those in `allowed` (ASCII), or is not
// well-formed UTF-8.
bool has_control(std::string_view text, std::string_view allowed = {});

// Whether `point` leaves no mark on a page: Unicode's White_Space and Default_Ignorable_Code_Point
// (version 15), control characters, the format controls that only say how others are drawn
// (U+FFF9, U+13430), and the empty Braille cell.
bool is_invisible(char32_t point);

// Whether a reader of `text` would see nothing at all.
bool is_blank(std::string_view text);

// Returns the name of an enumeration's value, as it stands in JSON, SQL and metrics. The header of
// the enumeration gives the names, in order, by a function `names_of(Enum)` that returns an array.
template <typename Enum>
constexpr std::string_view to_text(Enum value) {
  return names_of(value)[static_cast<std::size_t>(value)];
}

// Returns the value of that name, or nothing.
template <typename Enum>
constexpr std::optional<Enum> parse(std::string_view name) {
  constexpr auto names = names_of(Enum{});
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

// Returns `text` with & < > " ' written as entities, so that it is safe as the content of an
// element and in a quoted attribute.
std::string escape_html(std::string_view text);

// Returns plain text as HTML paragraphs: a blank line separates two, a single line break becomes
// <br>. Markup in `text` is shown and has no effect. Blank text gives an empty string.
std::string to_paragraphs(std::string_view text);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/text.ipp>
#endif

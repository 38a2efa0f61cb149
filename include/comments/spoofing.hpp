#pragma once
// spoofing.hpp - text that is not what it looks like: hidden characters, floods of marks, and
// badges that nobody gave.
//
// A name with a zero-width space in it looks like another name and differs from it. A character
// that overrides the writing direction turns the rest of a line around. Forty accents on one letter
// cover the lines above. No language needs any of these to write a name. What languages need is
// allowed: the joiners of Persian and of emoji, variants of Han characters, the marks of
// Vietnamese, Thai and Hebrew.
//
//   assert(has_hidden_character("Ana\u200b"));
//   assert(marks_in_a_row("Z\u0300\u0301\u0302") == 3);

#include <comments/config.hpp>
#include <comments/text.hpp>

#include <cstddef>
#include <string_view>

namespace comments::inline v0 {

// Whether `point` stands over, under or around the character before it: Unicode's nonspacing and
// enclosing marks (version 15).
bool is_mark(char32_t point);

// Returns the length of the longest row of marks in well-formed `text`. An invisible character
// between two marks does not end the row.
std::size_t marks_in_a_row(std::string_view text);

// Whether `point` is a blank that separates words (Unicode's Zs).
bool is_space(char32_t point);

// Whether `point` is the zero-width joiner or non-joiner.
constexpr bool is_joiner(char32_t point) { return point == 0x200c || point == 0x200d; }

// Whether `point` selects a variant of the character before it: of emoji, Han and Mongolian.
bool is_selector(char32_t point);

// Whether `point` is a format control: Unicode's Cf (version 15), joiners and selectors of emoji
// among them. A few can be seen, such as U+0600, but stand in no name.
bool is_format(char32_t point);

// Whether `point` says that somebody approved of what it stands behind, as the mark of a verified
// author does. By Unicode's names these are the check marks, medals, rosettes, shields and the name
// badge; so are two that look or read like a check mark: the square root and the circled ideograph
// "correct".
bool is_badge(char32_t point);

// Whether well-formed `text` has such a character.
bool has_badge(std::string_view text);

// Whether well-formed `text` has a character that readers cannot see, blanks aside: zero-width
// characters, line separators, directions (such as U+202E), tags, fillers; or a format control.
//
// A selector is allowed behind a character that it can change. A joiner is allowed between two
// characters that it can join, and behind a mark, as at the end of Malayalam words. Neither is
// allowed behind characters below U+0600: Latin, Greek, Cyrillic and Hebrew letters have no such
// forms.
bool has_hidden_character(std::string_view text);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/spoofing.ipp>
#endif

#pragma once
// characters.hpp - what a character does in running text: whether it closes a word, and whether it
// is written in the East Asian way.
//
//   assert(is_punctuation(U'\u3002') && !is_punctuation(U'-'));  // an ideographic full stop
//   assert(is_east_asian(U'\uac00'));                            // a Hangul syllable

#include <comments/config.hpp>

namespace comments::inline v0 {

// Whether `point`, which is not ASCII, is punctuation that may stand directly behind a word and
// does not belong to it: Unicode's quotation marks, brackets and other punctuation (Ps, Pe, Pi, Pf
// and Po, version 15), with em dashes and all full-width forms. Hyphens, short dashes, connectors
// and middle dots stand within words, and are none.
bool is_punctuation(char32_t point);

// Whether `point` stands within names: a hyphen, a short dash or a middle dot that is not ASCII.
bool is_joining_punctuation(char32_t point);

// Whether `point` is a character of East Asian text, punctuation included: Han, kana, Hangul,
// Bopomofo, Yi, and the forms that are as wide as those. None of them puts a space where a word
// meets punctuation.
bool is_east_asian(char32_t point);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/characters.ipp>
#endif

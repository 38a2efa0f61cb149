#pragma once
// markdown/hints.hpp - what the parser is told by characters that no reader will see.
//
// CommonMark decides some things by characters beside each other, and not always as people who
// write comments expect. So characters that no text holds (U+0090 to U+009F) are put into the
// source, and are taken out of all that the parser makes of it:
//
// - "[Alice]: yes" is a link's definition, and definitions are not shown. One that no link can use
//  gets a hint in front, so that it is text. One that may be used gets a number into its address,
//  so that its links tell whether it is.
// - "**中文。**字" keeps its asterisks, because a full stop stands before them and a letter behind.
//  Between East Asian characters and a row of * or ~ a hint stands in for a letter. (The amendment
//  that commonmark-spec's issue 650 discusses says when.)
// - "- [x] a" gets a hint where a list item begins with a box.
//
//   using namespace comments;
//   const auto hinted = markdown::add_hints("[a]: b");
//   assert(hinted.text == "\u0090[a]: b" && markdown::without_hints(hinted.text) == "[a]: b");

#include <comments/config.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::markdown {

inline constexpr std::size_t emphasis_hints_max = 1'024;  // further emphasis is CommonMark's
inline constexpr std::size_t definitions_max = 4'096;     // further definitions are text

inline constexpr std::string_view task_hint = "\u009f";

constexpr bool is_hint(char32_t point) { return point >= 0x90 && point <= 0x9f; }

struct hinted_source {
  std::string text{};
  std::size_t definitions{};  // that have a number
};

// Returns `source`, which has no hints, with hints. Of the definitions that could have a number,
// those that are not in `used` become text, if it is given.
hinted_source add_hints(std::string_view source, const std::vector<bool>* used = nullptr);

// Returns the number of the definition from which a link has `url`.
std::optional<std::size_t> number_of_definition(std::string_view url);

std::string without_hints(std::string_view text);

}  // namespace comments::inline v0::markdown

#ifndef COMMENTS_COMPILED
#include <comments/markdown/hints.ipp>
#endif

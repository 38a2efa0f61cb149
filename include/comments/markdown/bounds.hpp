#pragma once
// markdown/bounds.hpp - how much Markdown is worth parsing, found from the source alone.
//
// A parser that was written for its owner's own files takes time in the square of the length for
// some inputs: it compares each line with every list that the line may belong to, and fills each
// row of a table up to the width of its head. The functions here find such a source in one pass,
// before the parser gets it.
//
//   using namespace comments;
//   const std::string body(100, '>');
//   if (!markdown::is_within({}, body)) std::puts(to_paragraphs(body).c_str());

#include <comments/config.hpp>

#include <cstddef>
#include <string_view>

namespace comments::inline v0::markdown {

// A source past any of these is shown as it was written: as plain paragraphs. Past `cells_max` it
// is rendered, but without tables.
struct limits {
  std::size_t source_bytes_max{16'384};  // as long as a body may be
  std::size_t containers_max{32};        // quotes and list items in one another
  std::size_t delimiters_max{4'096};     // runs of * and _ and ~
  std::size_t lookbacks_max{1'000'000};  // what `count_lookbacks` returns
  std::size_t declarations_max{256};     // "<?" and "<!"
  std::size_t cells_max{4'096};          // what `count_cells` returns
  std::size_t depth_max{100};            // nodes of the document in one another, itself included
  std::size_t html_bytes_max{262'144};
};

// Returns whether `source` may be parsed at all.
bool is_within(const limits& most, std::string_view source);

// Returns the length of a list item's marker at the beginning of `line`: of "-", "+", "*", "1." or
// "1)" before a space or the end, with that one space; 0 if there is none.
std::size_t marker_size(std::string_view line);

// Returns how many quotes and list items may stand in one another in `source`; never too few. A
// line opens as many as it has markers, inside those of the lines before: a line that stays in a
// list item is indented by two columns at least.
std::size_t count_containers(std::string_view source);

// Returns how many runs of "*", "_" and "~" there are: each may end what any of those before it
// began.
std::size_t count_delimiters(std::string_view source);

// Returns how often a "]" that may end a link looks back at a "*", "_", "~" or "![" before it.
std::size_t count_lookbacks(std::string_view source);

// Returns how many "<?" and "<!" there are: from each, the parser looks for the end of the source.
std::size_t count_declarations(std::string_view source);

// Returns how many cells the parser may make for tables; never too few. Each line that may part a
// table's head from its body makes as many columns as it has marks, in each line down to the next
// blank one, and the parser reads all of the paragraph before it for the head.
std::size_t count_cells(std::string_view source);

}  // namespace comments::inline v0::markdown

#ifndef COMMENTS_COMPILED
#include <comments/markdown/bounds.ipp>
#endif

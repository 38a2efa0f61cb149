#pragma once
// markdown/bounds.hpp - how much Markdown is worth parsing, told from the source alone.
//
// A parser that was written for its owner's own files takes time in the square of some inputs: each
// line is held against every list it may belong to, each "www." begins a look through all that
// follows. What would cost too much is found here, in one pass, before the parser sees it.
//
//   if (!markdown::is_within({}, body)) return to_paragraphs(body);

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace comments::markdown {

// A source past any of these is shown as it was written: as plain paragraphs. Past `scanned_max`
// only its bare addresses are, and are no links.
struct limits {
  std::size_t source_bytes_max{16'384};  // as long as a body may be
  std::size_t containers_max{32};        // quotes and list items in one another
  std::size_t delimiters_max{4'096};     // runs of * and _ and ~
  std::size_t lookbacks_max{1'000'000};  // what `count_lookbacks` says
  std::size_t declarations_max{256};     // "<?" and "<!"
  std::size_t scanned_max{16'000'000};   // what `count_scanned` says
  std::size_t depth_max{100};            // nodes of the document in one another, itself included
  std::size_t html_bytes_max{262'144};
};

// The length of a list item's marker at the beginning of `line`: of "-", "+", "*", "1." or "1)"
// before a space or the end, with that one space; 0 if there is none.
inline std::size_t marker_size(std::string_view line) {
  constexpr std::size_t digits_max = 9;
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view marks = digits > 0 ? ".)" : "-+*";
  if (digits > digits_max || digits == line.size() || marks.find(line[digits]) == marks.npos)
    return 0;
  const std::size_t end = digits + 1;
  if (end == line.size()) return end;
  return line[end] == ' ' || line[end] == '\t' ? end + 1 : 0;
}

// How many quotes and list items may stand in one another in `source`; never too few. A line opens
// as many as it has markers, inside those of the lines before: to stay in a list item, a line is
// indented by two columns at least.
inline std::size_t count_containers(std::string_view source) {
  std::size_t deepest = 0;
  while (!source.empty()) {
    const std::size_t end = std::min(source.find_first_of("\r\n"), source.size());
    std::string_view line = source.substr(0, end);
    source.remove_prefix(std::min(end + 1, source.size()));
    std::size_t columns = 0, opened = 0;
    while (!line.empty()) {
      std::size_t size = 1;
      if (line[0] == ' ' || line[0] == '\t') {
        columns += line[0] == ' ' ? 1 : 4;
      } else if (line[0] == '>') {
        size = line.substr(1).starts_with(' ') ? 2 : 1;
        ++opened;
      } else if (size = marker_size(line); size > 0) {
        ++opened;
      } else {
        break;
      }
      line.remove_prefix(size);
    }
    deepest = std::max(deepest, std::min(deepest, columns / 2) + opened);
  }
  return deepest;
}

inline bool is_delimiter(char c) { return c == '*' || c == '_' || c == '~'; }

// How many runs of "*", "_" and "~" there are: each may end what any of those before it began.
inline std::size_t count_delimiters(std::string_view source) {
  std::size_t runs = 0;
  char before = '\0';
  for (const char c : source) {
    runs += is_delimiter(c) && c != before;
    before = c;
  }
  return runs;
}

// How often a "]" that may end a link looks back at a "*", "_", "~" or "![" before it.
inline std::size_t count_lookbacks(std::string_view source) {
  std::size_t count = 0, signs = 0;
  char before = '\0';
  for (const char c : source) {
    signs += (is_delimiter(c) && c != before) || (c == '[' && before == '!');
    if (c == ']') count += signs;
    before = c;
  }
  return count;
}

// How many "<?" and "<!" there are: from each, the end of the source is looked for.
inline std::size_t count_declarations(std::string_view source) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = source.find('<', at)) != source.npos; ++at)
    count += source.substr(at + 1).starts_with('?') || source.substr(at + 1).starts_with('!');
  return count;
}

// What looking for bare addresses would cost, in quarters of a nanosecond or so. From each sign of
// one the rest of its word is read, however often that was done before, and behind the last from
// each ")" back to the beginning.
inline std::size_t count_scanned(std::string_view source) {
  std::size_t scanned = 0, begin = 0, each = 0;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const std::string_view rest = source.substr(i);
    if (std::string_view{" \t\r\n"}.find(rest[0]) != std::string_view::npos) {
      scanned += (i - begin) * each;
      begin = i + 1;
      each = 0;
    }
    if (rest[0] == ')') each += 1;
    if (rest[0] == '@') each += 2;
    if (rest.starts_with("://")) each += 3;
    if (rest.starts_with("www.")) each += 8;
  }
  return scanned + (source.size() - begin) * each;
}

// Whether `source` may be parsed at all.
inline bool is_within(const limits& most, std::string_view source) {
  return source.size() <= most.source_bytes_max &&
         count_containers(source) <= most.containers_max &&
         count_delimiters(source) <= most.delimiters_max &&
         count_lookbacks(source) <= most.lookbacks_max &&
         count_declarations(source) <= most.declarations_max;
}

}  // namespace comments::markdown

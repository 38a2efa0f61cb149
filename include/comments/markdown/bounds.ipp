#pragma once
// markdown/bounds.ipp - definitions of markdown/bounds.hpp.

#include <comments/markdown/bounds.hpp>

#include <algorithm>

namespace comments::inline v0::markdown {

COMMENTS_INLINE std::size_t marker_size(std::string_view line) {
  constexpr std::size_t digits_max = 9;
  const std::size_t digits = std::min(line.find_first_not_of("0123456789"), line.size());
  const std::string_view marks = digits > 0 ? ".)" : "-+*";
  if (digits > digits_max || digits == line.size() || marks.find(line[digits]) == marks.npos)
    return 0;
  const std::size_t end = digits + 1;
  if (end == line.size()) return end;
  return line[end] == ' ' || line[end] == '\t' ? end + 1 : 0;
}

COMMENTS_INLINE std::size_t count_containers(std::string_view source) {
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

namespace detail {

inline bool is_delimiter(char c) { return c == '*' || c == '_' || c == '~'; }

}  // namespace detail

COMMENTS_INLINE std::size_t count_delimiters(std::string_view source) {
  std::size_t runs = 0;
  char before = '\0';
  for (const char c : source) {
    runs += detail::is_delimiter(c) && c != before;
    before = c;
  }
  return runs;
}

COMMENTS_INLINE std::size_t count_lookbacks(std::string_view source) {
  std::size_t count = 0, signs = 0;
  char before = '\0';
  for (const char c : source) {
    signs += (detail::is_delimiter(c) && c != before) || (c == '[' && before == '!');
    if (c == ']') count += signs;
    before = c;
  }
  return count;
}

COMMENTS_INLINE std::size_t count_declarations(std::string_view source) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = source.find('<', at)) != source.npos; ++at)
    count += source.substr(at + 1).starts_with('?') || source.substr(at + 1).starts_with('!');
  return count;
}

COMMENTS_INLINE std::size_t count_cells(std::string_view source) {
  std::size_t cells = 0, above = 0, columns = 0;  // of the lines since the last blank one
  while (!source.empty()) {
    const std::size_t end = std::min(source.find_first_of("\r\n"), source.size());
    const std::string_view line = source.substr(0, end);
    const std::size_t line_break = source.substr(end).starts_with("\r\n") ? 2 : 1;
    source.remove_prefix(std::min(end + line_break, source.size()));
    if (line.find_first_not_of(" \t") == line.npos) {
      above = columns = 0;
      continue;
    }
    const auto bars = static_cast<std::size_t>(std::ranges::count(line, '|')) + 1;
    // What may stand in front of it: marks of quotes, list items and their boxes.
    const bool may_part = line.find_first_not_of("|:- \t\v\f>+*0123456789.)") == line.npos &&
                          line.find('-') != line.npos && line.find_first_of("|:") != line.npos;
    cells += may_part ? above + bars : 0;
    columns += may_part ? bars : 0;
    cells += columns;
    above += bars;
  }
  return cells;
}

COMMENTS_INLINE bool is_within(const limits& most, std::string_view source) {
  return source.size() <= most.source_bytes_max &&
         count_containers(source) <= most.containers_max &&
         count_delimiters(source) <= most.delimiters_max &&
         count_lookbacks(source) <= most.lookbacks_max &&
         count_declarations(source) <= most.declarations_max;
}

}  // namespace comments::inline v0::markdown

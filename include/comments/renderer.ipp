#pragma once
// renderer.ipp - definitions of renderer.hpp.

#include <comments/renderer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace comments::inline v0 {

namespace detail {

// Whether an element of this name stands within a line of text.
inline bool is_within_line(std::string_view name) {
  constexpr std::array<std::string_view, 20> names{
      "a",   "abbr", "b", "bdi", "cite",  "code", "del",    "em",  "i",   "ins",
      "kbd", "mark", "q", "s",   "small", "span", "strong", "sub", "sup", "u"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

inline void append_utf8(std::string& to, std::uint32_t point) {
  const auto byte = [&](std::uint32_t bits) { to += static_cast<char>(bits); };
  const auto rest = [&](int shift) { byte(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return byte(point);
  if (point < 0x800) {
    byte(0xc0 | point >> 6);
  } else if (point < 0x10000) {
    byte(0xe0 | point >> 12);
    rest(6);
  } else {
    byte(0xf0 | point >> 18);
    rest(12);
    rest(6);
  }
  rest(0);
}

// Returns the character that `name`, from between "&" and ";", stands for.
inline std::optional<std::uint32_t> to_character(std::string_view name) {
  if (name == "amp") return '&';
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "quot") return '"';
  if (!name.starts_with('#')) return std::nullopt;
  name.remove_prefix(1);
  const bool is_hex = name.starts_with('x') || name.starts_with('X');
  if (is_hex) name.remove_prefix(1);
  std::uint32_t point = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, point, is_hex ? 16 : 10);
  const bool is_one = read.ec == std::errc{} && read.ptr == end && point > 0 && point <= 0x10ffff &&
                      (point < 0xd800 || point > 0xdfff);
  return is_one ? std::optional{point} : std::nullopt;
}

}  // namespace detail

COMMENTS_INLINE plain_reader to_plain_reader(renderer body) {
  return [to_html = std::move(body.to_html)](std::string_view text) {
    return to_plain_text(to_html(text));
  };
}

COMMENTS_INLINE std::string to_plain_text(std::string_view html) {
  constexpr std::size_t name_size_max = 10;
  std::string text;
  text.reserve(html.size());
  while (!html.empty()) {
    const std::size_t size = std::min(html.find_first_of("<&"), html.size());
    text += html.substr(0, size);
    html.remove_prefix(size);
    if (html.empty()) break;
    const bool is_tag = html[0] == '<';
    const std::size_t end =
        html.substr(0, is_tag ? html.npos : name_size_max).find(is_tag ? '>' : ';');
    if (is_tag && end != html.npos) {
      const std::size_t begin = html.substr(1).starts_with('/') ? 2 : 1;
      const std::size_t behind = html.find_first_of(" />", begin);
      if (!detail::is_within_line(html.substr(begin, behind - begin))) text += '\n';
      html.remove_prefix(end + 1);
      continue;
    }
    const auto point =
        end == html.npos ? std::nullopt : detail::to_character(html.substr(1, end - 1));
    if (point) detail::append_utf8(text, *point);
    if (!point) text += html[0];
    html.remove_prefix(point ? end + 1 : 1);
  }
  return text;
}

}  // namespace comments::inline v0

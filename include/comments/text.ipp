#pragma once
// text.ipp - definitions of text.hpp.

#include <comments/text.hpp>

#include <algorithm>

namespace comments::inline v0 {

COMMENTS_INLINE std::optional<char32_t> next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return text[at++];
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + size > text.size()) return std::nullopt;
  char32_t point = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return std::nullopt;
    point = point << 6 | (byte(at + i) & 0x3f);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (overlong || surrogate || point > 0x10ffff) return std::nullopt;
  at += size;
  return point;
}

COMMENTS_INLINE std::string to_lower_ascii(std::string_view text) {
  std::string lower{text};
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return lower;
}

COMMENTS_INLINE bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();)
    if (!next_code_point(text, at)) return false;
  return true;
}

COMMENTS_INLINE std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

COMMENTS_INLINE bool has_control(std::string_view text, std::string_view allowed) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (!point) return true;
    const bool excused = *point < 0x80 && allowed.find(static_cast<char>(*point)) != allowed.npos;
    if (is_control(*point) && !excused) return true;
  }
  return false;
}

COMMENTS_INLINE bool is_invisible(char32_t point) {
  struct range {
    char32_t first;
    char32_t last;
  };
  constexpr range ranges[] = {
      {0x00, 0x20},       {0x7f, 0xa0},       {0xad, 0xad},      {0x34f, 0x34f},
      {0x61c, 0x61c},     {0x115f, 0x1160},   {0x1680, 0x1680},  {0x17b4, 0x17b5},
      {0x180b, 0x180f},   {0x2000, 0x200f},   {0x2028, 0x202f},  {0x205f, 0x206f},
      {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},  {0xfe00, 0xfe0f},
      {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},  {0x13430, 0x1343f},
      {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [point](const range& r) { return r.first <= point && point <= r.last; });
}

COMMENTS_INLINE bool is_blank(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = next_code_point(text, at);
    if (!point || !is_invisible(*point)) return false;
  }
  return true;
}

COMMENTS_INLINE std::string escape_html(std::string_view text) {
  std::string html;
  html.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&': html += "&amp;"; break;
      case '<': html += "&lt;"; break;
      case '>': html += "&gt;"; break;
      case '"': html += "&quot;"; break;
      case '\'': html += "&#39;"; break;
      default: html += c;
    }
  }
  return html;
}

COMMENTS_INLINE std::string to_paragraphs(std::string_view text) {
  std::string html;
  bool open = false;
  std::size_t breaks = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (is_blank(line)) {
      ++breaks;
      continue;
    }
    if (open) html += breaks > 0 ? "</p>\n<p>" : "<br>\n";
    if (!open) html += "<p>";
    html += escape_html(line);
    open = true;
    breaks = 0;
  }
  return open ? html + "</p>\n" : html;
}

}  // namespace comments::inline v0

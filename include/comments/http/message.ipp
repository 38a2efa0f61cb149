#pragma once
// http/message.ipp - definitions of http/message.hpp.

#include <comments/http/message.hpp>

#include <algorithm>
#include <iterator>

namespace comments::http {

COMMENTS_INLINE std::optional<std::string> percent_decode(std::string_view text, bool is_query) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += is_query && text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return std::nullopt;
    decoded += static_cast<char>(digit(text[i + 1]) << 4 | digit(text[i + 2]));
    i += 2;
  }
  return decoded;
}

COMMENTS_INLINE std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                          (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain)
      encoded += c;
    else
      encoded.append({'%', digits[byte >> 4], digits[byte & 0x0f]});
  }
  return encoded;
}

COMMENTS_INLINE error bad_encoding(std::string_view where) {
  return {errc::malformed,
          "The percent-encoding is broken.",
          {{std::string{where}, "percent_encoding"}}};
}

COMMENTS_INLINE result<fields> parse_query(std::string_view text) {
  fields found;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) return bad_encoding("query");
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!value) return bad_encoding(*name);
    found.emplace_back(std::move(*name), std::move(*value));
  }
  return found;
}

COMMENTS_INLINE bool is_probe(std::string_view target) {
  constexpr std::string_view probes[] = {"/healthz", "/readyz", "/metrics", "/version"};
  return std::ranges::find(probes, target.substr(0, target.find('?'))) != std::end(probes);
}

COMMENTS_INLINE std::string to_etag(std::int64_t version) {
  return '"' + std::to_string(version) + '"';
}

COMMENTS_INLINE bool has_etag(std::string_view header, std::string_view etag, bool is_weak) {
  while (!header.empty()) {
    const std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    std::string_view tag = trim(item);
    if (is_weak && tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

COMMENTS_INLINE bool has_strong_etag(std::string_view header, std::string_view etag) {
  return has_etag(header, etag, false);
}

}  // namespace comments::http

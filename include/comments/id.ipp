#pragma once
// id.ipp - definitions of id.hpp.

#include <comments/id.hpp>

#include <comments/guarded.hpp>

#include <algorithm>

#ifdef __unix__
#include <unistd.h>

#include <cerrno>
#include <system_error>
#else
#include <random>
#endif

namespace comments::inline v0 {

// POSIX has a call for it since 2024, and the systems have had it for long. <random>, which is the
// same everywhere, would cost each program that includes this a twentieth of its compiling, and
// its device four system calls for an id instead of one.
COMMENTS_INLINE void fill_randomly(std::span<std::uint8_t> bytes) {
#ifdef __unix__
  constexpr std::size_t once = 256;  // what one call gives at most
  while (!bytes.empty()) {
    const auto wanted = bytes.first(std::min(once, bytes.size()));
    if (::getentropy(wanted.data(), wanted.size()) != 0)
      detail::raise(std::system_error{errno, std::generic_category(), "getentropy"});
    bytes = bytes.subspan(wanted.size());
  }
#else
  std::random_device source;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(source());
#endif
}

COMMENTS_INLINE comment_id to_version_7(std::array<std::uint8_t, 16> bytes, instant now) {
  const std::int64_t count = to_milliseconds(now);
  const auto milliseconds = static_cast<std::uint64_t>(count < 0 ? 0 : count);
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x70);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 9562
  return {bytes};
}

COMMENTS_INLINE std::string to_string(const comment_id& id) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    text[at++] = digits[id.bytes[i] >> 4];
    text[at++] = digits[id.bytes[i] & 0x0f];
  }
  return text;
}

COMMENTS_INLINE std::optional<comment_id> parse_comment_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  comment_id id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    int value = -1;
    if (c >= '0' && c <= '9') value = c - '0';
    if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes[nibble / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
    ++nibble;
  }
  return id;
}

}  // namespace comments::inline v0

#pragma once
// id.hpp - the id of a comment: a UUID of version 7 (RFC 9562, section 5.7).
//
// The first 48 bits are the milliseconds of its making, so ids sort roughly by time and index well;
// 74 bits are random, so they can be made anywhere without asking anyone. The order of a content's
// comments never rests on ids, which a stepping clock could shuffle: it rests on
// `comment::position`.
//
//   const comment_id id = make_comment_id(now);
//   to_string(id);                     // "0192f0c1-7b2a-7c3d-9e4f-0123456789ab"
//   parse_comment_id(text);            // nothing, if it is no UUID

#include <comments/clock.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace comments {

struct comment_id {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const comment_id&, const comment_id&) = default;
};

// `N` bytes nobody can guess, from the operating system. Throws where it has none left to give: no
// file descriptor for a thread's first call. (The default device of libstdc++ is the processor's
// own generator, a hundred times slower.)
template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  thread_local std::random_device source{"/dev/urandom"};
  std::array<std::uint8_t, N> bytes{};
  for (std::size_t i = 0; i < N; i += 4) {
    const std::uint32_t word = source();
    for (std::size_t j = i; j < N && j < i + 4; ++j)
      bytes[j] = static_cast<std::uint8_t>(word >> (8 * (j - i)));
  }
  return bytes;
}

// A UUID of version 7: `bytes`, with the time of `now` and the version put over them. Moments
// before 1970 count as 1970.
inline comment_id to_version_7(std::array<std::uint8_t, 16> bytes, instant now) {
  const std::int64_t count = to_milliseconds(now);
  const auto milliseconds = static_cast<std::uint64_t>(count < 0 ? 0 : count);
  for (std::size_t i = 0; i < 6; ++i)
    bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x70);  // version 7
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);  // variant of RFC 9562
  return {bytes};
}

// A new id for a comment made at `now`.
inline comment_id make_comment_id(instant now) { return to_version_7(random_bytes<16>(), now); }

// 36 characters, lower case.
inline std::string to_string(const comment_id& id) {
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

// Reads the 36-character form, in either case. Any version of UUID is taken: what an import brought
// along keeps its id. Nothing if `text` is anything else.
inline std::optional<comment_id> parse_comment_id(std::string_view text) {
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

}  // namespace comments

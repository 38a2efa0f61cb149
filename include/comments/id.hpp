#pragma once
// id.hpp - the id of a comment: a UUID of version 7 (RFC 9562, section 5.7).
//
// The first 48 bits are the milliseconds at which the id was made, so ids sort roughly by time and
// index well. 74 bits are random, so any machine can make ids without asking another. The order of
// comments does not depend on ids, because a clock may step back: it depends on
// `comment::position`.
//
//   const comment_id id = make_comment_id(system_clock()());
//   const std::string text = to_string(id);  // such as "0192f0c1-7b2a-7c3d-9e4f-0123456789ab"
//   assert(parse_comment_id(text) == id);
//   assert(!parse_comment_id("not a UUID"));

#include <comments/clock.hpp>
#include <comments/config.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace comments::inline v0 {

struct comment_id {
  std::array<std::uint8_t, 16> bytes{};

  // With `auto` it would need <=> of its members, which libc++ 16 lacks for most types.
  friend std::strong_ordering operator<=>(const comment_id&, const comment_id&) = default;
};

// Fills `bytes` from the operating system's generator, so that they cannot be guessed. Throws
// std::system_error if it has none, as in a sandbox that forbids the call.
void fill_randomly(std::span<std::uint8_t> bytes);

// Returns `N` such bytes, and throws as `fill_randomly` does.
template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> bytes{};
  fill_randomly(bytes);
  return bytes;
}

// Returns a UUID of version 7 made of `bytes`, with the time of `now` and the version written over
// them. A moment before 1970 counts as 1970.
comment_id to_version_7(std::array<std::uint8_t, 16> bytes, instant now);

// Returns a new id for a comment made at `now`. Throws as `fill_randomly` does.
inline comment_id make_comment_id(instant now) { return to_version_7(random_bytes<16>(), now); }

// Returns the text form: 36 characters in lower case.
std::string to_string(const comment_id& id);

// Reads the text form, in upper or lower case, or returns nothing if `text` is anything else. UUIDs
// of every version are accepted, because imported comments keep their ids.
std::optional<comment_id> parse_comment_id(std::string_view text);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/id.ipp>
#endif

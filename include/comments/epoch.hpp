#pragma once
// epoch.hpp - which life of a store a version is of.
//
// A store that was restored from a copy, or whose standby took over without the last writes, makes
// some versions a second time. So a version is a name only together with its store's epoch: 64
// random bits, made anew whenever that may have happened. Tags, cursors and the ids of events are
// made of both. A store without an epoch has 0, and its versions are names by themselves.
//
//   assert(to_string(stamp{.version = 17}) == "17");
//   assert(to_string(stamp{.version = 17, .epoch = 0xfe}) == "17-00000000000000fe");
//   assert(parse_stamp("17-00000000000000fe")->epoch == 0xfe);
//   assert(!parse_stamp("17-fe"));

#include <comments/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

// A version with the epoch that it is of.
struct stamp {
  std::int64_t version{};
  std::uint64_t epoch{};  // 0: none

  friend bool operator==(const stamp&, const stamp&) = default;
};

// Returns a new epoch, which is never 0. Throws as `fill_randomly` does.
std::uint64_t make_epoch();

// Returns 16 hexadecimal digits in lower case.
std::string epoch_text(std::uint64_t epoch);
// Reads these, and nothing else.
std::optional<std::uint64_t> parse_epoch(std::string_view text);

// Returns "17-0123456789abcdef", or "17" without an epoch.
std::string to_string(const stamp& of);
// Reads both forms, whose version is a whole number from 0 without leading zeros.
std::optional<stamp> parse_stamp(std::string_view text);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/epoch.ipp>
#endif

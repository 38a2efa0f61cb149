#pragma once
// epoch.ipp - definitions of epoch.hpp.

#include <comments/epoch.hpp>

#include <comments/id.hpp>

#include <bit>
#include <charconv>
#include <cstddef>

namespace comments::inline v0 {

COMMENTS_INLINE std::uint64_t make_epoch() {
  const auto made = std::bit_cast<std::uint64_t>(random_bytes<8>());
  return made == 0 ? 1 : made;
}

COMMENTS_INLINE std::string epoch_text(std::uint64_t epoch) {
  std::string text(16, '0');
  for (std::size_t i = text.size(); i-- > 0; epoch >>= 4) text[i] = "0123456789abcdef"[epoch & 15];
  return text;
}

COMMENTS_INLINE std::optional<std::uint64_t> parse_epoch(std::string_view text) {
  if (text.size() != 16 || text.find_first_not_of("0123456789abcdef") != text.npos)
    return std::nullopt;
  std::uint64_t epoch = 0;
  std::from_chars(text.data(), text.data() + text.size(), epoch, 16);
  return epoch;
}

COMMENTS_INLINE std::string to_string(const stamp& of) {
  std::string text = std::to_string(of.version);
  return of.epoch == 0 ? text : text.append("-").append(epoch_text(of.epoch));
}

COMMENTS_INLINE std::optional<stamp> parse_stamp(std::string_view text) {
  const std::string_view number = text.substr(0, text.find('-'));
  stamp found;
  const auto [end, code] =
      std::from_chars(number.data(), number.data() + number.size(), found.version);
  if (code != std::errc{} || found.version < 0 || std::to_string(found.version) != number)
    return std::nullopt;
  if (number.size() == text.size()) return found;
  const auto epoch = parse_epoch(text.substr(number.size() + 1));
  if (!epoch) return std::nullopt;
  found.epoch = *epoch;
  return found;
}

}  // namespace comments::inline v0

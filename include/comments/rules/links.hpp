#pragma once
// rules/links.hpp - more links than people write wait for a moderator.
//
//   options.rules.push_back(rules::links(3));  // the fourth link holds a comment

#include <comments/moderation.hpp>
#include <comments/validation.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace comments::rules {

// Whether `text` starts with `prefix`, which is in lower case; ASCII letters count in any case.
inline bool starts_with_any_case(std::string_view text, std::string_view prefix) {
  return std::ranges::equal(text.substr(0, prefix.size()), prefix, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  });
}

// Whether an address starts where `text` does, which stands behind the character `before`.
inline bool starts_address(std::string_view text, char before) {
  if (starts_with_any_case(text, "http://") || starts_with_any_case(text, "https://")) return true;
  return !is_ascii_alphanumeric(before) && before != '/' &&
         (starts_with_any_case(text, "www.") || starts_with_any_case(text, "mailto:"));
}

// How many links Markdown could make of `text`: http and https addresses, www. and mailto:, each
// wherever it stands, and the destinations of [text](destination) and of [label]: destination that
// are none of those. A label used twice is still one link. Takes time in proportion to the text.
inline std::size_t count_links(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    if (starts_address(rest, at == 0 ? ' ' : text[at - 1])) ++count;
    if (!rest.starts_with("](") && !rest.starts_with("]:")) continue;
    const std::size_t behind = std::min(rest.find_first_not_of(" \t\r\n<", 2), rest.size());
    const std::string_view destination = rest.substr(behind);
    count += !destination.empty() && !starts_address(destination, ' ');
  }
  return count;
}

// Holds a draft whose body has more than `links_max` links.
inline rule links(std::size_t links_max) {
  return [links_max](const draft& draft, const arrival&) {
    const std::size_t count = count_links(draft.body);
    return count > links_max ? hold(std::to_string(count) + " links") : accept();
  };
}

}  // namespace comments::rules

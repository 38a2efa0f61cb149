#pragma once
// rules/links.hpp - holds comments with many links.
//
//   options.rules.push_back(rules::links(3));           // the fourth link holds a comment
//   options.rules.push_back(rules::newcomer_links(0));  // the first one does, of a newcomer

#include <comments/moderation.hpp>
#include <comments/validation.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace comments::inline v0::rules {

// Whether `text` starts with `prefix`, which is in lower case; ASCII letters of `text` may be in
// either case.
inline bool starts_with_any_case(std::string_view text, std::string_view prefix) {
  return std::ranges::equal(text.substr(0, prefix.size()), prefix, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b;
  });
}

// Whether `text`, which stands behind the character `before`, starts with an address.
inline bool starts_address(std::string_view text, char before) {
  if (starts_with_any_case(text, "http://") || starts_with_any_case(text, "https://")) return true;
  return !is_ascii_alphanumeric(before) && before != '/' &&
         (starts_with_any_case(text, "www.") || starts_with_any_case(text, "mailto:"));
}

// Returns how many links Markdown could make of `text`: addresses with http, https, www. and
// mailto:, wherever they stand, and other destinations of [text](destination) and of
// [label]: destination. A label that is used twice is one link. Takes time in proportion to the
// text.
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

// Returns the rule that holds a draft whose body has more than `links_max` links.
inline rule links(std::size_t links_max) {
  return [links_max](const draft& draft, const arrival&) {
    const std::size_t count = count_links(draft.body);
    return count > links_max ? hold(std::to_string(count) + " links") : accept();
  };
}

// Returns the rule that holds a draft with more than `links_max` links of an author whom moderators
// do not know (`arrival::is_author_known`), or of whom that cannot be found out.
inline rule newcomer_links(std::size_t links_max) {
  return [links_max](const draft& draft, const arrival& how) {
    const std::size_t count = count_links(draft.body);
    if (count <= links_max) return accept();
    const result<bool> is_known = how.is_author_known ? how.is_author_known() : result{false};
    if (is_known && *is_known) return accept();
    return hold(std::to_string(count) + (count == 1 ? " link" : " links") + " of a newcomer");
  };
}

}  // namespace comments::inline v0::rules

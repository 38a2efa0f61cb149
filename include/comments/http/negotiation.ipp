#pragma once
// http/negotiation.ipp - definitions of http/negotiation.hpp.

#include <comments/http/negotiation.hpp>

#include <algorithm>
#include <cstddef>

namespace comments::inline v0::http {

COMMENTS_INLINE int parse_weight(std::string_view text) {
  const bool is_one = text.starts_with('1');
  if (!is_one && !text.starts_with('0')) return 0;
  text.remove_prefix(1);
  if (!text.empty() && !text.starts_with('.')) return 0;
  int weight = 0, worth = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 1))) {
    if (c < '0' || c > '9') return 0;
    weight += worth * (c - '0');
    worth /= 10;
  }
  return is_one ? 1000 : weight;
}

COMMENTS_INLINE int weight_of(std::string_view accept, std::string_view type) {
  const std::string_view family = type.substr(0, type.find('/') + 1);
  int found = 0;
  while (!accept.empty()) {
    const std::string_view range = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), range.size() + 1));
    const std::string_view name = trim(range.substr(0, range.find(';')));
    const bool is_family = name.size() == family.size() + 1 && name.ends_with('*') &&
                           is_same_name(name.substr(0, family.size()), family);
    if (!is_same_name(name, type) && !is_family) continue;
    const std::size_t q = range.find("q=");
    found = std::max(found, q == range.npos ? 1000 : parse_weight(trim(range.substr(q + 2))));
  }
  return found;
}

}  // namespace comments::inline v0::http

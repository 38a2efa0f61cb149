#pragma once
// http/negotiation.hpp - which kind of answer a client would rather have (RFC 9110, section 12.5.1).
//
//   if (weight_of(accept, "text/csv") > weight_of(accept, "application/json")) …

#include <comments/http/message.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace comments::http {

// A weight like "0.5" in thousandths (RFC 9110, section 12.4.2); 0 if it is none.
inline int parse_weight(std::string_view text) {
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

// How much a client wants `type`, in thousandths: what its Accept header says of that itself, or of
// all its like ("text/*"), whichever is more. 0 if it says nothing of them: what goes for "*/*" is
// no wish.
inline int weight_of(std::string_view accept, std::string_view type) {
  const std::string_view family = type.substr(0, type.find('/') + 1);
  int found = 0;
  while (!accept.empty()) {
    std::string_view one = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), one.size() + 1));
    const std::string_view name = trim(one.substr(0, one.find(';')));
    const bool is_like = name.size() == family.size() + 1 && name.ends_with('*') &&
                         is_same_name(name.substr(0, family.size()), family);
    if (!is_same_name(name, type) && !is_like) continue;
    const std::size_t q = one.find("q=");
    found = std::max(found, q == one.npos ? 1000 : parse_weight(trim(one.substr(q + 2))));
  }
  return found;
}

}  // namespace comments::http

#pragma once
// store/list_order.ipp - definitions of store/list_order.hpp.

#include <comments/store/list_order.hpp>

#include <cstddef>

namespace comments::inline v0 {

COMMENTS_INLINE list_order::list_order(const comment& only) {
  for (const place& one : places_of(only)) places_.insert(one);
}

COMMENTS_INLINE void list_order::move(const places& from, const comment& now) noexcept {
  const places to = places_of(now);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] == to[i]) continue;
    auto moved = places_.extract(from[i]);
    moved.value() = to[i];
    places_.insert(std::move(moved));
  }
}

COMMENTS_INLINE list_order::places list_order::places_of(const comment& listed) noexcept {
  const auto oldest = rank(sort::oldest, listed), top = rank(sort::top, listed);
  return {{{{is_visible(listed), false, false, {}}, oldest},
           {{is_visible(listed), false, true, {}}, top},
           {{is_listed(listed), true, false, listed.parent}, oldest},
           {{is_listed(listed), true, true, listed.parent}, top}}};
}

}  // namespace comments::inline v0

#pragma once
// guarded.hpp - calls of functions that a caller handed over, which may throw.
//
// A rule, a clock, an encoder or a decider belongs to the program that embeds the library. What it
// throws must end one call and nothing else, so it is called through `guarded`, which catches the
// exception and returns nothing.
//
//   const std::function<int()> forgotten;
//   assert(!guarded(forgotten));  // it is empty, so the call of it throws
//   assert(guarded([] { return 7; }) == 7);

#include <optional>
#include <type_traits>
#include <utility>

namespace comments::inline v0 {

// Returns what `call` returns, or nothing if it throws. An empty std::function throws too. For a
// call that returns nothing: returns whether it came to its end.
template <typename Call>
auto guarded(Call&& call) {
  using returned = decltype(std::forward<Call>(call)());
  if constexpr (std::is_void_v<returned>) {
    try {
      std::forward<Call>(call)();
      return true;
    } catch (...) {
      return false;
    }
  } else {
    try {
      return std::optional<returned>{std::forward<Call>(call)()};
    } catch (...) {
      return std::optional<returned>{};
    }
  }
}

}  // namespace comments::inline v0

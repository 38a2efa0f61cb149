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
#include <utility>

namespace comments {

// Returns what `call` returns, or nothing if it throws. An empty std::function throws too.
template <typename Call>
auto guarded(Call&& call) -> std::optional<decltype(std::forward<Call>(call)())> {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace comments

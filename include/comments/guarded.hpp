#pragma once
// guarded.hpp - calls of functions that a caller handed over, which may throw.
//
// A rule, a clock, an encoder or a decider belongs to the program that embeds the library. What it
// throws must end one call and nothing else, so it is called through `guarded`, which catches the
// exception and returns nothing.
//
// The core (comments.hpp, and what needs no library) says try, catch and throw nowhere else, so it
// compiles with -fno-exceptions. There these functions must not throw and must not be empty, and
// the program ends where there is no memory, as all such programs do.
//
//   const std::function<int()> forgotten;
//   assert(!guarded(forgotten));  // it is empty, so the call of it throws
//   assert(guarded([] { return 7; }) == 7);

#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

namespace comments::inline v0 {

// Returns what `call` returns, or nothing if it throws. An empty std::function throws too. For a
// call that returns nothing: returns whether it came to its end.
template <typename Call>
auto guarded(Call&& call) {
  using returned = decltype(std::forward<Call>(call)());
  constexpr bool is_void = std::is_void_v<returned>;
#ifdef __cpp_exceptions
  try {
#endif
    if constexpr (is_void) {
      std::forward<Call>(call)();
      return true;
    } else {
      return std::optional<returned>{std::forward<Call>(call)()};
    }
#ifdef __cpp_exceptions
  } catch (...) {
    if constexpr (is_void)
      return false;
    else
      return std::optional<returned>{};
  }
#endif
}

namespace detail {

// Throws what `guarded` catches.
template <typename Exception>
[[noreturn]] void raise(const Exception& thrown) {
#ifdef __cpp_exceptions
  throw thrown;
#else
  static_cast<void>(thrown);
  std::abort();
#endif
}

}  // namespace detail

}  // namespace comments::inline v0

#pragma once
// clock.hpp - time as a value that callers pass in, and its text form.
//
// This library never asks the system for the time, except through a `clock` that its caller gave
// it. Tests give it a `manual_clock` and never wait.
//
//   memory_store store;
//   manual_clock now{instant{std::chrono::milliseconds{1'700'000'000'000}}};
//   service api{store, {.clock = now.as_clock()}};
//   now.advance(std::chrono::minutes{15});

#include <comments/config.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

// A moment, in milliseconds since 1970-01-01T00:00:00Z (UTC, leap seconds not counted).
using instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// Returns the moment of the call. Must be safe to call from any thread. <time.h> has a function
// `::clock`: a program that includes it says `namespace c = comments` and `c::clock`.
using clock = std::function<instant()>;

// Returns a clock that tells the system's time.
clock system_clock();

inline std::int64_t to_milliseconds(instant at) { return at.time_since_epoch().count(); }
inline instant from_milliseconds(std::int64_t count) {
  return instant{std::chrono::milliseconds{count}};
}

// A clock that stands still until a test moves it. Safe to use from any thread. It must outlive the
// clocks that it gives.
class manual_clock final {
 public:
  explicit manual_clock(instant start = from_milliseconds(0)) : now_{to_milliseconds(start)} {}

  void advance(std::chrono::milliseconds by) { now_ += by.count(); }
  instant now() const { return from_milliseconds(now_); }
  clock as_clock() {
    return [this] { return now(); };
  }

 private:
  std::atomic<std::int64_t> now_;
};

// Returns `at` as "2026-11-23T09:05:00.125Z": RFC 3339 in UTC, always with milliseconds and 24
// characters. `at` must be in one of the years 0 to 9999; RFC 3339 has no text for others.
std::string to_rfc3339(instant at);

// Returns the moment that a text of RFC 3339 names, of any offset; what is finer than a millisecond
// is cut off, and a leap second is the second after it. None if the text names no moment.
std::optional<instant> parse_rfc3339(std::string_view text);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/clock.ipp>
#endif

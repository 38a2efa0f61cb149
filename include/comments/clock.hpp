#pragma once
// clock.hpp - time as a value that is passed in, and its text form.
//
// Nothing in this library asks the system what time it is, except through a `clock` that its caller
// handed over. Tests hand over a `manual_clock` and never wait.
//
//   manual_clock now{instant{std::chrono::milliseconds{1'700'000'000'000}}};
//   service api{store, {.clock = now.as_clock()}};
//   now.advance(std::chrono::minutes{15});

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace comments {

// A moment, in milliseconds since 1970-01-01T00:00:00Z (UTC, leap seconds not counted).
using instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// Answers the moment of the call. Must be safe to call from any thread.
using clock = std::function<instant()>;

inline clock system_clock() {
  return [] {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  };
}

inline std::int64_t to_milliseconds(instant at) { return at.time_since_epoch().count(); }
inline instant from_milliseconds(std::int64_t count) {
  return instant{std::chrono::milliseconds{count}};
}

// A clock that stands still until it is moved. Safe from any thread. Outlives the clocks it gives.
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

// "2026-11-23T09:05:00.125Z": RFC 3339 in UTC, always with milliseconds, 24 characters for the
// years 0 to 9999.
inline std::string to_rfc3339(instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  return text;
}

}  // namespace comments

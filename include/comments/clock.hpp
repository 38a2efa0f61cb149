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
#include <cstddef>
#include <cstdint>
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
// years 0 to 9999; other years have no such text.
inline std::string to_rfc3339(instant at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto write = [&text](std::size_t first, std::size_t end, std::int64_t number) {
    for (; end > first; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  write(0, 4, int{date.year()});
  write(5, 7, unsigned{date.month()});
  write(8, 10, unsigned{date.day()});
  write(11, 13, time.hours().count());
  write(14, 16, time.minutes().count());
  write(17, 19, time.seconds().count());
  write(20, 23, time.subseconds().count());
  return text;
}

}  // namespace comments

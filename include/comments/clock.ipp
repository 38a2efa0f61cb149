#pragma once
// clock.ipp - definitions of clock.hpp.

#include <comments/clock.hpp>

#include <cstddef>

namespace comments::inline v0 {

COMMENTS_INLINE clock system_clock() {
  return [] {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
  };
}

COMMENTS_INLINE std::string to_rfc3339(instant at) {
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

}  // namespace comments::inline v0

#pragma once
// clock.ipp - definitions of clock.hpp.

#include <comments/clock.hpp>

#include <cstddef>

namespace comments::inline v0 {

namespace detail {

// Takes a number of exactly so many digits off the text; -1 if there is none.
inline int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return number;
}

// Takes one of these characters off the text; NUL if none of them comes next.
inline char take_one_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == characters.npos) return '\0';
  const char taken = text.front();
  text.remove_prefix(1);
  return taken;
}

// Takes a separator, if there has to be one, and a number behind it off the text; -1 if they do not
// come next, or the number is over `most`.
inline int take_part(std::string_view& text, std::string_view separator, std::size_t digits,
                     int most) {
  if (!separator.empty() && !take_one_of(text, separator)) return -1;
  const int number = take_number(text, digits);
  return number <= most ? number : -1;
}

// Takes what is finer than a second off the text, and returns the whole milliseconds of it; -1 if
// there is a point and no digit behind it.
inline int take_milliseconds(std::string_view& text) {
  if (!take_one_of(text, ".")) return 0;
  int number = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1))
    if (digits++ < 3) number = number * 10 + (text.front() - '0');
  if (digits == 0) return -1;
  for (; digits < 3; ++digits) number *= 10;
  return number;
}

}  // namespace detail

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

COMMENTS_INLINE std::optional<instant> parse_rfc3339(std::string_view text) {
  namespace chrono = std::chrono;
  const int years = detail::take_number(text, 4);
  const int month = detail::take_part(text, "-", 2, 12), day = detail::take_part(text, "-", 2, 31);
  const int hour = detail::take_part(text, "Tt ", 2, 23);
  const int minute = detail::take_part(text, ":", 2, 59);
  const int second = detail::take_part(text, ":", 2, 60);
  const int fraction = detail::take_milliseconds(text);
  if (years < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 || fraction < 0)
    return std::nullopt;
  chrono::minutes offset{};
  if (!detail::take_one_of(text, "Zz")) {
    const char sign = detail::take_one_of(text, "+-");
    const int of_hours = detail::take_part(text, "", 2, 23);
    const int of_minutes = detail::take_part(text, ":", 2, 59);
    if (!sign || of_hours < 0 || of_minutes < 0) return std::nullopt;
    offset = (sign == '-' ? -1 : 1) * (chrono::hours{of_hours} + chrono::minutes{of_minutes});
  }
  const chrono::year_month_day date{chrono::year{years},
                                    chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || !text.empty()) return std::nullopt;
  const instant at = chrono::sys_days{date} + chrono::hours{hour} + chrono::minutes{minute} +
                     chrono::seconds{second} + chrono::milliseconds{fraction} - offset;
  const chrono::year_month_day in_utc{chrono::floor<chrono::days>(at)};
  if (in_utc.year() < chrono::year{0} || in_utc.year() > chrono::year{9999}) return std::nullopt;
  return at;
}

}  // namespace comments::inline v0

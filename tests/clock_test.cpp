#include <comments/clock.hpp>

#include <doctest/doctest.h>

#include <time.h>

#include <ctime>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "support/parallel.hpp"

using namespace comments;
using namespace std::chrono_literals;

namespace {

// What the C library makes of it, to the second.
std::string to_utc_second(std::int64_t seconds) {
  const auto at = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&at, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "-%m-%dT%H:%M:%S", &parts);
  return std::to_string(10'000 + parts.tm_year + 1900).substr(1) + std::string{text, size};
}

}  // namespace

TEST_CASE("a manual clock starts at 1970 by default, and stands still") {
  CHECK(manual_clock{}.now() == from_milliseconds(0));
  const manual_clock now{from_milliseconds(1'700'000'000'000)};
  CHECK(now.now() == from_milliseconds(1'700'000'000'000));
  CHECK(now.now() == from_milliseconds(1'700'000'000'000));
}

TEST_CASE("a manual clock moves exactly as far as it is moved, backwards too") {
  manual_clock now{from_milliseconds(1000)};
  now.advance(15min);
  CHECK(now.now() == from_milliseconds(901'000));
  now.advance(-901s);
  CHECK(now.now() == from_milliseconds(0));
  now.advance(-1ms);
  CHECK(now.now() == from_milliseconds(-1));
}

TEST_CASE("the clocks that a manual clock gives follow it") {
  manual_clock now;
  const comments::clock one = now.as_clock();
  const comments::clock copy = one;
  now.advance(5ms);
  CHECK(one() == from_milliseconds(5));
  CHECK(copy() == from_milliseconds(5));
}

TEST_CASE("a manual clock loses no move when many threads move it, and never steps back") {
  manual_clock now;
  std::atomic<bool> stepped_back{};
  in_parallel(4, [&](int) {
    instant last = now.now();
    for (int i = 0; i < 20'000; ++i) {
      now.advance(1ms);
      if (now.now() <= last) stepped_back = true;
      last = now.now();
    }
  });
  CHECK(now.now() == from_milliseconds(80'000));
  CHECK_FALSE(stepped_back);
}

TEST_CASE("the system's clock answers the moment of the call") {
  using std::chrono::floor;
  using ms = std::chrono::milliseconds;
  const comments::clock now = comments::system_clock();
  const instant before = floor<ms>(std::chrono::system_clock::now());
  const instant seen = now();
  const instant after = floor<ms>(std::chrono::system_clock::now());
  CHECK(before <= seen);
  CHECK(seen <= after);
}

TEST_CASE("milliseconds go in and come out again") {
  for (const auto count :
       std::initializer_list<std::int64_t>{-62'167'219'200'000, -1, 0, 1, 253'402'300'799'999})
    CHECK(to_milliseconds(from_milliseconds(count)) == count);
  CHECK(from_milliseconds(1).time_since_epoch() == 1ms);
}

TEST_CASE("moments are written as RFC 3339 has them") {
  const struct {
    std::int64_t at;
    std::string text;
  } table[] = {
      {1'795'424'700'125, "2026-11-23T09:05:00.125Z"},  // the one in the manual
      {0, "1970-01-01T00:00:00.000Z"},
      {1, "1970-01-01T00:00:00.001Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {-1000, "1969-12-31T23:59:59.000Z"},
      {-86'400'000, "1969-12-31T00:00:00.000Z"},
      {946'684'799'999, "1999-12-31T23:59:59.999Z"},
      {946'684'800'000, "2000-01-01T00:00:00.000Z"},
      {951'782'400'000, "2000-02-29T00:00:00.000Z"},     // a leap year: 2000 divides by 400
      {-2'203'891'200'001, "1900-02-28T23:59:59.999Z"},  // none: 1900 does not
      {-2'203'891'200'000, "1900-03-01T00:00:00.000Z"},
      {1'709'251'199'999, "2024-02-29T23:59:59.999Z"},
      {1'709'251'200'000, "2024-03-01T00:00:00.000Z"},
      {4'107'542'399'999, "2100-02-28T23:59:59.999Z"},
      {4'107'542'400'000, "2100-03-01T00:00:00.000Z"},
      {1'483'228'799'999, "2016-12-31T23:59:59.999Z"},  // a leap second followed; it has no number
      {1'483'228'800'000, "2017-01-01T00:00:00.000Z"},
      {-62'135'596'800'000, "0001-01-01T00:00:00.000Z"},
      {-62'167'219'200'000, "0000-01-01T00:00:00.000Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& [at, text] : table) {
    CHECK(to_rfc3339(from_milliseconds(at)) == text);
    CHECK(text.size() == 24);
  }
}

TEST_CASE("from the year 0 to 9999 the text agrees with the C library's calendar") {
  constexpr std::int64_t first = -62'167'219'200, end = 253'402'300'800;
  constexpr std::int64_t step = 40 * 86'400 + 7'919;  // falls on every month and hour in time
  std::string last;
  for (std::int64_t at = first; at < end; at += step) {
    const std::int64_t milliseconds = (at % 1000 + 1000) % 1000;
    const std::string text = to_rfc3339(from_milliseconds(at * 1000 + milliseconds));
    const std::string tail = std::to_string(1000 + milliseconds).substr(1) + "Z";
    REQUIRE(text == to_utc_second(at) + "." + tail);
    REQUIRE(last < text);
    last = text;
  }
}

TEST_CASE("a text of RFC 3339 is read, whatever its offset and however fine it is") {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"2026-11-23T09:05:00.125Z", "2026-11-23T09:05:00.125Z"},
      {"2026-11-23t09:05:00z", "2026-11-23T09:05:00.000Z"},
      {"2026-11-23 09:05:00Z", "2026-11-23T09:05:00.000Z"},
      {"2026-11-23T09:05:00.1Z", "2026-11-23T09:05:00.100Z"},
      {"2026-11-23T09:05:00.1239999999999999999999Z", "2026-11-23T09:05:00.123Z"},
      {"2026-11-23T09:05:00+05:30", "2026-11-23T03:35:00.000Z"},
      {"2026-11-23T20:05:00-03:00", "2026-11-23T23:05:00.000Z"},
      {"2026-12-31T20:05:00-12:00", "2027-01-01T08:05:00.000Z"},
      {"2026-11-23T09:05:00-00:00", "2026-11-23T09:05:00.000Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
      {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& [text, same] : table) {
    const auto read = parse_rfc3339(text);
    REQUIRE(read);
    CHECK(to_rfc3339(*read) == same);
  }
}

TEST_CASE("what names no moment is none") {
  for (const char* text : {"",
                           "2026",
                           "2026-11-23",
                           "2026-11-23T09:05:00",
                           "2026-11-23T09:05Z",
                           "2026-11-23T09:05:00.Z",
                           "2026-11-23T09:05:00Z ",
                           " 2026-11-23T09:05:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+00:60",
                           "2026-01-01T00:00:00+0000",
                           "2026-01-01T00:00:00*00:00",
                           "20260101T000000Z",
                           "0000-01-01T00:00:00+00:01",
                           "9999-12-31T23:59:59-00:01",
                           "-001-01-01T00:00:00Z",
                           "2026-1-01T00:00:00Z",
                           "+026-01-01T00:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("every moment that can be written is read again") {
  for (std::int64_t at = -62'167'219'200'000; at < 253'402'300'800'000; at += 98'765'432'101)
    REQUIRE(parse_rfc3339(to_rfc3339(from_milliseconds(at))) == from_milliseconds(at));
}

// <time.h> has a function `::clock`, which `using namespace comments` makes ambiguous. So programs
// write `namespace c = comments`.
TEST_CASE("the clock of this library and that of <time.h> stand side by side") {
  namespace c = ::comments;
  const c::clock told = [] { return c::from_milliseconds(7); };
  CHECK(c::to_milliseconds(told()) == 7);
  CHECK(::clock() != static_cast<clock_t>(-1));
}

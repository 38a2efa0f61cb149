#include <comments/epoch.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <string>

using namespace comments;

TEST_CASE("a stamp is read as it is written, with an epoch and without one") {
  for (const std::int64_t version :
       {std::int64_t{0}, std::int64_t{17}, std::numeric_limits<std::int64_t>::max()})
    for (const std::uint64_t epoch : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xabcdef},
                                      std::numeric_limits<std::uint64_t>::max()}) {
      const stamp written{version, epoch};
      CHECK(parse_stamp(to_string(written)) == written);
    }
  CHECK(to_string(stamp{7, 0}) == "7");
  CHECK(to_string(stamp{7, 0xa0}) == "7-00000000000000a0");
}

TEST_CASE("what is no stamp is not read as one") {
  for (const char* text :
       {"", "-", "x", "-1", "+1", " 1", "1 ", "01", "9223372036854775808", "7-", "7-a0",
        "7-00000000000000A0", "7-0000000000000000a0", "7-000000000000000g", "7-00000000000000a0-",
        "7-00000000000000a0 ", "7 -00000000000000a0", "-00000000000000a0"})
    CHECK_FALSE(parse_stamp(text));
}

TEST_CASE("epochs are never 0, and no two are the same") {
  std::set<std::uint64_t> made;
  for (int i = 0; i < 1000; ++i) made.insert(make_epoch());
  CHECK(made.size() == 1000);
  CHECK_FALSE(made.contains(0));
}

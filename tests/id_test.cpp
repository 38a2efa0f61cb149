#include <comments/id.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "support/no_random_bytes.hpp"

using namespace comments;

namespace {

constexpr std::string_view known = "0192f0c1-7b2a-7c3d-9e4f-0123456789ab";
const comment_id known_id{{0x01, 0x92, 0xf0, 0xc1, 0x7b, 0x2a, 0x7c, 0x3d, 0x9e, 0x4f, 0x01, 0x23,
                           0x45, 0x67, 0x89, 0xab}};

using times = std::initializer_list<std::int64_t>;

std::int64_t time_of(const comment_id& id) {
  std::int64_t time = 0;
  for (std::size_t i = 0; i < 6; ++i) time = time << 8 | id.bytes[i];
  return time;
}

// How many of the `N` bytes ever change, over more draws than chance could fool.
template <std::size_t N>
std::size_t count_changing() {
  const auto first = random_bytes<N>();
  std::array<bool, N> changed{};
  for (int draw = 0; draw < 32; ++draw) {
    const auto next = random_bytes<N>();
    for (std::size_t i = 0; i < N; ++i) changed[i] = changed[i] || next[i] != first[i];
  }
  return static_cast<std::size_t>(std::ranges::count(changed, true));
}

}  // namespace

TEST_CASE("a new id is laid out as RFC 9562 has version 7") {
  // The time of the RFC's own example, both ends of the 48 bits, and one before 1970.
  for (const std::int64_t at : times{1'645'557'742'000, 0, 1, (1LL << 48) - 1, -1}) {
    const comment_id id = make_comment_id(from_milliseconds(at));
    CHECK(time_of(id) == std::max<std::int64_t>(at, 0));
    CHECK((id.bytes[6] & 0xf0) == 0x70);
    CHECK((id.bytes[8] & 0xc0) == 0x80);
  }
  const auto text = to_string(make_comment_id(from_milliseconds(1'645'557'742'000)));
  CHECK(text.substr(0, 15) == "017f22e2-79b0-7");
}

TEST_CASE("100,000 ids of one millisecond differ, and each of their 74 random bits does its part") {
  std::set<comment_id> ids;
  std::array<std::uint8_t, 16> ever_one{}, ever_zero{};
  for (int i = 0; i < 100'000; ++i) {
    const comment_id id = make_comment_id(from_milliseconds(0));
    ids.insert(id);
    for (std::size_t at = 0; at < 16; ++at) {
      ever_one[at] = static_cast<std::uint8_t>(ever_one[at] | id.bytes[at]);
      ever_zero[at] = static_cast<std::uint8_t>(ever_zero[at] | ~id.bytes[at]);
    }
  }
  CHECK(ids.size() == 100'000);
  int random_bits = 0;
  for (std::size_t at = 0; at < 16; ++at)
    for (int bit = 0; bit < 8; ++bit) random_bits += (ever_one[at] & ever_zero[at]) >> bit & 1;
  CHECK(random_bits == 74);
}

TEST_CASE("ids and their texts sort by the time of their making") {
  std::vector<comment_id> ids;
  for (const std::int64_t at : times{0, 1, 255, 256, 65'536, 1'700'000'000'000, (1LL << 48) - 1})
    ids.push_back(make_comment_id(from_milliseconds(at)));
  CHECK(std::ranges::is_sorted(ids));
  CHECK(std::ranges::is_sorted(ids, {}, [](const comment_id& id) { return to_string(id); }));
}

TEST_CASE("every random byte is drawn, however many are asked for") {
  CHECK(count_changing<1>() == 1);
  CHECK(count_changing<3>() == 3);
  CHECK(count_changing<4>() == 4);
  CHECK(count_changing<5>() == 5);
  CHECK(count_changing<16>() == 16);
  CHECK(count_changing<33>() == 33);
}

TEST_CASE("where the system has no random bytes, none are made up") {
  const testing::no_random_bytes shortage;
  CHECK_THROWS_AS(random_bytes<1>(), std::system_error);
  CHECK_THROWS_AS(make_comment_id(from_milliseconds(0)), std::system_error);
}

TEST_CASE("more bytes than one call of the system gives are drawn, too") {
  CHECK(count_changing<256>() == 256);
  CHECK(count_changing<257>() == 257);
}

TEST_CASE("an id is written as 36 lower-case characters") {
  CHECK(to_string(known_id) == known);
  CHECK(to_string(comment_id{}) == "00000000-0000-0000-0000-000000000000");
}

TEST_CASE("what is written is read back") {
  for (int i = 0; i < 1000; ++i) {
    const comment_id id = make_comment_id(from_milliseconds(i));
    REQUIRE(parse_comment_id(to_string(id)) == id);
  }
}

TEST_CASE("either case is read, and any version of UUID") {
  CHECK(parse_comment_id("0192F0C1-7B2A-7C3D-9E4F-0123456789AB") == known_id);
  CHECK(parse_comment_id("0192f0C1-7B2a-7c3D-9E4f-0123456789aB") == known_id);
  for (const char* other :
       {"00000000-0000-0000-0000-000000000000", "c232ab00-9414-11ec-b3c8-9f6bdeced846",
        "919108f7-52d1-4320-9bac-f847db4148a8", "ffffffff-ffff-ffff-ffff-ffffffffffff"}) {
    const auto id = parse_comment_id(other);
    REQUIRE(id);
    CHECK(to_string(*id) == other);
  }
}

TEST_CASE("anything else is no id") {
  for (const char* text : {
           "",
           "1",
           "0192f0c17b2a7c3d9e4f0123456789ab",
           "{0192f0c1-7b2a-7c3d-9e4f-0123456789ab}",
           "urn:uuid:0192f0c1-7b2a-7c3d-9e4f-0123456789ab",
           "0192f0c1-7b2a-7c3d-9e4f-0123456789a",
           "0192f0c1-7b2a-7c3d-9e4f-0123456789abc",
           " 0192f0c1-7b2a-7c3d-9e4f-0123456789a",
           "0192f0c1-7b2a-7c3d-9e4f-0123456789a ",
           "0192f0c-17b2a-7c3d-9e4f-0123456789ab",
           "0192f0c1-7b2a-7c3d9-e4f-0123456789ab",
           "0192f0c1-7b2a-7c3d-9e4f0-123456789ab",
       })
    CHECK_MESSAGE(!parse_comment_id(text), text);
}

TEST_CASE("one wrong character anywhere makes an id unreadable") {
  for (std::size_t at = 0; at < known.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      const bool is_dash = known[at] == '-';
      if (is_dash ? value == '-' : std::isxdigit(value) != 0) continue;
      std::string text{known};
      text[at] = static_cast<char>(value);
      REQUIRE_MESSAGE(!parse_comment_id(text), "byte ", value, " at ", at);
    }
  }
}

TEST_CASE("ids compare by their bytes") {
  comment_id larger = known_id;
  ++larger.bytes[15];
  CHECK(known_id == parse_comment_id(known));
  CHECK(known_id != larger);
  CHECK(known_id < larger);
  CHECK(comment_id{} < known_id);
}

#include <comments/store/sqlite/health.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace comments;
using sqlite::verdict;

namespace {

struct watched {
  manual_clock now{from_milliseconds(1'000'000)};
  std::shared_ptr<sqlite::trust> trust{
      std::make_shared<sqlite::trust>(std::chrono::milliseconds{500}, now.as_clock())};
};

}  // namespace

TEST_CASE("a failure that SQLite has undone costs no trust") {
  const watched file;
  file.trust->note(verdict::passing);
  CHECK(file.trust->is_whole());
}

TEST_CASE("doubt lasts until it is cleared, and may be tried once in each pause") {
  watched file;
  file.trust->note(verdict::doubt);
  CHECK_FALSE(file.trust->is_whole());
  file.now.advance(std::chrono::milliseconds{499});
  CHECK_FALSE(file.trust->may_recover());
  file.now.advance(std::chrono::milliseconds{1});
  CHECK(file.trust->may_recover());
  CHECK_FALSE(file.trust->may_recover());
  file.trust->note(verdict::doubt);
  file.now.advance(std::chrono::milliseconds{500});
  CHECK(file.trust->may_recover());
  file.trust->restore();
  CHECK(file.trust->is_whole());
}

TEST_CASE("a clock that steps back does not put recovery off") {
  watched file;
  file.trust->note(verdict::doubt);
  file.now.advance(-std::chrono::hours{1});
  CHECK(file.trust->may_recover());
  CHECK_FALSE(file.trust->may_recover());
}

TEST_CASE("damage is for good, whatever comes after it") {
  watched file;
  file.trust->note(verdict::damage);
  file.trust->note(verdict::doubt);
  file.trust->note(verdict::passing);
  file.now.advance(std::chrono::hours{1});
  CHECK_FALSE(file.trust->may_recover());
  file.trust->restore();
  CHECK_FALSE(file.trust->is_whole());
}

TEST_CASE("a listener notes what a failure means and passes its words on") {
  watched file;
  std::vector<std::string> words;
  const auto heard = file.trust->listener([&](auto why) { words.emplace_back(why); });
  const auto reading = sqlite::for_reading(heard);
  reading(verdict::doubt, "a page could not be read");
  CHECK(file.trust->is_whole());
  heard(verdict::doubt, "a page could not be written");
  CHECK_FALSE(file.trust->is_whole());
  file.trust->restore();
  reading(verdict::damage, "a page is no page");
  CHECK_FALSE(file.trust->is_whole());
  CHECK(words.size() == 3);
  file.trust->listener({})(verdict::doubt, "to nobody");
}

#include <comments/store/sqlite/health.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace comments;
using sqlite::severity;

namespace {

struct watched {
  manual_clock now{from_milliseconds(1'000'000)};
  std::shared_ptr<sqlite::health> health{
      std::make_shared<sqlite::health>(std::chrono::milliseconds{500}, now.as_clock())};
};

}  // namespace

TEST_CASE("a failure that SQLite has undone costs no health") {
  const watched file;
  file.health->note(severity::passing);
  CHECK(file.health->is_well());
}

TEST_CASE("doubt lasts until it is cleared, and may be tried once in each pause") {
  watched file;
  file.health->note(severity::doubt);
  CHECK_FALSE(file.health->is_well());
  file.now.advance(std::chrono::milliseconds{499});
  CHECK_FALSE(file.health->begin_recovery());
  file.now.advance(std::chrono::milliseconds{1});
  CHECK(file.health->begin_recovery());
  CHECK_FALSE(file.health->begin_recovery());
  file.health->note(severity::doubt);
  file.now.advance(std::chrono::milliseconds{500});
  CHECK(file.health->begin_recovery());
  file.health->restore();
  CHECK(file.health->is_well());
}

TEST_CASE("a clock that steps back does not put recovery off") {
  watched file;
  file.health->note(severity::doubt);
  file.now.advance(-std::chrono::hours{1});
  CHECK(file.health->begin_recovery());
  CHECK_FALSE(file.health->begin_recovery());
}

TEST_CASE("damage is for good, whatever comes after it") {
  watched file;
  file.health->note(severity::damage);
  file.health->note(severity::doubt);
  file.health->note(severity::passing);
  file.now.advance(std::chrono::hours{1});
  CHECK_FALSE(file.health->begin_recovery());
  file.health->restore();
  CHECK_FALSE(file.health->is_well());
}

TEST_CASE("a listener notes what a failure means and passes its words on") {
  watched file;
  std::vector<std::string> words;
  const auto heard = file.health->listener([&](auto why) { words.emplace_back(why); });
  const auto reading = sqlite::for_reading(heard);
  reading(severity::doubt, "a page could not be read");
  CHECK(file.health->is_well());
  heard(severity::doubt, "a page could not be written");
  CHECK_FALSE(file.health->is_well());
  file.health->restore();
  reading(severity::damage, "a page is no page");
  CHECK_FALSE(file.health->is_well());
  CHECK(words.size() == 3);
  file.health->listener({})(severity::doubt, "to nobody");
}

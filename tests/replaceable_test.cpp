#include <comments/replaceable.hpp>

#include <doctest/doctest.h>

#include <string>

#include "support/parallel.hpp"

using namespace comments;

TEST_CASE("what is in use stays as it is when it is replaced") {
  replaceable<std::string> text{"old"};
  const auto used = text.get();
  text.set("new");
  CHECK(*used == "old");
  CHECK(*text.get() == "new");
}

TEST_CASE("each of many readers meets a whole value, while it is replaced") {
  replaceable<std::string> text{std::string(64, '0')};
  std::vector<int> torn(8);
  in_parallel(8, [&](int reader) {
    for (int i = 0; i < 200; ++i) {
      if (reader == 0) text.set(std::string(64, static_cast<char>('0' + i % 10)));
      const auto seen = text.get();
      torn[static_cast<std::size_t>(reader)] += *seen != std::string(64, seen->front());
    }
  });
  CHECK(torn == std::vector<int>(8));
}

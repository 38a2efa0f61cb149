#include <comments/store/postgres/known_contents.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace comments;

namespace {

comment of(std::uint8_t number) {
  comment made{.content_id = "content " + std::to_string(number)};
  made.id.bytes.back() = number;
  return made;
}

}  // namespace

TEST_CASE("the content of a comment is known until so many others were used after it") {
  postgres::known_contents known{2};
  CHECK_FALSE(known.find(of(1).id));
  known.remember(of(1));
  known.remember(of(2));
  CHECK(known.find(of(1).id) == "content 1");
  known.remember(of(3));
  CHECK_FALSE(known.find(of(2).id));
  CHECK(known.find(of(1).id) == "content 1");
  CHECK(known.find(of(3).id) == "content 3");
  known.remember(of(1));  // again: used last, and there once
  known.remember(of(2));
  CHECK_FALSE(known.find(of(3).id));
  CHECK(known.find(of(1).id) == "content 1");
}

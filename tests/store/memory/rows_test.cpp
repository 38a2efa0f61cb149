#include <comments/store/memory/rows.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace comments;

TEST_CASE("room is made before it is needed, and seldom") {
  std::vector<int> items;
  std::size_t moves = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::size_t before = items.capacity();
    memory::make_room(items);
    moves += items.capacity() != before;
    REQUIRE(items.capacity() > items.size());
    items.push_back(i);
  }
  CHECK(moves < 10);
}

TEST_CASE("old items are erased up to the limit, and others stay in their order") {
  std::vector<int> items{1, 9, 2, 8, 3};
  CHECK(memory::erase_some(items, 2, [](int item) { return item < 5; }) == 2);
  CHECK(items == std::vector{9, 8, 3});
  CHECK(memory::erase_some(items, 2, [](int item) { return item < 5; }) == 1);
  CHECK(memory::erase_some(items, 0, [](int) { return true; }) == 0);
  CHECK(items == std::vector{9, 8});
}

TEST_CASE("a comment is found at its position, beside gaps") {
  std::vector<comment> kept{{.position = 1, .body = "Oi"}, {.position = 4, .body = "Eu"}};
  CHECK(memory::find_at(kept, 1).body == "Oi");
  CHECK(memory::find_at(kept, 4).body == "Eu");
}

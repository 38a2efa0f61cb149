#include <comments/lru.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <list>
#include <random>
#include <string>
#include <string_view>

using namespace comments;

namespace {

// The values of these names, "-" for those that are not there. Uses them in this order.
std::string find_all(lru<std::string>& kept, std::string_view names) {
  std::string found;
  for (const char name : names) {
    const std::string* value = kept.find({&name, 1});
    found += value ? *value : "-";
  }
  return found;
}

}  // namespace

TEST_CASE("what fits the budget is kept, and of one more the one unused longest goes") {
  lru<std::string> kept{3};
  for (const std::string name : {"a", "b", "c"}) CHECK(kept.put(name, name) == 0);
  CHECK(kept.size() == 3);
  CHECK(find_all(kept, "cba") == "cba");  // now c is the oldest
  CHECK(kept.put("d", "d") == 1);
  CHECK(kept.size() == 3);
  CHECK(find_all(kept, "abcd") == "ab-d");
}

TEST_CASE("a name has one value, the last, and putting it is using it") {
  lru<std::string> kept{2};
  kept.put("a", "a");
  kept.put("b", "b");
  CHECK(kept.put("a", "A") == 0);
  CHECK(kept.put("c", "c") == 1);
  CHECK(find_all(kept, "abc") == "A-c");
}

TEST_CASE("weights are counted: as much as the budget is kept, one more is not") {
  lru<std::string> kept{10};
  CHECK(kept.put("a", "a", 4) == 0);
  CHECK(kept.put("b", "b", 6) == 0);
  CHECK(kept.weight() == 10);
  CHECK(kept.put("b", "B", 7) == 1);
  CHECK(kept.weight() == 7);
  CHECK(find_all(kept, "ab") == "-B");
  CHECK(kept.put("c", "c", 10) == 1);
  CHECK(kept.put("d", "d", 11) == 0);
  CHECK(find_all(kept, "cd") == "c-");
  CHECK(kept.put("c", "C", 11) == 0);  // what it was before is not what it is now
  CHECK(find_all(kept, "c") == "-");
  CHECK(kept.weight() == 0);
}

TEST_CASE("a budget of nothing keeps nothing") {
  lru<int> kept{0};
  CHECK(kept.put("a", 1) == 0);
  CHECK(kept.find("a") == nullptr);
}

TEST_CASE("what is cleared is gone, and there is room again") {
  lru<std::string> kept{2};
  kept.put("a", "a");
  kept.put("b", "b");
  kept.clear();
  CHECK(kept.size() == 0);
  CHECK(kept.weight() == 0);
  CHECK(find_all(kept, "ab") == "--");
  CHECK(kept.put("c", "c", 2) == 0);
}

TEST_CASE("whatever is put and found, it answers as a plain list would") {
  struct entry {
    std::string name{};
    int value{};
    std::size_t weight{};
  };
  constexpr std::size_t budget = 40;
  std::mt19937 random{7};
  lru<int> kept{budget};
  std::list<entry> plain;  // the one used last comes first
  for (int step = 0; step < 20'000; ++step) {
    const std::string name = std::to_string(random() % 30);
    const auto known = std::ranges::find(plain, name, &entry::name);
    if (random() % 2) {
      const int* found = kept.find(name);
      REQUIRE((found != nullptr) == (known != plain.end()));
      if (!found) continue;
      REQUIRE(*found == known->value);
      plain.splice(plain.begin(), plain, known);
    } else {
      const std::size_t weight = random() % (budget / 4);
      if (known != plain.end()) plain.erase(known);
      plain.push_front({name, step, weight});
      std::size_t sum = 0;
      for (const entry& one : plain) sum += one.weight;
      for (; sum > budget; plain.pop_back()) sum -= plain.back().weight;
      kept.put(name, step, weight);
      REQUIRE(kept.weight() == sum);
      REQUIRE(kept.size() == plain.size());
    }
  }
}

#include <comments/lru.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <list>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

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

// A value whose moves and copies throw, once none is left.
class fragile final {
 public:
  explicit fragile(std::string text) : text_{std::move(text)} {}
  fragile(fragile&& other) : text_{(use(), std::move(other.text_))} {}
  fragile& operator=(fragile&&) = delete;

  const std::string& text() const { return text_; }

  static inline int left = 100;

 private:
  static void use() {
    if (left-- == 0) throw std::runtime_error{"fragile"};
  }

  std::string text_;
};

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

TEST_CASE("a value that throws while it is put changes nothing") {
  for (const std::string name : {"a", "c", "a name that is too long to be kept without memory"})
    for (int moves = 0;; ++moves) {
      CAPTURE(name);
      CAPTURE(moves);
      fragile::left = 100;
      lru<fragile> kept{2};
      kept.put("a", fragile{"a"});
      kept.put("b", fragile{"b"});
      fragile made{"new"};
      fragile::left = moves;
      bool is_put = true;
      try {
        kept.put(name, std::move(made));
      } catch (const std::runtime_error&) {
        is_put = false;
      }
      CHECK(kept.size() == 2);
      CHECK(kept.weight() == 2);
      const fragile* found = kept.find(name);
      if (is_put) {
        REQUIRE(found);
        CHECK(found->text() == "new");
        break;
      }
      CHECK((found ? found->text() : "-") == (name == "a" ? "a" : "-"));
      fragile::left = 100;
      CHECK(kept.put(name, fragile{"later"}) == (name == "a" ? 0 : 1));
      CHECK(kept.find(name)->text() == "later");
      CHECK(kept.weight() == 2);
      kept.clear();
      CHECK(kept.size() == 0);
    }
}

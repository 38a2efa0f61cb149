#include <comments/cache.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "support/parallel.hpp"

using namespace comments;

namespace {

constexpr auto always = [](const std::string&) { return true; };

struct counted {
  explicit counted(std::size_t bytes_max) : texts{bytes_max, metrics, "test"} {}

  void put(const std::string& name, const std::string& text, std::size_t bytes) {
    texts.put(name, std::make_shared<const std::string>(text), bytes);
  }
  std::string find(const std::string& name) {
    const auto found = texts.find(name, always);
    return found ? *found : "-";
  }
  std::uint64_t count(const std::string& what) {
    return metrics.counter_of("test_" + what + "_total", "").value();
  }
  std::int64_t bytes() { return metrics.gauge_of("test_bytes", "").value(); }

  registry metrics{};
  cache<std::string> texts;
};

// The weight of an entry with a name of one letter, beside its value.
constexpr std::size_t around = cache<std::string>::entry_bytes + 1;

}  // namespace

TEST_CASE("what was put is found, until something else has its name or it no longer fits") {
  counted kept{1'000'000};
  CHECK(kept.find("a") == "-");
  kept.put("a", "A", 1);
  CHECK(kept.find("a") == "A");
  CHECK(kept.texts.find("a", [](const std::string& text) { return text == "B"; }) == nullptr);
  kept.put("a", "B", 1);
  CHECK(kept.texts.find("a", [](const std::string& text) { return text == "B"; }) != nullptr);
  CHECK(kept.count("hits") == 2);
  CHECK(kept.count("misses") == 2);
  CHECK(kept.count("evictions") == 0);
  CHECK(kept.bytes() == static_cast<std::int64_t>(around + 1));
}

TEST_CASE("an entry of its share of the budget is kept, and of one byte more is not") {
  constexpr std::size_t share = 10'000, budget = share * cache<std::string>::entry_share;
  counted kept{budget};
  kept.put("a", "A", share - around);
  CHECK(kept.find("a") == "A");
  CHECK(kept.bytes() == static_cast<std::int64_t>(share));
  kept.put("b", "B", share - around + 1);
  CHECK(kept.find("b") == "-");
  CHECK(kept.bytes() == static_cast<std::int64_t>(share));
}

TEST_CASE("a part keeps as much as its budget, and for one byte more the oldest goes") {
  constexpr std::size_t each = 1'000, fit = 4;
  static_assert(cache<std::string>::entry_share == fit * cache<std::string>::parts);
  counted kept{cache<std::string>::entry_share * each};
  // Names that all fall into one part.
  const auto part_of = [](const std::string& name) {
    return std::hash<std::string_view>{}(name) % cache<std::string>::parts;
  };
  std::string names;
  for (int byte = 1; byte < 256 && names.size() <= fit; ++byte) {
    const auto c = static_cast<char>(byte);
    if (names.empty() || part_of({c}) == part_of({names.front()})) names += c;
  }
  REQUIRE(names.size() == fit + 1);
  for (std::size_t i = 0; i < fit; ++i) kept.put({names[i]}, "x", each - around);
  CHECK(kept.count("evictions") == 0);
  CHECK(kept.bytes() == fit * each);
  for (std::size_t i = 0; i < fit; ++i) CHECK(kept.find({names[i]}) == "x");
  kept.put({names[fit]}, "y", 0);
  CHECK(kept.count("evictions") == 1);
  CHECK(kept.find({names[0]}) == "-");
  CHECK(kept.find({names[1]}) == "x");
  CHECK(kept.find({names[fit]}) == "y");
  CHECK(kept.bytes() == (fit - 1) * each + around);
}

TEST_CASE("without a budget nothing is kept and nothing counted") {
  counted kept{0};
  kept.put("a", "A", 1);
  CHECK(kept.find("a") == "-");
  CHECK(kept.count("misses") == 0);
  CHECK(kept.bytes() == 0);
}

TEST_CASE("whatever threads put and find, each finds what belongs to the name, within the budget") {
  constexpr std::size_t budget = 64 * 1'000;
  counted kept{budget};
  std::atomic<int> wrong{}, found{};
  in_parallel(4, [&](int thread) {
    for (int i = 0; i < 20'000; ++i) {
      const std::string name = std::to_string((i * 31 + thread * 7) % 300);
      const auto text = kept.texts.find(name, always);
      if (text) wrong += *text != "value of " + name;
      found += text != nullptr;
      if (!text) kept.put(name, "value of " + name, 100);
      wrong += kept.bytes() > static_cast<std::int64_t>(budget);
    }
  });
  CHECK(wrong == 0);
  CHECK(found > 0);
  CHECK(kept.count("hits") == static_cast<std::uint64_t>(found));
  CHECK(kept.count("hits") + kept.count("misses") == 80'000);
}

TEST_CASE("caches that share memory keep within one limit, and do not meet each other's values") {
  registry metrics;
  constexpr std::size_t limit = 1'048'576;
  const auto shared = std::make_shared<cache_memory>(limit, metrics, "shared");
  cache<std::string> words{shared, 0, metrics, "words"};
  cache<int> numbers{shared, 0, metrics, "numbers"};
  words.put("a", std::make_shared<const std::string>("word"), 4);
  numbers.put("a", std::make_shared<const int>(7), sizeof(int));
  const auto any = [](const auto&) { return true; };
  CHECK(*words.find("a", any) == "word");
  CHECK(*numbers.find("a", any) == 7);
  CHECK_FALSE(cache<std::string>(shared, 0, metrics, "words").find("a", any));
  for (int i = 0; i < 1000; ++i) {
    const std::string name = std::to_string(i);
    words.put(name, std::make_shared<const std::string>(name), 8'000);
    numbers.put(name, std::make_shared<const int>(i), 8'000);
  }
  const auto bytes = metrics.gauge_of("shared_bytes", "").value();
  CHECK(bytes > 0);
  CHECK(bytes <= static_cast<std::int64_t>(limit));
  CHECK(metrics.counter_of("shared_evictions_total", "").value() > 1000);
}

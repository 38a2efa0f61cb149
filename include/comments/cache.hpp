#pragma once
// cache.hpp - what was made once and may be asked for again, in so many bytes of memory.
//
// Parts with locks of their own, so that threads seldom meet; in each, what was unused longest
// makes room (lru.hpp). Values are shared and never change: whoever found one keeps it, whatever
// becomes of the entry. Counted in metrics: `<name>_hits_total`, `_misses_total`,
// `_evictions_total`, and the gauge `<name>_bytes`.
//
//   cache<std::string> pages{67'108'864, metrics, "comments_page_cache"};
//   pages.put("/1", std::make_shared<const std::string>("<p>Oi</p>"), 9);
//   if (auto page = pages.find("/1", [](const std::string&) { return true; })) show(*page);

#include <comments/lru.hpp>
#include <comments/metrics.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace comments {

// Safe from any thread.
template <typename Value>
class cache final {
 public:
  static constexpr std::size_t parts = 16;
  // One entry may weigh this part of the budget; a heavier one is not kept.
  static constexpr std::size_t entry_share = 64;
  // What an entry costs beside its name and its value, about.
  static constexpr std::size_t entry_bytes = 256;

  // Keeps `bytes_max` bytes; 0 keeps nothing and counts nothing. `metrics` outlives this.
  cache(std::size_t bytes_max, registry& metrics, const std::string& name)
      : bytes_max_{bytes_max},
        hits_{metrics.counter_of(name + "_hits_total", "Answers taken from the cache.")},
        misses_{metrics.counter_of(name + "_misses_total", "Answers that had to be made.")},
        evictions_{metrics.counter_of(name + "_evictions_total", "Answers that made room.")},
        bytes_{metrics.gauge_of(name + "_bytes", "Memory that the cache holds.")} {
    for (auto& one : parts_) one = std::make_unique<part>(bytes_max / parts);
  }

  // The value under `name` if `fits` says that it is still good, else null.
  template <typename Fits>
  std::shared_ptr<const Value> find(std::string_view name, Fits&& fits) {
    if (bytes_max_ == 0) return nullptr;
    std::shared_ptr<const Value> found;
    {
      part& where = part_of(name);
      const std::lock_guard lock{where.mutex};
      if (const auto* known = where.entries.find(name)) found = *known;
    }
    if (found && !fits(*found)) found = nullptr;
    (found ? hits_ : misses_).add();
    return found;
  }

  // Keeps `value`, which holds `bytes`, in place of what had that name.
  void put(std::string_view name, std::shared_ptr<const Value> value, std::size_t bytes) {
    const std::size_t weight = bytes + name.size() + entry_bytes;
    if (weight > bytes_max_ / entry_share) return;
    part& where = part_of(name);
    const std::lock_guard lock{where.mutex};
    const auto before = static_cast<std::int64_t>(where.entries.weight());
    evictions_.add(where.entries.put(name, std::move(value), weight));
    bytes_.add(static_cast<std::int64_t>(where.entries.weight()) - before);
  }

 private:
  struct part {
    explicit part(std::size_t bytes_max) : entries{bytes_max} {}
    std::mutex mutex{};
    lru<std::shared_ptr<const Value>> entries{0};
  };

  part& part_of(std::string_view name) {
    return *parts_[std::hash<std::string_view>{}(name) % parts];
  }

  const std::size_t bytes_max_;
  counter& hits_;
  counter& misses_;
  counter& evictions_;
  gauge& bytes_;
  std::array<std::unique_ptr<part>, parts> parts_{};
};

}  // namespace comments

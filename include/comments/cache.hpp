#pragma once
// cache.hpp - keeps values that may be asked for again, up to a number of bytes.
//
// The cache has parts with a lock each, so that threads seldom wait for one another. In each part
// the value that was unused longest makes room (lru.hpp). Values are shared and never change: a
// caller that found one keeps it, whatever becomes of the entry. Metrics count `<name>_hits_total`,
// `_misses_total`, `_evictions_total`, and the gauge `<name>_bytes`.
//
//   registry metrics;
//   cache<std::string> pages{67'108'864, metrics, "comments_page_cache"};
//   pages.put("/1", std::make_shared<const std::string>("<p>Oi</p>"), 9);
//   const auto page = pages.find("/1", [](const std::string& kept) { return !kept.empty(); });
//   assert(page && *page == "<p>Oi</p>");

#include <comments/lru.hpp>
#include <comments/metrics.hpp>
#include <comments/mutex.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0 {

// Safe to call from any thread.
template <typename Value>
class cache final {
 public:
  static constexpr std::size_t parts = 16;
  // An entry may weigh at most the budget divided by this. A heavier one is not kept.
  static constexpr std::size_t entry_share = 64;
  // What an entry costs beside its name and its value, roughly.
  static constexpr std::size_t entry_bytes = 256;

  // Keeps at most `bytes_max` bytes. With 0 it keeps nothing and counts nothing. `metrics` must
  // outlive the cache.
  cache(std::size_t bytes_max, registry& metrics, const std::string& name);

  // Returns the value under `name` if `is_good(value)` holds, else null.
  template <typename Predicate>
  std::shared_ptr<const Value> find(std::string_view name, Predicate&& is_good);
  // The same for a caller that has it looked for again if it is missing: that is no miss yet.
  template <typename Predicate>
  std::shared_ptr<const Value> find_quietly(std::string_view name, Predicate&& is_good);

  // Keeps `value`, which holds `bytes` bytes, in place of what had that name.
  void put(std::string_view name, std::shared_ptr<const Value> value, std::size_t bytes);

 private:
  struct part {
    explicit part(std::size_t bytes_max) : entries{bytes_max} {}
    comments::mutex mutex{};
    lru<std::shared_ptr<const Value>> entries COMMENTS_GUARDED_BY(mutex);
  };

  part& part_of(std::string_view name) {
    return *parts_[std::hash<std::string_view>{}(name) % parts];
  }

  const std::size_t bytes_max_;
  counter& hits_total_;
  counter& misses_total_;
  counter& evictions_total_;
  gauge& bytes_;
  std::array<std::unique_ptr<part>, parts> parts_{};
};

// --- definitions ---

template <typename Value>
cache<Value>::cache(std::size_t bytes_max, registry& metrics, const std::string& name)
    : bytes_max_{bytes_max},
      hits_total_{metrics.counter_of(name + "_hits_total", "Answers taken from the cache.")},
      misses_total_{metrics.counter_of(name + "_misses_total", "Answers that had to be made.")},
      evictions_total_{metrics.counter_of(name + "_evictions_total", "Answers that made room.")},
      bytes_{metrics.gauge_of(name + "_bytes", "Memory that the cache holds.")} {
  for (auto& part_made : parts_) part_made = std::make_unique<part>(bytes_max / parts);
}

template <typename Value>
template <typename Predicate>
std::shared_ptr<const Value> cache<Value>::find(std::string_view name, Predicate&& is_good) {
  auto found = find_quietly(name, std::forward<Predicate>(is_good));
  if (!found && bytes_max_ > 0) misses_total_.add();
  return found;
}

template <typename Value>
template <typename Predicate>
std::shared_ptr<const Value> cache<Value>::find_quietly(std::string_view name,
                                                        Predicate&& is_good) {
  if (bytes_max_ == 0) return nullptr;
  std::shared_ptr<const Value> found;
  {
    part& searched = part_of(name);
    const mutex_lock lock{searched.mutex};
    if (const auto* known = searched.entries.find(name)) found = *known;
  }
  if (found && !is_good(*found)) found = nullptr;
  if (found) hits_total_.add();
  return found;
}

template <typename Value>
void cache<Value>::put(std::string_view name, std::shared_ptr<const Value> value,
                       std::size_t bytes) {
  const std::size_t weight = bytes + name.size() + entry_bytes;
  if (weight > bytes_max_ / entry_share) return;
  part& changed = part_of(name);
  const mutex_lock lock{changed.mutex};
  const auto before = static_cast<std::int64_t>(changed.entries.weight());
  evictions_total_.add(changed.entries.put(name, std::move(value), weight));
  bytes_.add(static_cast<std::int64_t>(changed.entries.weight()) - before);
}

}  // namespace comments::inline v0

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
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0 {

// Memory that caches share: one limit for all of them. Safe to call from any thread.
class cache_memory final {
 public:
  static constexpr std::size_t parts = 16;
  // An entry may weigh at most the limit divided by this. A heavier one is not kept.
  static constexpr std::size_t entry_share = 64;
  // What an entry costs beside its name and its value, roughly.
  static constexpr std::size_t entry_bytes = 256;

  // Keeps at most `bytes_max` bytes. With 0 it keeps nothing. `metrics` must outlive it.
  cache_memory(std::size_t bytes_max, registry& metrics, const std::string& name);

  std::size_t bytes_max() const { return bytes_max_; }
  // Returns a number that no other caller gets: caches put it before their names.
  std::uint64_t next_number() { return ++number_; }
  std::shared_ptr<const void> find(std::string_view name);
  void put(std::string_view name, std::shared_ptr<const void> value, std::size_t bytes);

 private:
  struct part {
    explicit part(std::size_t bytes_max) : entries{bytes_max} {}
    comments::mutex mutex{};
    lru<std::shared_ptr<const void>> entries COMMENTS_GUARDED_BY(mutex);
  };

  part& part_of(std::string_view name) {
    return *parts_[std::hash<std::string_view>{}(name) % parts];
  }

  const std::size_t bytes_max_;
  counter& evictions_total_;
  gauge& bytes_;
  std::atomic<std::uint64_t> number_{};
  std::array<std::unique_ptr<part>, parts> parts_{};
};

// Safe to call from any thread.
template <typename Value>
class cache final {
 public:
  static constexpr std::size_t parts = cache_memory::parts;
  static constexpr std::size_t entry_share = cache_memory::entry_share;
  static constexpr std::size_t entry_bytes = cache_memory::entry_bytes;

  // Keeps at most `bytes_max` bytes. With 0 it keeps nothing and counts nothing. `metrics` must
  // outlive the cache.
  cache(std::size_t bytes_max, registry& metrics, const std::string& name)
      : cache{nullptr, bytes_max, metrics, name} {}
  // Keeps them in `shared`, among those of other caches; null: in memory of its own. Evictions and
  // bytes are counted where the memory was made.
  cache(std::shared_ptr<cache_memory> shared, std::size_t bytes_max, registry& metrics,
        const std::string& name);

  // Returns the value under `name` if `is_good(value)` holds, else null.
  template <typename Predicate>
  std::shared_ptr<const Value> find(std::string_view name, Predicate&& is_good);
  // The same for a caller that has it looked for again if it is missing: that is no miss yet.
  template <typename Predicate>
  std::shared_ptr<const Value> find_quietly(std::string_view name, Predicate&& is_good);

  // Keeps `value`, which holds `bytes` bytes, in place of what had that name.
  void put(std::string_view name, std::shared_ptr<const Value> value, std::size_t bytes);

 private:
  std::string inner(std::string_view name) const { return prefix_ + std::string{name}; }

  counter& hits_total_;
  counter& misses_total_;
  const std::shared_ptr<cache_memory> memory_;
  const std::string prefix_;  // of names in memory that is shared
};

// --- definitions ---

inline cache_memory::cache_memory(std::size_t bytes_max, registry& metrics, const std::string& name)
    : bytes_max_{bytes_max},
      evictions_total_{metrics.counter_of(name + "_evictions_total", "Answers that made room.")},
      bytes_{metrics.gauge_of(name + "_bytes", "Memory that the cache holds.")} {
  for (auto& part_made : parts_) part_made = std::make_unique<part>(bytes_max / parts);
}

inline std::shared_ptr<const void> cache_memory::find(std::string_view name) {
  part& searched = part_of(name);
  const mutex_lock lock{searched.mutex};
  const auto* known = searched.entries.find(name);
  return known ? *known : nullptr;
}

inline void cache_memory::put(std::string_view name, std::shared_ptr<const void> value,
                              std::size_t bytes) {
  const std::size_t weight = bytes + name.size() + entry_bytes;
  if (weight > bytes_max_ / entry_share) return;
  part& changed = part_of(name);
  const mutex_lock lock{changed.mutex};
  const auto before = static_cast<std::int64_t>(changed.entries.weight());
  evictions_total_.add(changed.entries.put(name, std::move(value), weight));
  bytes_.add(static_cast<std::int64_t>(changed.entries.weight()) - before);
}

template <typename Value>
cache<Value>::cache(std::shared_ptr<cache_memory> shared, std::size_t bytes_max, registry& metrics,
                    const std::string& name)
    : hits_total_{metrics.counter_of(name + "_hits_total", "Answers taken from the cache.")},
      misses_total_{metrics.counter_of(name + "_misses_total", "Answers that had to be made.")},
      memory_{shared ? shared : std::make_shared<cache_memory>(bytes_max, metrics, name)},
      prefix_{shared ? std::to_string(shared->next_number()) + ' ' : ""} {}

template <typename Value>
template <typename Predicate>
std::shared_ptr<const Value> cache<Value>::find(std::string_view name, Predicate&& is_good) {
  auto found = find_quietly(name, std::forward<Predicate>(is_good));
  if (!found && memory_->bytes_max() > 0) misses_total_.add();
  return found;
}

template <typename Value>
template <typename Predicate>
std::shared_ptr<const Value> cache<Value>::find_quietly(std::string_view name,
                                                        Predicate&& is_good) {
  if (memory_->bytes_max() == 0) return nullptr;
  auto kept = prefix_.empty() ? memory_->find(name) : memory_->find(inner(name));
  auto found = std::static_pointer_cast<const Value>(std::move(kept));
  if (found && !is_good(*found)) found = nullptr;
  if (found) hits_total_.add();
  return found;
}

template <typename Value>
void cache<Value>::put(std::string_view name, std::shared_ptr<const Value> value,
                       std::size_t bytes) {
  if (prefix_.empty())
    memory_->put(name, std::move(value), bytes);
  else
    memory_->put(inner(name), std::move(value), bytes);
}

}  // namespace comments::inline v0

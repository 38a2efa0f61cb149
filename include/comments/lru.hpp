#pragma once
// lru.hpp - values under names, as many as a budget allows; what was unused longest makes room.
//
// Every value has a weight, and together they weigh at most the budget: weigh each 1 and the budget
// is a number, weigh each in bytes and it is memory. Not safe from several threads at once: whoever
// shares it locks it. Looking up and putting cost the same however much there is.
//
//   lru<std::string> pages{1000};
//   pages.put("1", "<p>Oi</p>", 9);
//   if (const std::string* page = pages.find("1")) show(*page);

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace comments {

template <typename Value>
class lru final {
 public:
  explicit lru(std::size_t budget) : budget_{budget} {}
  lru(const lru&) = delete;
  lru& operator=(const lru&) = delete;

  // The value of that name, or null. Good until the next `put` or `clear`. It may be changed, if
  // its weight stays.
  Value* find(std::string_view name) {
    const auto known = places_.find(name);
    if (known == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, known->second);
    return &known->second->value;
  }

  // Keeps `value`, in place of what had that name. One that weighs more than the whole budget is
  // not kept. How many others had to go.
  std::size_t put(std::string_view name, Value value, std::size_t weight = 1) {
    if (const auto known = places_.find(name); known != places_.end()) drop(known->second);
    if (weight > budget_) return 0;
    std::size_t dropped = 0;
    for (; weight_ > budget_ - weight; ++dropped) drop(std::prev(entries_.end()));
    entries_.push_front({std::string{name}, std::move(value), weight});
    places_.emplace(entries_.front().name, entries_.begin());
    weight_ += weight;
    return dropped;
  }

  void clear() {
    places_.clear();
    entries_.clear();
    weight_ = 0;
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t weight() const { return weight_; }

 private:
  struct entry {
    std::string name{};
    Value value{};
    std::size_t weight{};
  };
  using place = typename std::list<entry>::iterator;

  void drop(place which) {
    weight_ -= which->weight;
    places_.erase(which->name);
    entries_.erase(which);
  }

  const std::size_t budget_;
  std::size_t weight_{};
  std::list<entry> entries_{};                            // the one used last comes first
  std::unordered_map<std::string_view, place> places_{};  // by the entries' own names
};

}  // namespace comments

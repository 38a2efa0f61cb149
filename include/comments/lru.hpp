#pragma once
// lru.hpp - values under names, up to a budget; the value that was unused longest makes room.
//
// Every value has a weight, and all weights together stay within the budget. If each weighs 1, the
// budget is a number of values; if each weighs its bytes, the budget is memory. Not safe to use
// from several threads at once: callers that share one lock it. `find` and `put` take the same time
// however many values there are.
//
//   lru<std::string> pages{1000};
//   pages.put("1", "<p>Oi</p>", 9);
//   if (const std::string* page = pages.find("1")) assert(*page == "<p>Oi</p>");

#include <cstddef>
#include <iterator>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace comments::inline v0 {

template <typename Value>
class lru final {
 public:
  explicit lru(std::size_t budget) : budget_{budget} {}
  lru(const lru&) = delete;
  lru& operator=(const lru&) = delete;

  // Returns the value of that name, or null. The pointer is good until the next `put` or `clear`.
  // The caller may change the value as long as its weight stays the same.
  Value* find(std::string_view name);

  // Keeps `value` in place of what had that name, and returns how many other values were dropped
  // for it. A value that weighs more than the whole budget is not kept, and what had its name is
  // dropped all the same. If memory is short, or Value's move throws, nothing changes.
  std::size_t put(std::string_view name, Value value, std::size_t weight = 1);

  void clear();

  std::size_t size() const { return entries_.size(); }
  std::size_t weight() const { return weight_; }

 private:
  struct entry {
    std::string name{};
    Value value{};
    std::size_t weight{};
  };
  using place = typename std::list<entry>::iterator;
  using places = std::unordered_map<std::string_view, place>;

  void drop(place dropped);
  void replace(typename places::iterator known, place by);

  const std::size_t budget_;
  std::size_t weight_{};
  std::list<entry> entries_{};  // the one used last comes first
  places places_{};             // by the names in the entries
};

// --- definitions ---

template <typename Value>
Value* lru<Value>::find(std::string_view name) {
  const auto known = places_.find(name);
  if (known == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, known->second);
  return &known->second->value;
}

// All that can throw comes before the first change.
template <typename Value>
std::size_t lru<Value>::put(std::string_view name, Value value, std::size_t weight) {
  const auto known = places_.find(name);
  if (weight > budget_) {
    if (known != places_.end()) drop(known->second);
    return 0;
  }
  std::list<entry> made;
  made.push_front({std::string{name}, std::move(value), weight});
  if (known == places_.end())
    places_.emplace(made.front().name, made.begin());
  else
    replace(known, made.begin());
  std::size_t dropped = 0;
  for (; weight_ > budget_ - weight; ++dropped) drop(std::prev(entries_.end()));
  entries_.splice(entries_.begin(), made);
  weight_ += weight;
  return dropped;
}

template <typename Value>
void lru<Value>::clear() {
  places_.clear();
  entries_.clear();
  weight_ = 0;
}

template <typename Value>
void lru<Value>::drop(place dropped) {
  weight_ -= dropped->weight;
  places_.erase(dropped->name);
  entries_.erase(dropped);
}

// Uses the node of the old name again, so it needs no memory.
template <typename Value>
void lru<Value>::replace(typename places::iterator known, place by) {
  auto node = places_.extract(known);
  const place old = node.mapped();
  node.key() = by->name;
  node.mapped() = by;
  places_.insert(std::move(node));
  weight_ -= old->weight;
  entries_.erase(old);
}

}  // namespace comments::inline v0

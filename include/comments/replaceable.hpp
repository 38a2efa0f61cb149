#pragma once
// replaceable.hpp - a value that one thread replaces while others use it.
//
//   replaceable<std::string> greeting{"Oi"};
//   const auto used = greeting.get();  // stays as it is, whatever happens meanwhile
//   greeting.set("Hello");
//   assert(*used == "Oi" && *greeting.get() == "Hello");

#include <comments/mutex.hpp>

#include <memory>
#include <utility>

namespace comments::inline v0 {

// Safe to use from any thread.
template <typename Value>
class replaceable final {
 public:
  explicit replaceable(Value first) : value_{std::make_shared<const Value>(std::move(first))} {}
  replaceable(const replaceable&) = delete;
  replaceable& operator=(const replaceable&) = delete;

  // Returns the value as it is now, never null. It does not change.
  std::shared_ptr<const Value> get() const COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    return value_;
  }
  void set(Value next) COMMENTS_EXCLUDES(mutex_) {
    auto made = std::make_shared<const Value>(std::move(next));
    const mutex_lock lock{mutex_};
    value_.swap(made);  // the old one ends after the lock, if nobody uses it
  }

 private:
  mutable mutex mutex_{};
  std::shared_ptr<const Value> value_ COMMENTS_GUARDED_BY(mutex_);
};

}  // namespace comments::inline v0

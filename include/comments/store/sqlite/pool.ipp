#pragma once
// store/sqlite/pool.ipp - definitions of store/sqlite/pool.hpp.

#include <comments/store/sqlite/pool.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

namespace comments::inline v0::sqlite {

COMMENTS_INLINE pool::pool(std::size_t open_max, opener open)
    : open_max_{std::max<std::size_t>(open_max, 1)}, open_{std::move(open)} {}

COMMENTS_INLINE pool::loan pool::take() {
  mutex_lock lock{mutex_};
  for (bool may_open = true;; may_open = false) {
    while (!is_worth_a_try(may_open)) changed_.wait(lock);
    if (!idle_.empty()) {
      loan lent{idle_.back().release(), {this}};
      idle_.pop_back();
      return lent;
    }
    if (!may_open) return {nullptr, {this}};
    idle_.reserve(open_count_ + 1);
    ++open_count_;
    lock.unlock();
    if (auto made = open_one()) return {made->release(), {this}};
    lock.lock();
  }
}

// A caller that could open none waits for a loan of others to end, if there are any.
COMMENTS_INLINE bool pool::is_worth_a_try(bool may_open) const {
  return !idle_.empty() || open_count_ == 0 || (may_open && open_count_ < open_max_);
}

COMMENTS_INLINE std::size_t pool::open() const {
  const mutex_lock lock{mutex_};
  return open_count_;
}

COMMENTS_INLINE std::size_t pool::used() const {
  const mutex_lock lock{mutex_};
  return open_count_ - idle_.size();
}

COMMENTS_INLINE result<std::unique_ptr<connection>> pool::open_one() {
  try {
    auto made = open_();
    if (!made) forget_one();
    return made;
  } catch (...) {
    forget_one();
    throw;
  }
}

COMMENTS_INLINE void pool::forget_one() noexcept {
  const mutex_lock lock{mutex_};
  --open_count_;
  changed_.notify_all();
}

COMMENTS_INLINE void pool::put_back(connection* lent) noexcept {
  const mutex_lock lock{mutex_};
  idle_.emplace_back(lent);
  changed_.notify_one();
}

}  // namespace comments::inline v0::sqlite

#pragma once
// store/postgres/pool.ipp - definitions of store/postgres/pool.hpp.

#include <comments/store/postgres/pool.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace comments::inline v0::postgres {

COMMENTS_INLINE pool::pool(pool_limits limits, opener open)
    : limits_{limits}, open_{std::move(open)}, closing_{[this] { close_idle(); }} {}

COMMENTS_INLINE pool::~pool() {
  {
    const mutex_lock lock{mutex_};
    is_over_ = true;
  }
  idled_.notify_all();
  closing_.join();
}

COMMENTS_INLINE pool::loan pool::take() {
  const auto deadline = steady::now() + limits_.take_wait;
  const auto none = [this] { return loan{nullptr, {this}}; };
  bool may_open = true;  // until an attempt has failed
  mutex_lock lock{mutex_};
  for (;;) {
    if (!idle_.empty()) {
      loan lent{idle_.back().on.release(), {this}};
      idle_.pop_back();
      lock.unlock();
      if (!lent->check_lost()) return lent;
      lent.reset();
      lock.lock();
    } else if (may_open && opened_ < open_max()) {
      may_open = false;
      idle_.reserve(opened_ + 1);  // so that it can be given back without memory
      ++opened_;
      lock.unlock();
      if (auto made = open_one()) return {made->release(), {this}};
      lock.lock();
    } else if (!may_open && opened_ == 0) {
      return none();  // there is nothing to wait for
    } else if (!changed_.wait_until(lock, deadline)) {
      const bool is_time = !idle_.empty() || (may_open ? opened_ < open_max() : opened_ == 0);
      if (!is_time) return none();
    }
  }
}

COMMENTS_INLINE void pool::drop_idle() {
  std::vector<idle_connection> dropped;  // closed after the mutex is released
  const mutex_lock lock{mutex_};
  dropped.reserve(idle_.size());
  std::ranges::move(idle_, std::back_inserter(dropped));
  idle_.clear();  // and keeps its memory, for those that are lent
  opened_ -= dropped.size();
  changed_.notify_all();
}

COMMENTS_INLINE std::size_t pool::open() const {
  const mutex_lock lock{mutex_};
  return opened_;
}

COMMENTS_INLINE std::size_t pool::used() const {
  const mutex_lock lock{mutex_};
  return opened_ - idle_.size();
}

COMMENTS_INLINE std::size_t pool::open_max() const {
  return std::max<std::size_t>(limits_.open_max, 1);
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
  {
    const mutex_lock lock{mutex_};
    --opened_;
  }
  changed_.notify_all();  // all, because not every waiter may open another
}

COMMENTS_INLINE void pool::put(connection* lent) noexcept {
  std::unique_ptr<connection> on{lent};
  if (on->check_lost()) {
    on.reset();
    forget_one();
    return;
  }
  {
    const mutex_lock lock{mutex_};
    idle_.push_back({std::move(on), steady::now()});
  }
  changed_.notify_one();
  idled_.notify_one();
}

// The connection that was given back first is at the front, because the last is lent first.
COMMENTS_INLINE void pool::close_idle() {
  mutex_lock lock{mutex_};
  while (!is_over_) {
    if (idle_.empty()) {
      idled_.wait(lock);
      continue;
    }
    const auto end = idle_.front().since + limits_.idle_wait;
    if (steady::now() < end) {
      idled_.wait_until(lock, end);
      continue;
    }
    auto closed = std::move(idle_.front().on);
    idle_.erase(idle_.begin());
    --opened_;
    lock.unlock();
    closed.reset();
    changed_.notify_all();
    lock.lock();
  }
}

}  // namespace comments::inline v0::postgres

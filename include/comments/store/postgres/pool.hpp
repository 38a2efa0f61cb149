#pragma once
// store/postgres/pool.hpp - connections to one database: as many as are needed up to a number, and
// none when nobody needs any.
//
// A connection works for one thread at a time. The pool lends each out to one; where all are lent
// it opens another, and past the limit lets callers wait, for so long. One that nobody used for a
// while is closed, so that a database that pauses when it is idle can. One that was closed by the
// other side is noticed before it is lent.
//
//   postgres::pool connections{{.open_max = 10}, [&] { return postgres::connect(options); }};
//   if (auto lent = connections.take()) postgres::work work{*lent, postgres::work::single};

#include <comments/store/postgres/connection.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace comments::postgres {

struct pool_limits {
  std::size_t open_max{10};                     // connections, at least 1
  std::chrono::milliseconds take_wait{2'000};   // for one, where all are lent
  std::chrono::milliseconds idle_wait{60'000};  // then one that nobody uses is closed
};

// Safe from any thread. Outlives what it lends.
class pool final {
  using steady = std::chrono::steady_clock;

 public:
  using opening = std::function<result<std::unique_ptr<connection>>()>;

  // Gives its connection back when it goes. Empty if there was none to be had.
  struct give_back {
    pool* from{};
    void operator()(connection* lent) const { from->put(lent); }
  };
  using loan = std::unique_ptr<connection, give_back>;

  pool(pool_limits limits, opening open)
      : limits_{limits}, open_{std::move(open)}, closing_{[this] { close_idle(); }} {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    idled_.notify_all();
    closing_.join();
  }

  // A connection for the caller alone; empty if none is to be had within `take_wait`, or none is
  // open and none can be opened.
  loan take() {
    const auto deadline = steady::now() + limits_.take_wait;
    std::unique_lock lock{mutex_};
    for (bool may_open = true;;) {
      const auto is_time = [&] {
        return !idle_.empty() || (may_open ? opened_ < open_max() : opened_ == 0);
      };
      if (!changed_.wait_until(lock, deadline, is_time)) return none();
      if (!idle_.empty()) {
        loan lent{idle_.back().one.release(), {this}};
        idle_.pop_back();
        lock.unlock();
        if (!lent->is_lost()) return lent;
        lent.reset();
        lock.lock();
        continue;
      }
      if (!may_open) return none();
      may_open = false;
      ++opened_;
      lock.unlock();
      auto made = open_();
      if (made) return {made->release(), {this}};
      lock.lock();
      --opened_;
      changed_.notify_all();
    }
  }

  // Closes all that are not lent: those that were opened before a failure likely share its cause.
  void drop_idle() {
    std::vector<resting> dropped;
    const std::lock_guard lock{mutex_};
    opened_ -= idle_.size();
    dropped.swap(idle_);
    changed_.notify_all();
  }

  // How many are open, lent or not.
  std::size_t open() const {
    const std::lock_guard lock{mutex_};
    return opened_;
  }

 private:
  struct resting {
    std::unique_ptr<connection> one{};
    steady::time_point since{};
  };

  std::size_t open_max() const { return std::max<std::size_t>(limits_.open_max, 1); }
  loan none() { return {nullptr, {this}}; }

  void put(connection* lent) {
    std::unique_ptr<connection> one{lent};
    const bool is_lost = one->is_lost();
    {
      const std::lock_guard lock{mutex_};
      if (is_lost)
        --opened_;
      else
        idle_.push_back({std::move(one), steady::now()});
    }
    if (is_lost) return changed_.notify_all();  // not everybody who waits may open another
    changed_.notify_one();
    idled_.notify_one();
  }

  // The one that was given back first is at the front, because the last is lent first.
  void close_idle() {
    std::unique_lock lock{mutex_};
    while (!is_over_) {
      if (idle_.empty()) {
        idled_.wait(lock, [&] { return is_over_ || !idle_.empty(); });
        continue;
      }
      const auto end = idle_.front().since + limits_.idle_wait;
      if (steady::now() < end) {
        idled_.wait_until(lock, end, [&] { return is_over_; });
        continue;
      }
      auto closed = std::move(idle_.front().one);
      idle_.erase(idle_.begin());
      --opened_;
      lock.unlock();
      closed.reset();
      changed_.notify_all();
      lock.lock();
    }
  }

  const pool_limits limits_;
  const opening open_;
  mutable std::mutex mutex_{};
  std::condition_variable changed_{};
  std::condition_variable idled_{};
  std::vector<resting> idle_{};
  std::size_t opened_{};  // idle, lent or being opened
  bool is_over_{};
  std::thread closing_;
};

}  // namespace comments::postgres

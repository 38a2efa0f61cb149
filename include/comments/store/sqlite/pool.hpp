#pragma once
// store/sqlite/pool.hpp - several connections to one file, so that readers do not wait for one
// another.
//
// A connection works for one thread at a time. The pool lends each out to one, opens another where
// all are lent, up to a number, and past it lets callers wait. The one given back last is lent
// first, because its cache is warm; the others are never opened where nobody needs them.
//
//   sqlite::pool readers{4, [] { return sqlite::connect(…); }};
//   auto lent = readers.take();
//   if (lent) sqlite::transaction work{*lent, "BEGIN"};

#include <comments/store/sqlite/connection.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace comments::sqlite {

// Safe from any thread. Outlives what it lends.
class pool final {
 public:
  using opening = std::function<result<std::unique_ptr<connection>>()>;

  // Gives its connection back when it goes. Empty if there was none to be had.
  struct give_back {
    pool* from{};
    void operator()(connection* lent) const { from->put(lent); }
  };
  using loan = std::unique_ptr<connection, give_back>;

  // At most `open_max` connections, at least 1, each made by `open`.
  pool(std::size_t open_max, opening open)
      : open_max_{std::max<std::size_t>(open_max, 1)}, open_{std::move(open)} {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  // A connection for the caller alone. Waits for one if all are lent; empty if none is open and
  // none can be opened.
  loan take() {
    std::unique_lock lock{mutex_};
    for (bool may_open = true;;) {
      changed_.wait(lock, [&] {
        return !idle_.empty() || opened_ == 0 || (may_open && opened_ < open_max_);
      });
      if (!idle_.empty()) {
        loan lent{idle_.back().release(), {this}};
        idle_.pop_back();
        return lent;
      }
      if (!may_open) return {nullptr, {this}};
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

 private:
  void put(connection* lent) {
    const std::lock_guard lock{mutex_};
    idle_.emplace_back(lent);
    changed_.notify_one();
  }

  const std::size_t open_max_;
  const opening open_;
  std::mutex mutex_{};
  std::condition_variable changed_{};
  std::vector<std::unique_ptr<connection>> idle_{};
  std::size_t opened_{};  // idle, lent or being opened
};

}  // namespace comments::sqlite

#pragma once
// store/postgres/lock_lanes.hpp - who waits for what somebody else holds, so that nobody waits along.
//
// A content can be locked for long: by a backup's tool, an operator's shell, a node that hangs.
// Whoever writes to it then waits apart from the others, in a lane of its own, and only a few lanes
// at once, because each that waits keeps a connection.
//
//   if (auto permit = patient.take()) wait_for_the_lock();
//   held_contents<lane>::guard apart{held, content_id};  // from here on held.has(content_id)
//   apart.lane().submit(draft);

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace comments::postgres {

// Leave for a number of threads at once. Safe from any thread; outlives what it gives.
class permits final {
 public:
  class one final {
   public:
    explicit one(permits& from) : from_{&from} {}
    one(one&& other) noexcept : from_{std::exchange(other.from_, nullptr)} {}
    one& operator=(one&& other) noexcept {
      std::swap(from_, other.from_);
      return *this;
    }
    ~one() {
      if (from_) from_->give_back();
    }

   private:
    permits* from_;
  };

  explicit permits(std::size_t most) : left_{most} {}

  // Empty if so many have one already, and none gives its own back within `wait`.
  std::optional<one> take(std::chrono::milliseconds wait = {}) {
    std::unique_lock lock{mutex_};
    if (!given_back_.wait_for(lock, wait, [&] { return left_ > 0; })) return std::nullopt;
    --left_;
    return one{*this};
  }

 private:
  void give_back() {
    const std::lock_guard lock{mutex_};
    ++left_;
    given_back_.notify_one();  // under the lock: the waiter may end this object after it
  }

  std::mutex mutex_{};
  std::condition_variable given_back_{};
  std::size_t left_;
};

// The contents whose locks somebody waits for now, each with the lane in which they wait. Safe from
// any thread.
template <typename Lane>
class held_contents final {
  struct state {
    std::unique_ptr<Lane> lane{};
    std::size_t waiting{};
    bool is_free{};  // as far as the last who waited knows
  };
  using states = std::map<std::string, state>;

 public:
  explicit held_contents(std::function<std::unique_ptr<Lane>()> make_lane)
      : make_lane_{std::move(make_lane)} {}

  // Somebody who waits.
  class guard final {
   public:
    guard(held_contents& among, const std::string& content_id)
        : among_{among}, mine_{among.enter(content_id)} {}
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { among_.leave(mine_); }

    // That of all who wait for the same content; lives as long as the guard.
    Lane& lane() { return *mine_->second.lane; }

    // How it went: the lock was there or not, for all who come from now on.
    void tell(bool is_free) {
      const std::lock_guard lock{among_.mutex_};
      mine_->second.is_free = is_free;
    }

   private:
    held_contents& among_;
    const typename states::iterator mine_;
  };

  bool has(const std::string& content_id) const {
    const std::lock_guard lock{mutex_};
    const auto known = held_.find(content_id);
    return known != held_.end() && !known->second.is_free;
  }

 private:
  typename states::iterator enter(const std::string& content_id) {
    const std::lock_guard lock{mutex_};
    auto mine = held_.find(content_id);
    if (mine == held_.end()) mine = held_.emplace(content_id, state{make_lane_()}).first;
    ++mine->second.waiting;
    return mine;
  }

  void leave(typename states::iterator mine) {
    const std::lock_guard lock{mutex_};
    if (--mine->second.waiting == 0) held_.erase(mine);
  }

  const std::function<std::unique_ptr<Lane>()> make_lane_;
  mutable std::mutex mutex_{};
  states held_{};  // of contents that somebody waits for
};

}  // namespace comments::postgres

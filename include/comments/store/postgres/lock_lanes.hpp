#pragma once
// store/postgres/lock_lanes.hpp - callers that wait for a locked content keep out of others' way.
//
// Another transaction can lock a content for long: a backup, an operator's shell, a server that
// hangs. Callers that write to such a content wait for it in a lane of its own. Each waiting lane
// keeps a connection, so only a few may wait for long at once; permits count them.
//
//   struct lane {
//     std::string name{};
//   };
//   postgres::permits long_waits{2};
//   postgres::held_contents<lane> held{[] { return std::make_unique<lane>(); }};
//
//   postgres::held_contents<lane>::waiter waiter{held, content_id};  // now held.has(content_id)
//   if (const auto permit = long_waits.take()) show(waiter.lane().name);

#include <comments/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace comments::inline v0::postgres {

// A number of permits that threads take and give back. Safe from any thread; lives longer than the
// permits that it gives.
class permits final {
 public:
  // Given back when it is destroyed.
  class permit final {
   public:
    explicit permit(permits& from) : from_{&from} {}
    permit(permit&& other) noexcept : from_{std::exchange(other.from_, nullptr)} {}
    permit& operator=(permit&& other) noexcept {
      std::swap(from_, other.from_);
      return *this;
    }
    ~permit() {
      if (from_) from_->give_back();
    }

   private:
    permits* from_;
  };

  explicit permits(std::size_t count) : left_{count} {}

  // Returns a permit, or nothing if none is left and none is given back within `wait`.
  std::optional<permit> take(std::chrono::milliseconds wait = {}) COMMENTS_EXCLUDES(mutex_);

 private:
  void give_back() COMMENTS_EXCLUDES(mutex_);

  mutex mutex_{};
  condition given_back_{};
  std::size_t left_ COMMENTS_GUARDED_BY(mutex_);
};

// The contents that callers wait for now, each with the lane in which they wait. Safe from any
// thread.
template <typename Lane>
class held_contents final {
  struct state {
    std::unique_ptr<Lane> lane{};
    std::size_t waiters{};
    bool is_free{};  // the last waiter that tried got the lock
  };
  using states = std::map<std::string, state>;

 public:
  // `make_lane` runs under a lock: it must not call this object.
  explicit held_contents(std::function<std::unique_ptr<Lane>()> make_lane)
      : make_lane_{std::move(make_lane)} {}

  // One caller that waits for a content, as long as it lives.
  class waiter final {
   public:
    waiter(held_contents& among, const std::string& content_id)
        : among_{among}, mine_{among.enter(content_id)} {}
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() { among_.leave(mine_); }

    // Returns the lane that all waiters for the content share. It lives as long as any of them.
    Lane& lane() { return *mine_->second.lane; }

    // Says whether the lock was free, for all callers that come from now on.
    void set_free(bool is_free) {
      const mutex_lock lock{among_.mutex_};
      mine_->second.is_free = is_free;
    }

   private:
    held_contents& among_;
    const typename states::iterator mine_;
  };

  // Returns whether callers wait for the content and the last that tried did not get its lock.
  bool has(const std::string& content_id) const COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    const auto known = held_.find(content_id);
    return known != held_.end() && !known->second.is_free;
  }

 private:
  typename states::iterator enter(const std::string& content_id) COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    auto mine = held_.find(content_id);
    if (mine == held_.end()) mine = held_.emplace(content_id, state{make_lane_()}).first;
    ++mine->second.waiters;
    return mine;
  }

  void leave(typename states::iterator mine) COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    if (--mine->second.waiters == 0) held_.erase(mine);
  }

  const std::function<std::unique_ptr<Lane>()> make_lane_;
  mutable mutex mutex_{};
  states held_ COMMENTS_GUARDED_BY(mutex_){};
};

// --- definitions ---

inline std::optional<permits::permit> permits::take(std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  mutex_lock lock{mutex_};
  while (left_ == 0)
    if (!given_back_.wait_until(lock, end) && left_ == 0) return std::nullopt;
  --left_;
  return permit{*this};
}

inline void permits::give_back() {
  const mutex_lock lock{mutex_};
  ++left_;
  given_back_.notify_one();  // under the lock: once it is released, another thread may destroy this
}

}  // namespace comments::inline v0::postgres

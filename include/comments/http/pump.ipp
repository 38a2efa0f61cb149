#pragma once
// http/pump.ipp - definitions of http/pump.hpp.

#include <comments/http/pump.hpp>

#include <comments/mutex.hpp>

#include <utility>

namespace comments::inline v0::http {

// Wakes a thread that waits. If none waits, the next that does is woken at once.
class pump::wakeup final {
 public:
  void notify() COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    is_notified_ = true;
    notified_.notify_one();
  }
  void wait_for(std::chrono::milliseconds at_most) COMMENTS_EXCLUDES(mutex_) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    mutex_lock lock{mutex_};
    while (!is_notified_ && notified_.wait_until(lock, end)) {
    }
    is_notified_ = false;
  }

 private:
  mutex mutex_{};
  condition notified_{};
  bool is_notified_ COMMENTS_GUARDED_BY(mutex_){};
};

COMMENTS_INLINE pump::pump(stream rest, std::chrono::milliseconds at_most)
    : rest_{std::move(rest)},
      at_most_{at_most},
      woken_{std::make_shared<wakeup>()},
      wake_{[woken = woken_] { woken->notify(); }} {}
COMMENTS_INLINE pump::~pump() = default;

COMMENTS_INLINE chunk pump::next() {
  if (last_ == chunk::state::waiting) woken_->wait_for(at_most_);
  chunk found = next_chunk(rest_, wake_);
  last_ = found.then;
  return found;
}

}  // namespace comments::inline v0::http

#pragma once
// hourly.hpp - work that is done when the server starts, and again every hour, on its own thread.
//
//   const hourly chores{[&] { service.forget_origins(); }};

#include <comments/guarded.hpp>
#include <comments/mutex.hpp>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

namespace server {

class hourly final {
 public:
  // Calls `work` now and every hour. What it throws, for want of memory perhaps, ends that call.
  explicit hourly(std::function<void()> work)
      : thread_{[this, work = std::move(work)] { run(work); }} {}
  hourly(const hourly&) = delete;
  hourly& operator=(const hourly&) = delete;

  // Waits until a call that is under way has ended. No other begins.
  ~hourly() {
    {
      const comments::mutex_lock lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  void run(const std::function<void()>& work) COMMENTS_EXCLUDES(mutex_) {
    while (true) {
      comments::guarded(work);
      const auto next = std::chrono::steady_clock::now() + std::chrono::hours{1};
      comments::mutex_lock lock{mutex_};
      while (!is_over_ && changed_.wait_until(lock, next)) {
      }
      if (is_over_) return;
    }
  }

  comments::mutex mutex_{};
  comments::condition changed_{};
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
  std::thread thread_;  // the last member: it uses the others from its first moment
};

}  // namespace server

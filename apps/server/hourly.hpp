#pragma once
// hourly.hpp - work that is done when the server starts, and again every hour, on its own thread.
//
//   hourly chores{[&](const auto& is_over) { service.forget_origins(is_over); }};
//   chores.stop();

#include <comments/guarded.hpp>
#include <comments/mutex.hpp>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

namespace server {

class hourly final {
 public:
  // Work in parts asks `is_over` between them.
  using over = std::function<bool()>;

  // Calls `work` now and every hour. What it throws, for want of memory perhaps, ends that call.
  explicit hourly(std::function<void(const over& is_over)> work)
      : thread_{[this, work = std::move(work)] { run(work); }} {}
  hourly(const hourly&) = delete;
  hourly& operator=(const hourly&) = delete;

  // Waits until a call that is under way has ended. No other begins.
  ~hourly() {
    stop();
    thread_.join();
  }

  // Has a call that is under way end behind the part that it is in. Does not wait.
  void stop() COMMENTS_EXCLUDES(mutex_) {
    {
      const comments::mutex_lock lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_one();
  }

 private:
  void run(const std::function<void(const over&)>& work) COMMENTS_EXCLUDES(mutex_) {
    const over is_over = [this] {
      const comments::mutex_lock lock{mutex_};
      return is_over_;
    };
    while (true) {
      comments::guarded([&] { work(is_over); });
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

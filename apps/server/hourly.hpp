#pragma once
// hourly.hpp - something that is done when the server starts, and again every hour.
//
//   const hourly chores{[&] { service.forget_origins(); }};

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace server {

// Ends with the one that is running.
class hourly final {
 public:
  explicit hourly(std::function<void()> work)
      : thread_{[this, work = std::move(work)] { run(work); }} {}
  hourly(const hourly&) = delete;
  hourly& operator=(const hourly&) = delete;
  ~hourly() {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  void run(const std::function<void()>& work) {
    std::unique_lock lock{mutex_};
    while (!is_over_) {
      lock.unlock();
      work();
      lock.lock();
      changed_.wait_for(lock, std::chrono::hours{1}, [this] { return is_over_; });
    }
  }

  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool is_over_{};
  std::thread thread_;
};

}  // namespace server

#pragma once
// http/epoll/worker_pool.hpp - threads for what may wait, as many as are needed up to a limit.
//
// A thread is started when work comes and no thread is free, so a program that is never busy has
// none. Work queues up to a limit; past it, whoever brings it hears so at once.
//
//   worker_pool workers{64, 4096};
//   if (!workers.submit([&] { … })) refuse();

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace comments::http {

class worker_pool final {
 public:
  // At most `threads_max` (1 or more) threads, and `queue_max` pieces of work that wait for one.
  worker_pool(std::size_t threads_max, std::size_t queue_max)
      : threads_max_{threads_max}, queue_max_{queue_max} {}
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  // Waits until all work is done.
  ~worker_pool() {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // Has `work`, which must not throw, done by some thread, or answers false. Works are begun in the
  // order they came. Safe from any thread.
  bool submit(std::function<void()> work) {
    {
      const std::lock_guard lock{mutex_};
      if (queue_.size() >= queue_max_ || !(idle_ > queue_.size() || start())) return false;
      queue_.push_back(std::move(work));
    }
    work_.notify_one();  // who wakes finds the lock free
    return true;
  }

 private:
  // Whether some thread will get to the work, be it a new one or one that is busy now.
  bool start() {
    if (threads_.size() >= threads_max_) return true;
    try {
      threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {  // the system has no thread left
    }
    return !threads_.empty();
  }

  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      ++idle_;
      work_.wait(lock, [&] { return is_over_ || !queue_.empty(); });
      --idle_;
      if (queue_.empty()) return;
      const auto work = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      work();
      lock.lock();
    }
  }

  const std::size_t threads_max_;
  const std::size_t queue_max_;
  std::mutex mutex_{};
  std::condition_variable work_{};
  std::deque<std::function<void()>> queue_{};
  std::vector<std::thread> threads_{};
  std::size_t idle_{};
  bool is_over_{};
};

}  // namespace comments::http

#pragma once
// http/epoll/worker_pool.ipp - definitions of http/epoll/worker_pool.hpp.

#include <comments/http/epoll/worker_pool.hpp>

#include <system_error>
#include <utility>

namespace comments::http::epoll {

COMMENTS_INLINE worker_pool::worker_pool(std::size_t threads_max, std::size_t queue_max)
    : threads_max_{threads_max}, queue_max_{queue_max} {}

COMMENTS_INLINE worker_pool::~worker_pool() {
  std::vector<std::thread> threads;
  {
    const mutex_lock lock{mutex_};
    is_over_ = true;
    threads.swap(threads_);
  }
  has_work_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

COMMENTS_INLINE bool worker_pool::submit(std::function<void()> job) {
  {
    const mutex_lock lock{mutex_};
    if (queue_.size() >= queue_max_ || !ensure_thread()) return false;
    queue_.push_back(std::move(job));
  }
  has_work_.notify_one();  // after the lock, so that the thread that wakes need not wait for it
  return true;
}

// Starts a thread if all are busy and there may be more. Returns whether there is a thread, free or
// busy, that will come to one more job.
COMMENTS_INLINE bool worker_pool::ensure_thread() {
  if (idle_ > queue_.size() || threads_.size() >= threads_max_) return true;
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {  // the system has no thread left
  }
  return !threads_.empty();
}

COMMENTS_INLINE void worker_pool::run() {
  mutex_lock lock{mutex_};
  for (;;) {
    ++idle_;
    while (!is_over_ && queue_.empty()) has_work_.wait(lock);
    --idle_;
    if (queue_.empty()) return;
    std::function<void()> job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds is released without the lock
    lock.lock();
  }
}

}  // namespace comments::http::epoll

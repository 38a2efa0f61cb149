#pragma once
// http/epoll/worker_pool.hpp - threads for work that may block, as many as are needed up to a
// limit.
//
// The pool starts a thread when there is work and no thread is free, so a program that is never
// busy has none. Work waits in a queue up to a limit, and is refused over it.
//
//   epoll::worker_pool workers{64, 4096};
//   if (!workers.submit([] { std::puts("done"); })) std::puts("refused");

#include <comments/config.hpp>
#include <comments/mutex.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

namespace comments::http::epoll {

class worker_pool final {
 public:
  // At most `threads_max` (1 or more) threads, and at most `queue_max` jobs that wait for one.
  worker_pool(std::size_t threads_max, std::size_t queue_max);
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  // Waits until all jobs are done. No thread may submit one any more.
  ~worker_pool();

  // Has a thread run `job`, which must not throw. Jobs begin in the order of these calls. Returns
  // false, and does nothing, if the queue is full or the system has no thread for the first job.
  // Any thread, also one of the pool's. Throws std::bad_alloc, and then has queued nothing.
  bool submit(std::function<void()> job) COMMENTS_EXCLUDES(mutex_);

 private:
  bool ensure_thread() COMMENTS_REQUIRES(mutex_);
  void run() COMMENTS_EXCLUDES(mutex_);

  const std::size_t threads_max_;
  const std::size_t queue_max_;
  mutex mutex_{};
  condition has_work_{};
  std::deque<std::function<void()>> queue_ COMMENTS_GUARDED_BY(mutex_){};
  std::vector<std::thread> threads_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t idle_ COMMENTS_GUARDED_BY(mutex_){};  // threads that wait for work
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
};

}  // namespace comments::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/worker_pool.ipp>
#endif

#pragma once
// http/epoll/worker_pool.hpp - threads for work that takes long, as many as are needed up to a
// limit, and fair to clients.
//
// Work waits in a line for each client, and clients take turns: one that asks for much waits for
// its own work, and delays others by no more than what runs already. The pool starts a thread when
// there is work and no thread is free, so a program that is never busy has none. Work waits up to
// a limit, and is refused over it.
//
//   epoll::worker_pool workers{{.threads_max = 64, .jobs_max = 4096}};
//   if (!workers.submit("192.0.2.1", [] { std::puts("done"); })) std::puts("refused");

#include <comments/config.hpp>
#include <comments/mutex.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace comments::inline v0::http::epoll {

struct worker_limits {
  std::size_t threads_max{1};          // 1 or more; so many jobs are in work at once
  std::size_t jobs_max{4'096};         // that wait for a thread
  std::size_t client_jobs_max{4'096};  // of these, one client's
  int nice{};                          // what the threads add to their niceness (setpriority(2))
};

class worker_pool final {
 public:
  explicit worker_pool(worker_limits limits);
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  // Waits until all jobs are done, and all places given back. No thread may submit one any more.
  ~worker_pool();

  // Forgets the jobs that have not begun. Any thread.
  void drop_waiting() COMMENTS_EXCLUDES(mutex_);

  // Has a thread run `job`, which must not throw. Jobs of a client begin in the order of these
  // calls, and clients that have some take turns. Returns false, and does nothing, if too many wait
  // or the system has no thread for the first job. Any thread, also one of the pool's. Throws
  // std::bad_alloc, and then has queued nothing.
  bool submit(std::string_view client, std::function<void()> job) COMMENTS_EXCLUDES(mutex_);

  // Keeps the place of a job that goes on without a thread, so that one less may run beside it,
  // until `give_back`. None throws. Any thread.
  void keep_place() COMMENTS_EXCLUDES(mutex_);
  void give_back() COMMENTS_EXCLUDES(mutex_);

  // The same as `submit` without its limits, for jobs that cannot be more than there are
  // connections.
  bool submit_anyway(std::string_view client, std::function<void()> job) COMMENTS_EXCLUDES(mutex_);

 private:
  struct line {
    std::string client{};
    std::deque<std::function<void()>> jobs{};
  };
  using lines = std::list<line>;  // whose turn it is stands first

  bool enqueue(std::string_view client, std::function<void()> job, std::size_t jobs_max,
               std::size_t client_jobs_max) COMMENTS_EXCLUDES(mutex_);
  void add(std::string_view client, std::function<void()> job) COMMENTS_REQUIRES(mutex_);
  std::function<void()> take() COMMENTS_REQUIRES(mutex_);
  bool ensure_thread() COMMENTS_REQUIRES(mutex_);
  bool has_to_wake() COMMENTS_REQUIRES(mutex_);
  bool may_begin() const COMMENTS_REQUIRES(mutex_) {
    return waiting_ > 0 && running_ + kept_ < limits_.threads_max;
  }
  void run() COMMENTS_EXCLUDES(mutex_);

  const worker_limits limits_;
  mutex mutex_{};
  condition has_work_{};
  lines lines_ COMMENTS_GUARDED_BY(mutex_){};
  std::map<std::string_view, lines::iterator> line_of_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t waiting_ COMMENTS_GUARDED_BY(mutex_){};  // jobs in all lines
  std::vector<std::thread> threads_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t idle_ COMMENTS_GUARDED_BY(mutex_){};     // threads that wait for work
  std::size_t running_ COMMENTS_GUARDED_BY(mutex_){};  // jobs on a thread
  std::size_t kept_ COMMENTS_GUARDED_BY(mutex_){};     // places of jobs without one
  condition is_free_{};                                // no place is kept
  bool is_waking_ COMMENTS_GUARDED_BY(mutex_){};       // one of them was woken and is on its way
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/worker_pool.ipp>
#endif

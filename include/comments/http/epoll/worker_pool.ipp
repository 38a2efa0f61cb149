#pragma once
// http/epoll/worker_pool.ipp - definitions of http/epoll/worker_pool.hpp.

#include <comments/http/epoll/worker_pool.hpp>

#include <sys/resource.h>

#include <limits>
#include <system_error>
#include <utility>

namespace comments::inline v0::http::epoll {

COMMENTS_INLINE worker_pool::worker_pool(worker_limits limits) : limits_{limits} {}

COMMENTS_INLINE worker_pool::~worker_pool() {
  std::vector<std::thread> threads;
  {
    const mutex_lock lock{mutex_};
    is_over_ = true;
    threads.swap(threads_);
  }
  has_work_.notify_all();
  for (std::thread& thread : threads) thread.join();
  mutex_lock lock{mutex_};
  while (kept_ > 0) is_free_.wait(lock);
}

COMMENTS_INLINE void worker_pool::drop_waiting() {
  lines dropped;  // destroyed without the lock
  const mutex_lock lock{mutex_};
  line_of_.clear();
  lines_.swap(dropped);
  waiting_ = 0;
}

COMMENTS_INLINE bool worker_pool::submit(std::string_view client, std::function<void()> job) {
  return enqueue(client, std::move(job), limits_.jobs_max, limits_.client_jobs_max);
}

COMMENTS_INLINE bool worker_pool::submit_anyway(std::string_view client,
                                                std::function<void()> job) {
  constexpr std::size_t any = std::numeric_limits<std::size_t>::max();
  return enqueue(client, std::move(job), any, any);
}

COMMENTS_INLINE bool worker_pool::enqueue(std::string_view client, std::function<void()> job,
                                          std::size_t jobs_max, std::size_t client_jobs_max) {
  bool must_wake = false;
  {
    const mutex_lock lock{mutex_};
    const auto known = line_of_.find(client);
    const std::size_t own = known == line_of_.end() ? 0 : known->second->jobs.size();
    if (waiting_ >= jobs_max || own >= client_jobs_max || !ensure_thread()) return false;
    add(client, std::move(job));
    must_wake = has_to_wake();
  }
  if (must_wake) has_work_.notify_one();  // after the lock, for which the thread need not wait then
  return true;
}

COMMENTS_INLINE void worker_pool::keep_place() {
  const mutex_lock lock{mutex_};
  ++kept_;
}

COMMENTS_INLINE void worker_pool::give_back() {
  const mutex_lock lock{mutex_};
  --kept_;
  if (has_to_wake())
    has_work_.notify_one();
  else if (is_over_ && kept_ == 0)
    is_free_.notify_one();  // with the lock, behind which this may be gone
}

// Adds the job to its client's line; a client without one stands behind all others.
COMMENTS_INLINE void worker_pool::add(std::string_view client, std::function<void()> job) {
  const auto known = line_of_.find(client);
  if (known != line_of_.end()) {
    known->second->jobs.push_back(std::move(job));
  } else {
    lines made;
    line& first = made.emplace_back();
    first.client = client;
    first.jobs.push_back(std::move(job));
    line_of_.emplace(first.client, made.begin());
    lines_.splice(lines_.end(), made);
  }
  ++waiting_;
}

// Takes the first job of the client whose turn it is, who then stands behind all others.
COMMENTS_INLINE std::function<void()> worker_pool::take() {
  line& first = lines_.front();
  std::function<void()> job = std::move(first.jobs.front());
  first.jobs.pop_front();
  --waiting_;
  if (!first.jobs.empty()) {
    lines_.splice(lines_.end(), lines_, lines_.begin());
  } else {
    line_of_.erase(first.client);
    lines_.pop_front();
  }
  return job;
}

// Starts a thread if all are busy and there may be more. Returns whether there is a thread, free or
// busy, that will come to one more job.
COMMENTS_INLINE bool worker_pool::ensure_thread() {
  if (idle_ > waiting_ || threads_.size() >= limits_.threads_max) return true;
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {  // the system has no thread left
  }
  return !threads_.empty();
}

// Returns whether a thread must be woken. One at a time is on its way, and it wakes the next if
// there is more than it takes: a thread that is busy may come to the rest before.
COMMENTS_INLINE bool worker_pool::has_to_wake() {
  return may_begin() && idle_ > 0 && !std::exchange(is_waking_, true);
}

COMMENTS_INLINE void worker_pool::run() {
  // Linux keeps it for each thread; elsewhere, and where it may not be raised, all stay equal.
  if (limits_.nice != 0)
    ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + limits_.nice);
  mutex_lock lock{mutex_};
  for (;;) {
    ++idle_;
    while (!may_begin() && !(is_over_ && waiting_ == 0)) {
      has_work_.wait(lock);
      is_waking_ = false;
    }
    --idle_;
    if (waiting_ == 0) return;
    std::function<void()> job = take();
    if (is_over_ && waiting_ == 0) has_work_.notify_all();  // for the others this was the last
    ++running_;
    const bool must_wake = has_to_wake();
    lock.unlock();
    if (must_wake) has_work_.notify_one();
    job();
    job = nullptr;  // what it holds is released without the lock
    lock.lock();
    --running_;
  }
}

}  // namespace comments::inline v0::http::epoll

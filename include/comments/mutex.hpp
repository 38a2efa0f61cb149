#pragma once
// mutex.hpp - a mutex, a lock and a condition variable whose use clang can check.
//
// clang's thread-safety analysis does not see the locks of every standard library, so these wrap
// the standard ones and carry its attributes. A member that a mutex guards says so, and a function
// that needs the mutex held says so; clang then refuses code that breaks either. For other
// compilers the macros are empty.
//
//   class tally {
//    public:
//     void add() {
//       const mutex_lock lock{mutex_};
//       ++count_;
//     }
//
//    private:
//     mutex mutex_{};
//     int count_ COMMENTS_GUARDED_BY(mutex_){};
//   };
//
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html

#include <chrono>
#include <condition_variable>
#include <mutex>

#ifdef __clang__
#define COMMENTS_THREAD_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define COMMENTS_THREAD_ATTRIBUTE(...)
#endif

// On a member: read and written only while the mutex is held. On a pointer, PT_GUARDED_BY says the
// same of what it points to.
#define COMMENTS_GUARDED_BY(mutex) COMMENTS_THREAD_ATTRIBUTE(guarded_by(mutex))
#define COMMENTS_PT_GUARDED_BY(mutex) COMMENTS_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
// On a function: its caller holds the mutex, or must not hold it.
#define COMMENTS_REQUIRES(...) COMMENTS_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define COMMENTS_EXCLUDES(...) COMMENTS_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
// On a function: it ends with the mutex held, or released.
#define COMMENTS_ACQUIRE(...) COMMENTS_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define COMMENTS_RELEASE(...) COMMENTS_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define COMMENTS_TRY_ACQUIRE(...) COMMENTS_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
// On a function that clang cannot follow. A comment beside it says why it is right.
#define COMMENTS_NO_THREAD_ANALYSIS COMMENTS_THREAD_ATTRIBUTE(no_thread_safety_analysis)

namespace comments::inline v0 {

// Held by one thread at a time. Not recursive.
class COMMENTS_THREAD_ATTRIBUTE(capability("mutex")) mutex final {
 public:
  mutex() = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() COMMENTS_ACQUIRE() { inner_.lock(); }
  void unlock() COMMENTS_RELEASE() { inner_.unlock(); }
  // Returns whether the mutex was free, and is held by the caller now. A thread must not ask for a
  // mutex that it holds.
  bool try_lock() COMMENTS_TRY_ACQUIRE(true) { return inner_.try_lock(); }

 private:
  friend class mutex_lock;
  std::mutex inner_{};
};

// Holds a mutex until it goes out of scope, or until `unlock`.
class COMMENTS_THREAD_ATTRIBUTE(scoped_lockable) mutex_lock final {
 public:
  explicit mutex_lock(mutex& held) COMMENTS_ACQUIRE(held) : inner_{held.inner_} {}
  // Takes over a mutex that the caller holds, as after `try_lock`.
  mutex_lock(mutex& held, std::adopt_lock_t) COMMENTS_REQUIRES(held)
      : inner_{held.inner_, std::adopt_lock} {}
  ~mutex_lock() COMMENTS_RELEASE() = default;
  mutex_lock(const mutex_lock&) = delete;
  mutex_lock& operator=(const mutex_lock&) = delete;

  // Releases the mutex, or takes it again.
  void unlock() COMMENTS_RELEASE() { inner_.unlock(); }
  void lock() COMMENTS_ACQUIRE() { inner_.lock(); }

 private:
  friend class condition;
  std::unique_lock<std::mutex> inner_;
};

// Lets threads that hold a mutex wait until another thread wakes them. A wait may end without a
// reason, so it stands in a loop. There is no form with a predicate, because clang cannot see that
// a lambda runs with the mutex held.
//
//   mutex held;
//   condition changed;
//   bool is_ready = false;  // another thread sets it while it holds the mutex, and notifies
//   mutex_lock lock{held};
//   while (!is_ready) changed.wait(lock);
class condition final {
 public:
  condition() = default;
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;

  void wait(mutex_lock& lock) { inner_.wait(lock.inner_); }

  // Returns false once the time is over.
  template <typename Rep, typename Period>
  bool wait_for(mutex_lock& lock, std::chrono::duration<Rep, Period> time) {
    return inner_.wait_for(lock.inner_, time) == std::cv_status::no_timeout;
  }
  template <typename Clock, typename Duration>
  bool wait_until(mutex_lock& lock, std::chrono::time_point<Clock, Duration> end) {
    return inner_.wait_until(lock.inner_, end) == std::cv_status::no_timeout;
  }

  void notify_one() { inner_.notify_one(); }
  void notify_all() { inner_.notify_all(); }

 private:
  std::condition_variable inner_{};
};

}  // namespace comments::inline v0

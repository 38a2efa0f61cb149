#pragma once
// no_threads.hpp - while it lives, the system has no thread for this process.
//
//   const no_threads shortage;
//   CHECK_THROWS(std::thread{[] {}});

#include <cstddef>

#ifdef __GLIBC__
#include <pthread.h>
#endif

namespace testing {

// Threads get their stacks from the default attributes, and three quarters of all addresses are
// free for no stack, not even in 32 bits.
class no_threads final {
 public:
#ifdef __GLIBC__
  static constexpr bool is_possible = true;

  no_threads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_getattr_default_np(&huge);
    pthread_attr_setstacksize(&huge, std::size_t{3} << (sizeof(std::size_t) * 8 - 2));
    pthread_setattr_default_np(&huge);
    pthread_attr_destroy(&huge);
  }
  ~no_threads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
#else
  static constexpr bool is_possible = false;

  no_threads() = default;
#endif
  no_threads(const no_threads&) = delete;
  no_threads& operator=(const no_threads&) = delete;

#ifdef __GLIBC__
 private:
  pthread_attr_t before_{};
#endif
};

}  // namespace testing

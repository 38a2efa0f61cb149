#pragma once
// failing_memory.hpp - one allocation of this thread fails: the n-th from now, for an n of yours.
//
// Run something for n = 1, 2, 3 … until a run passes without the failure. `scarce_memory` lets each
// n-th allocation of the other threads fail. Replaces operator new, so one source of a program may
// include it; the thread sanitizer does not let a program do that.
//
//   failing_memory shortage{n};
//   do_something();
//   if (!shortage.has_failed()) break;

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/tsan.hpp"

namespace testing {

class failing_memory final {
 public:
  static constexpr bool is_possible = !COMMENTS_TSAN;

  explicit failing_memory(std::size_t fails_at) { left_ = fails_at; }
  failing_memory(const failing_memory&) = delete;
  failing_memory& operator=(const failing_memory&) = delete;
  ~failing_memory() { end(); }

  bool has_failed() const { return left_ == 0; }
  void end() { left_ = none; }

  // Whether the allocation that asks is the one.
  static bool is_over() { return left_ != none && left_ != 0 && --left_ == 0; }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static inline thread_local std::size_t left_ = none;
};

// While it lives, every n-th allocation fails, of threads but the one that made it.
class scarce_memory final {
 public:
  explicit scarce_memory(std::size_t fails_each) {
    is_exempt_ = true;
    each_ = fails_each;
  }
  scarce_memory(const scarce_memory&) = delete;
  scarce_memory& operator=(const scarce_memory&) = delete;
  ~scarce_memory() { each_ = 0; }

  static std::size_t failed() { return failed_; }

  static bool is_over() {
    const std::size_t each = each_;
    if (each == 0 || is_exempt_ || ++asked_ % each != 0) return false;
    ++failed_;
    return true;
  }

 private:
  static inline std::atomic<std::size_t> each_{};
  static inline std::atomic<std::size_t> asked_{};
  static inline std::atomic<std::size_t> failed_{};
  static inline thread_local bool is_exempt_{};
};

inline bool is_memory_over() { return failing_memory::is_over() || scarce_memory::is_over(); }

}  // namespace testing

#if !COMMENTS_TSAN
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (testing::is_memory_over()) throw std::bad_alloc{};
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return testing::is_memory_over() ? nullptr : std::malloc(size > 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

#pragma once
// failing_memory.hpp - one allocation of this thread fails: the n-th from now, for an n of yours.
//
// Run something for n = 1, 2, 3 … until a run passes without the failure. Replaces operator new, so
// one source of a program may include it; the thread sanitizer does not let a program do that.
//
//   failing_memory shortage{n};
//   do_something();
//   if (!shortage.has_failed()) break;

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

}  // namespace testing

#if !COMMENTS_TSAN
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (testing::failing_memory::is_over()) throw std::bad_alloc{};
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return testing::failing_memory::is_over() ? nullptr : std::malloc(size > 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

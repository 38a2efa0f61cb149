#pragma once
// no_random_bytes.hpp - while it lives, the system has no random bytes for the thread that made it.
//
//   const no_random_bytes shortage;
//   CHECK_THROWS(comments::random_bytes<1>());

namespace testing {

class no_random_bytes final {
 public:
  no_random_bytes() { is_now = true; }
  no_random_bytes(const no_random_bytes&) = delete;
  no_random_bytes& operator=(const no_random_bytes&) = delete;
  ~no_random_bytes() { is_now = false; }

  // What the test program's getentropy (main.cpp), which stands before the system's, looks at.
  static inline thread_local bool is_now = false;
};

}  // namespace testing

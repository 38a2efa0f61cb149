#pragma once
// support/size.hpp - how much a test tries: less in `./dev test`, all of it in `./dev test long`.

#include <cstdlib>

#include <doctest/doctest.h>

namespace testing {

// `few`, or `many` where COMMENTS_TEST_LONG is set.
template <typename Number>
Number size(Number few, Number many) {
  return std::getenv("COMMENTS_TEST_LONG") ? many : few;
}

// Marks a slow case in which nothing happens at once; the thread sanitizer leaves it out.
inline const doctest::test_suite one_thread{"one thread"};

}  // namespace testing

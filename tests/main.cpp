// main.cpp - doctest's own main; every test program has it.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "support/no_random_bytes.hpp"

int getentropy(void* bytes, std::size_t size) {
  if (testing::no_random_bytes::is_now) {
    errno = ENOSYS;
    return -1;
  }
  return ::getrandom(bytes, size, 0) == static_cast<ssize_t>(size) ? 0 : -1;
}

#pragma once
// no_files.hpp - while it lives, this process can open no more files. Those that are open stay so.
//
//   const no_files shortage;
//   CHECK_FALSE(std::ifstream{path});

#include <doctest/doctest.h>

#include <sys/resource.h>

namespace testing {

class no_files final {
 public:
  no_files() {
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  no_files(const no_files&) = delete;
  no_files& operator=(const no_files&) = delete;
  ~no_files() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace testing

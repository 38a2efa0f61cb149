#pragma once
// postgres_maker.hpp - makes PostgreSQL stores for the tests that every store must pass, each in a
// schema of its own.

#include <comments/store/postgres.hpp>

#include <doctest/doctest.h>

#include "support/postgres_schema.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

namespace testing {

class postgres_maker final {
 public:
  postgres_maker() { reopen(); }

  comments::postgres_store& store() { return *store_; }
  const postgres_schema& schema() const { return schema_; }

  void reopen() {
    store_.reset();
    auto opened = comments::postgres_store::open(
        {.conninfo = schema_.conninfo(),
         .statement_wait = std::chrono::minutes{1},  // none is to end on a busy machine
         .lock_wait = std::chrono::minutes{1},
         .shared_lock_wait = std::chrono::minutes{1},
         .on_failure = [](std::string_view why) {
           std::fprintf(stderr, "%.*s\n", static_cast<int>(why.size()), why.data());
         }});
    REQUIRE(opened.has_value());
    store_ = std::move(*opened);
  }

 private:
  postgres_schema schema_{};
  std::unique_ptr<comments::postgres_store> store_{};
};

}  // namespace testing

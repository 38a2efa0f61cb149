#pragma once
// sqlite_maker.hpp - makes SQLite stores for the tests that every store must pass.

#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/temporary_folder.hpp"

#include <memory>
#include <utility>

namespace testing {

class sqlite_maker final {
 public:
  sqlite_maker() { reopen(); }

  comments::sqlite_store& store() { return *store_; }

  void reopen() {
    store_.reset();
    auto opened = comments::sqlite_store::open({.path = folder_.path("comments.db")});
    REQUIRE(opened.has_value());
    store_ = std::move(*opened);
  }

 private:
  temporary_folder folder_{};
  std::unique_ptr<comments::sqlite_store> store_{};
};

}  // namespace testing

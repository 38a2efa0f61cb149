#pragma once
// postgres_tables.hpp - our tables in PostgreSQL and connections to them, without a store.

#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/schema.hpp>

#include <doctest/doctest.h>

#include "support/postgres_schema.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace testing {

class postgres_tables final {
 public:
  postgres_tables() {
    REQUIRE(comments::postgres::migrate(options(), std::chrono::minutes{1}));
    on_ = open();
  }

  const postgres_schema& schema() const { return schema_; }
  comments::postgres::connection_options options() const {
    return {.conninfo = schema_.conninfo()};
  }
  comments::postgres::connection& on() { return *on_; }

  std::unique_ptr<comments::postgres::connection> open() const { return open(options()); }
  std::unique_ptr<comments::postgres::connection> open(
      const comments::postgres::connection_options& wanted) const {
    auto opened = comments::postgres::connect(wanted);
    REQUIRE(opened);
    return std::move(*opened);
  }

  std::string run(const std::string& sql) const { return schema_.run(sql); }

 private:
  postgres_schema schema_{};
  std::unique_ptr<comments::postgres::connection> on_{};
};

}  // namespace testing

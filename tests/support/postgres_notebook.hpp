#pragma once
// postgres_notebook.hpp - a small table in the tests' PostgreSQL, and connections to it.

#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <doctest/doctest.h>

#include "support/postgres_schema.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace testing {

// A table in a schema of its own, a connection to it, and the failures that it reported.
struct postgres_notebook {
  postgres_schema schema{};
  std::vector<std::string> reports{};
  comments::postgres::connection_options options{
      .conninfo = schema.conninfo(),
      .on_failure = [this](std::string_view why) { reports.emplace_back(why); }};
  std::unique_ptr<comments::postgres::connection> on{};

  postgres_notebook() {
    schema.run("CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT)");
    on = open();
  }
  std::unique_ptr<comments::postgres::connection> open() const {
    auto opened = comments::postgres::connect(options);
    REQUIRE(opened);
    return std::move(*opened);
  }
  std::string notes() const {
    return schema.run("SELECT string_agg(text, ',' ORDER BY id) FROM note");
  }
};

inline constexpr std::string_view add = "INSERT INTO note VALUES ($1, $2)";

// Returns what a statement answers, which must be one text.
template <typename... Values>
std::string ask(comments::postgres::connection& on, std::string_view sql, const Values&... values) {
  comments::postgres::transaction asking{on, comments::postgres::transaction::autocommit};
  const auto place = asking.send(sql, values...);
  REQUIRE(asking.receive());
  return asking.rows(place).text(0, 0);
}

// Returns how a statement fails by itself.
inline comments::postgres::failure fail(comments::postgres::connection& on, std::string_view sql) {
  comments::postgres::transaction failing{on, comments::postgres::transaction::autocommit};
  failing.send(sql);
  CHECK_FALSE(failing.receive());
  return failing.failed();
}

// Returns how long `wanted` takes.
template <typename Work>
std::chrono::steady_clock::duration time_of(const Work& wanted) {
  const auto start = std::chrono::steady_clock::now();
  wanted();
  return std::chrono::steady_clock::now() - start;
}

}  // namespace testing

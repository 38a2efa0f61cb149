#pragma once
// postgres_maker.hpp - makes PostgreSQL stores for the tests that every store must pass.
//
// The database is that of COMMENTS_TEST_POSTGRES (tests/support/postgres.py has one made); each
// maker has a schema of its own in it, so makers have nothing in common.

#include <comments/id.hpp>
#include <comments/store/postgres.hpp>

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace testing {

// A schema in the test's database, gone with this.
class postgres_schema final {
 public:
  postgres_schema() {
    const char* const given = std::getenv("COMMENTS_TEST_POSTGRES");
    REQUIRE_MESSAGE(given, "COMMENTS_TEST_POSTGRES names no database");
    database_ = given;
    for (const std::uint8_t byte : comments::random_bytes<8>()) name_ += std::to_string(byte);
    run("CREATE SCHEMA " + name_);
  }
  postgres_schema(const postgres_schema&) = delete;
  postgres_schema& operator=(const postgres_schema&) = delete;
  ~postgres_schema() { run("DROP SCHEMA " + name_ + " CASCADE"); }

  // What leads there and nowhere else.
  std::string conninfo() const {
    return database_ + " options='-c search_path=" + name_ + " -c client_min_messages=warning'";
  }

  // Runs statements with libpq, past everything of ours; the first column of the first row.
  std::string run(const std::string& sql) const {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> on{PQconnectdb(conninfo().c_str()),
                                                          &PQfinish};
    const std::unique_ptr<PGresult, decltype(&PQclear)> said{PQexec(on.get(), sql.c_str()),
                                                             &PQclear};
    const auto status = PQresultStatus(said.get());
    INFO(sql << ": " << PQresultErrorMessage(said.get()));
    REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
    return PQntuples(said.get()) > 0 ? PQgetvalue(said.get(), 0, 0) : "";
  }

 private:
  std::string database_{};
  std::string name_{"test_"};
};

class postgres_maker final {
 public:
  postgres_maker() { reopen(); }

  comments::store& store() { return *store_; }
  const postgres_schema& schema() const { return schema_; }

  void reopen() {
    store_.reset();
    auto opened = comments::postgres_store::open(
        {.conninfo = schema_.conninfo(), .on_failure = [](std::string_view why) {
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

#pragma once
// postgres_schema.hpp - a schema of its own for each test, and sessions beside ours in it.
//
// The database is that of COMMENTS_TEST_POSTGRES (tests/support/postgres.py makes one). What is
// done in one schema does not show in another.

#include <comments/id.hpp>

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace testing {

// A session of another program. What it began is rolled back when it is destroyed. Used by one
// thread at a time.
class postgres_session final {
 public:
  explicit postgres_session(const std::string& conninfo)
      : on_{PQconnectdb(conninfo.c_str()), &PQfinish} {}

  // Runs statements. Returns the first column of each row of the last one's answer.
  std::vector<std::string> lines(const std::string& sql) const {
    const std::unique_ptr<PGresult, decltype(&PQclear)> said{PQexec(on_.get(), sql.c_str()),
                                                             &PQclear};
    const auto status = PQresultStatus(said.get());
    INFO(sql << ": " << std::string{PQerrorMessage(on_.get())});
    REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
    std::vector<std::string> found;
    for (int i = 0; i < PQntuples(said.get()); ++i)
      found.emplace_back(PQgetvalue(said.get(), i, 0));
    return found;
  }
  // The same, but only the first row.
  std::string run(const std::string& sql) const {
    const auto found = lines(sql);
    return found.empty() ? "" : found.front();
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> on_;
};

// A schema in the tests' database. It is dropped when this is destroyed.
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

  const std::string& name() const { return name_; }

  // Returns the connection string of the schema; `settings` are the server's: "-c name=value".
  std::string conninfo(const std::string& settings = "") const {
    return database_ + " application_name=" + name_ + " options='-c search_path=" + name_ +
           " -c client_min_messages=warning " + settings + "'";
  }

  // Runs statements in a session that all schemas share, because each begins with a process of its
  // own. Any number of threads may, one after the other.
  std::string run(const std::string& sql) const {
    static std::mutex running;
    static const postgres_session shared{database_ + " options='-c client_min_messages=warning'"};
    const std::lock_guard lock{running};
    shared.run("RESET ALL");
    shared.run("SET application_name = " + name_);
    shared.run("SET search_path = " + name_);
    return shared.run(sql);
  }

  // Returns how many other sessions use it. One that has ended may count for a moment longer.
  int connections() const { return std::stoi(run("SELECT count(*)" + others_)); }
  // Ends their connections. Returns how many there were.
  int cut_connections() const {
    return std::stoi(run("SELECT count(pg_terminate_backend(pid, 60000))" + others_));
  }

 private:
  std::string database_{};
  std::string name_{"test_"};
  std::string others_{
      " FROM pg_stat_activity WHERE application_name = current_setting('application_name') AND "
      "pid <> pg_backend_pid()"};
};

}  // namespace testing

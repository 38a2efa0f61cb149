#pragma once
// store/postgres/schema.hpp - a schema of one's own in the tests' PostgreSQL, and what others do to it.
//
// The database is that of COMMENTS_TEST_POSTGRES (tests/support/postgres.py has one made); what is
// done in one schema does not show in another.

#include <comments/id.hpp>
#include <comments/store/postgres/connection.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace testing {

// A session of somebody else's, past everything of ours. What it began is undone when it goes.
class postgres_session final {
 public:
  explicit postgres_session(const std::string& conninfo)
      : on_{PQconnectdb(conninfo.c_str()), &PQfinish} {}

  // Runs statements; the first column of each row that the last one answers.
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
  // The first of them.
  std::string run(const std::string& sql) const {
    const auto found = lines(sql);
    return found.empty() ? "" : found.front();
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> on_;
};

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

  const std::string& name() const { return name_; }

  // What leads there and nowhere else; `settings` are for the server, as "-c name=value".
  std::string conninfo(const std::string& settings = "") const {
    return database_ + " application_name=" + name_ + " options='-c search_path=" + name_ +
           " -c client_min_messages=warning " + settings + "'";
  }

  std::string run(const std::string& sql) const { return postgres_session{conninfo()}.run(sql); }

  // How many others are connected to it; one that has ended may still be among them for a moment.
  int connections() const { return std::stoi(run("SELECT count(*)" + others_)); }
  // Ends their connections; how many there were.
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

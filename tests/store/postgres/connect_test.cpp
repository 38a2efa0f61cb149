#include <comments/store/postgres/connect.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace comments;
using namespace std::chrono_literals;
using testing::ask;
using testing::postgres_notebook;

TEST_CASE("what describes a connection string has no secret in it, however that was written") {
  using postgres::describe;
  CHECK(describe("postgresql://ana:s3cret@db.example.com:6432/comments?sslmode=require") ==
        "postgresql://ana@db.example.com:6432/comments");
  CHECK(describe("host=a,b port=1,2 user=ana password='s3 cret' dbname=comments") ==
        "postgresql://ana@a,b:1,2/comments");
  CHECK(describe("postgresql://db.example.com/comments?password=s3cret&sslpassword=s3cret") ==
        "postgresql://db.example.com/comments");
  CHECK(describe("") == "postgresql:///");
  CHECK(describe("postgresql://ana:s3cret@[::1/comments") == "postgresql:");
  CHECK(describe("password=s3cret nonsense") == "postgresql:");
}

TEST_CASE("a connection string is one in libpq's eyes") {
  for (const char* const fine :
       {"", "host=a", "host=a,b port=1,2", "postgresql://a,b/c", "postgres://", "dbname='a b'"})
    CHECK_MESSAGE(postgres::is_conninfo(fine), fine);
  for (const char* const broken :
       {"comments.db", "host", "postgresql://[::1", "nonsense=1", "password='open", "sqlite:a.db"})
    CHECK_FALSE_MESSAGE(postgres::is_conninfo(broken), broken);
}

TEST_CASE("commits are durable whatever the default, unless they are more than that") {
  postgres_notebook notes;
  for (const auto& [given, expected] : {std::pair{"off", "on"},
                                        {"on", "on"},
                                        {"local", "local"},
                                        {"remote_apply", "remote_apply"}}) {
    notes.options.conninfo = notes.schema.conninfo(std::string{"-c synchronous_commit="} + given);
    CHECK(ask(*notes.open(), "SELECT current_setting('synchronous_commit')") == expected);
  }
}

TEST_CASE("without a pooler a connection finds out that there is none") {
  postgres_notebook notes;
  CHECK_FALSE(notes.open()->is_pooled());
  notes.options.pooler = postgres::pooler::absent;
  CHECK_FALSE(notes.open()->is_pooled());
  notes.options.pooler = postgres::pooler::present;
  CHECK(notes.open()->is_pooled());
}

// PgBouncer gives each transaction any session: what one node had set there was another's, and the
// statements that it had prepared were not there.
TEST_CASE("behind a pooler each transaction makes its settings, and leaves nothing behind") {
  using postgres::transaction;
  postgres_notebook notes;
  notes.options.pooler = postgres::pooler::present;
  notes.options.statement_wait = 1'234ms;
  notes.options.lock_wait = 567ms;
  notes.options.conninfo = notes.schema.conninfo("-c synchronous_commit=off");
  const auto on = notes.open();
  const std::string all =
      "SELECT concat_ws(' ', current_setting('statement_timeout'), "
      "current_setting('lock_timeout'), "
      "current_setting('idle_in_transaction_session_timeout'), "
      "current_setting('client_min_messages'), current_setting('synchronous_commit'))";
  const std::string made = "1234ms 567ms 1234ms warning on";
  for (const auto mode : {transaction::autocommit, transaction::reading, transaction::writing}) {
    transaction asking{*on, mode};
    for (int parts = 0; parts < 2; ++parts) {
      const auto first = asking.send(all);
      const auto second = asking.send(all);
      REQUIRE(asking.receive());
      CHECK(asking.rows(first).text(0, 0) == made);
      CHECK(asking.rows(second).text(0, 0) == made);
    }
    if (mode != transaction::autocommit) CHECK(asking.commit());
  }
  {
    transaction patient{*on, transaction::writing};
    patient.set_lock_wait(890ms);
    const auto place = patient.send("SELECT current_setting('lock_timeout')");
    REQUIRE(patient.receive());
    CHECK(patient.rows(place).text(0, 0) == "890ms");
  }
  CHECK(ask(*on, "SELECT count(*)::text FROM pg_prepared_statements") == "0");
}

TEST_CASE("a database that is not in UTF-8 is refused") {
  postgres_notebook notes;
  const std::string name = notes.schema.name();
  notes.schema.run("CREATE DATABASE " + name +
                   " TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' STRATEGY file_copy");
  notes.options.conninfo += " dbname=" + name;
  const auto opened = postgres::connect(notes.options);
  notes.schema.run("DROP DATABASE " + name + " WITH (FORCE)");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == errc::unavailable);
  CHECK(opened.error().message == "The database cannot be used: its encoding is not UTF8.");
}

TEST_CASE("a database that cannot be reached may come back, and the reason has no password in it") {
  postgres_notebook notes;
  notes.options.conninfo = "host=127.0.0.1 port=1 user=ana password=s3cret dbname=comments";
  const auto opened = postgres::connect(notes.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message ==
        "The database cannot be used: connection to server at \"127.0.0.1\", port 1 failed: "
        "Connection refused.");
  CHECK(postgres::may_pass(notes.options, opened.error()));
  REQUIRE(notes.reports.size() == 1);
  CHECK(notes.reports[0].find("127.0.0.1") != std::string::npos);
  CHECK(notes.reports[0].find("s3cret") == std::string::npos);
}

// All of these were "it does not answer", after 15 seconds.
TEST_CASE("each other reason is told in its own words, and waiting does not help") {
  postgres_notebook notes;
  const std::string name = notes.schema.name(), given = notes.schema.conninfo();
  notes.schema.run("CREATE ROLE " + name + " NOLOGIN");
  notes.schema.run("CREATE ROLE " + name + "_full LOGIN CONNECTION LIMIT 0");
  for (const auto& row :
       {std::pair<std::string, std::string>{" user=" + name, "is not permitted to log in"},
        {" user=" + name + "_full", "too many connections for role"},
        {" dbname=" + name, "database \"" + name + "\" does not exist"},
        {" host=nowhere.invalid", "could not translate host name \"nowhere.invalid\""},
        {" sslmode=perhaps", "invalid sslmode value"},
        {" options='-c default_transaction_read_only=on'", "session is read-only"}}) {
    const auto& [more, words] = row;
    CAPTURE(row.first);
    notes.options.conninfo = given + more;
    const auto opened = postgres::connect(notes.options);
    REQUIRE_FALSE(opened);
    CHECK_MESSAGE(opened.error().message.find(words) != std::string::npos, opened.error().message);
    CHECK_FALSE(postgres::may_pass(notes.options, opened.error()));
  }
  notes.schema.run("DROP ROLE " + name + "; DROP ROLE " + name + "_full");
}

TEST_CASE("where a standby answers for a primary that does not, the primary may come back") {
  postgres_notebook notes;
  const std::string folder = notes.schema.run("SHOW unix_socket_directories");
  const std::string port = notes.schema.run("SHOW port");
  notes.options.conninfo = notes.schema.conninfo() + " host=127.0.0.1," + folder + " port=1," +
                           port + " options='-c default_transaction_read_only=on'";
  const auto opened = postgres::connect(notes.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("refused; connection to server") != std::string::npos);
  CHECK(postgres::may_pass(notes.options, opened.error()));
}

TEST_CASE("a password that ends early is not taken for a host or a database, which are shown") {
  for (const char* const broken :
       {"postgresql://ana:s3cr/et@db.example.com/comments", "postgres://ana:s3cr@et@db/comments",
        "postgresql://ana:/s3cret@db/comments?sslmode=require", "postgresql://a:p/w@/db"}) {
    CAPTURE(std::string{broken});
    CHECK_FALSE(postgres::is_conninfo(broken));
    CHECK(postgres::describe(broken) == "postgresql:");
  }
  for (const char* const fine : {"postgresql://ana:s3cr%2Fet%40@db/comments", "postgresql://db/a",
                                 "postgresql://db/a?user=ana@example.com", "host=@db dbname=a/b"})
    CHECK_MESSAGE(postgres::is_conninfo(fine), fine);
}

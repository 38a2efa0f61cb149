#include <comments/store/postgres/connect.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"

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

TEST_CASE("a database that is not there does not answer, and the reason has no password in it") {
  postgres_notebook notes;
  notes.options.conninfo = "host=127.0.0.1 port=1 user=ana password=s3cret dbname=comments";
  const auto opened = postgres::connect(notes.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message == "The database cannot be used: it does not answer.");
  REQUIRE(notes.reports.size() == 1);
  CHECK(notes.reports[0].find("127.0.0.1") != std::string::npos);
  CHECK(notes.reports[0].find("s3cret") == std::string::npos);
}

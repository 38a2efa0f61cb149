#include <comments/store/postgres/bulk.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"

#include <string>

using namespace comments;
using postgres::failure;
using testing::ask;
using testing::postgres_notebook;

namespace {

const std::string sql = "COPY note (id, text) FROM STDIN";

}  // namespace

TEST_CASE("rows are copied as they are, and the connection is used as before") {
  postgres_notebook notes;
  const std::string odd = "tab\tline\nreturn\rback\\slash\\N\\.";
  std::string rows = "1\t";
  postgres::append_cell(rows, odd);
  rows += "\n2\t\\N\n3\t\n4\t";
  postgres::append_cell(rows, "\\.");
  CHECK(postgres::copy_in(*notes.on, sql, rows + "\n").why == failure::none);
  CHECK(ask(*notes.on, "SELECT text FROM note WHERE id = 1") == odd);
  CHECK(ask(*notes.on, "SELECT count(*)::text FROM note WHERE text IS NULL") == "1");
  CHECK(ask(*notes.on, "SELECT text FROM note WHERE id = 4") == "\\.");
  CHECK(postgres::copy_in(*notes.on, sql, "5\tfive\n").why == failure::none);
  CHECK(ask(*notes.on, "SELECT count(*)::text FROM note") == "5");
}

TEST_CASE("rows of which one is refused are not there, and the connection is used as before") {
  postgres_notebook notes;
  const auto fails = [&](const std::string& rows) {
    const auto end = postgres::copy_in(*notes.on, sql, rows);
    CHECK_FALSE(end.is_in_doubt);
    CHECK(ask(*notes.on, "SELECT count(*)::text FROM note") == "0");
    return end.why;
  };
  CHECK(fails("1\ta\n1\tb\n") == failure::conflict);
  CHECK(fails("1\ta\nx\tb\n") == failure::rejected);
  CHECK(fails(std::string{"1\ta\n2\tb\0c\n", 10}) == failure::rejected);
  CHECK(postgres::copy_in(*notes.on, "COPY nonsense FROM STDIN", "").why == failure::transient);
  CHECK(ask(*notes.on, "SELECT 'fine'") == "fine");
}

TEST_CASE("a connection that is gone says so") {
  postgres_notebook notes;
  notes.schema.cut_connections();
  CHECK(postgres::copy_in(*notes.on, sql, "1\ta\n").why == failure::disconnected);
  CHECK(notes.on->check_lost());
}

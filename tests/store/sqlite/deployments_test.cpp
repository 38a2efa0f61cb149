#include <comments/store/sqlite/deployments.hpp>

#include <doctest/doctest.h>

#include "support/database.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace comments;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

// A file with our tables and no store around them, and what is prepared on it.
struct tables {
  std::unique_ptr<sqlite::connection> connection{};
  testing::connections seen{testing::connections::opened_by([this] {
    auto opened = sqlite::connect({.path = ":memory:"});
    REQUIRE(opened);
    connection = std::move(*opened);
    for (const sql_schema::migration& step : sql_schema::migrations())
      REQUIRE(connection->execute(std::string{step.sql}));
  })};
};

deployment said(const std::string& component, const std::string& run = "") {
  return {.id = make_comment_id(noon),
          .component = component,
          .version = "1.0",
          .responsible = "ana",
          .status = deployment_status::failure,
          .run = run,
          .date = noon};
}

}  // namespace

TEST_CASE("a record is one row, and reads as it was written") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  deployment expected = said("comments", "run 1");
  const auto made = sqlite::record(work, expected);
  REQUIRE(made);
  expected.position = 1;
  CHECK(made->stored == expected);
  CHECK(sqlite::deployments(work, {}).items == std::vector{expected});
  CHECK(
      testing::rows_of(file.seen.handles().front(), "SELECT * FROM deployment") ==
      std::vector{"1|" + to_string(expected.id) + "|comments|1.0|ana|failure|run 1|1700000000123"});
}

TEST_CASE("a row with an unknown status is read as no success") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  REQUIRE(sqlite::record(work, said("comments")));
  work->run("UPDATE deployment SET status = 'splendid'");
  CHECK(sqlite::deployments(work, {}).items.front().status == deployment_status::failure);
}

TEST_CASE("recording and reading find their rows by an index, and sort nothing") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  REQUIRE(sqlite::record(work, said("comments", "run 1")));
  sqlite::deployments(work, {.before = 5});
  sqlite::deployments(work, {.component = "comments"});
  REQUIRE_FALSE(work->failed());
  int looked_at = 0;
  for (sqlite3_stmt* statement : file.seen.statements()) {
    const std::string sql = sqlite3_sql(statement);
    CAPTURE(sql);
    const bool is_highest =
        sql == sql_schema::next_deployment_sql;  // its one step is to the last row
    for (const auto& line : testing::plan_of(file.seen.handles().front(), sql)) {
      CAPTURE(line.what);
      CHECK((is_highest ? line.what.starts_with("SEARCH deployment") : !testing::is_growing(line)));
      ++looked_at;
    }
  }
  CHECK(looked_at >= 4);
}

TEST_CASE("a page costs the same from any depth, of all components and of one") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  for (int i = 0; i < 3000; ++i)
    REQUIRE(sqlite::record(work, said(i % 100 == 3 ? "rare" : "usual", std::to_string(i))));
  const deployment_query asked[] = {{.limit = 10},
                                    {.limit = 10, .before = 1500},
                                    {.component = "rare", .limit = 10},
                                    {.component = "rare", .limit = 10, .before = 1500}};
  for (const deployment_query& query : asked) {
    sqlite::deployments(work, query);
    file.seen.take_steps();
    CHECK(sqlite::deployments(work, query).items.size() == 10);
    CHECK(file.seen.take_steps() < 300);
  }
  file.seen.take_steps();
  REQUIRE(sqlite::record(work, said("usual", "last")));
  CHECK(file.seen.take_steps() < 300);
}

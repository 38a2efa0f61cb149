#include <comments/store/postgres/deployments.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_tables.hpp"

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

using namespace comments;
using postgres::transaction;
using testing::postgres_tables;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

deployment said(const std::string& component, const std::string& run = "") {
  return {.id = make_comment_id(noon),
          .component = component,
          .version = "1.0",
          .responsible = "ana",
          .status = deployment_status::failure,
          .run = run,
          .date = noon};
}

result<record_result> record(postgres::connection& on, const deployment& wanted) {
  transaction writing{on, transaction::writing};
  auto kept = postgres::record(writing, wanted);
  if (kept) REQUIRE(writing.commit());
  return kept;
}

deployment_page read(postgres_tables& file, const deployment_query& query) {
  transaction reading{file.on(), transaction::autocommit};
  auto found = postgres::deployments(reading, query);
  REQUIRE(reading.failed() == postgres::failure::none);
  return found;
}

}  // namespace

TEST_CASE("a record is one row, and reads as it was written") {
  postgres_tables file;
  deployment expected = said("comments", "run 1");
  const auto made = record(file.on(), expected);
  REQUIRE(made);
  expected.position = 1;
  CHECK(made->stored == expected);
  CHECK(read(file, {}).items == std::vector{expected});
  CHECK(file.run("SELECT concat_ws('|', position, id, component, version, responsible, status, "
                 "run, date) FROM deployment") ==
        "1|" + to_string(expected.id) + "|comments|1.0|ana|failure|run 1|1700000000123");
}

TEST_CASE("a row with an unknown status is not read as a success") {
  postgres_tables file;
  REQUIRE(record(file.on(), said("comments")));
  file.run("UPDATE deployment SET status = 'splendid'");
  CHECK(read(file, {}).items.front().status == deployment_status::failure);
}

TEST_CASE("nodes that record at once give each record a position of its own, without a gap") {
  postgres_tables file;
  std::array nodes{file.open(), file.open(), file.open(), file.open()};
  std::array<std::vector<std::int64_t>, 4> positions{};
  in_parallel(4, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    for (int round = 0; round < 10; ++round)
      if (const auto made = record(*nodes[which], said("comments")))
        positions[which].push_back(made->stored.position);
  });
  std::set<std::int64_t> all;
  for (const auto& each : positions) all.insert(each.begin(), each.end());
  CHECK(all.size() == 40);
  CHECK(*all.begin() == 1);
  CHECK(*all.rbegin() == 40);
}

TEST_CASE("a run that two nodes record at once is one record") {
  postgres_tables file;
  std::array nodes{file.open(), file.open(), file.open(), file.open()};
  std::vector<int> made(4);
  in_parallel(4, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    const auto kept = record(*nodes[which], said("comments", "run 1"));
    made[which] = kept ? !kept->replayed : 100;
  });
  CHECK(made[0] + made[1] + made[2] + made[3] == 1);
  CHECK(file.run("SELECT count(*) FROM deployment") == "1");
}

TEST_CASE("pages go from the latest record to the first, of all components and of one") {
  postgres_tables file;
  for (const char* const component : {"a", "b", "a", "b", "a"})
    REQUIRE(record(file.on(), said(component)));
  const auto positions = [&](deployment_query query) {
    std::vector<std::int64_t> met;
    for (;;) {
      const auto page = read(file, query);
      for (const deployment& one : page.items) met.push_back(one.position);
      if (!page.next) return met;
      query.before = page.next;
    }
  };
  CHECK(positions({.limit = 2}) == std::vector<std::int64_t>{5, 4, 3, 2, 1});
  CHECK(positions({.component = "a", .limit = 1}) == std::vector<std::int64_t>{5, 3, 1});
  CHECK(positions({.component = "a", .limit = 3}) == std::vector<std::int64_t>{5, 3, 1});
  CHECK(positions({.component = "c"}).empty());
}

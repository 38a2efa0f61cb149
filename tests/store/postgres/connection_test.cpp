#include <comments/store/postgres/connection.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"
#include "support/wire.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::failure;
using postgres::transaction;
using testing::ask;
using testing::fail;
using testing::postgres_notebook;
using testing::time_of;

TEST_CASE("each way to fail is known by its SQLSTATE") {
  const std::pair<failure, std::vector<std::string_view>> known[] = {
      {failure::conflict, {"40001", "40P01", "23502", "23505"}},
      {failure::disconnected, {"", "08000", "08006", "40003", "57P01", "57P02", "57P03", "25006"}},
      {failure::rejected, {"22021", "22P05", "22001", "23514"}},
      {failure::locked, {"55P03"}},
      {failure::transient,
       {"57014", "55000", "53100", "53300", "42P01", "40002", "25P02", "0A000", "XX000"}}};
  for (const auto& [expected, states] : known)
    for (const std::string_view state : states) {
      CAPTURE(state);
      CHECK(postgres::to_failure(state) == expected);
    }
  // Tables that are spread over machines have a number behind the names of their constraints.
  CHECK(postgres::to_failure("23505", "comment_pkey_102008") == failure::conflict);
  CHECK(postgres::to_failure("23505", "comment_request_key") == failure::conflict);
  CHECK(postgres::to_failure("23505", "comment_id") == failure::rejected);
  CHECK(postgres::to_failure("23505", "comment_id_102008") == failure::rejected);
}

TEST_CASE("a connection that was closed while it was idle says so") {
  postgres_notebook notes;
  CHECK_FALSE(notes.on->check_lost());
  CHECK(notes.schema.cut_connections() >= 1);
  CHECK(testing::eventually([&] { return notes.on->check_lost(); }));
  CHECK(fail(*notes.on, "SELECT 1") == failure::disconnected);
}

TEST_CASE("notifications arrive once they are committed, and not before") {
  postgres_notebook notes;
  const auto other = notes.open();
  ask(*other, "SELECT 'fine'");
  transaction listening{*notes.on, transaction::autocommit};
  listening.send("LISTEN news");
  REQUIRE(listening.receive());
  constexpr std::string_view tell = "SELECT pg_notify('news', $1)";
  {
    transaction undone{*other, transaction::writing};
    undone.send(tell, "undone");
    REQUIRE(undone.receive());
  }
  ask(*other, tell, "first é");
  ask(*other, tell, "second");
  std::vector<std::string> heard;
  CHECK(testing::eventually([&] {
    for (auto& one : notes.on->take_notifications(1s)) heard.push_back(one);
    return heard.size() >= 2;
  }));
  CHECK(heard == std::vector<std::string>{"first é", "second"});
  CHECK(notes.on->take_notifications(0ms).empty());
}

// It was waited for again, for as long as nothing else came.
TEST_CASE("a notification that came along with an answer is there at once") {
  postgres_notebook notes;
  transaction listening{*notes.on, transaction::autocommit};
  listening.send("LISTEN news");
  REQUIRE(listening.receive());
  ask(*notes.on, "SELECT pg_notify('news', 'own')");
  const auto taken =
      time_of([&] { CHECK(notes.on->take_notifications(60s) == std::vector<std::string>{"own"}); });
  CHECK(taken < 30s);
}

TEST_CASE("waiting for notifications ends when the connection does") {
  postgres_notebook notes;
  notes.schema.cut_connections();
  CHECK(time_of([&] { CHECK(notes.on->take_notifications(60s).empty()); }) < 30s);
  CHECK(notes.on->check_lost());
}

#include <comments/store/postgres/transaction.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_notebook.hpp"
#include "support/postgres_proxy.hpp"
#include "support/wire.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::failure;
using postgres::transaction;
using testing::add;
using testing::ask;
using testing::fail;
using testing::postgres_notebook;
using testing::time_of;

TEST_CASE("text that the database cannot hold is refused, and nothing beside it is stored") {
  postgres_notebook notes;
  for (const std::string& bad : {std::string{"a\0b", 3}, std::string{"\xff"}, std::string{"\xc3"},
                                 std::string{"\xed\xa0\x80"}}) {
    transaction writing{*notes.on, transaction::writing};
    writing.send(add, std::int64_t{1}, "good");
    writing.send(add, std::int64_t{2}, bad);
    CHECK_FALSE(writing.commit());
    CHECK(writing.failed() == failure::rejected);
    CHECK_FALSE(writing.is_in_doubt());
  }
  CHECK(notes.notes().empty());
  CHECK(notes.reports.size() == 4);
  CHECK(ask(*notes.on, "SELECT 'fine'") == "fine");
}

TEST_CASE("a failure sticks to its transaction, is heard of once, and undoes all of it") {
  postgres_notebook notes;
  notes.schema.run("ALTER TABLE note ADD CHECK (id > 0)");
  {
    transaction writing{*notes.on, transaction::writing};
    writing.send(add, std::int64_t{1}, "first");
    CHECK(writing.receive());
    writing.send(add, std::int64_t{0}, "too low");
    CHECK_FALSE(writing.receive());
    writing.send("INSERT INTO nonsense VALUES (1)");
    CHECK_FALSE(writing.receive());
    CHECK_FALSE(writing.commit());
    CHECK(writing.failed() == failure::rejected);
  }
  CHECK(notes.reports == std::vector<std::string>{"23514 new row for relation \"note\" violates "
                                                  "check constraint \"note_id_check\""});
  CHECK(notes.notes().empty());
  transaction writing{*notes.on, transaction::writing};
  writing.send(add, std::int64_t{1}, "next");
  CHECK(writing.commit());
  CHECK(notes.notes() == "next");
}

TEST_CASE("what was not committed is not there, and locks nothing") {
  postgres_notebook notes;
  {
    transaction run{*notes.on, transaction::writing};
    run.send(add, std::int64_t{1}, "run");
    CHECK(run.receive());
  }
  { transaction{*notes.on, transaction::writing}.send(add, std::int64_t{1}, "asked"); }
  CHECK(ask(*notes.on, "SELECT 'fine'") == "fine");
  CHECK_FALSE(notes.on->check_lost());
  CHECK(notes.notes().empty());
}

TEST_CASE("what was asked outside of a transaction and never run leaves no answers behind") {
  postgres_notebook notes;
  { transaction{*notes.on, transaction::autocommit}.send(add, std::int64_t{1}, "asked"); }
  CHECK(notes.on->check_lost());
  notes.on.reset();
  CHECK(testing::eventually([&] { return notes.schema.connections() == 0; }));
  CHECK(notes.notes().empty());
}

TEST_CASE("what is run together outside of a transaction takes effect together") {
  postgres_notebook notes;
  {
    transaction writing{*notes.on, transaction::autocommit};
    writing.send(add, std::int64_t{1}, "first");
    writing.send(add, std::int64_t{1}, "again");
    CHECK_FALSE(writing.receive());
  }
  CHECK(notes.notes().empty());
  transaction writing{*notes.on, transaction::autocommit};
  writing.send(add, std::int64_t{1}, "first");
  CHECK(writing.receive());
  writing.send(add, std::int64_t{1}, "again");
  CHECK_FALSE(writing.receive());
  CHECK(notes.notes() == "first");
}

TEST_CASE("a reading is of one moment, a writing sees what others commit") {
  postgres_notebook notes;
  constexpr std::string_view count = "SELECT count(*) FROM note";
  for (const auto kind : {transaction::reading, transaction::writing}) {
    transaction looking{*notes.on, kind};
    auto place = looking.send(count);
    REQUIRE(looking.receive());
    const auto before = looking.rows(place).number(0, 0);
    notes.schema.run("INSERT INTO note VALUES (" + std::to_string(kind) + ", 'x')");
    place = looking.send(count);
    REQUIRE(looking.receive());
    CHECK(looking.rows(place).number(0, 0) == before + (kind == transaction::writing));
  }
}

TEST_CASE("what fails behind a commit does not undo it, and says why") {
  postgres_notebook notes;
  transaction writing{*notes.on, transaction::writing};
  writing.send(add, std::int64_t{1}, "kept");
  CHECK(writing.commit([&] { writing.send("SELECT 1 / 0"); }));
  CHECK(writing.follow_up_failed() == failure::rejected);
  CHECK(notes.notes() == "kept");
  transaction whole{*notes.on, transaction::writing};
  whole.send(add, std::int64_t{2}, "too");
  CHECK(whole.commit([&] { whole.send(add, std::int64_t{3}, "behind"); }));
  CHECK(whole.follow_up_failed() == failure::none);
  CHECK(notes.notes() == "kept,too,behind");
}

TEST_CASE("a commit that fails has not happened, whatever is asked behind it") {
  postgres_notebook notes;
  notes.schema.run("ALTER TABLE note ADD UNIQUE (text) DEFERRABLE INITIALLY DEFERRED");
  transaction writing{*notes.on, transaction::writing};
  writing.send(add, std::int64_t{1}, "same");
  writing.send(add, std::int64_t{2}, "same");
  CHECK_FALSE(writing.commit([&] { writing.send("SELECT 1"); }));
  CHECK(writing.failed() == failure::conflict);
  CHECK_FALSE(writing.is_in_doubt());
  CHECK(notes.notes().empty());
}

TEST_CASE("any number of statements is sent and answered in one round trip") {
  postgres_notebook notes;
  const std::string large(50'000, 'x');
  transaction asking{*notes.on, transaction::autocommit};
  std::vector<std::size_t> places;
  for (std::int64_t i = 0; i < 200; ++i) places.push_back(asking.send("SELECT $1 || $2", large, i));
  REQUIRE(asking.receive());
  for (std::size_t i = 0; i < places.size(); ++i)
    CHECK(asking.rows(places[i]).text(0, 0) == large + std::to_string(i));
}

TEST_CASE("a connection that is closed during a transaction is lost, and the transaction undone") {
  postgres_notebook notes;
  {
    transaction writing{*notes.on, transaction::writing};
    writing.send(add, std::int64_t{1}, "x");
    REQUIRE(writing.receive());
    CHECK(notes.schema.cut_connections() >= 1);
    writing.send(add, std::int64_t{2}, "y");
    CHECK_FALSE(writing.receive());
    CHECK(writing.failed() == failure::disconnected);
    CHECK_FALSE(writing.is_in_doubt());
  }
  CHECK(notes.on->check_lost());
  CHECK(notes.notes().empty());
}

TEST_CASE("a commit that the database ended the connection in front of has not happened") {
  postgres_notebook notes;
  transaction writing{*notes.on, transaction::writing};
  writing.send(add, std::int64_t{1}, "x");
  REQUIRE(writing.receive());
  notes.schema.cut_connections();
  CHECK_FALSE(writing.commit());
  CHECK(writing.failed() == failure::disconnected);
  CHECK_FALSE(writing.is_in_doubt());
}

TEST_CASE("a commit is in doubt once it was sent and not answered, and not before") {
  for (const auto where : {testing::commit_cut::before, testing::commit_cut::behind}) {
    postgres_notebook notes;
    testing::postgres_proxy proxy{notes.schema};
    notes.options.conninfo = proxy.conninfo();
    const auto on = notes.open();
    proxy.cut(1, where);
    transaction writing{*on, transaction::writing};
    writing.send(add, std::int64_t{1}, "x");
    CHECK_FALSE(writing.commit());
    CHECK(writing.is_in_doubt());
    CHECK(on->check_lost());
    CHECK(notes.notes() == (where == testing::commit_cut::behind ? "x" : ""));
    transaction later{*on, transaction::writing};
    later.send(add, std::int64_t{2}, "y");
    CHECK_FALSE(later.commit());
    CHECK(later.failed() == failure::disconnected);
    CHECK_FALSE(later.is_in_doubt());
  }
}

TEST_CASE(
    "what is written outside of a transaction is in doubt only if nothing says how it ended") {
  postgres_notebook notes;
  const auto end_of = [&](std::string_view sql) {
    const auto on = notes.open();
    transaction writing{*on, transaction::autocommit};
    writing.send(sql);
    CHECK_FALSE(writing.receive());
    return std::pair{writing.failed(), writing.is_in_doubt()};
  };
  CHECK(end_of("SELECT 1 / 0") == std::pair{failure::rejected, false});
  CHECK(end_of("SELECT pg_terminate_backend(pg_backend_pid())") ==
        std::pair{failure::disconnected, false});
  notes.schema.run(
      "CREATE FUNCTION fail(code TEXT) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
      "RAISE EXCEPTION 'failed' USING ERRCODE = code; END $$");
  CHECK(end_of("SELECT fail('25006')") == std::pair{failure::disconnected, false});
  for (const std::string code : {"08006", "08007", "40003"})  // as a database of many machines
    CHECK(end_of("SELECT fail('" + code + "')") == std::pair{failure::disconnected, true});
  notes.options.statement_wait = 50ms;
  const auto on = notes.open();
  ask(*on, "SELECT set_config('statement_timeout', '0', false)");
  transaction writing{*on, transaction::autocommit};
  writing.send("SELECT pg_sleep(60)");
  CHECK_FALSE(writing.receive());
  CHECK(writing.is_in_doubt());
}

TEST_CASE(
    "a commit that the database answers with an error has not happened, unless it cannot tell") {
  for (const auto& [state, expected] : {std::pair{"40001", std::pair{failure::conflict, false}},
                                        {"55P03", {failure::locked, false}},
                                        {"57014", {failure::transient, false}},
                                        {"40003", {failure::disconnected, true}},
                                        {"08006", {failure::disconnected, true}}}) {
    const std::string code = state;
    CAPTURE(code);
    postgres_notebook notes;
    notes.schema.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'failed' USING ERRCODE = '" +
        code +
        "'; END $$; CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON note DEFERRABLE INITIALLY "
        "DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()");
    transaction writing{*notes.on, transaction::writing};
    writing.send(add, std::int64_t{1}, "x");
    CHECK_FALSE(writing.commit());
    CHECK(std::pair{writing.failed(), writing.is_in_doubt()} == expected);
  }
}

TEST_CASE("a warning that comes before the commit says nothing about it") {
  postgres_notebook notes;
  transaction writing{*notes.on, transaction::writing};
  writing.send(add, std::int64_t{1}, "x");
  writing.send("DO $$ BEGIN RAISE WARNING 'careful'; END $$");
  CHECK(writing.commit());
  CHECK(notes.notes() == "x");
}

TEST_CASE("a statement that takes too long, or waits for a lock too long, ends in time") {
  postgres_notebook notes;
  notes.options.statement_wait = 50ms;
  notes.on = notes.open();
  const auto taken =
      time_of([&] { CHECK(fail(*notes.on, "SELECT pg_sleep(60)") == failure::transient); });
  CHECK(taken < 30s);
  CHECK(ask(*notes.on, "SELECT 'fine'") == "fine");

  notes.options.statement_wait = 60s;
  notes.options.lock_wait = 50ms;
  notes.on = notes.open();
  const testing::postgres_session other{notes.schema.conninfo()};
  other.run("INSERT INTO note VALUES (1, 'x')");
  other.run("BEGIN; SELECT 1 FROM note WHERE id = 1 FOR UPDATE");
  const auto waited = time_of([&] {
    CHECK(fail(*notes.on, "UPDATE note SET text = 'y' WHERE id = 1") == failure::locked);
  });
  CHECK(waited < 30s);
  CHECK_FALSE(notes.on->check_lost());
}

TEST_CASE("a database that does not answer in time, nor keeps to it, is given up") {
  postgres_notebook notes;
  notes.options.statement_wait = 50ms;
  notes.on = notes.open();
  ask(*notes.on, "SELECT set_config('statement_timeout', '0', false)");
  const auto taken =
      time_of([&] { CHECK(fail(*notes.on, "SELECT pg_sleep(60)") == failure::disconnected); });
  CHECK(taken < 30s);
  CHECK(notes.on->check_lost());
}

TEST_CASE("of two that wait for each other one fails by a conflict, and the other goes on") {
  postgres_notebook notes;
  notes.options.conninfo = notes.schema.conninfo("-c deadlock_timeout=10ms");
  notes.schema.run("INSERT INTO note VALUES (0, ''), (1, '')");
  std::unique_ptr<postgres::connection> on[] = {notes.open(), notes.open()};
  transaction works[] = {{*on[0], transaction::writing}, {*on[1], transaction::writing}};
  constexpr std::string_view mark = "UPDATE note SET text = 'marked' WHERE id = $1";
  for (const int i : {0, 1}) works[i].send(mark, std::int64_t{i});
  for (transaction& one : works) REQUIRE(one.receive());
  failure ends[2]{};
  in_parallel(2, [&](int i) {
    works[i].send(mark, std::int64_t{1 - i});
    works[i].commit();
    ends[i] = works[i].failed();
  });
  CHECK(((ends[0] == failure::conflict && ends[1] == failure::none) ||
         (ends[1] == failure::conflict && ends[0] == failure::none)));
  CHECK(notes.notes() == "marked,marked");
  CHECK(notes.reports.empty());  // it is tried again, so no failure is reported
}

TEST_CASE("a statement that could not be prepared can be asked again") {
  postgres_notebook notes;
  constexpr std::string_view late = "SELECT text FROM late", skipped = "SELECT 'skipped'";
  CHECK(fail(*notes.on, late) == failure::transient);
  notes.schema.run("CREATE TABLE late AS SELECT 'there' AS text");
  CHECK(ask(*notes.on, late) == "there");
  {
    transaction failing{*notes.on, transaction::autocommit};
    failing.send("SELECT 1 / 0");
    failing.send(skipped);  // is not even prepared, behind what failed
    CHECK_FALSE(failing.receive());
  }
  CHECK(ask(*notes.on, skipped) == "skipped");
}

namespace {

// Makes all commits of the server wait for a standby that does not exist.
struct missing_standby {
  explicit missing_standby(const testing::postgres_schema& in) : on{in.conninfo()} {
    on.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    on.run("SELECT pg_reload_conf()");
  }
  ~missing_standby() {
    on.run("ALTER SYSTEM RESET synchronous_standby_names");
    on.run("SELECT pg_reload_conf()");
  }
  const testing::postgres_session on;
};

}  // namespace

TEST_CASE("a commit that waits for its standby for too long is in doubt") {
  postgres_notebook notes;
  notes.options.statement_wait = 100ms;
  const missing_standby now{notes.schema};
  std::int64_t id = 0;
  // Until the server has read its settings again, commits do not wait.
  const bool is_seen = testing::eventually([&] {
    const auto on = notes.open();
    transaction writing{*on, transaction::writing};
    writing.send(add, ++id, "x");
    return !writing.commit() && writing.is_in_doubt();
  });
  CHECK(is_seen);
}

// Where the user's default was to hear of errors alone, it passed for one that was on two disks.
TEST_CASE("a commit whose wait for its standby was cancelled is in doubt") {
  for (const std::string heard :
       {"-c client_min_messages=warning", "-c client_min_messages=error"}) {
    CAPTURE(heard);
    postgres_notebook notes;
    notes.options.statement_wait = 60s;
    notes.options.conninfo = notes.schema.conninfo(heard);
    const auto on = notes.open();
    const missing_standby now{notes.schema};
    std::atomic<bool> was_told{};
    failure end{};
    bool is_in_doubt{};
    std::thread committing{[&] {
      for (std::int64_t id = 1; !was_told && end == failure::none; ++id) {
        transaction writing{*on, transaction::writing};
        writing.send(add, id, "x");
        writing.commit();
        end = writing.failed();
        is_in_doubt = writing.is_in_doubt();
      }
    }};
    std::string waiting;
    CHECK(testing::eventually([&] {
      waiting = notes.schema.run("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
      return !waiting.empty();
    }));
    was_told = true;
    notes.schema.run("SELECT pg_cancel_backend(" + waiting + ")");
    committing.join();
    CHECK(end == failure::disconnected);
    CHECK(is_in_doubt);
  }
}

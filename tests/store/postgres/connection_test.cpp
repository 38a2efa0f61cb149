#include <comments/store/postgres/connection.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_proxy.hpp"
#include "support/postgres_schema.hpp"
#include "support/wire.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::failure;
using postgres::work;

namespace {

// A table in a schema of its own, a connection to it, and what that complained of.
struct notebook {
  testing::postgres_schema schema{};
  std::vector<std::string> reports{};
  postgres::server_options options{
      .conninfo = schema.conninfo(),
      .on_failure = [this](std::string_view why) { reports.emplace_back(why); }};
  std::unique_ptr<postgres::connection> on{};

  notebook() {
    schema.run("CREATE TABLE note (id BIGINT PRIMARY KEY, text TEXT)");
    on = open();
  }
  std::unique_ptr<postgres::connection> open() const {
    auto opened = postgres::connect(options);
    REQUIRE(opened);
    return std::move(*opened);
  }
  std::string notes() const {
    return schema.run("SELECT string_agg(text, ',' ORDER BY id) FROM note");
  }
};

constexpr std::string_view add = "INSERT INTO note VALUES ($1, $2)";

// What a statement answers, if it must answer one text.
template <typename... Values>
std::string ask(postgres::connection& on, std::string_view sql, const Values&... values) {
  work asking{on, work::single};
  const auto place = asking.ask(sql, values...);
  REQUIRE(asking.run());
  return asking.rows(place).text(0, 0);
}

// How a statement fails on its own.
failure fail(postgres::connection& on, std::string_view sql) {
  work failing{on, work::single};
  failing.ask(sql);
  CHECK_FALSE(failing.run());
  return failing.failed();
}

// How long `wanted` takes.
template <typename Work>
std::chrono::steady_clock::duration time_of(const Work& wanted) {
  const auto start = std::chrono::steady_clock::now();
  wanted();
  return std::chrono::steady_clock::now() - start;
}

}  // namespace

TEST_CASE("each way to fail is known by its SQLSTATE") {
  const std::pair<failure, std::vector<std::string_view>> known[] = {
      {failure::conflict, {"40001", "40P01"}},
      {failure::lost, {"", "08000", "08006", "40003", "57P01", "57P02", "57P03", "25006"}},
      {failure::refused, {"22021", "22P05", "22001", "23502", "23505", "23514"}},
      {failure::locked, {"55P03"}},
      {failure::passing,
       {"57014", "55000", "53100", "53300", "42P01", "40002", "25P02", "0A000", "XX000"}}};
  for (const auto& [expected, states] : known)
    for (const std::string_view state : states) {
      CAPTURE(state);
      CHECK(postgres::to_failure(state) == expected);
    }
}

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

TEST_CASE("values come back as they were given, through a table and back") {
  notebook notes;
  const std::string texts[] = {"", "it's \"quoted\" \\ \\x00 $1 ?1 %s; DROP TABLE note; --",
                               "ção \U0001F600 \u200d", "\x01\x7f\r\n\t",
                               std::string(1'000'000, 'x') + "é"};
  const std::int64_t numbers[] = {std::numeric_limits<std::int64_t>::min(), -1, 0, 255,
                                  std::numeric_limits<std::int64_t>::max()};
  work writing{*notes.on, work::writing};
  for (std::size_t i = 0; i < 5; ++i) writing.ask(add, numbers[i], texts[i]);
  REQUIRE(writing.commit());
  work reading{*notes.on, work::reading};
  const auto place = reading.ask("SELECT id, text FROM note ORDER BY id");
  REQUIRE(reading.run());
  const auto found = reading.rows(place);
  REQUIRE(found.size() == 5);
  for (int i = 0; i < 5; ++i) {
    CHECK(found.number(i, 0) == numbers[i]);
    CHECK(found.text(i, 1) == texts[i]);
    CHECK_FALSE(found.is_null(i, 1));
  }
  CHECK(found.is_number(0));
  CHECK_FALSE(found.is_number(1));
}

TEST_CASE("nothing is null, and an empty text is something") {
  notebook notes;
  const std::string given = "given";
  work asking{*notes.on, work::single};
  const auto place = asking.ask(
      "SELECT $1::text, $2::bigint, $3::text, $4::text, $5::text",
      postgres::parameter{given, false}, postgres::parameter{std::int64_t{7}, false},
      postgres::parameter{std::monostate{}}, postgres::parameter{given, true}, std::string_view{});
  REQUIRE(asking.run());
  const auto found = asking.rows(place);
  for (const int column : {0, 1, 2}) CHECK(found.is_null(0, column));
  for (const int column : {3, 4}) CHECK_FALSE(found.is_null(0, column));
  CHECK(found.number(0, 1) == 0);
  CHECK(found.text(0, 3) == given);
}

TEST_CASE("how many rows a statement has changed is known") {
  notebook notes;
  work writing{*notes.on, work::writing};
  const auto added = writing.ask(add, std::int64_t{1}, "x");
  const auto missed = writing.ask("DELETE FROM note WHERE id = $1", std::int64_t{2});
  REQUIRE(writing.run());
  CHECK(writing.rows(added).has_changed());
  CHECK_FALSE(writing.rows(missed).has_changed());
  CHECK(writing.rows(missed).empty());
}

TEST_CASE("text that the database cannot hold is refused, and nothing beside it is stored") {
  notebook notes;
  for (const std::string& bad : {std::string{"a\0b", 3}, std::string{"\xff"}, std::string{"\xc3"},
                                 std::string{"\xed\xa0\x80"}}) {
    work writing{*notes.on, work::writing};
    writing.ask(add, std::int64_t{1}, "good");
    writing.ask(add, std::int64_t{2}, bad);
    CHECK_FALSE(writing.commit());
    CHECK(writing.failed() == failure::refused);
    CHECK_FALSE(writing.is_in_doubt());
  }
  CHECK(notes.notes().empty());
  CHECK(notes.reports.size() == 4);
  CHECK(ask(*notes.on, "SELECT 'fine'") == "fine");
}

TEST_CASE("a failure sticks to its unit of work, is heard of once, and undoes all of it") {
  notebook notes;
  {
    work writing{*notes.on, work::writing};
    writing.ask(add, std::int64_t{1}, "first");
    CHECK(writing.run());
    writing.ask(add, std::int64_t{1}, "again");
    CHECK_FALSE(writing.run());
    writing.ask("INSERT INTO nonsense VALUES (1)");
    CHECK_FALSE(writing.run());
    CHECK_FALSE(writing.commit());
    CHECK(writing.failed() == failure::refused);
  }
  CHECK(notes.reports == std::vector<std::string>{
                             "23505 duplicate key value violates unique constraint \"note_pkey\""});
  CHECK(notes.notes().empty());
  work writing{*notes.on, work::writing};
  writing.ask(add, std::int64_t{1}, "next");
  CHECK(writing.commit());
  CHECK(notes.notes() == "next");
}

TEST_CASE("what was not committed is not there, and is in nobody's way") {
  notebook notes;
  {
    work run{*notes.on, work::writing};
    run.ask(add, std::int64_t{1}, "run");
    CHECK(run.run());
  }
  { work{*notes.on, work::writing}.ask(add, std::int64_t{1}, "asked"); }
  CHECK(ask(*notes.on, "SELECT 'fine'") == "fine");
  CHECK_FALSE(notes.on->is_lost());
  CHECK(notes.notes().empty());
}

TEST_CASE("what was asked outside of a transaction and never run leaves no answers behind") {
  notebook notes;
  { work{*notes.on, work::single}.ask(add, std::int64_t{1}, "asked"); }
  CHECK(notes.on->is_lost());
  notes.on.reset();
  CHECK(testing::eventually([&] { return notes.schema.connections() == 0; }));
  CHECK(notes.notes().empty());
}

TEST_CASE("what is run together outside of a transaction takes effect together") {
  notebook notes;
  {
    work writing{*notes.on, work::single};
    writing.ask(add, std::int64_t{1}, "first");
    writing.ask(add, std::int64_t{1}, "again");
    CHECK_FALSE(writing.run());
  }
  CHECK(notes.notes().empty());
  work writing{*notes.on, work::single};
  writing.ask(add, std::int64_t{1}, "first");
  CHECK(writing.run());
  writing.ask(add, std::int64_t{1}, "again");
  CHECK_FALSE(writing.run());
  CHECK(notes.notes() == "first");
}

TEST_CASE("a reading is of one moment, a writing sees what others commit") {
  notebook notes;
  constexpr std::string_view count = "SELECT count(*) FROM note";
  for (const auto kind : {work::reading, work::writing}) {
    work looking{*notes.on, kind};
    auto place = looking.ask(count);
    REQUIRE(looking.run());
    const auto before = looking.rows(place).number(0, 0);
    notes.schema.run("INSERT INTO note VALUES (" + std::to_string(kind) + ", 'x')");
    place = looking.ask(count);
    REQUIRE(looking.run());
    CHECK(looking.rows(place).number(0, 0) == before + (kind == work::writing));
  }
}

TEST_CASE("what fails behind a commit does not undo it, and is told") {
  notebook notes;
  work writing{*notes.on, work::writing};
  writing.ask(add, std::int64_t{1}, "kept");
  CHECK(writing.commit([&] { writing.ask("SELECT 1 / 0"); }));
  CHECK(writing.follow_up_failed() == failure::refused);
  CHECK(notes.notes() == "kept");
  work whole{*notes.on, work::writing};
  whole.ask(add, std::int64_t{2}, "too");
  CHECK(whole.commit([&] { whole.ask(add, std::int64_t{3}, "behind"); }));
  CHECK(whole.follow_up_failed() == failure::none);
  CHECK(notes.notes() == "kept,too,behind");
}

TEST_CASE("a commit that fails has not happened, whatever is asked behind it") {
  notebook notes;
  notes.schema.run("ALTER TABLE note ADD UNIQUE (text) DEFERRABLE INITIALLY DEFERRED");
  work writing{*notes.on, work::writing};
  writing.ask(add, std::int64_t{1}, "same");
  writing.ask(add, std::int64_t{2}, "same");
  CHECK_FALSE(writing.commit([&] { writing.ask("SELECT 1"); }));
  CHECK(writing.failed() == failure::refused);
  CHECK_FALSE(writing.is_in_doubt());
  CHECK(notes.notes().empty());
}

TEST_CASE("as much as one likes is asked and answered in one go") {
  notebook notes;
  const std::string large(50'000, 'x');
  work asking{*notes.on, work::single};
  std::vector<std::size_t> places;
  for (std::int64_t i = 0; i < 200; ++i) places.push_back(asking.ask("SELECT $1 || $2", large, i));
  REQUIRE(asking.run());
  for (std::size_t i = 0; i < places.size(); ++i)
    CHECK(asking.rows(places[i]).text(0, 0) == large + std::to_string(i));
}

TEST_CASE("a connection that was closed while nobody used it says so") {
  notebook notes;
  CHECK_FALSE(notes.on->is_lost());
  CHECK(notes.schema.cut_connections() >= 1);
  CHECK(testing::eventually([&] { return notes.on->is_lost(); }));
  CHECK(fail(*notes.on, "SELECT 1") == failure::lost);
}

TEST_CASE("a connection that is closed during a unit of work is lost, and the work undone") {
  notebook notes;
  {
    work writing{*notes.on, work::writing};
    writing.ask(add, std::int64_t{1}, "x");
    REQUIRE(writing.run());
    CHECK(notes.schema.cut_connections() >= 1);
    writing.ask(add, std::int64_t{2}, "y");
    CHECK_FALSE(writing.run());
    CHECK(writing.failed() == failure::lost);
    CHECK_FALSE(writing.is_in_doubt());
  }
  CHECK(notes.on->is_lost());
  CHECK(notes.notes().empty());
}

TEST_CASE("a commit that the database ended the connection in front of has not happened") {
  notebook notes;
  work writing{*notes.on, work::writing};
  writing.ask(add, std::int64_t{1}, "x");
  REQUIRE(writing.run());
  notes.schema.cut_connections();
  CHECK_FALSE(writing.commit());
  CHECK(writing.failed() == failure::lost);
  CHECK_FALSE(writing.is_in_doubt());
}

TEST_CASE("a commit is in doubt once it was sent and not answered, and not before") {
  for (const auto where : {testing::commit_cut::before, testing::commit_cut::behind}) {
    notebook notes;
    testing::postgres_proxy proxy{notes.schema};
    notes.options.conninfo = proxy.conninfo();
    const auto on = notes.open();
    proxy.cut(1, where);
    work writing{*on, work::writing};
    writing.ask(add, std::int64_t{1}, "x");
    CHECK_FALSE(writing.commit());
    CHECK(writing.is_in_doubt());
    CHECK(on->is_lost());
    CHECK(notes.notes() == (where == testing::commit_cut::behind ? "x" : ""));
    work later{*on, work::writing};
    later.ask(add, std::int64_t{2}, "y");
    CHECK_FALSE(later.commit());
    CHECK(later.failed() == failure::lost);
    CHECK_FALSE(later.is_in_doubt());
  }
}

TEST_CASE(
    "what is written outside of a transaction is in doubt only if nothing says how it ended") {
  notebook notes;
  const auto end_of = [&](std::string_view sql) {
    const auto on = notes.open();
    work writing{*on, work::single};
    writing.ask(sql);
    CHECK_FALSE(writing.run());
    return std::pair{writing.failed(), writing.is_in_doubt()};
  };
  CHECK(end_of("SELECT 1 / 0") == std::pair{failure::refused, false});
  CHECK(end_of("SELECT pg_terminate_backend(pg_backend_pid())") == std::pair{failure::lost, false});
  notes.schema.run(
      "CREATE FUNCTION fail(code TEXT) RETURNS void LANGUAGE plpgsql AS $$ BEGIN "
      "RAISE EXCEPTION 'failed' USING ERRCODE = code; END $$");
  CHECK(end_of("SELECT fail('25006')") == std::pair{failure::lost, false});
  for (const std::string code : {"08006", "08007", "40003"})  // as a database of many machines
    CHECK(end_of("SELECT fail('" + code + "')") == std::pair{failure::lost, true});
  notes.options.statement_wait = 50ms;
  const auto on = notes.open();
  ask(*on, "SELECT set_config('statement_timeout', '0', false)");
  work writing{*on, work::single};
  writing.ask("SELECT pg_sleep(60)");
  CHECK_FALSE(writing.run());
  CHECK(writing.is_in_doubt());
}

TEST_CASE(
    "a commit that the database answers with an error has not happened, unless it cannot tell") {
  for (const auto& [code, expected] : {std::pair{"40001", std::pair{failure::conflict, false}},
                                       {"55P03", {failure::locked, false}},
                                       {"57014", {failure::passing, false}},
                                       {"40003", {failure::lost, true}},
                                       {"08006", {failure::lost, true}}}) {
    CAPTURE(code);
    notebook notes;
    notes.schema.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'failed' USING ERRCODE = '" +
        std::string{code} +
        "'; END $$; CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON note DEFERRABLE INITIALLY "
        "DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()");
    work writing{*notes.on, work::writing};
    writing.ask(add, std::int64_t{1}, "x");
    CHECK_FALSE(writing.commit());
    CHECK(std::pair{writing.failed(), writing.is_in_doubt()} == expected);
  }
}

TEST_CASE("a warning that comes before the commit says nothing about it") {
  notebook notes;
  work writing{*notes.on, work::writing};
  writing.ask(add, std::int64_t{1}, "x");
  writing.ask("DO $$ BEGIN RAISE WARNING 'careful'; END $$");
  CHECK(writing.commit());
  CHECK(notes.notes() == "x");
}

TEST_CASE("a statement that takes too long, or waits for a lock too long, ends in time") {
  notebook notes;
  notes.options.statement_wait = 50ms;
  notes.on = notes.open();
  const auto taken =
      time_of([&] { CHECK(fail(*notes.on, "SELECT pg_sleep(60)") == failure::passing); });
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
  CHECK_FALSE(notes.on->is_lost());
}

TEST_CASE("a database that does not answer in time, nor keeps to it, is given up") {
  notebook notes;
  notes.options.statement_wait = 50ms;
  notes.on = notes.open();
  ask(*notes.on, "SELECT set_config('statement_timeout', '0', false)");
  const auto taken =
      time_of([&] { CHECK(fail(*notes.on, "SELECT pg_sleep(60)") == failure::lost); });
  CHECK(taken < 30s);
  CHECK(notes.on->is_lost());
}

TEST_CASE("of two that wait for each other one fails by a conflict, and the other goes on") {
  notebook notes;
  notes.options.conninfo = notes.schema.conninfo("-c deadlock_timeout=10ms");
  notes.schema.run("INSERT INTO note VALUES (0, ''), (1, '')");
  std::unique_ptr<postgres::connection> on[] = {notes.open(), notes.open()};
  work works[] = {{*on[0], work::writing}, {*on[1], work::writing}};
  constexpr std::string_view mark = "UPDATE note SET text = 'marked' WHERE id = $1";
  for (const int i : {0, 1}) works[i].ask(mark, std::int64_t{i});
  for (work& one : works) REQUIRE(one.run());
  failure ends[2]{};
  in_parallel(2, [&](int i) {
    works[i].ask(mark, std::int64_t{1 - i});
    works[i].commit();
    ends[i] = works[i].failed();
  });
  CHECK(((ends[0] == failure::conflict && ends[1] == failure::none) ||
         (ends[1] == failure::conflict && ends[0] == failure::none)));
  CHECK(notes.notes() == "marked,marked");
  CHECK(notes.reports.empty());  // it is tried again, so there is nothing to complain of
}

TEST_CASE("a statement that could not be prepared can be asked again") {
  notebook notes;
  constexpr std::string_view late = "SELECT text FROM late", skipped = "SELECT 'skipped'";
  CHECK(fail(*notes.on, late) == failure::passing);
  notes.schema.run("CREATE TABLE late AS SELECT 'there' AS text");
  CHECK(ask(*notes.on, late) == "there");
  {
    work failing{*notes.on, work::single};
    failing.ask("SELECT 1 / 0");
    failing.ask(skipped);  // is not even prepared, behind what failed
    CHECK_FALSE(failing.run());
  }
  CHECK(ask(*notes.on, skipped) == "skipped");
}

TEST_CASE("notifications arrive once they are committed, and not before") {
  notebook notes;
  const auto other = notes.open();
  ask(*other, "SELECT 'fine'");
  work listening{*notes.on, work::single};
  listening.ask("LISTEN news");
  REQUIRE(listening.run());
  constexpr std::string_view tell = "SELECT pg_notify('news', $1)";
  {
    work undone{*other, work::writing};
    undone.ask(tell, "undone");
    REQUIRE(undone.run());
  }
  ask(*other, tell, "first é");
  ask(*other, tell, "second");
  std::vector<std::string> heard;
  CHECK(testing::eventually([&] {
    for (auto& one : notes.on->take_notices(1s)) heard.push_back(one);
    return heard.size() >= 2;
  }));
  CHECK(heard == std::vector<std::string>{"first é", "second"});
  CHECK(notes.on->take_notices(0ms).empty());
}

// It was waited for again, for as long as nothing else came.
TEST_CASE("a notification that came along with an answer is there at once") {
  notebook notes;
  work listening{*notes.on, work::single};
  listening.ask("LISTEN news");
  REQUIRE(listening.run());
  ask(*notes.on, "SELECT pg_notify('news', 'own')");
  const auto taken =
      time_of([&] { CHECK(notes.on->take_notices(60s) == std::vector<std::string>{"own"}); });
  CHECK(taken < 30s);
}

TEST_CASE("waiting for notifications ends when the connection does") {
  notebook notes;
  notes.schema.cut_connections();
  CHECK(time_of([&] { CHECK(notes.on->take_notices(60s).empty()); }) < 30s);
  CHECK(notes.on->is_lost());
}

TEST_CASE("commits are durable whatever the default, unless they are more than that") {
  notebook notes;
  for (const auto& [given, expected] : {std::pair{"off", "on"},
                                        {"on", "on"},
                                        {"local", "local"},
                                        {"remote_apply", "remote_apply"}}) {
    notes.options.conninfo = notes.schema.conninfo(std::string{"-c synchronous_commit="} + given);
    CHECK(ask(*notes.open(), "SELECT current_setting('synchronous_commit')") == expected);
  }
}

namespace {

// Commits that wait for a standby which there is not, for everybody.
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
  notebook notes;
  notes.options.statement_wait = 100ms;
  const missing_standby now{notes.schema};
  std::int64_t id = 0;
  // Until the server has read its settings again, commits wait for nobody.
  const bool is_seen = testing::eventually([&] {
    const auto on = notes.open();
    work writing{*on, work::writing};
    writing.ask(add, ++id, "x");
    return !writing.commit() && writing.is_in_doubt();
  });
  CHECK(is_seen);
}

// Where the user's default was to hear of errors alone, it passed for one that was on two disks.
TEST_CASE("a commit that was told not to wait for its standby is in doubt") {
  for (const std::string heard :
       {"-c client_min_messages=warning", "-c client_min_messages=error"}) {
    CAPTURE(heard);
    notebook notes;
    notes.options.statement_wait = 60s;
    notes.options.conninfo = notes.schema.conninfo(heard);
    const auto on = notes.open();
    const missing_standby now{notes.schema};
    std::atomic<bool> was_told{};
    failure end{};
    bool is_in_doubt{};
    std::thread committing{[&] {
      for (std::int64_t id = 1; !was_told && end == failure::none; ++id) {
        work writing{*on, work::writing};
        writing.ask(add, id, "x");
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
    CHECK(end == failure::lost);
    CHECK(is_in_doubt);
  }
}

TEST_CASE("a database that is not in UTF-8 is refused") {
  notebook notes;
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

TEST_CASE("a database that is not there does not answer, and why is told without the password") {
  notebook notes;
  notes.options.conninfo = "host=127.0.0.1 port=1 user=ana password=s3cret dbname=comments";
  const auto opened = postgres::connect(notes.options);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message == "The database cannot be used: it does not answer.");
  REQUIRE(notes.reports.size() == 1);
  CHECK(notes.reports[0].find("127.0.0.1") != std::string::npos);
  CHECK(notes.reports[0].find("s3cret") == std::string::npos);
}

#include <comments/store/postgres/executor.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"
#include "support/postgres_proxy.hpp"

#include <chrono>
#include <cstdint>
#include <string>

using namespace comments;
using namespace std::chrono_literals;
using postgres::executor;
using postgres::transaction;
using testing::add;
using testing::commit_cut;

namespace {

struct executed_notebook {
  testing::postgres_notebook notes{};
  testing::postgres_proxy proxy{notes.schema};
  executor database{{.conninfo = proxy.conninfo()}, {.pool = {.take_wait = 100ms}}, "node ", true};
  int calls{};

  // Adds a note, and says in `calls` how often that was tried.
  result<int> write(bool is_repeatable) {
    return database.write<int>(is_repeatable, [&](transaction& writing, auto& moved) {
      ++calls;
      moved.push_back("1");
      writing.send("DELETE FROM note");
      writing.send(add, std::int64_t{1}, "x");
      return result<int>{7};
    });
  }
};

}  // namespace

TEST_CASE("what was read is returned, and a database that is away is unavailable") {
  executed_notebook made;
  const auto read = [&] {
    return made.database.read([](transaction& reading) {
      const auto place = reading.send("SELECT 'fine'");
      return reading.receive() ? reading.rows(place).text(0, 0) : "";
    });
  };
  CHECK(read().value() == "fine");
  made.proxy.refuse();
  made.notes.schema.cut_connections();
  REQUIRE_FALSE(read());
  CHECK(read().error().code == errc::unavailable);
}

TEST_CASE("a write is committed once, and one that ends with an error is not") {
  executed_notebook made;
  CHECK(made.write(false).value() == 7);
  CHECK(made.calls == 1);
  CHECK(made.notes.notes() == "x");
  const auto refused = made.database.write<int>(true, [](transaction& writing, auto&) {
    writing.send(add, std::int64_t{2}, "y");
    return result<int>{comment_not_found()};
  });
  CHECK(refused.error().code == errc::not_found);
  CHECK(made.notes.notes() == "x");
}

TEST_CASE("a commit in doubt is repeated where that may be, and in doubt else") {
  for (const commit_cut where : {commit_cut::before, commit_cut::behind}) {
    executed_notebook made;
    made.proxy.cut(1, where);
    CHECK(made.write(true).value() == 7);
    CHECK(made.calls == 2);
    made.proxy.cut(1, where);
    CHECK(made.write(false).error().code == errc::in_doubt);
    CHECK(made.calls == 3);
    made.proxy.cut(1000, where);
    CHECK(made.write(true).error().code == errc::in_doubt);
    CHECK(made.calls == 6);
  }
}

TEST_CASE("a conflict is tried again, and not for ever") {
  executed_notebook made;
  int calls = 0;
  const auto write = [&](int conflicts) {
    calls = 0;
    return made.database.write<int>(false, [&](transaction& writing, auto&) {
      if (++calls <= conflicts)
        writing.send("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$");
      return result<int>{7};
    });
  };
  CHECK(write(8).value() == 7);
  CHECK(calls == 9);
  CHECK(write(1000).error().code == errc::unavailable);
  CHECK(calls == 9);
}

TEST_CASE("what erases is tried four times, and one that was in doubt stays so") {
  executed_notebook made;
  int calls = 0;
  const auto erase = [&](errc first, int failures) {
    calls = 0;
    const auto erased = made.database.erase([&](postgres::connection&) -> result<done> {
      if (++calls <= failures) return error{calls == 1 ? first : errc::unavailable, ""};
      return ok();
    });
    return erased ? errc{} : erased.error().code;
  };
  CHECK(erase(errc::in_doubt, 3) == errc{});
  CHECK(calls == 4);
  CHECK(erase(errc::in_doubt, 1000) == errc::in_doubt);
  CHECK(calls == 4);
  CHECK(erase(errc::unavailable, 1000) == errc::unavailable);
}

#include <comments/store/sqlite/search.hpp>

#include <doctest/doctest.h>

#include <comments/store/algorithms.hpp>
#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/updates.hpp>

#include "support/database.hpp"

#include <limits>
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
  sqlite::effects noted{};
  bucket_table buckets{};

  comment write(sqlite::transaction& work, const insertion& wanted, instant now = noon) {
    sqlite::pending_insert pending{wanted, now, make_comment_id(now), buckets};
    auto made = sqlite::insert(work, pending, noted);
    REQUIRE(made);
    return made->stored;
  }
};

}  // namespace

TEST_CASE("an event is read as it was appended, with all that it says") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  const event full{
      "1",    1,       event_kind::edited, make_comment_id(noon), noon, "moderator ana", "rude",
      "spam", "before"};
  const event plain{.content_id = "1", .version = 2, .kind = event_kind::moderated, .at = noon};
  sqlite::append_event(work, full);
  sqlite::append_event(work, plain);
  CHECK(sqlite::events(work, "1", 0, 10) == std::vector{full, plain});
  CHECK(sqlite::events(work, "1", 1, 10) == std::vector{plain});
  CHECK(sqlite::events(work, "1", 0, 1) == std::vector{full});
  CHECK(sqlite::events(work, "2", 0, 10).empty());
}

TEST_CASE("a history begins with the post, and is read without the votes between") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  file.write(work, {{.content_id = "1", .body = "another"}});
  const comment made = file.write(work, {{.content_id = "1", .body = "x"}});
  const auto edit = [](const comment& before) -> result<amendment> {
    return amendment{before, {.kind = event_kind::edited}};
  };
  for (int i = 0; i < 500; ++i)
    REQUIRE(sqlite::vote(work, made.id, {std::to_string(i)}, true, noon, file.noted));
  REQUIRE(sqlite::amend(work, made.id, edit, noon, file.noted));
  sqlite::history(work, made, 0, 10);
  file.seen.take_steps();
  const auto found = sqlite::history(work, made, 0, 10);
  CHECK(file.seen.take_steps() < 300);
  REQUIRE(found.size() == 2);
  CHECK(found[0].kind == event_kind::posted);
  CHECK(found[0].version == 2);
  CHECK(found[1].version == 503);
}

TEST_CASE("a post is an event still once its comment is hidden, shown again, voted for, removed") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  const comment root = file.write(work, {{.content_id = "1", .body = "root"}});
  const comment reply = file.write(work, {{.content_id = "1", .parent = root.id, .body = "reply"}});
  const std::vector<event> posts = sqlite::events(work, "1", 0, 10);
  REQUIRE(posts.size() == 2);
  CHECK(posts[0] == sqlite::of_post(root, to_event({.status = status::published})));
  CHECK(posts[1].comment == reply.id);
  const auto check = [&](std::size_t count) {
    const auto all = sqlite::events(work, "1", 0, 100);
    REQUIRE(all.size() == count);
    for (std::size_t i = 0; i < count; ++i) CHECK(all[i].version == static_cast<int>(i) + 1);
    CHECK(std::vector(all.begin(), all.begin() + 2) == posts);
    CHECK(sqlite::history(work, reply, 0, 1) == std::vector{posts[1]});
    CHECK(sqlite::events(work, "1", 1, 1) == std::vector{posts[1]});
  };
  REQUIRE(sqlite::vote(work, root.id, {"ana"}, true, noon, file.noted));
  check(3);
  std::size_t count = 3;
  for (const status next : {status::spam, status::published, status::pending, status::removed})
    for (const comment_id& id : {root.id, reply.id}) {
      REQUIRE(sqlite::amend(
          work, id,
          [&](comment before) -> result<amendment> {
            before.status = next;
            return amendment{before, {.kind = event_kind::moderated}};
          },
          noon, file.noted));
      check(++count);
    }
}

TEST_CASE("a post's event has its comment's id and time, whether or not the id has that time") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  const insertion wanted{{.content_id = "1", .body = "x"}};
  const comment_id ids[] = {make_comment_id(noon), make_comment_id(noon + std::chrono::hours{1}),
                            *parse_comment_id("f47ac10b-58cc-4372-a567-0e02b2c3d479")};
  const instant times[] = {noon, from_milliseconds(0), from_milliseconds(-1),
                           from_milliseconds(std::int64_t{1} << 50)};
  for (const instant at : times)
    for (const comment_id& id : ids) {
      const comment_id made_id = id == ids[0] ? make_comment_id(at) : id;
      sqlite::pending_insert pending{wanted, at, made_id, file.buckets};
      if (sqlite::find_comment(work, made_id)) work->run("DELETE FROM comment");
      const auto made = sqlite::insert(work, pending, file.noted);
      REQUIRE(made);
      const std::vector<event> last = sqlite::events(work, "1", made->stored.position - 1, 1);
      CHECK(last ==
            std::vector{sqlite::of_post(made->stored, to_event({.status = status::published}))});
      CHECK(sqlite::history(work, made->stored, 0, 1) == last);
    }
}

TEST_CASE("each reading finds its rows by an index, whatever is searched for, and sorts nothing") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  const comment made = file.write(work, {{.content_id = "1", .body = "x"}});
  sqlite::history(work, made, 0, 10);
  sqlite::reports_of(work, made, 10);
  sqlite::events(work, "1", 0, 10);
  sqlite::votes_of(work, "ana", {}, 10);
  sqlite::reports_by(work, "ana", {}, 10);
  sqlite::forget_origins(work, noon, 10, file.noted);
  sqlite::forget_reporter(work, "ana", file.noted);
  REQUIRE_FALSE(work->failed());
  int looked_at = 0;
  for (sqlite3_stmt* statement : file.seen.statements()) {
    const std::string sql = sqlite3_sql(statement);
    CAPTURE(sql);
    for (const auto& line : testing::plan_of(file.seen.handles().front(), sql)) {
      CAPTURE(line.what);
      CHECK_FALSE(testing::is_growing(line));
      ++looked_at;
    }
  }
  CHECK(looked_at > 12);
}

TEST_CASE("a search reads no more than there is of what it describes") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  for (int i = 0; i < 2000; ++i) {
    insertion written{{.content_id = std::to_string(i % 7), .body = "x"}};
    written.said.author = {"Ana", std::to_string(i % 100) + "@example.com", "", true,
                           std::to_string(i % 100)};
    if (i % 100 == 3) written.status = status::pending;
    file.write(work, written, noon + std::chrono::milliseconds{i});
  }
  const search asked[] = {{.status = status::pending, .limit = 10},
                          {.subject = "3", .limit = 10},
                          {.email = "3@example.com", .limit = 10},
                          {.status = status::pending, .subject = "3", .limit = 10}};
  for (search wanted : asked) {
    CAPTURE(wanted.subject + wanted.email);
    std::size_t found = 0;
    sqlite::find_all(work, wanted);
    file.seen.take_steps();
    do {
      const search_result page = sqlite::find_all(work, wanted);
      found += page.items.size();
      wanted.after = page.next;
    } while (wanted.after && found < 100);
    CHECK(found == 20);
    CHECK(file.seen.take_steps() < 2000);
  }
}

TEST_CASE("a limit beyond everything is as good as all") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN"};
  const comment made = file.write(work, {{.content_id = "1", .body = "x"}});
  REQUIRE(sqlite::vote(work, made.id, {"ana"}, true, noon, file.noted));
  REQUIRE(sqlite::report(work, made.id, {"ana"}, "rude", noon));
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK(sqlite::history(work, made, 0, most).size() == 1);
  CHECK(sqlite::events(work, "1", 0, most).size() == 2);
  CHECK(sqlite::reports_of(work, made, most).size() == 1);
  CHECK(sqlite::votes_of(work, "ana", {}, most).size() == 1);
  CHECK(sqlite::find_all(work, {.limit = most}).items.size() == 1);
  CHECK_FALSE(sqlite::find_all(work, {.limit = most}).next);
}

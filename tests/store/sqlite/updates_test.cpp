#include <comments/store/sqlite/updates.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace comments;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

// A file with our tables and no store around them.
struct tables {
  std::unique_ptr<sqlite::connection> connection = open();
  sqlite::effects noted{};
  bucket_table buckets{};

  static std::unique_ptr<sqlite::connection> open() {
    auto opened = sqlite::connect({.path = ":memory:"});
    REQUIRE(opened);
    for (const sql_schema::migration& step : sql_schema::migrations())
      REQUIRE((*opened)->execute(std::string{step.sql}));
    return std::move(*opened);
  }
  comment write(sqlite::transaction& work, const insertion& wanted) {
    sqlite::pending_insert pending{wanted, noon, make_comment_id(noon), buckets};
    auto made = sqlite::insert(work, pending, noted);
    REQUIRE(made);
    noted = {};
    return made->stored;
  }
};

decider to(status wanted) {
  return [wanted](const comment& before) -> result<amendment> {
    amendment made{before, {.kind = event_kind::moderated}};
    made.changed.status = wanted;
    return made;
  };
}

}  // namespace

TEST_CASE("an amendment notes the content that it moved, and whether anything was erased") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const comment made =
      file.write(work, {.said = {.content_id = "1", .body = "x"}, .origin = "0123"});
  CHECK(sqlite::amend(work, made.id, to(status::spam), noon, file.noted)->origin == "0123");
  REQUIRE(file.noted.contents.size() == 1);
  CHECK(file.noted.contents[0] == content{"1", 2, 0, {}});
  CHECK(file.noted.contents[0] == sqlite::find_content(work, "1"));
  CHECK_FALSE(file.noted.has_erased);
  CHECK(sqlite::amend(work, made.id, to(status::removed), noon, file.noted)->origin.empty());
  CHECK(file.noted.has_erased);
  CHECK(work->commit());
}

TEST_CASE("what is refused, or changes nothing, notes and writes nothing") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const comment made = file.write(work, {{.content_id = "1", .body = "x"}});
  const auto refuse = [](const comment&) -> result<amendment> { return version_moved(); };
  const std::int64_t before = work->number("SELECT total_changes()");
  CHECK_FALSE(sqlite::amend(work, made.id, refuse, noon, file.noted));
  CHECK_FALSE(sqlite::amend(work, comment_id{}, to(status::spam), noon, file.noted));
  CHECK_FALSE(sqlite::vote(work, comment_id{}, {"ana"}, true, noon, file.noted));
  CHECK(sqlite::vote(work, made.id, {"ana"}, false, noon, file.noted));
  CHECK_FALSE(sqlite::report(work, comment_id{}, {"ana"}, "rude", noon));
  CHECK_FALSE(sqlite::set_status(work, "1", {}, 7, {}, noon, file.noted));
  CHECK(sqlite::forget_origins(work, noon, 10, file.noted) == 0);
  sqlite::forget_reporter(work, "ana", file.noted);
  CHECK(work->number("SELECT total_changes()") == before);
  CHECK(file.noted.contents.empty());
  CHECK_FALSE(file.noted.has_erased);
}

TEST_CASE("a vote and a status note the content as it is then; a report moves none") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const comment made = file.write(work, {{.content_id = "1", .body = "x"}});
  CHECK(sqlite::vote(work, made.id, {"ana"}, true, noon, file.noted)->votes == 1);
  CHECK(sqlite::set_status(work, "1", content_status::locked, 2, {}, noon, file.noted));
  CHECK(file.noted.contents ==
        std::vector<content>{{"1", 2, 1, {}}, {"1", 3, 1, content_status::locked}});
  CHECK(sqlite::report(work, made.id, {"ana"}, "rude", noon)->reports == 1);
  CHECK(file.noted.contents.size() == 2);
  CHECK_FALSE(file.noted.has_erased);
}

TEST_CASE("what is forgotten by its age is noted as erased, once for all") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const comment made =
      file.write(work, {.said = {.content_id = "1", .body = "x"}, .origin = "0123"});
  REQUIRE(sqlite::vote(work, made.id, {"a:0123"}, true, noon, file.noted));
  REQUIRE(sqlite::report(work, made.id, {"a:0123"}, "rude", noon));
  const instant after = noon + std::chrono::milliseconds{1};
  CHECK(sqlite::forget_origins(work, noon, 10, file.noted) == 0);
  CHECK_FALSE(file.noted.has_erased);
  CHECK(sqlite::forget_origins(work, after, 10, file.noted) == 3);
  CHECK(file.noted.has_erased);
  CHECK(sqlite::forget_origins(work, after, 10, file.noted) == 0);
  CHECK(sqlite::find_comment(work, made.id)->votes == 1);
}

TEST_CASE("nothing of what a removed comment was is left in any table") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const comment made =
      file.write(work, {.said = {.content_id = "1",
                                 .author = {"secret", "secret", "secret", true, "secret"},
                                 .body = "secret"},
                        .origin = "secret",
                        .encoded = "secret"});
  const auto edit = [](const comment& before) -> result<amendment> {
    return amendment{before, {.kind = event_kind::edited, .before = "secret"}};
  };
  REQUIRE(sqlite::amend(work, made.id, edit, noon, file.noted));
  REQUIRE(sqlite::report(work, made.id, {"secret"}, "secret", noon));
  REQUIRE(sqlite::amend(work, made.id, to(status::removed), noon, file.noted));
  for (const std::string table : {"comment", "event", "complaint"}) {
    auto rows = work->prepare("SELECT * FROM " + table);
    while (rows.step())
      for (int column = 0; column < 30; ++column) CHECK(rows.text(column) != "secret");
  }
  CHECK(work->number("SELECT request_fingerprint FROM comment") == 0);
  CHECK_FALSE(work->failed());
}

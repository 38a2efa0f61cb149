#include <comments/store/sqlite/rows.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace comments;

namespace {

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
};

const instant noon = from_milliseconds(1'700'000'000'123);

}  // namespace

TEST_CASE("what is written is read as it was, with the content that it moved") {
  tables file;
  const draft written{.content_id = "1",
                      .author = {"Gabi", "gabi@example.com", "https://example.com", true},
                      .body = "Primeiro post!",
                      .key = "k"};
  const insertion wanted{written};
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  sqlite::pending_insert pending{wanted, noon, make_comment_id(noon), file.buckets};
  const auto made = sqlite::insert(work, pending, file.noted);
  REQUIRE(made);
  CHECK(sqlite::find_comment(work, made->stored.id) == made->stored);
  REQUIRE(file.noted.contents.size() == 1);
  CHECK(sqlite::find_content(work, "1") == file.noted.contents.front());
  CHECK(file.noted.contents.front().version == 1);
  CHECK(sqlite::find_content(work, "2").version == 0);
  CHECK(work->commit());
}

TEST_CASE("a key that is known writes nothing") {
  tables file;
  const draft first{.content_id = "1", .body = "x", .key = "k"};
  const draft other{.content_id = "1", .body = "y", .key = "k"};
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const auto write = [&](const draft& one) {
    const insertion wanted{one};
    sqlite::pending_insert pending{wanted, noon, make_comment_id(noon), file.buckets};
    return sqlite::insert(work, pending, file.noted);
  };
  const auto made = write(first), again = write(first), refused = write(other);
  REQUIRE(again);
  CHECK(again->replayed);
  CHECK(again->stored == made->stored);
  CHECK(refused.error().code == errc::key_reused);
  CHECK(file.noted.contents.size() == 1);
}

TEST_CASE("an insert that runs again takes from its allowance once") {
  tables file;
  const insertion wanted{.said = {.content_id = "1", .body = "x"},
                         .allowances = {{.allowed = {.per_minute = 1}}}};
  sqlite::pending_insert pending{wanted, noon, make_comment_id(noon), file.buckets};
  for (int i = 0; i < 2; ++i) {
    sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
    CHECK(sqlite::insert(work, pending, file.noted).has_value());
  }
  sqlite::pending_insert another{wanted, noon, make_comment_id(noon), file.buckets};
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  CHECK(sqlite::insert(work, another, file.noted).error().code == errc::rate_limited);
}

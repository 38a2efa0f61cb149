#include <comments/store/postgres/copy.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "support/contract.hpp"
#include "support/copy_sides.hpp"
#include "support/postgres_maker.hpp"

using namespace comments;
using comments::contract::look;
using comments::contract::must;

namespace {

std::unique_ptr<copy_side> open_side(const testing::postgres_schema& schema,
                                     postgres::pooler pooler = postgres::pooler::absent) {
  return must(postgres_copy_side::open({.conninfo = schema.conninfo(), .pooler = pooler}));
}

}  // namespace

TEST_CASE("a database that was copied to another one is the same store") {
  testing::postgres_maker from, to;
  testing::fill(from.store());
  const testing::postgres_schema target;
  for (int i = 0; i < 2; ++i)  // the second time there is nothing to do
    must(copy(*open_side(from.schema()), *open_side(target), [](const copy_progress&) {}));
  const auto store = must(postgres_store::open({.conninfo = target.conninfo()}));
  CHECK(store->signing_key() == from.store().signing_key());
  for (const std::string id : {"Avaliação 0", "Avaliação 1", "Avaliação 2"})
    CHECK(look(*store, id) == look(from.store(), id));
  CHECK(must(store->deployments({})).items.size() == 1);

  testing::fill(to.store());  // a store of its own
  const auto refused =
      copy(*open_side(from.schema()), *open_side(to.schema()), [](const copy_progress&) {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::conflict);
}

TEST_CASE("any text and any NULL arrives as it was, and what is there stays") {
  auto pooler = postgres::pooler::absent;
  SUBCASE("by COPY") {}
  SUBCASE("behind a pooler") { pooler = postgres::pooler::present; }
  const testing::postgres_schema schema;
  const auto to = open_side(schema, pooler);
  const table& of_contents = tables()[0];
  const table& of_comments = tables()[1];
  std::vector<cells> rows, comments;
  for (const char* const text : {"", "NULL", "{\"a\",b}", "back\\slash\\\\", "\"", "a,b", " ",
                                 "line\nline", "\\N", "\U0001F600", "é"}) {
    rows.push_back({std::string{"id "} + text, std::int64_t{-1}, INT64_MAX, std::string{text}});
    cells comment(of_comments.columns.size(), cell{std::string{text}});
    for (const std::string_view number :
         {"position", "author_verified", "votes", "replies", "created_at", "version",
          "request_fingerprint", "depth", "listed", "reports", "email_shown", "held"})
      comment[static_cast<std::size_t>(std::ranges::find(of_comments.columns, number) -
                                       of_comments.columns.begin())] = std::int64_t{7};
    for (const std::string_view nothing : {"edited_at", "request_key"})
      comment[static_cast<std::size_t>(std::ranges::find(of_comments.columns, nothing) -
                                       of_comments.columns.begin())] = std::monostate{};
    comment[1] = rows.back()[0];
    comments.push_back(std::move(comment));
  }
  std::ranges::sort(rows);
  std::ranges::sort(comments);
  must(to->write(of_contents, rows));
  must(to->write(of_comments, comments));
  CHECK(must(to->read(of_contents, {}, 100)) == rows);
  CHECK(must(to->read(of_comments, {}, 100)) == comments);
  std::vector<cells> others = rows;
  for (cells& other : others) other[1] = std::int64_t{8};
  others.push_back({"z", std::int64_t{1}, std::int64_t{1}, std::string{}});
  must(to->write(of_contents, others));
  rows.push_back(others.back());
  CHECK(must(to->read(of_contents, {}, 100)) == rows);
}

TEST_CASE("a row that PostgreSQL does not take is named, and nothing of its part is written") {
  auto pooler = postgres::pooler::absent;
  SUBCASE("by COPY") {}
  SUBCASE("behind a pooler") { pooler = postgres::pooler::present; }
  const testing::postgres_schema schema;
  const auto to = open_side(schema, pooler);
  const table& of_votes = tables()[3];
  schema.run("ALTER TABLE vote ADD UNIQUE (at)");
  for (const std::size_t broken : {std::size_t{0}, std::size_t{511}, std::size_t{999}})
    for (const bool is_twice : {false, true}) {
      std::vector<cells> rows;
      for (std::int64_t i = 0; i < 1'000; ++i)
        rows.push_back(
            {"c" + std::to_string(i), std::string{"id"}, std::string{"ana"}, i, std::string{}});
      if (is_twice && broken == 0) continue;  // nothing is before it
      if (is_twice)
        rows[broken][3] = std::int64_t{0};
      else
        rows[broken][4] = std::string{"a\0b", 3};
      const auto refused = to->write(of_votes, rows);
      REQUIRE_FALSE(refused.has_value());
      CHECK(refused.error().code == errc::invalid);
      CHECK(refused.error().message ==
            "The database does not take a row of the table vote: content_id c" +
                std::to_string(broken) + ", comment_id id, voter ana.");
      CHECK(must(to->count(of_votes)) == 0);
    }
}

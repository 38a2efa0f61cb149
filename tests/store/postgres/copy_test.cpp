#include <comments/store/postgres/copy.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/copy_sides.hpp"
#include "support/postgres_maker.hpp"

using namespace comments;
using comments::contract::look;
using comments::contract::must;

namespace {

std::unique_ptr<copy_side> open_side(const testing::postgres_schema& schema) {
  return must(postgres_copy_side::open({.conninfo = schema.conninfo()}));
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

TEST_CASE(
    "a value that PostgreSQL does not accept is an error, and nothing of its part is written") {
  const testing::postgres_schema schema;
  const auto to = open_side(schema);
  const table& of_contents = tables()[0];
  const std::vector<cells> rows{
      {"fine", std::int64_t{1}, std::int64_t{1}, std::string{}},
      {std::string{"a\0b", 3}, std::int64_t{1}, std::int64_t{1}, std::string{}}};
  const auto refused = to->write(of_contents, rows);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::invalid);
  CHECK(must(to->count(of_contents)) == 0);
}

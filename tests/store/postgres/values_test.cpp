#include <comments/store/postgres/values.hpp>

#include <doctest/doctest.h>

#include "support/postgres_notebook.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

using namespace comments;
using namespace std::chrono_literals;
using postgres::transaction;
using testing::add;
using testing::postgres_notebook;

TEST_CASE("values come back as they were given, through a table and back") {
  postgres_notebook notes;
  const std::string texts[] = {"", "it's \"quoted\" \\ \\x00 $1 ?1 %s; DROP TABLE note; --",
                               "ção \U0001F600 \u200d", "\x01\x7f\r\n\t",
                               std::string(1'000'000, 'x') + "é"};
  const std::int64_t numbers[] = {std::numeric_limits<std::int64_t>::min(), -1, 0, 255,
                                  std::numeric_limits<std::int64_t>::max()};
  transaction writing{*notes.on, transaction::writing};
  for (std::size_t i = 0; i < 5; ++i) writing.send(add, numbers[i], texts[i]);
  REQUIRE(writing.commit());
  transaction reading{*notes.on, transaction::reading};
  const auto place = reading.send("SELECT id, text FROM note ORDER BY id");
  REQUIRE(reading.receive());
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
  postgres_notebook notes;
  const std::string given = "given";
  transaction asking{*notes.on, transaction::autocommit};
  const auto place = asking.send(
      "SELECT $1::text, $2::bigint, $3::text, $4::text, $5::text",
      postgres::parameter{given, false}, postgres::parameter{std::int64_t{7}, false},
      postgres::parameter{std::monostate{}}, postgres::parameter{given, true}, std::string_view{});
  REQUIRE(asking.receive());
  const auto found = asking.rows(place);
  for (const int column : {0, 1, 2}) CHECK(found.is_null(0, column));
  for (const int column : {3, 4}) CHECK_FALSE(found.is_null(0, column));
  CHECK(found.number(0, 1) == 0);
  CHECK(found.text(0, 3) == given);
}

TEST_CASE("how many rows a statement has changed is known") {
  postgres_notebook notes;
  transaction writing{*notes.on, transaction::writing};
  const auto added = writing.send(add, std::int64_t{1}, "x");
  const auto missed = writing.send("DELETE FROM note WHERE id = $1", std::int64_t{2});
  REQUIRE(writing.receive());
  CHECK(writing.rows(added).has_changed());
  CHECK_FALSE(writing.rows(missed).has_changed());
  CHECK(writing.rows(missed).empty());
}

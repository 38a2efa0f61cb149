#include <comments/store/postgres/rows.hpp>

#include <doctest/doctest.h>

#include "support/postgres_tables.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::failure;
using postgres::transaction;
using testing::postgres_tables;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

constexpr const char* id_text = "018bcfe5-687b-7000-8000-000000000001";

// A comment as another program may have written it, with that in a column.
void write_comment(const postgres_tables& file, const std::string& column,
                   const std::string& value) {
  file.run("INSERT INTO comment VALUES ('1', 3, '" + std::string{id_text} +
           "', '', 'pending', 'Ana', 'ana@example.com', 'https://example.com', 1, 'user 7', 'Olá', "
           "4, 5, 6, 1700000000123, NULL, 8, 'k', 9, 'opaque', '', 2, 0, 'origin')");
  file.run("UPDATE comment SET " + column + " = " + value);
}

comment read(postgres_tables& file) {
  transaction reading{file.on(), transaction::autocommit};
  const auto place = postgres::select_comment(reading, "1", id_text);
  REQUIRE(reading.receive());
  REQUIRE(reading.rows(place).size() == 1);
  return postgres::read_comment(reading.rows(place), 0);
}

content read_content(postgres_tables& file, std::string_view content_id) {
  transaction reading{file.on(), transaction::autocommit};
  const auto place = postgres::select_content(reading, content_id);
  REQUIRE(reading.receive());
  return postgres::read_content(reading.rows(place), content_id);
}

}  // namespace

TEST_CASE("a comment is read from its row, each column to its place") {
  postgres_tables file;
  write_comment(file, "edited_at", "1700000000124");
  const comment expected{
      .id = parse_comment_id(id_text).value(),
      .content_id = "1",
      .depth = 2,
      .position = 3,
      .status = status::pending,
      .author = {"Ana", "ana@example.com", "https://example.com", true, "user 7"},
      .body = "Olá",
      .votes = 4,
      .replies = 5,
      .reports = 6,
      .created_at = noon,
      .edited_at = noon + 1ms,
      .version = 8,
      .origin = "origin",
      .encoded = "opaque"};
  CHECK(read(file) == expected);
  file.run("UPDATE comment SET edited_at = NULL, parent_id = id, reply_to = id");
  CHECK_FALSE(read(file).edited_at);
  CHECK(read(file).parent == expected.id);
  CHECK(read(file).reply_to == expected.id);
}

TEST_CASE("a comment with an unknown status is read as removed") {
  postgres_tables file;
  write_comment(file, "status", "'splendid'");
  CHECK(read(file).status == status::removed);
}

TEST_CASE("a comment is looked for in its content alone") {
  postgres_tables file;
  write_comment(file, "content_id", "'2'");
  transaction reading{file.on(), transaction::autocommit};
  const auto other = postgres::select_comment(reading, "1", id_text);
  const auto own = postgres::select_comment(reading, "2", id_text);
  REQUIRE(reading.receive());
  CHECK(reading.rows(other).empty());
  CHECK(reading.rows(own).size() == 1);
}

TEST_CASE("a content is what was written of it, and nothing at first") {
  postgres_tables file;
  CHECK(read_content(file, "1") == content{"1", 0, 0, {}});
  transaction writing{file.on(), transaction::writing};
  content before{"1", 0, 0, {}};
  CHECK(postgres::lock_content(writing, "1") == before);
  for (const std::optional<content_status> status :
       {std::optional{content_status::locked}, std::optional<content_status>{}}) {
    const content moved{"1", 7, 3, status};
    postgres::update_content(writing, std::exchange(before, moved), moved);
    CHECK(postgres::lock_content(writing, "1") == moved);
  }
  CHECK(writing.commit());
  CHECK(read_content(file, "1") == content{"1", 7, 3, {}});
  CHECK(read_content(file, "2") == content{"2", 0, 0, {}});
}

TEST_CASE(
    "a content that is not as it was read is not changed, and its count moves by a difference") {
  postgres_tables file;
  {
    transaction writing{file.on(), transaction::writing};
    postgres::insert_content(writing, "1");
    postgres::update_content(writing, {"1", 0, 0, {}}, {"1", 5, 2, {}});
    REQUIRE(writing.commit());
  }
  {
    transaction late{file.on(), transaction::writing};
    postgres::update_content(late, {"1", 4, 2, {}}, {"1", 5, 3, {}});
    CHECK_FALSE(late.commit());
    CHECK(late.failed() == failure::conflict);
  }
  CHECK(read_content(file, "1") == content{"1", 5, 2, {}});
  file.run("UPDATE content SET comments = 7");
  transaction writing{file.on(), transaction::writing};
  postgres::update_content(writing, {"1", 5, 2, {}}, {"1", 6, 1, {}});
  REQUIRE(writing.commit());
  CHECK(read_content(file, "1") == content{"1", 6, 6, {}});
}

TEST_CASE("locking a content waits for the transaction that has it, and sees what that committed") {
  postgres_tables file;
  auto options = file.options();
  options.lock_wait = 50ms;
  const auto other = file.open(options);
  for (const std::int64_t version : {1, 2}) {
    transaction first{file.on(), transaction::writing};
    REQUIRE(postgres::lock_content(first, "1"));  // which makes it, the first time
    postgres::update_content(first, {"1", version - 1, 0, {}}, {"1", version, 0, {}});
    REQUIRE(first.receive());
    {
      transaction second{*other, transaction::writing};
      CHECK_FALSE(postgres::lock_content(second, "1"));
      CHECK(second.failed() == failure::locked);
    }
    REQUIRE(first.commit());
    transaction second{*other, transaction::writing};
    CHECK(postgres::lock_content(second, "1") == content{"1", version, 0, {}});
  }
}

TEST_CASE("an event is appended with all that it says, and of a content with no comment") {
  postgres_tables file;
  transaction writing{file.on(), transaction::writing};
  const auto id = parse_comment_id(id_text).value();
  postgres::insert_event(
      writing, {"1", 1, event_kind::edited, id, noon, "moderator ana", "rude", "spam", "before"});
  postgres::insert_event(
      writing, {.content_id = "1", .version = 2, .kind = event_kind::moderated, .at = noon});
  REQUIRE(writing.commit());
  const testing::postgres_session other{file.schema().conninfo()};
  CHECK(other.lines("SELECT concat_ws('|', content_id, version, kind, comment_id, at, by_whom, "
                    "reason, status, text_before) FROM event ORDER BY version") ==
        std::vector<std::string>{
            std::string{"1|1|edited|"} + id_text + "|1700000000123|moderator ana|rude|spam|before",
            "1|2|moderated||1700000000123||||"});
}

TEST_CASE("a notification names the content and the process that changed it") {
  postgres_tables file;
  const auto other = file.open();
  transaction listening{*other, transaction::autocommit};
  listening.send(std::string{"LISTEN "}.append(postgres::channel));
  REQUIRE(listening.receive());
  transaction telling{file.on(), transaction::autocommit};
  postgres::notify(telling, "node ", "a \"content\" é");
  REQUIRE(telling.receive());
  CHECK(other->take_notifications(60s) == std::vector<std::string>{"node a \"content\" é"});
}

TEST_CASE("what the database refuses is the caller's to change, all else may go well later") {
  const error refused = postgres::to_error({failure::rejected});
  CHECK(refused.code == errc::invalid);
  CHECK(refused.violations.size() == 1);
  for (const failure passing :
       {failure::conflict, failure::disconnected, failure::locked, failure::transient}) {
    CHECK(postgres::to_error({passing}).code == errc::unavailable);
    CHECK(postgres::to_error({passing, true}).code == errc::in_doubt);
  }
}

TEST_CASE("a count of any size is a number that one more can be asked of") {
  CHECK(postgres::as_number(0) == 0);
  CHECK(postgres::as_number(1'000'000'000) == 1'000'000'000);
  CHECK(postgres::as_number(1'000'000'001) == 1'000'000'000);
  CHECK(postgres::as_number(std::numeric_limits<std::size_t>::max()) == 1'000'000'000);
}

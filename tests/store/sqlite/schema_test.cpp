// Files that earlier versions left, brought up to date by opening them.

#include <comments/store/sqlite/schema.hpp>

#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/database.hpp"
#include "support/faulty_disk.hpp"
#include "support/size.hpp"
#include "support/temporary_folder.hpp"

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

using namespace comments;
using comments::contract::check_counts;
using comments::contract::counted;
using comments::contract::look;
using comments::contract::must;
using comments::contract::noon;
using comments::contract::post;

namespace {

// What version 0.1.0 of schema 2 left: content "1" with a thread four deep and a root without
// replies, and content "deep" with a chain of replies, 10,000 in `./dev test long`.
const int chain_length = testing::size(2'000, 10'000);
const std::string a_file_of_schema_2 =
    std::string{sql_schema::migrations()[0].sql} + std::string{sql_schema::migrations()[1].sql} +
    "CREATE TEMP TABLE chain AS SELECT " + std::to_string(chain_length) + " AS length;" + R"sql(
INSERT INTO setting VALUES ('signing_key',
  '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
INSERT INTO content VALUES ('1', 6, 6, 'open'), ('held', 0, 0, 'premoderated');
INSERT INTO content SELECT 'deep', length, length, 'open' FROM chain;
WITH row (position, parent, replies) AS (
  VALUES (1, 0, 2), (2, 1, 1), (3, 2, 1), (4, 3, 0), (5, 0, 0), (6, 1, 0))
INSERT INTO comment
SELECT '1', position, printf('00000000-0000-7000-8000-%012d', position),
  iif(parent, printf('00000000-0000-7000-8000-%012d', parent), ''), 'published', 'Ana',
  'Ana@example.com', '', 1, 'number ' || position, 7 - position, replies, 1700000000000 + position,
  iif(position = 5, 1700000000999, NULL), position, iif(position = 4, 'k', NULL), 99, '1 opaque'
FROM row;
WITH RECURSIVE number (n) AS (
  SELECT 1 UNION ALL SELECT n + 1 FROM number, chain WHERE n < length)
INSERT INTO comment
SELECT 'deep', n, printf('00000001-0000-7000-8000-%012d', n),
  iif(n > 1, printf('00000001-0000-7000-8000-%012d', n - 1), ''), 'published', '', '', '', 0, 'x',
  0, n < length, 1700000000000, NULL, n, NULL, 0, '' FROM number, chain;
INSERT INTO event SELECT content_id, position, 'posted', id, created_at FROM comment;
PRAGMA user_version = 2;
)sql";

// What was put into a file of schema 3, with something in each of its tables. Never changes.
const std::string a_file_of_schema_3 = std::string{sql_schema::migrations()[0].sql} +
                                       std::string{sql_schema::migrations()[1].sql} +
                                       std::string{sql_schema::migrations()[2].sql} + R"sql(
INSERT INTO setting VALUES ('signing_key',
  '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
INSERT INTO content VALUES ('1', 4, 1, 'first-comment');
INSERT INTO comment (content_id, position, id, parent_id, status, author_name, author_email,
  author_url, author_verified, body, votes, replies, created_at, edited_at, version, request_key,
  request_fingerprint, encoded, reply_to, depth, listed, reports, author_subject, origin) VALUES
  ('1', 1, '00000000-0000-7000-8000-000000000001', '', 'published', 'Ana', 'ana@example.com', '',
    1, 'first', 1, 0, 1700000000000, 1700000000003, 4, 'k', 99, '1 opaque', '', 0, 1, 1, '7', 'o'),
  ('1', 2, '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'spam',
    '', '', '', 0, 'second', 0, 0, 1700000000001, NULL, 2, NULL, 99, '',
    '00000000-0000-7000-8000-000000000001', 1, 0, 0, '', '');
INSERT INTO event VALUES
  ('1', 1, 'posted', '00000000-0000-7000-8000-000000000001', 1700000000000, '', '', 'published',
    ''),
  ('1', 2, 'posted', '00000000-0000-7000-8000-000000000002', 1700000000001, 'rules', 'links',
    'spam', ''),
  ('1', 3, 'voted', '00000000-0000-7000-8000-000000000001', 1700000000002, '', '', '', ''),
  ('1', 4, 'edited', '00000000-0000-7000-8000-000000000001', 1700000000003, 'author', '',
    'published', 'frist');
INSERT INTO vote VALUES ('1', '00000000-0000-7000-8000-000000000001', 'zoe', 1700000000002);
INSERT INTO complaint VALUES ('1', '00000000-0000-7000-8000-000000000001', 'zoe', 'rude',
  1700000000004);
PRAGMA user_version = 3;
)sql";

// What was put into a file of schema 5: all that is in one of schema 3, and what came since.
const std::string a_file_of_schema_5 = a_file_of_schema_3 +
                                       std::string{sql_schema::migrations()[3].sql} +
                                       std::string{sql_schema::migrations()[4].sql} + R"sql(
UPDATE content SET version = 9, comments = 3;
UPDATE comment SET encoded = '2 plain "body":"first","body_html":"<p>first</p>"', replies = 1,
  email_shown = 1, version = 6 WHERE position = 1;
INSERT INTO comment (content_id, position, id, parent_id, status, author_name, author_email,
  author_url, author_verified, body, votes, replies, created_at, version, request_fingerprint,
  encoded, reply_to, depth, listed) VALUES
  ('1', 5, '00000000-0000-7000-8000-000000000005', '', 'removed', '', '', '', 0, '', 0, 1,
    1700000000005, 8, 0, '', '', 0, 1),
  ('1', 6, '00000000-0000-7000-8000-000000000006', '00000000-0000-7000-8000-000000000001',
    'published', 'Bia', '', '', 0, 'third', 0, 0, 1700000000006, 6, 99, '',
    '00000000-0000-7000-8000-000000000001', 1, 1),
  ('1', 7, '00000000-0000-7000-8000-000000000007', '00000000-0000-7000-8000-000000000005',
    'published', '', '', '', 0, 'fourth', 0, 0, 1700000000007, 9, 99, '',
    '00000000-0000-7000-8000-000000000005', 1, 1);
INSERT INTO event VALUES
  ('1', 5, 'posted', '00000000-0000-7000-8000-000000000005', 1700000000005, '', '', 'published',
    ''),
  ('1', 6, 'posted', '00000000-0000-7000-8000-000000000006', 1700000000006, '', '', 'published',
    ''),
  ('1', 7, 'posted', '00000000-0000-7000-8000-000000000007', 1700000000007, 'rules', 'links',
    'pending', ''),
  ('1', 8, 'removed', '00000000-0000-7000-8000-000000000005', 1700000000008, 'author', '',
    'removed', ''),
  ('1', 9, 'moderated', '00000000-0000-7000-8000-000000000007', 1700000000009, 'moderator ana',
    '', 'published', '');
INSERT INTO deployment VALUES (1, 'd', 'comments', '1', 'ana', 'started', 'run', 1700000000000);
PRAGMA user_version = 5;
)sql";

comment_id numbered(int number, bool is_deep = false) {
  std::string digits = std::to_string(number);
  digits.insert(0, 12 - digits.size(), '0');
  return *parse_comment_id((is_deep ? "00000001" : "00000000") + std::string{"-0000-7000-8000-"} +
                           digits);
}

struct old_file {
  testing::temporary_folder folder{};
  std::string path{folder.path("comments.db")};

  explicit old_file(const std::string& and_then = "",
                    const std::string& content = a_file_of_schema_2) {
    testing::database{path}.run(
        content + and_then + "; PRAGMA application_id = " + std::to_string(sqlite::application_id));
  }
  std::unique_ptr<sqlite_store> open() const { return must(sqlite_store::open({.path = path})); }
};

}  // namespace

TEST_CASE("a file of schema 2 keeps all that is in it, and learns where each reply stands") {
  const old_file file;
  const auto store = file.open();
  const auto seen = look(*store, "1");
  CHECK(seen.all.content == counted(*store, "1", 6, 6));
  CHECK(must(store->contents(std::vector<std::string>{"held"})).front().status ==
        content_status::premoderated);
  const int parents[] = {0, 1, 2, 3, 0, 1}, depths[] = {0, 1, 2, 3, 0, 1};
  REQUIRE(seen.all.items.size() == 6);
  for (int i = 0; i < 6; ++i) {
    const auto at = static_cast<std::size_t>(i);
    comment expected{.id = numbered(i + 1),
                     .content_id = "1",
                     .depth = depths[i],
                     .position = i + 1,
                     .author = {"Ana", "Ana@example.com", "", true},
                     .body = "number " + std::to_string(i + 1),
                     .votes = 6 - i,
                     .replies = i == 0 ? 2 : int{i == 1 || i == 2},
                     .created_at = noon + std::chrono::milliseconds{i + 1},
                     .version = i + 1,
                     .encoded = "1 opaque"};
    if (parents[i] > 0) expected.parent = expected.reply_to = numbered(parents[i]);
    if (i == 4) expected.edited_at = noon + std::chrono::milliseconds{999};
    CHECK(seen.all.items[at] == expected);
    CHECK(seen.events[at] == comments::contract::posted(expected));
    CHECK(must(store->history(expected.id, 0, 10)) == std::vector{seen.events[at]});
  }
  check_counts(*store, "1");
  CHECK(must(store->find_all({.email = "ANA@EXAMPLE.COM"})).items.size() == 6);
  CHECK(store->insert({{.content_id = "1", .body = "?", .key = "k"}}, noon).error().code ==
        errc::key_reused);
  CHECK(store->signing_key().substr(0, 4) == std::string_view{"\0\1\2\3", 4});
}

TEST_CASE(
    "a file of schema 2 with a chain of thousands of replies can be replied to and moderated") {
  const old_file file;
  const auto store = file.open();
  CHECK(must(store->find(numbered(chain_length, true))).depth == chain_length - 1);
  check_counts(*store, "deep");
  // The next reply climbs all of it to the cap, or stays where it is.
  const comment_id last = numbered(chain_length, true);
  insertion written{.said = {.content_id = "deep", .parent = last, .body = "x"}, .depth_max = 6};
  const comment capped = post(*store, written);
  CHECK(capped.parent == numbered(6, true));
  CHECK(capped.depth == 6);
  written.depth_max = chain_length;
  const comment deepest = post(*store, written);
  CHECK(deepest.depth == chain_length);
  check_counts(*store, "deep");
  // All but the two ends of the chain are hidden, many at once: then each end moves all of it.
  must(store->amend(capped.id, comments::contract::to(status::removed), noon));
  std::atomic<int> failures{};
  comments::contract::at_once(64, [&](int thread) {
    for (int i = 1 + thread; i <= chain_length; i += 64)
      failures += !store->amend(numbered(i, true), comments::contract::to(status::spam), noon);
  });
  CHECK(failures == 0);
  CHECK(must(store->list({.content_id = "deep"})).items.size() == 1);
  must(store->amend(deepest.id, comments::contract::to(status::pending), noon));
  CHECK(must(store->list({.content_id = "deep"})).items.empty());
  const comment back =
      must(store->amend(deepest.id, comments::contract::to(status::published), noon));
  CHECK(must(store->find(numbered(1, true))).version == back.version);
  check_counts(*store, "deep");
}

TEST_CASE("a file of schema 2 that another tool changed is brought up to date all the same") {
  const old_file file{
      "UPDATE comment SET status = 'spam' WHERE content_id = '1' AND position = 5;"
      "UPDATE content SET comments = 5, status = 'locked' WHERE content_id = '1';"
      "UPDATE comment SET parent_id = '00000000-0000-7000-8000-000000000099' WHERE position = 6"};
  const auto store = file.open();
  CHECK(must(store->find(numbered(6))).depth == 1);
  CHECK(look(*store, "1").all.content == counted(*store, "1", 6, 5, content_status::locked));
  CHECK(must(store->list({.content_id = "1"})).items.size() == 1);
}

namespace {

// Returns what each table of a file holds, in the columns that it had before.
std::vector<std::vector<std::string>> rows_in(const std::string& path, int schema) {
  const testing::database looked{path};
  const auto columns_of = [&](const std::string& table) -> std::string {
    // What `encoded` repeats of the body is in its column no more.
    std::string columns{sql_schema::comment_columns};
    columns.replace(columns.find("encoded"), 7, "replace(encoded, CAST(x'ff' AS TEXT), body)");
    columns.resize(columns.find(schema < 5 ? ", email_shown" : ", browser"));
    if (table == "comment") return columns + ", request_key, request_fingerprint, listed";
    return table == "vote" ? "content_id, comment_id, voter, at" : "*";
  };
  // The epoch is new: nobody has asked for one before.
  std::vector<std::string> tables{
      "setting WHERE name <> 'epoch'", "content", "comment", "event", "vote", "complaint"};
  if (schema >= 4) tables.emplace_back("deployment");
  std::vector<std::vector<std::string>> all;
  for (const std::string& table : tables)
    all.push_back(testing::rows_of(
        looked.handle(), "SELECT " + columns_of(table) + " FROM " + table + " ORDER BY 1, 2"));
  return all;
}

}  // namespace

TEST_CASE("a file of schema 5 keeps all that is in it, and tells most posts from their comments") {
  const old_file file{"", a_file_of_schema_5};
  const auto before = rows_in(file.path, 5);
  const auto store = file.open();
  CHECK(rows_in(file.path, 5) == before);
  const testing::database looked{file.path};
  CHECK(testing::rows_of(looked.handle(), "SELECT version FROM change ORDER BY 1") ==
        std::vector<std::string>{"2", "3", "4", "5", "7", "8", "9"});
  CHECK(looked.text("SELECT count(*) FROM comment WHERE instr(encoded, body) AND body <> ''") ==
        "0");
  const auto seen = look(*store, "1");
  CHECK(seen.all.content == counted(*store, "1", 9, 3, content_status::first_comment));
  CHECK(seen.comments.front().author.email_shown);
  CHECK(seen.comments.front().encoded == R"(2 plain "body":"first","body_html":"<p>first</p>")");
  REQUIRE(seen.events.size() == 9);
  for (std::size_t i = 0; i < 9; ++i) CHECK(seen.events[i].version == static_cast<int>(i) + 1);
  CHECK(must(store->list({.content_id = "1", .sort = sort::oldest})).items.size() == 2);
  CHECK(must(store->history(numbered(7), 0, 10)).size() == 2);
  CHECK(must(store->history(numbered(6), 0, 10)) == std::vector{seen.events[5]});
  check_counts(*store, "1");
}

TEST_CASE("a file of schema 3 keeps all that is in it, and gets a log of deployments") {
  const old_file file{"", a_file_of_schema_3};
  const auto before = rows_in(file.path, 3);
  file.open();
  CHECK(rows_in(file.path, 3) == before);
  auto store = file.open();
  const auto seen = look(*store, "1");
  CHECK(seen.all.content == counted(*store, "1", 4, 1, content_status::first_comment));
  CHECK(seen.comments.size() == 2);
  CHECK(seen.comments.front().body == "first");
  CHECK(seen.comments.front().author.email == "ana@example.com");
  CHECK_FALSE(seen.comments.front().author.email_shown);  // the file cannot tell how it came
  CHECK(seen.events.back().before == "frist");
  CHECK(seen.reports.front() ==
        std::vector<comments::report>{{"zoe", "rude", noon + std::chrono::milliseconds{4}}});
  CHECK(must(store->votes_of("zoe", {}, 10)).size() == 1);
  check_counts(*store, "1");
  CHECK(must(store->deployments({})).items.empty());
  const deployment kept =
      comments::contract::put(*store, comments::contract::step(1, "comments", "run"));
  store.reset();
  store = file.open();
  CHECK(must(store->deployments({})).items == std::vector{kept});
  CHECK(look(*store, "1") == seen);
}

TEST_CASE("a file of an older schema is copied first, whole and for its owner alone") {
  const old_file file{"", a_file_of_schema_3};
  const std::string copy = sqlite::path_before(file.path);
  CHECK(copy == file.path + ".before-" + std::to_string(sql_schema::newest));
  for (int round = 0; round < 2; ++round) {  // an owner may go back, and come again
    CAPTURE(round);
    file.open();
    using std::filesystem::perms;
    CHECK((std::filesystem::status(copy).permissions() & perms::all) ==
          (perms::owner_read | perms::owner_write));
    CHECK_FALSE(std::filesystem::exists(copy + "-copying"));
    const testing::database kept{copy};
    CHECK(kept.text("PRAGMA user_version") == "3");
    CHECK(kept.text("PRAGMA integrity_check") == "ok");
    CHECK(kept.text("SELECT group_concat(body) FROM comment") ==
          (round == 0 ? "first,second" : "first,second,more"));
    if (round == 1) break;
    std::filesystem::copy_file(copy, file.path, std::filesystem::copy_options::overwrite_existing);
    testing::database{file.path}.run(
        "INSERT INTO comment SELECT content_id, 9, '00000000-0000-7000-8000-000000000009', "
        "parent_id, status, author_name, author_email, author_url, author_verified, 'more', 0, 0, "
        "created_at, edited_at, version, NULL, 0, '', reply_to, depth, listed, reports, "
        "author_subject, origin FROM comment WHERE position = 1");
  }
  CHECK_FALSE(std::filesystem::exists(file.path + ".before-3"));
}

TEST_CASE("a file of an older schema that cannot be copied is left as it was, and the owner told") {
  const old_file file{"", a_file_of_schema_3};
  std::filesystem::create_directory(sqlite::path_before(file.path));
  const auto opened = sqlite_store::open({.path = file.path});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find(sqlite::path_before(file.path)) != std::string::npos);
  CHECK(testing::database{file.path}.text("PRAGMA user_version") == "3");
  std::filesystem::remove(sqlite::path_before(file.path));
  CHECK(file.open());
}

TEST_CASE("a new file has nothing that could be copied") {
  const testing::temporary_folder folder;
  must(sqlite_store::open({.path = folder.path("new.db")}));
  CHECK_FALSE(std::filesystem::exists(sqlite::path_before(folder.path("new.db"))));
}

TEST_CASE("what a file of schema 3 holds twice is held once, and read as it was") {
  const old_file file{"UPDATE comment SET encoded = '2 \"first\" <p>first</p>' WHERE position = 1",
                      a_file_of_schema_3};
  const auto store = file.open();
  CHECK(look(*store, "1").comments.front().encoded == "2 \"first\" <p>first</p>");
  const testing::database looked{file.path};
  CHECK(looked.text("SELECT instr(encoded, 'first') FROM comment WHERE position = 1") == "0");
  // The post of the visible comment is told from its row; that of the other one has a reason.
  CHECK(testing::rows_of(looked.handle(), "SELECT version FROM change ORDER BY 1") ==
        std::vector<std::string>{"2", "3", "4"});
}

TEST_CASE("a file whose disk fails while it is brought up to date is left as it was") {
  for (long nth = 1;; ++nth) {
    CAPTURE(nth);
    const old_file file{"", a_file_of_schema_3};
    testing::faulty_disk disk;
    disk.fail(testing::disk_call::write, SQLITE_IOERR_WRITE, nth);
    const bool is_open = sqlite_store::open({.path = file.path, .vfs = disk.name()}).has_value();
    disk.heal();
    const auto store = file.open();
    CHECK(look(*store, "1").events.size() == 4);
    CHECK(look(*store, "1").comments.size() == 2);
    if (is_open) break;
    REQUIRE(nth < 1000);
  }
}

TEST_CASE("a file that is up to date again has the tables and indexes of a new one") {
  for (const std::string& content : {a_file_of_schema_2, a_file_of_schema_3, a_file_of_schema_5}) {
    const old_file old{"", content};
    const testing::temporary_folder folder;
    old.open();
    must(sqlite_store::open({.path = folder.path("new.db")}));
    const std::string all = "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY 1, 2";
    const testing::database migrated{old.path}, fresh{folder.path("new.db")};
    CHECK(testing::rows_of(migrated.handle(), all) == testing::rows_of(fresh.handle(), all));
    CHECK(migrated.text("PRAGMA integrity_check") == "ok");
    CHECK(migrated.text("PRAGMA foreign_key_check").empty());
    CHECK(migrated.text("PRAGMA user_version") == std::to_string(sql_schema::newest));
  }
}

#include <comments/store/sqlite/rows.hpp>

#include <doctest/doctest.h>

#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/schema.hpp>

#include "support/size.hpp"
#include "support/temporary_folder.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
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

TEST_CASE("what an encoder made of a body is kept without the body, and read as it was") {
  const std::string encoded = R"(2 plain 1 "body":"Oi, tudo?","body_html":"<p>Oi, tudo?</p>")";
  const std::string kept = sqlite::take_body(encoded, "Oi, tudo?");
  CHECK(kept.size() == encoded.size() - 2 * 8);
  CHECK(kept.find("tudo") == std::string::npos);
  CHECK(sqlite::put_body(kept, "Oi, tudo?") == encoded);
  for (const std::string body : {"", "o", "oo", "Oi", "Oi, tudo?", "not in it", "\"Oi", "ção"}) {
    CAPTURE(body);
    for (const std::string& text : {encoded, std::string{}, body, body + body, "o" + body + "oo"})
      CHECK(sqlite::put_body(sqlite::take_body(text, body), body) == text);
  }
}

TEST_CASE("a post of a comment that is shown at once writes no event of its own") {
  tables file;
  sqlite::transaction work{*file.connection, "BEGIN IMMEDIATE"};
  const auto write = [&](status status, const std::string& reason) {
    insertion wanted{.said = {.content_id = "1", .body = "x"}, .status = status};
    wanted.reason = reason;
    sqlite::pending_insert pending{wanted, noon, make_comment_id(noon), file.buckets};
    REQUIRE(sqlite::insert(work, pending, file.noted));
    return std::pair{work->number("SELECT count(*) FROM change"),
                     work->number("SELECT count(*) FROM event")};
  };
  CHECK(write(status::published, "") == std::pair{std::int64_t{0}, std::int64_t{1}});
  CHECK(write(status::pending, "links") == std::pair{std::int64_t{1}, std::int64_t{2}});
  CHECK(write(status::pending, "") == std::pair{std::int64_t{2}, std::int64_t{3}});
  CHECK(write(status::published, "links") == std::pair{std::int64_t{3}, std::int64_t{4}});
  CHECK(work->commit());
}

// A post changed 287 pages of the log, and a comment of 150 characters took 949 bytes.
TEST_CASE("64 posts into 100 contents change at most 110 pages, and a comment takes 600 bytes" *
          testing::one_thread) {
  const testing::temporary_folder folder;
  auto opened = sqlite::connect({.path = folder.path("comments.db")});
  REQUIRE(opened);
  sqlite::connection& on = **opened;
  REQUIRE(sqlite::migrate(on));
  std::mt19937 dice{1};
  bucket_table buckets;
  int posted = 0;
  const auto post_batch = [&](int count) {
    sqlite::transaction work{on, "BEGIN IMMEDIATE"};
    sqlite::effects noted;
    for (int i = 0; i < count; ++i) {
      const std::string body =
          std::string(90 + dice() % 101, 'x') + std::to_string(1'000'000'000 + posted);
      const insertion wanted{.said = {.content_id = std::to_string(dice() % 100),
                                      .author = {.name = "Ana", .email = "ana@example.com"},
                                      .body = body},
                             .browser = "0123456789abcdef",
                             .encoded = R"(2 plain 1 "author":{"name":"Ana","verified":false,)"
                                        R"("key":"0123456789abcdef"},"body":")" +
                                        body + R"(","body_html":"<p>)" + body + R"(</p>\n")"};
      const instant now = noon + std::chrono::milliseconds{++posted};
      sqlite::pending_insert pending{wanted, now, make_comment_id(now), buckets};
      REQUIRE(sqlite::insert(work, pending, noted));
    }
    REQUIRE(work->commit());
  };
  const auto empty_log = [&] {
    REQUIRE(on.checkpoint(sqlite::checkpoint_mode::truncate, std::chrono::milliseconds{0}));
  };
  while (posted < testing::size(30'000, 300'000)) post_batch(1000);
  empty_log();
  CHECK(std::filesystem::file_size(folder.path("comments.db")) / static_cast<unsigned>(posted) <=
        600);
  std::int64_t pages = 0;
  constexpr int batches = 20;
  for (int i = 0; i < batches; ++i, empty_log()) {
    post_batch(64);
    pages += on.log_pages();
  }
  CHECK(pages / batches <= 110);
}

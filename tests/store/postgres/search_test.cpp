#include <comments/store/postgres/search.hpp>

#include <doctest/doctest.h>

#include "support/postgres_tables.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using postgres::transaction;
using testing::postgres_tables;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

// The id of the comment at a position of content "1": the later, the greater.
std::string id_at(std::int64_t position) {
  const std::string digits = std::to_string(position);
  return "018bcfe5-687b-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

// As many comments of content "1", each with as many votes as its position has in `votes`.
void fill(const postgres_tables& file, const std::vector<int>& votes) {
  file.run("INSERT INTO content VALUES ('1', " + std::to_string(votes.size()) + ", 0, '')");
  for (std::size_t i = 0; i < votes.size(); ++i)
    file.run("INSERT INTO comment VALUES ('1', " + std::to_string(i + 1) + ", '" +
             id_at(static_cast<std::int64_t>(i) + 1) +
             "', '', 'published', 'Ana', 'ana@example.com', '', 0, '', 'body', " +
             std::to_string(votes[i]) + ", 0, 0, 0, NULL, 1, NULL, 0, '', '', 0, 1, '')");
}

// What a reading answers that must go well.
template <typename Reading>
auto read(postgres_tables& file, transaction::mode mode, const Reading& wanted) {
  transaction reading{file.on(), mode};
  auto answer = wanted(reading);
  REQUIRE(reading.failed() == postgres::failure::none);
  return answer;
}

std::vector<std::int64_t> positions(const std::vector<comment>& comments) {
  std::vector<std::int64_t> found;
  for (const comment& one : comments) found.push_back(one.position);
  return found;
}

void write_event(const postgres_tables& file, std::int64_t version, const std::string& kind,
                 const std::string& about) {
  file.run("INSERT INTO event VALUES ('1', " + std::to_string(version) + ", '" + kind + "', '" +
           about + "', 1700000000123, 'ana', 'rude', 'spam', 'before')");
}

}  // namespace

TEST_CASE("pages of each order meet every comment once, equal votes and page ends included") {
  postgres_tables file;
  fill(file, {2, 0, 2, 5, 0, 2, -1, 2});
  const auto walk = [&](query wanted) {
    std::vector<std::int64_t> met;
    for (;;) {
      const page found = read(file, transaction::reading, [&](transaction& reading) {
        return postgres::list(reading, wanted);
      });
      CHECK(found.content == content{"1", 8, 0, {}});
      CHECK(found.items.size() <= wanted.limit);
      for (const std::int64_t one : positions(found.items)) met.push_back(one);
      if (!found.next) return met;
      wanted.after = found.next;
    }
  };
  for (const std::size_t limit : {1u, 2u, 3u, 8u, 9u}) {
    CAPTURE(limit);
    const auto all = [&](sort order) {
      return walk({.content_id = "1", .sort = order, .limit = limit});
    };
    CHECK(all(sort::oldest) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(all(sort::newest) == std::vector<std::int64_t>{8, 7, 6, 5, 4, 3, 2, 1});
    CHECK(all(sort::top) == std::vector<std::int64_t>{4, 1, 3, 6, 8, 2, 5, 7});
  }
}

TEST_CASE("a page of a content without comments is empty") {
  postgres_tables file;
  const page found = read(file, transaction::reading, [](transaction& reading) {
    return postgres::list(reading, {.content_id = "1", .scope = scope::replies});
  });
  CHECK(found.content == content{"1", 0, 0, {}});
  CHECK(found.items.empty());
  CHECK_FALSE(found.next);
}

TEST_CASE("contents are answered in the order asked for, as often as asked for, known or not") {
  postgres_tables file;
  file.run("INSERT INTO content VALUES ('1', 3, 2, 'locked'), ('2', 4, 4, '')");
  const auto ask = [&](const std::vector<std::string_view>& ids) {
    return read(file, transaction::autocommit,
                [&](transaction& reading) { return postgres::contents(reading, ids); });
  };
  const content one{"1", 3, 2, content_status::locked};
  CHECK(ask({"1", "3", "2", "1"}) ==
        std::vector{one, content{"3", 0, 0, {}}, content{"2", 4, 4, {}}, one});
  CHECK(ask({}).empty());
}

TEST_CASE("an event is read as it was appended, with all that it says") {
  postgres_tables file;
  write_event(file, 1, "edited", id_at(1));
  write_event(file, 2, "moderated", "");
  const auto events = [&](std::string_view content_id, std::int64_t after, std::size_t limit) {
    return read(file, transaction::autocommit, [&](transaction& reading) {
      return postgres::events(reading, content_id, after, limit);
    });
  };
  const event full{
      "1",    1,       event_kind::edited, parse_comment_id(id_at(1)).value(), noon, "ana", "rude",
      "spam", "before"};
  event plain = full;
  plain.version = 2;
  plain.kind = event_kind::moderated;
  plain.comment = {};
  CHECK(events("1", 0, 10) == std::vector{full, plain});
  CHECK(events("1", 1, 10) == std::vector{plain});
  CHECK(events("1", 0, 1) == std::vector{full});
  CHECK(events("1", 2, 10).empty());
  CHECK(events("2", 0, 10).empty());
}

TEST_CASE("a history begins with the post, and is read without the votes between") {
  postgres_tables file;
  fill(file, {0, 0});
  write_event(file, 1, "posted", id_at(1));
  write_event(file, 2, "posted", id_at(2));
  write_event(file, 3, "voted", id_at(2));
  write_event(file, 4, "edited", id_at(2));
  write_event(file, 5, "removed", id_at(1));
  write_event(file, 6, "moderated", id_at(2));
  const auto versions = [&](std::int64_t position, std::int64_t after, std::size_t limit) {
    std::vector<std::int64_t> found;
    for (const event& one : read(file, transaction::autocommit, [&](transaction& reading) {
           return postgres::history(reading, "1", parse_comment_id(id_at(position)).value(), after,
                                    limit);
         }))
      found.push_back(one.version);
    return found;
  };
  CHECK(versions(2, 0, 10) == std::vector<std::int64_t>{2, 4, 6});
  CHECK(versions(2, 0, 2) == std::vector<std::int64_t>{2, 4});
  CHECK(versions(2, 2, 1) == std::vector<std::int64_t>{4});
  CHECK(versions(2, 6, 10).empty());
  CHECK(versions(1, 0, 10) == std::vector<std::int64_t>{1, 5});
  CHECK(versions(3, 0, 10).empty());
}

TEST_CASE("a text is found in bodies and names as it stands, signs of patterns included") {
  postgres_tables file;
  fill(file, {0, 0, 0});
  file.run("UPDATE comment SET body = '100% Ação_x' WHERE position = 2");
  file.run("UPDATE comment SET author_name = 'O''Neil \\' WHERE position = 3");
  const auto find = [&](const search& wanted) {
    return positions(read(file, transaction::autocommit, [&](transaction& reading) {
                       return postgres::find_all(reading, wanted);
                     }).items);
  };
  using found = std::vector<std::int64_t>;
  CHECK(find({.text = "100%"}) == found{2});
  CHECK(find({.text = "%"}) == found{2});
  CHECK(find({.text = "_"}) == found{2});
  CHECK(find({.text = "AçãO"}) == found{2});
  CHECK(find({.text = "AÇÃO"}) == found{});  // only ASCII letters are the same in either case
  CHECK(find({.text = "o'neil \\"}) == found{3});
  CHECK(find({.email = "ANA@example.com"}) == found{1, 2, 3});
  CHECK(find({.text = "body"}) == found{1, 3});
}

TEST_CASE("findings and ballots go on behind the last of a page, and end with the last of all") {
  postgres_tables file;
  fill(file, {0, 0, 0});
  search wanted{.limit = 2};
  const auto find = [&] {
    return read(file, transaction::autocommit,
                [&](transaction& reading) { return postgres::find_all(reading, wanted); });
  };
  const search_result first = find();
  CHECK(positions(first.items) == std::vector<std::int64_t>{1, 2});
  REQUIRE(first.next);
  CHECK(*first.next == first.items.back().id);
  wanted.after = first.next;
  const search_result last = find();
  CHECK(positions(last.items) == std::vector<std::int64_t>{3});
  CHECK_FALSE(last.next);
  wanted = {.limit = 3};
  CHECK_FALSE(find().next);

  for (const std::int64_t position : {2, 1, 3})
    file.run("INSERT INTO vote VALUES ('1', '" + id_at(position) + "', 'ana', 5)");
  const auto votes = [&](std::optional<comment_id> after, std::size_t limit) {
    return read(file, transaction::autocommit, [&](transaction& reading) {
      return postgres::votes_of(reading, "ana", after, limit);
    });
  };
  const auto id = [](std::int64_t position) { return parse_comment_id(id_at(position)).value(); };
  const auto ballot_at = [&](std::int64_t position) {
    return comments::vote{id(position), "1", from_milliseconds(5)};
  };
  CHECK(votes({}, 2) == std::vector{ballot_at(1), ballot_at(2)});
  CHECK(votes(id(2), 2) == std::vector{ballot_at(3)});
}

TEST_CASE("reports are read the latest first, as many as asked for") {
  postgres_tables file;
  fill(file, {0});
  file.run(
      "INSERT INTO complaint SELECT '1', id, 'r' || n, 'why ' || n, n FROM comment, "
      "generate_series(1, 3) AS n");
  const auto reports = [&](std::int64_t position, std::size_t limit) {
    return read(file, transaction::autocommit, [&](transaction& reading) {
      return postgres::reports_of(reading, "1", parse_comment_id(id_at(position)).value(), limit);
    });
  };
  const comments::report third{"r3", "why 3", from_milliseconds(3)},
      second{"r2", "why 2", from_milliseconds(2)};
  CHECK(reports(1, 2) == std::vector{third, second});
  CHECK(reports(1, 10).size() == 3);
  CHECK(reports(2, 10).empty());
}

#include <comments/store/copy.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/copy_sides.hpp"

using namespace comments;
using testing::memory_copy_side;

namespace {

const table& of_contents = tables()[0];
const table& of_votes = tables()[3];

cells row_of(std::int64_t version, const std::string& content_id) {
  return {content_id, version, std::int64_t{0}, std::string{}};
}

memory_copy_side filled(int rows) {
  memory_copy_side made;
  made.settings = {{"signing_key", "a key"}, {"epoch", "00000000000000e1"}};
  for (int i = 0; i < rows; ++i) made.put(of_contents, row_of(i, "content " + std::to_string(i)));
  made.put(of_votes, {"content 1", "id", "voter", std::monostate{}});
  return made;
}

result<done> quietly(memory_copy_side& from, memory_copy_side& to) {
  return copy(from, to, [](const copy_progress&) {});
}

}  // namespace

TEST_CASE("statements read behind a key, find the last one, and add what is not there") {
  CHECK(read_sql(of_votes, false) ==
        "SELECT content_id, comment_id, voter, at, browser FROM vote "
        "ORDER BY content_id, comment_id, voter LIMIT ?1");
  CHECK(read_sql(of_votes, true) ==
        "SELECT content_id, comment_id, voter, at, browser FROM vote "
        "WHERE (content_id, comment_id, voter) > (?1, ?2, ?3) "
        "ORDER BY content_id, comment_id, voter LIMIT ?4");
  CHECK(last_sql(of_contents) == "SELECT content_id FROM content ORDER BY content_id DESC LIMIT 1");
  CHECK(write_sql(of_votes) ==
        "INSERT INTO vote (content_id, comment_id, voter, at, browser) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (content_id, comment_id, voter) DO NOTHING");
  CHECK(count_sql(of_votes) == "SELECT count(*) FROM vote");
}

TEST_CASE("everything is copied in its order, with its progress, and compared") {
  memory_copy_side from = filled(2'500), to;
  std::vector<copy_progress> told;
  const auto copied = copy(from, to, [&](const copy_progress& now) { told.push_back(now); });
  REQUIRE(copied.has_value());
  CHECK(to.rows["content"] == from.rows["content"]);
  CHECK(to.rows["vote"] == from.rows["vote"]);
  CHECK(to.settings == from.settings);
  std::vector<std::int64_t> rows;
  for (const copy_progress& each : told)
    if (each.table == "content" && each.checksum.empty()) rows.push_back(each.rows);
  CHECK(rows == std::vector<std::int64_t>{0, 1'000, 2'000, 2'500});
  CHECK(std::ranges::count_if(told, [](const auto& each) { return each.checksum.size() == 16; }) ==
        static_cast<std::ptrdiff_t>(tables().size()));
}

TEST_CASE("a copy that fails anywhere goes on when it is made again, until it is whole") {
  memory_copy_side from = filled(2'100), to;
  for (int fails_at = 1;; ++fails_at) {
    CAPTURE(fails_at);
    REQUIRE(fails_at < 200);
    from.calls = to.calls = 0;
    to.fails_at = fails_at;
    if (const auto copied = quietly(from, to); copied && to.calls < fails_at) break;
  }
  CHECK(to.rows["content"] == from.rows["content"]);
  for (int fails_at = 1;; ++fails_at) {
    memory_copy_side target;
    from.calls = 0;
    from.fails_at = fails_at;
    if (const auto copied = quietly(from, target); copied && from.calls < fails_at) break;
    REQUIRE(fails_at < 200);
  }
}

TEST_CASE("a copy whose progress cannot be shown ends there, and goes on when it is made again") {
  memory_copy_side from = filled(2'100), to;
  const auto shows = [&](const std::function<void(const copy_progress&)>& show) {
    return comments::copy(from, to, show);  // std::copy would take a std::function, too
  };
  CHECK(shows({}).error().code == errc::unavailable);
  int calls = 0;
  for (int fails_at = 1;; ++fails_at) {
    CAPTURE(fails_at);
    REQUIRE(fails_at < 200);
    calls = 0;
    const auto copied = shows([&](const copy_progress&) {
      if (++calls != fails_at) return;
      if (fails_at % 2 == 0) throw 42;
      throw std::runtime_error{"secret"};
    });
    if (copied) break;
    CHECK(calls == fails_at);
    CHECK(copied.error().code == errc::unavailable);
    CHECK(copied.error().message.find("secret") == std::string::npos);
  }
  CHECK(to.rows["content"] == from.rows["content"]);
}

TEST_CASE("who shows a copy may read both sides, and copy again") {
  memory_copy_side from = filled(1'500), to;
  int calls = 0;
  const auto copied = copy(from, to, [&](const copy_progress& now) {
    if (++calls == 1) CHECK(quietly(from, to));
    CHECK(to.count(of_contents) == from.count(of_contents));
    CHECK(now.rows <= now.total);
  });
  CHECK(copied);
  CHECK(to.rows["vote"] == from.rows["vote"]);
}

TEST_CASE("a target that holds something else is refused, and left as it is") {
  memory_copy_side from = filled(3), to;
  to.settings["signing_key"] = "another";
  to.put(of_contents, row_of(9, "theirs"));
  const auto before = to.rows;
  const auto refused = quietly(from, to);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == errc::conflict);
  CHECK(to.rows == before);
  CHECK(to.settings["signing_key"] == "another");
}

TEST_CASE("if both sides differ in the end, the error names the table") {
  for (const bool is_more : {false, true}) {
    memory_copy_side from = filled(3), to = filled(3);
    if (is_more)
      to.put(of_votes, {"content 2", "id", "voter", std::int64_t{1}});
    else
      to.rows["vote"].begin()->second.back() = std::int64_t{0};  // a number is not NULL
    const auto refused = quietly(from, to);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message == "The two differ in the table vote.");
  }
}

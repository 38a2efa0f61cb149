#include <comments/store/postgres/insert.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_tables.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::failure;
using testing::postgres_tables;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

constexpr std::string_view node = "node ";

postgres::insert_progress untried{}, tried{.may_exist = true};

std::vector<postgres::pending_insert> to_insertions(const std::vector<insertion>& drafts) {
  std::vector<postgres::pending_insert> wanted;
  for (const insertion& one : drafts)
    wanted.push_back({&one, noon, make_comment_id(noon), &untried});
  return wanted;
}

struct answers {
  std::vector<postgres::insert_batch::outcome> outcomes{};
  postgres::ending end{};
  bool can_notify{true};
};

answers insert(postgres::connection& on, std::span<const postgres::pending_insert> wanted,
               std::optional<std::chrono::milliseconds> patience = {}) {
  answers said{.outcomes = std::vector<postgres::insert_batch::outcome>(wanted.size())};
  std::atomic<bool> can_notify{true};
  postgres::insert_batch batch{on, wanted, patience};
  said.end = batch.run(said.outcomes, {node, &can_notify});
  said.can_notify = can_notify;
  return said;
}

// What became of drafts that the database must have taken, each for itself.
std::vector<result<post_result>> insert(postgres_tables& file,
                                        const std::vector<insertion>& drafts) {
  const auto said = insert(file.on(), to_insertions(drafts));
  REQUIRE(said.end.why == failure::none);
  std::vector<result<post_result>> all;
  for (const auto& one : said.outcomes) all.push_back(one.value());
  return all;
}

comment post(postgres_tables& file, const insertion& wanted) {
  const auto made = insert(file, {wanted}).front();
  REQUIRE(made);
  return made->stored;
}
comment post(postgres_tables& file, const draft& written) { return post(file, insertion{written}); }

std::string versions(const postgres_tables& file) {
  return file.run(
      "SELECT string_agg(content_id || ':' || version || ':' || comments, ' ' "
      "ORDER BY content_id) FROM content");
}

}  // namespace

TEST_CASE("versions and positions are gapless in each content of a batch") {
  postgres_tables file;
  post(file, {.content_id = "b", .body = "before"});
  std::vector<insertion> drafts;
  for (const char* const content_id : {"b", "a", "b", "c", "a", "b"})
    drafts.push_back({{.content_id = content_id, .body = "x"}});
  drafts.push_back({.said = {.content_id = "a", .body = "x"}, .status = status::pending});
  const auto made = insert(file, drafts);
  std::vector<std::int64_t> positions;
  for (const auto& one : made) {
    REQUIRE(one);
    CHECK(one->stored.position == one->stored.version);
    positions.push_back(one->stored.position);
  }
  CHECK(positions == std::vector<std::int64_t>{2, 1, 3, 1, 2, 4, 3});
  CHECK(versions(file) == "a:3:2 b:4:4 c:1:1");
  CHECK(file.run("SELECT string_agg(e.content_id || e.version, ' ' ORDER BY e.content_id, "
                 "e.version) FROM event e JOIN comment c ON c.content_id = e.content_id AND "
                 "c.position = e.version AND c.id = e.comment_id") == "a1 a2 a3 b1 b2 b3 b4 c1");
}

TEST_CASE("a batch is one transaction") {
  postgres_tables file;
  REQUIRE(
      insert(file, {{{.content_id = "a", .body = "x"}}, {{.content_id = "b", .body = "y"}}})[1]);
  CHECK(file.run("SELECT count(DISTINCT xmin::text) FROM comment") == "1");
}

TEST_CASE("the same key twice in a batch makes one comment") {
  postgres_tables file;
  const draft first{.content_id = "1", .body = "x", .key = "k"};
  draft other = first, elsewhere = first;
  other.body = "y";
  elsewhere.content_id = "2";
  const auto made = insert(file, {{first}, {first}, {other}, {elsewhere}});
  REQUIRE(made[0]);
  CHECK_FALSE(made[0]->replayed);
  REQUIRE(made[1]);
  CHECK(made[1]->replayed);
  CHECK(made[1]->stored == made[0]->stored);
  REQUIRE_FALSE(made[2]);
  CHECK(made[2].error().code == errc::key_reused);
  REQUIRE(made[3]);
  CHECK_FALSE(made[3]->replayed);
  CHECK(versions(file) == "1:1:1 2:1:1");
}

TEST_CASE("a key that another node used at the same moment makes one comment") {
  postgres_tables file;
  const std::vector<insertion> drafts{{{.content_id = "1", .body = "x", .key = "k"}}};
  const auto wanted = to_insertions(drafts);
  std::vector<std::unique_ptr<postgres::connection>> nodes;
  for (int i = 0; i < 6; ++i) nodes.push_back(file.open());
  std::vector<answers> said(6);
  in_parallel(6, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    auto mine = wanted;
    mine[0].id = make_comment_id(noon);
    said[which] = insert(*nodes[which], mine);
  });
  int made = 0;
  for (const answers& one : said) {
    REQUIRE(one.end.why == failure::none);
    REQUIRE(one.outcomes[0].value());
    made += !one.outcomes[0].value()->replayed;
  }
  CHECK(made == 1);
  CHECK(versions(file) == "1:1:1");
}

TEST_CASE("replies in one batch each count at their parent") {
  postgres_tables file;
  const comment root = post(file, {.content_id = "1", .body = "root"});
  const comment other = post(file, {.content_id = "1", .body = "other"});
  std::vector<insertion> drafts(5, {{.content_id = "1", .parent = root.id, .body = "reply"}});
  drafts.push_back({{.content_id = "1", .parent = other.id, .body = "reply"}});
  drafts.push_back(
      {.said = {.content_id = "1", .parent = root.id, .body = "?"}, .status = status::spam});
  for (const auto& one : insert(file, drafts)) {
    REQUIRE(one);
    CHECK(one->stored.depth == 1);
  }
  CHECK(file.run("SELECT string_agg(body || ' ' || replies || ' ' || version, ',' ORDER BY "
                 "position) FROM comment WHERE parent_id = ''") == "root 5 7,other 1 8");
  CHECK(versions(file) == "1:9:8");
}

TEST_CASE("replies that would be too deep hang below the nearest ancestor that is less deep") {
  postgres_tables file;
  std::vector<comment> chain{post(file, {.content_id = "1", .body = "0"})};
  for (int depth = 1; depth <= 4; ++depth)
    chain.push_back(
        post(file, {.content_id = "1", .parent = chain.back().id, .body = std::to_string(depth)}));
  REQUIRE(chain[4].depth == 4);
  std::vector<insertion> drafts;
  for (const std::int64_t depth_max : {1, 2, 4, 5})
    drafts.push_back({.said = {.content_id = "1", .parent = chain[4].id, .body = "reply"},
                      .depth_max = depth_max});
  const auto made = insert(file, drafts);
  const std::size_t above[] = {0, 1, 3, 4};
  for (std::size_t i = 0; i < made.size(); ++i) {
    CAPTURE(i);
    REQUIRE(made[i]);
    CHECK(made[i]->stored.parent == chain[above[i]].id);
    CHECK(made[i]->stored.reply_to == chain[4].id);
    CHECK(made[i]->stored.depth == drafts[i].depth_max);
  }
  CHECK(file.run("SELECT string_agg(replies::text, ',' ORDER BY position) FROM comment "
                 "WHERE body <> 'reply'") == "2,2,1,2,1");
}

TEST_CASE("what an attempt before has stored is found, and not made again") {
  postgres_tables file;
  const std::vector<insertion> drafts{{{.content_id = "1", .body = "stored"}},
                                      {{.content_id = "1", .body = "lost", .key = "k"}}};
  auto wanted = to_insertions(drafts);
  const auto before = insert(file.on(), std::span{wanted}.first(1));
  REQUIRE(before.end.why == failure::none);
  for (auto& one : wanted) one.progress = &tried;
  for (int i = 0; i < 2; ++i) {
    const auto said = insert(file.on(), wanted);
    REQUIRE(said.end.why == failure::none);
    CHECK(said.outcomes[0].value()->stored == before.outcomes[0].value()->stored);
    CHECK_FALSE(said.outcomes[0].value()->replayed);
    CHECK(said.outcomes[1].value()->stored.body == "lost");
    CHECK_FALSE(said.outcomes[1].value()->replayed);
    CHECK(versions(file) == "1:2:2");
  }
}

TEST_CASE("a batch that the database refuses has stored nothing") {
  postgres_tables file;
  const std::vector<insertion> drafts{{{.content_id = "1", .body = "good"}},
                                      {{.content_id = "2", .body = std::string{"b\0d", 3}}}};
  const auto said = insert(file.on(), to_insertions(drafts));
  CHECK(said.end.why == failure::rejected);
  CHECK_FALSE(said.end.is_in_doubt);
  CHECK(versions(file).empty());
  CHECK(file.run("SELECT count(*) FROM comment") == "0");
  CHECK(post(file, drafts[0]).position == 1);
}

TEST_CASE("a commit whose connection is lost is in doubt") {
  postgres_tables file;
  // The connection ends when the transaction does: behind all that is asked, and before it counts.
  file.run(
      "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON comment DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION leave()");
  const std::vector<insertion> drafts{{{.content_id = "1", .body = "x"}}};
  const auto said = insert(file.on(), to_insertions(drafts));
  CHECK(said.end.why == failure::disconnected);
  CHECK(said.end.is_in_doubt);
  CHECK(file.on().check_lost());
}

TEST_CASE("a batch takes tokens from buckets that all nodes share") {
  postgres_tables file;
  const rate two{.per_minute = 1, .burst = 2};
  const insertion written{.said = {.content_id = "1", .body = "x"}, .allowances = {{"ana", two}}};
  const auto said = insert(file, {written, written, written});
  CHECK(said[0]);
  CHECK(said[1]);
  REQUIRE_FALSE(said[2]);
  CHECK(said[2].error().code == errc::rate_limited);
  const auto other = file.open();
  const std::vector<insertion> drafts{written};
  const auto elsewhere = insert(*other, to_insertions(drafts));
  REQUIRE(elsewhere.end.why == failure::none);
  CHECK(elsewhere.outcomes[0].value().error().code == errc::rate_limited);
  CHECK(versions(file) == "1:2:2");
}

TEST_CASE("batches that touch the same contents and clients in opposite orders never collide") {
  postgres_tables file;
  const rate plenty{.per_minute = 1'000'000};
  std::vector<insertion> drafts;
  for (const char* const name : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    drafts.push_back({.said = {.content_id = name, .body = "x"}, .allowances = {{name, plenty}}});
    post(file, drafts.back());
  }
  std::array orders{drafts, drafts};
  std::ranges::reverse(orders[1]);
  std::array nodes{file.open(), file.open()};
  std::array ends{std::vector<failure>{}, std::vector<failure>{}};
  in_parallel(2, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    for (int round = 0; round < 30; ++round)
      ends[which].push_back(insert(*nodes[which], to_insertions(orders[which])).end.why);
  });
  for (const auto& each : ends) CHECK(each == std::vector<failure>(30, failure::none));
  CHECK(versions(file) == "a:61:61 b:61:61 c:61:61 d:61:61 e:61:61 f:61:61 g:61:61 h:61:61");
}

TEST_CASE("a batch waits for a lock for as long as it may, and then stores nothing") {
  postgres_tables file;
  const std::vector<insertion> drafts{{{.content_id = "free", .body = "x"}},
                                      {{.content_id = "held", .body = "x"}}};
  insert(file, drafts);
  const testing::postgres_session other{file.schema().conninfo()};
  other.run("BEGIN; SELECT 1 FROM content WHERE content_id = 'held' FOR UPDATE");
  auto options = file.options();
  for (const bool is_told : {false, true}) {
    CAPTURE(is_told);
    options.lock_wait = is_told ? 10min : 20ms;
    options.statement_wait = 10min;
    const auto on = file.open(options);
    const auto said =
        insert(*on, to_insertions(drafts), is_told ? std::optional{20ms} : std::nullopt);
    CHECK(said.end.why == failure::locked);
    CHECK_FALSE(said.end.is_in_doubt);
    CHECK(versions(file) == "free:1:1 held:1:1");
  }
}

TEST_CASE("new contents that two nodes make at once are made once") {
  postgres_tables file;
  std::vector<insertion> drafts;
  for (const char* const name : {"a", "b", "c"})
    drafts.push_back({{.content_id = name, .body = "x"}});
  std::array nodes{file.open(), file.open(), file.open(), file.open()};
  std::vector<failure> ends(4);
  in_parallel(4, [&](int i) {
    const auto which = static_cast<std::size_t>(i);
    ends[which] = insert(*nodes[which], to_insertions(drafts)).end.why;
  });
  CHECK(ends == std::vector<failure>(4, failure::none));
  CHECK(versions(file) == "a:4:4 b:4:4 c:4:4");
}

TEST_CASE("other nodes get one notification for each content that a batch has moved") {
  postgres_tables file;
  const auto other = file.open();
  postgres::transaction listening{*other, postgres::transaction::autocommit};
  listening.send(std::string{"LISTEN "}.append(postgres::channel));
  REQUIRE(listening.receive());
  insert(file, {{{.content_id = "b", .body = "x"}},
                {{.content_id = "a", .body = "x"}},
                {{.content_id = "b", .body = "x"}},
                {{.content_id = "c", .parent = make_comment_id(noon), .body = "refused"}}});
  std::vector<std::string> heard;
  while (heard.size() < 2) {
    const auto more = other->take_notifications(60s);
    REQUIRE_FALSE(more.empty());
    heard.insert(heard.end(), more.begin(), more.end());
  }
  std::ranges::sort(heard);
  CHECK(heard == std::vector<std::string>{"node a", "node b"});
  CHECK(other->take_notifications(0ms).empty());
}

TEST_CASE("where the database cannot notify a comment is stored, and no more is notified") {
  postgres_tables file;
  const std::string too_long(8'000, 'x');  // for a notification
  const std::vector<insertion> drafts{{{.content_id = too_long, .body = "x"}}};
  const auto said = insert(file.on(), to_insertions(drafts));
  CHECK(said.end.why == failure::none);
  CHECK(said.outcomes[0].value());
  CHECK_FALSE(said.can_notify);
  CHECK(file.run("SELECT count(*) FROM comment") == "1");
}

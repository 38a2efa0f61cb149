#include <comments/store/postgres/insert_lanes.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_proxy.hpp"
#include "support/postgres_tables.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace comments;
using namespace std::chrono_literals;
using testing::commit_cut;

namespace {

const instant noon = from_milliseconds(1'700'000'000'123);

struct posting {
  testing::postgres_tables tables{};
  testing::postgres_proxy proxy{tables.schema()};
  postgres::executor database{
      {.conninfo = proxy.conninfo()}, {.pool = {.take_wait = 100ms}}, "node ", true};
  postgres::insert_lanes lanes{database, {.lanes = 2}};

  result<post_result> post(const std::string& content_id, const std::string& body) {
    return lanes.insert({.said = {.content_id = content_id, .body = body, .key = body}}, noon);
  }
  // The same without waiting in between.
  result<post_result> post_later(const std::string& content_id, const std::string& body) {
    const insertion wanted{.said = {.content_id = content_id, .body = body, .key = body}};
    auto end = std::make_shared<std::promise<std::optional<result<post_result>>>>();
    auto ended = end->get_future();
    lanes.begin(wanted, noon, [end](std::optional<result<post_result>> made) {
      end->set_value(std::move(made));
    });
    return ended.get().value();
  }
  std::string count() const { return tables.run("SELECT count(*) FROM comment"); }
};

}  // namespace

TEST_CASE("each caller gets the comment that it posted, whichever lane it was in") {
  posting made;
  std::atomic<int> wrong{};
  in_parallel(8, [&](int i) {
    const auto posted = made.post(std::to_string(i % 3), std::to_string(i));
    wrong += !posted || posted->stored.body != std::to_string(i);
  });
  CHECK(wrong == 0);
  CHECK(made.count() == "8");
}

TEST_CASE("no number of lanes is too small to post") {
  posting made;
  postgres::insert_lanes lanes{made.database, {.lanes = 0}};
  CHECK(lanes.insert({.said = {.content_id = "1", .body = "x"}}, noon));
}

TEST_CASE("a post in doubt is looked for, and the same key finds it later") {
  posting made;
  made.proxy.cut(1, commit_cut::behind);
  CHECK_FALSE(made.post("1", "looked for").value().replayed);
  CHECK(made.count() == "1");
  made.proxy.cut(1, commit_cut::behind);
  made.proxy.refuse();
  CHECK(made.post("1", "in doubt").error().code == errc::in_doubt);
  CHECK(made.post("1", "in doubt").error().code == errc::unavailable);
  made.proxy.refuse(false);
  CHECK(made.post("1", "in doubt").value().replayed);
  CHECK(made.count() == "2");
}

TEST_CASE("a post in doubt that nobody waits for is looked for, too") {
  posting made;
  made.proxy.cut(1, commit_cut::behind);
  CHECK_FALSE(made.post_later("1", "looked for").value().replayed);
  CHECK(made.count() == "1");
  made.proxy.cut(1, commit_cut::behind);
  made.proxy.refuse();
  CHECK(made.post_later("1", "in doubt").error().code == errc::in_doubt);
  CHECK(made.post_later("1", "in doubt").error().code == errc::unavailable);
  made.proxy.refuse(false);
  CHECK(made.post_later("1", "in doubt").value().replayed);
  CHECK(made.count() == "2");
}

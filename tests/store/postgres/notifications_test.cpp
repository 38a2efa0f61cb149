#include <comments/store/postgres/notifications.hpp>

#include <comments/store/postgres/rows.hpp>

#include <doctest/doctest.h>

#include "support/postgres_tables.hpp"
#include "support/wire.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using testing::eventually;
using testing::postgres_tables;

namespace {

const std::string node = "this node ", other = "that node ";

// Follows some contents, and counts the announcements.
class readers final {
 public:
  explicit readers(std::vector<std::string> followed) : followed_{std::move(followed)} {}

  change_callbacks as_callbacks() {
    return {.followed =
                [this] {
                  const std::lock_guard lock{mutex_};
                  ++asked_;
                  return followed_;
                },
            .announce =
                [this](std::string_view content_id) {
                  const std::lock_guard lock{mutex_};
                  ++told_[std::string{content_id}];
                }};
  }
  void follow(std::vector<std::string> contents) {
    const std::lock_guard lock{mutex_};
    followed_ = std::move(contents);
  }
  // Returns how often `followed` was called.
  int asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }
  // How often they were told of a content.
  int told(const std::string& content_id) const {
    const std::lock_guard lock{mutex_};
    const auto found = told_.find(content_id);
    return found == told_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_{};
  std::vector<std::string> followed_;
  int asked_{};
  std::map<std::string, int> told_{};
};

// Waits that no test gets to the end of: what happens under them has another reason.
constexpr postgres::listener_limits notified{
    .check_wait = 10min, .poll_wait = 10min, .retry_wait = 1ms, .linger_wait = 10min};
constexpr postgres::listener_limits polling{.is_notified = false,
                                            .check_wait = 10min,
                                            .poll_wait = 1ms,
                                            .retry_wait = 1ms,
                                            .linger_wait = 10min};

void write(const postgres_tables& file, const std::string& content_id) {
  file.run("INSERT INTO content VALUES ('" + content_id +
           "', 1, 0, '') ON CONFLICT (content_id) DO UPDATE SET version = content.version + 1");
}

void notify(const postgres_tables& file, const std::string& from, const std::string& content_id) {
  file.run("SELECT pg_notify('" + std::string{postgres::channel} + "', '" + from + content_id +
           "')");
}

postgres::connection_options with(postgres::connection_options options, postgres::pooler pooler) {
  options.pooler = pooler;
  return options;
}

// A watch that hears what is notified from now on.
struct listener {
  postgres_tables file{};
  readers all{{"1"}};
  postgres::notification_listener watch;

  explicit listener(const postgres::listener_limits& limits = notified,
                    postgres::pooler pooler = {})
      : watch{with(file.options(), pooler), limits, node, all.as_callbacks()} {
    write(file, "1");
    watch.wake();
    // The first comparison announces what is followed, and comes after LISTEN.
    CHECK(eventually([&] { return all.told("1") > 0; }));
  }
};

}  // namespace

TEST_CASE("what other nodes notify is announced, and what this one notifies is not") {
  listener made;
  notify(made.file, node, "2");
  notify(made.file, other, "");  // names no content
  notify(made.file, other, "a \"b\" é");
  notify(made.file, other, "3");
  CHECK(eventually([&] { return made.all.told("3") == 1; }));
  CHECK(made.all.told("a \"b\" é") == 1);
  CHECK(made.all.told("2") == 0);
  CHECK(made.all.told("") == 0);
}

TEST_CASE("where nothing is notified, versions are compared") {
  listener made{polling};
  notify(made.file, other, "2");
  const int before = made.all.told("1");
  write(made.file, "1");
  write(made.file, "3");  // which is not followed
  CHECK(eventually([&] { return made.all.told("1") == before + 1; }));
  made.all.follow({"1", "3"});
  CHECK(eventually([&] { return made.all.told("3") == 1; }));
  const int asked = made.all.asked();
  CHECK(eventually([&] { return made.all.asked() > asked + 2; }));  // and finds no change
  CHECK(made.all.told("1") == before + 1);
  CHECK(made.all.told("2") == 0);
}

TEST_CASE("behind a pooler, which would not pass them on, nothing is listened to") {
  auto limits = notified;
  limits.poll_wait = 1ms;
  listener made{limits, postgres::pooler::present};
  notify(made.file, other, "2");
  const int before = made.all.told("1");
  write(made.file, "1");
  CHECK(eventually([&] { return made.all.told("1") == before + 1; }));
  CHECK(made.all.told("2") == 0);
}

TEST_CASE("a notification that is lost costs time, and no change") {
  auto limits = notified;
  limits.check_wait = 1ms;
  listener made{limits};
  const int before = made.all.told("1");
  write(made.file, "1");
  CHECK(eventually([&] { return made.all.told("1") > before; }));
}

TEST_CASE("after a lost connection there is another, and what changed meanwhile is announced") {
  for (const auto& limits : {notified, polling}) {
    CAPTURE(limits.is_notified);
    listener made{limits};
    const int before = made.all.told("1");
    CHECK(made.file.schema().cut_connections() >= 2);  // that of the tables, too
    write(made.file, "1");
    CHECK(eventually([&] { return made.all.told("1") > before; }));
    if (!limits.is_notified) continue;
    notify(made.file, other, "2");
    CHECK(eventually([&] { return made.all.told("2") == 1; }));
  }
}

TEST_CASE("a database that refuses connections is tried again until it takes one") {
  postgres_tables file;
  readers all{{"1"}};
  write(file, "1");
  const std::string user = file.schema().name();
  file.run("CREATE ROLE " + user + " NOLOGIN; GRANT USAGE ON SCHEMA " + user + " TO " + user +
           "; GRANT SELECT ON content TO " + user);
  {
    auto options = file.options();
    options.conninfo += " user=" + user;
    postgres::notification_listener watch{options, notified, node, all.as_callbacks()};
    watch.wake();
    CHECK(eventually([&] { return all.asked() > 2; }));
    CHECK(all.told("1") == 0);
    file.run("ALTER ROLE " + user + " LOGIN");
    CHECK(eventually([&] { return all.told("1") == 1; }));
  }
  file.run("DROP OWNED BY " + user + "; DROP ROLE " + user);
}

TEST_CASE("callbacks that throw are called again, and what they did not hear is announced") {
  postgres_tables file;
  write(file, "1");
  std::atomic<int> asked{}, announced{};
  const std::thread::id own = std::this_thread::get_id();
  std::atomic<bool> is_apart{true};
  const change_callbacks throwing{.followed = [&]() -> std::vector<std::string> {
                                    if (++asked < 3) throw std::runtime_error{"no"};
                                    return {"1"};
                                  },
                                  .announce =
                                      [&](std::string_view) {
                                        is_apart = is_apart && std::this_thread::get_id() != own;
                                        if (++announced < 3) throw 7;
                                      }};
  postgres::notification_listener watch{file.options(), notified, node, throwing};
  watch.wake();
  CHECK(eventually([&] { return announced == 3; }));
  CHECK(asked >= 5);
  CHECK(is_apart);
  notify(file, other, "2");
  CHECK(eventually([&] { return announced == 4; }));
}

TEST_CASE("while no content is followed there is no connection") {
  postgres_tables file;
  readers all{{}};
  auto limits = notified;
  limits.linger_wait = 0ms;
  limits.check_wait = 1ms;
  postgres::notification_listener watch{file.options(), limits, node, all.as_callbacks()};
  const auto watching = [&] { return file.schema().connections() - 1; };  // one is of the tables
  CHECK(eventually([&] { return watching() == 0; }));  // no content was followed yet
  for (int round = 0; round < 2; ++round) {
    all.follow({"1"});
    watch.wake();
    CHECK(eventually([&] { return watching() == 1; }));
    all.follow({});
    CHECK(eventually([&] { return watching() == 0; }));
    const int asked = all.asked();
    watch.wake();  // too late: nothing is followed any more
    CHECK(eventually([&] { return all.asked() > asked && watching() == 0; }));
  }
}

TEST_CASE("a watch ends at once, whatever it waits for") {
  const auto start = std::chrono::steady_clock::now();
  {
    postgres_tables file;
    readers all{{"1"}};
    auto away = file.options();
    away.conninfo = "host=127.0.0.1 port=1";
    auto patient = notified;
    patient.retry_wait = 10min;
    postgres::notification_listener asleep{file.options(), notified, node, all.as_callbacks()};
    postgres::notification_listener retrying{away, patient, node, all.as_callbacks()};
    retrying.wake();
    CHECK(eventually([&] { return all.asked() > 0; }));
  }
  { const listener listening; }
  CHECK(std::chrono::steady_clock::now() - start < 60s);
}

TEST_CASE("texts are an array of PostgreSQL's, whatever is in them") {
  const std::vector<std::string> texts{"a", "", "b \"c\" \\ d", "{e,f}", "NULL", "é\n", "'"};
  CHECK(postgres::to_array({}) == "{}");
  CHECK(postgres::to_array({"a", "b\"\\"}) == "{\"a\",\"b\\\"\\\\\"}");
  postgres_tables file;
  postgres::transaction asking{file.on(), postgres::transaction::autocommit};
  const auto place = asking.send(
      "SELECT text FROM unnest($1::text[]) WITH ORDINALITY AS a(text, n) "
      "ORDER BY n",
      postgres::to_array(texts));
  REQUIRE(asking.receive());
  std::vector<std::string> found;
  for (int row = 0; row < asking.rows(place).size(); ++row)
    found.push_back(asking.rows(place).text(row, 0));
  CHECK(found == texts);
}

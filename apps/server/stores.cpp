#include "stores.hpp"

#include <comments/store/memory.hpp>
#include <comments/store/postgres.hpp>
#include <comments/store/postgres/connect.hpp>
#include <comments/store/sqlite.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace server {

using namespace comments;

namespace {

using opened = result<opened_store>;

template <typename Store>
opened to_opened(result<std::unique_ptr<Store>> made) {
  if (!made) return std::move(made).error();
  deployment_log* const deployments = made->get();
  return opened_store{std::move(*made), deployments};
}

// While a database is away, everybody who asks it fails: one line a second says so for all.
class spaced_log final {
 public:
  explicit spaced_log(log& to) : to_{to} {}

  void failed(std::string_view why) {
    const std::lock_guard lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return void(++unsaid_);
    next_ = now + std::chrono::seconds{1};
    to_.error("store_failed", {{"reason", std::string{why}},
                               {"others", std::to_string(std::exchange(unsaid_, 0))}});
  }

 private:
  log& to_;
  std::mutex mutex_{};
  std::chrono::steady_clock::time_point next_{};
  int unsaid_{};
};

opened open_postgres(const options& chosen, log& log) {
  const auto failures = std::make_shared<spaced_log>(log);
  return to_opened(postgres_store::open(
      {.conninfo = chosen.store,
       .pool = {.open_max = chosen.store_connections, .idle_wait = chosen.store_idle},
       .statement_wait = chosen.store_wait,
       .lock_wait = chosen.store_wait * 2 / 5,  // a statement has time left when it gets its lock
       .listener = {.is_notified = chosen.store_notify == "on"},
       .on_failure = [failures](std::string_view why) { failures->failed(why); }}));
}

opened open_sqlite(const options& chosen, log& log) {
  const auto is_open = std::make_shared<bool>(false);  // before, the refusal says it all
  auto made = sqlite_store::open({.path = chosen.store.substr(chosen.store.find(':') + 1),
                                  .on_failure = [&log, is_open](std::string_view why) {
                                    if (*is_open)
                                      log.error("store_failed", {{"reason", std::string{why}}});
                                  }});
  *is_open = made.has_value();
  return to_opened(std::move(made));
}

}  // namespace

opened open_store(const options& chosen, log& log) {
  if (chosen.store == "memory:") return to_opened(result{std::make_unique<memory_store>()});
  return is_postgres(chosen.store) ? open_postgres(chosen, log) : open_sqlite(chosen, log);
}

std::string describe_store(const std::string& name) {
  return is_postgres(name) ? postgres::describe(name) : name;
}

int migrate(const options& chosen) {
  log log{chosen.log_level, chosen.log_format};
  const std::string where = describe_store(chosen.store);
  const auto store = open_store(chosen, log);
  if (!store) return fail(2, "--store " + where + ": " + store.error().message);
  log.info("migrated", {{"store", where}});
  return 0;
}

}  // namespace server

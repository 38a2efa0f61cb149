#include "stores.hpp"

#include "libpq.hpp"

#include <comments/epoch.hpp>
#include <comments/mutex.hpp>
#include <comments/store/memory.hpp>
#include <comments/store/postgres.hpp>
#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/epoch.hpp>
#include <comments/store/sqlite.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/database_file.hpp>
#include <comments/store/sqlite/schema.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
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

// Logs failures of a store, at most one a second: while a database is away, every request fails.
class failure_log final {
 public:
  explicit failure_log(log& lines) : lines_{lines} {}

  // Logs the failure, with the number of those that were left out before it. Any thread.
  void failed(std::string_view why) COMMENTS_EXCLUDES(mutex_) {
    const mutex_lock lock{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) {
      ++left_out_;
      return;
    }
    next_ = now + std::chrono::seconds{1};
    lines_.error("store_failed", {{"reason", std::string{why}},
                                  {"others", std::to_string(std::exchange(left_out_, 0))}});
  }

 private:
  log& lines_;
  mutex mutex_{};
  std::chrono::steady_clock::time_point next_ COMMENTS_GUARDED_BY(mutex_){};
  int left_out_ COMMENTS_GUARDED_BY(mutex_){};
};

postgres::pooler to_pooler(const std::string& chosen) {
  if (chosen == "auto") return postgres::pooler::probed;
  return chosen == "on" ? postgres::pooler::present : postgres::pooler::absent;
}

opened open_postgres(const options& chosen, log& log) {
  if (auto loaded = load_libpq(); !loaded) return std::move(loaded).error();
  const auto failures = std::make_shared<failure_log>(log);
  return to_opened(postgres_store::open(
      {.conninfo = chosen.store,
       .pooler = to_pooler(chosen.store_pooler),
       .pool = {.open_max = chosen.store_connections, .idle_wait = chosen.store_idle},
       .statement_wait = chosen.store_wait,
       .lock_wait = chosen.store_wait * 2 / 5,  // a statement has time left when it gets its lock
       .listener = {.is_notified = chosen.store_notify == "on"},
       .on_failure = [failures](std::string_view why) { failures->failed(why); }}));
}

// Says if others than their owner may open the files of a store: they hold addresses and a key.
void warn_of_rights(const std::string& path, log& log) {
  using std::filesystem::perms;
  std::error_code failed;
  const auto place = std::filesystem::weakly_canonical(path, failed).string();
  for (const char* const end : {"", "-wal"}) {
    const auto rights = std::filesystem::status(place + end, failed).permissions();
    if (failed || (rights & (perms::group_all | perms::others_all)) == perms::none) continue;
    log.warn("store_rights", {{"file", place + end}, {"reason", "others may open it: chmod 600"}});
    return;
  }
}

opened open_sqlite(const options& chosen, log& log) {
  // What fails while the store is being opened is in the error that `open_store` returns.
  const auto is_open = std::make_shared<std::atomic<bool>>(false);
  const std::string path = file_of(chosen.store);
  // A content in memory takes 256 bytes or so; all of them have a sixteenth of the memory at most.
  const std::size_t contents_max = std::max<std::size_t>(chosen.memory_bytes / 16 / 256, 1'024);
  auto made =
      sqlite_store::open({.path = path,
                          .contents_kept = std::min(content_cache::contents_kept_max, contents_max),
                          .on_failure = [&log, is_open](std::string_view why) {
                            if (*is_open) log.error("store_failed", {{"reason", std::string{why}}});
                          }});
  *is_open = made.has_value();
  if (made) warn_of_rights(path, log);
  return to_opened(std::move(made));
}

}  // namespace

opened open_store(const options& chosen, log& log) {
  if (chosen.store == "memory:") return to_opened(result{std::make_unique<memory_store>()});
  return is_postgres(chosen.store) ? open_postgres(chosen, log) : open_sqlite(chosen, log);
}

std::string file_of(const std::string& store) { return store.substr(store.find(':') + 1); }

std::string describe_store(const std::string& name) {
  if (!is_postgres(name)) return name;
  return load_libpq() ? postgres::describe(name) : "postgresql:";
}

namespace {

// Gives a store that was just opened and closed a new epoch. One in memory has a new one each time.
result<std::uint64_t> renew_epoch(const std::string& store) {
  if (store == "memory:") return make_epoch();
  if (is_postgres(store)) {
    const auto on = postgres::connect({.conninfo = store});
    if (!on) return on.error();
    return postgres::settle_epoch(**on, true).transform([](const auto& made) {
      return made.epoch;
    });
  }
  const auto claim = sqlite::claim_database(file_of(store));  // no server has it meanwhile
  if (!claim) return claim.error();
  const auto on = sqlite::connect({.path = claim->path, .may_be_made = false});
  if (!on) return on.error();
  const std::uint64_t made = sqlite::renew_epoch(**on);
  if (made == 0) return sqlite::unusable("it cannot be written");
  return made;
}

}  // namespace

int migrate(const options& chosen) {
  log log{chosen.log_level, chosen.log_format};
  const std::string where = describe_store(chosen.store);
  {
    const auto store = open_store(chosen, log);
    if (!store) return fail(2, "--store " + where + ": " + store.error().message);
  }
  log.info("migrated", {{"store", where}});
  if (!chosen.is_epoch_new) return 0;
  const auto made = renew_epoch(chosen.store);
  if (!made) return fail(2, "--store " + where + ": " + made.error().message);
  log.info("new_epoch", {{"store", where}, {"epoch", epoch_text(*made)}});
  return 0;
}

}  // namespace server

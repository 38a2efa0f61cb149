#pragma once
// store/postgres.ipp - definitions of store/postgres.hpp.

#include <comments/store/postgres.hpp>

#include <comments/guarded.hpp>
#include <comments/store/algorithms.hpp>
#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/deployments.hpp>
#include <comments/store/postgres/epoch.hpp>
#include <comments/store/postgres/executor.hpp>
#include <comments/store/postgres/insert_lanes.hpp>
#include <comments/store/postgres/known_contents.hpp>
#include <comments/store/postgres/lease.hpp>
#include <comments/store/postgres/schema.hpp>
#include <comments/store/postgres/search.hpp>
#include <comments/store/postgres/updates.hpp>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

namespace comments::inline v0 {

class postgres_store::parts final {
 public:
  using questions = group_commit<std::string_view, std::optional<content>>;

  parts(const postgres_options& options, const postgres::connection_options& connecting,
        std::string made_key, const postgres::known_epoch& seen);

  // Writes about one comment, whose content must be known first.
  template <typename Change>
  result<comment> change(const comment_id& id, bool is_repeatable, const Change& wanted);

  // Returns what `ask(transaction&)` returns, with the epoch that it is of. Makes a new epoch first
  // if there must be one.
  template <typename Ask>
  auto read_with_epoch(const Ask& ask, postgres::transaction::mode mode)
      -> result<std::pair<decltype(ask(std::declval<postgres::transaction&>())), std::uint64_t>>;
  // Returns the content of a comment, or `not_found`.
  result<std::string> content_of(const comment_id& id) const;

  // Reads what there is about one comment: nothing if there is no such comment.
  template <typename Read>
  auto read_about(const comment_id& id, const Read& wanted) const
      -> result<decltype(wanted(std::declval<postgres::transaction&>(), std::string{}))>;

  // Answers questions for the versions of contents in one transaction.
  void answer_all(std::span<const std::string_view* const> ids,
                  std::span<std::optional<std::optional<content>>> answers);

  const postgres::connection_options connecting;
  const postgres::listener_limits listening;
  const std::string key;
  const std::string node{postgres::make_key().substr(0, 16) + " "};
  postgres::executor database;
  postgres::insert_lanes inserts;
  mutable questions versions;
  mutable postgres::known_contents known;
  std::atomic<std::uint64_t> epoch;  // as it was last seen
  std::atomic<bool> is_placed;
};

COMMENTS_INLINE postgres_store::parts::parts(const postgres_options& options,
                                             const postgres::connection_options& to,
                                             std::string made_key,
                                             const postgres::known_epoch& seen)
    : connecting{to},
      listening{options.listener},
      key{std::move(made_key)},
      database{to,
               {options.pool, options.lock_wait, options.long_waits_max},
               node,
               options.listener.is_notified,
               options.clock},
      inserts{database,
              {.lanes = options.lanes,
               .group = options.group,
               .held_queue_max = options.held_queue_max,
               .statement_wait = options.statement_wait,
               .long_lock_wait = options.lock_wait,
               .long_waits_max = options.long_waits_max}},
      versions{options.group, [this](auto ids, auto answers) { answer_all(ids, answers); }},
      known{options.comments_known_max},
      epoch{seen.epoch},
      is_placed{seen.is_placed} {}

template <typename Change>
result<comment> postgres_store::parts::change(const comment_id& id, bool is_repeatable,
                                              const Change& wanted) {
  const auto content_id = content_of(id);
  if (!content_id) return content_id.error();
  return database.write<comment>(
      is_repeatable, [&](postgres::transaction& writing, postgres::moved_contents& moved) {
        return wanted(writing, *content_id, moved);
      });
}

template <typename Ask>
auto postgres_store::parts::read_with_epoch(const Ask& ask, postgres::transaction::mode mode)
    -> result<std::pair<decltype(ask(std::declval<postgres::transaction&>())), std::uint64_t>> {
  for (int tries = 0; tries < 3; ++tries) {
    auto found = database.read(
        [&](postgres::transaction& reading) {
          const auto asked = postgres::ask_epoch(reading, is_placed);
          auto answer = ask(reading);
          const bool is_answered = reading.failed() == postgres::failure::none;
          return std::pair{std::move(answer),
                           is_answered ? postgres::read_epoch(reading, asked) : 0};
        },
        mode);
    if (!found) return std::move(found).error();
    if (found->second != 0) {
      epoch = found->second;
      return found;
    }
    const auto settled = database.erase([](auto& on) { return postgres::settle_epoch(on); });
    if (!settled) return settled.error();
    is_placed = settled->is_placed;
  }
  return unavailable();
}

COMMENTS_INLINE result<std::string> postgres_store::parts::content_of(const comment_id& id) const {
  if (auto content_id = known.find(id)) return std::move(*content_id);
  auto found = database.read(
      [&](postgres::transaction& reading) { return postgres::find_content_id(reading, id); });
  if (!found) return std::move(found).error();
  if (!*found) return comment_not_found();
  known.remember(id, **found);
  return std::move(**found);
}

template <typename Read>
auto postgres_store::parts::read_about(const comment_id& id, const Read& wanted) const
    -> result<decltype(wanted(std::declval<postgres::transaction&>(), std::string{}))> {
  const auto content_id = content_of(id);
  if (!content_id && content_id.error().code == errc::not_found)
    return decltype(wanted(std::declval<postgres::transaction&>(), std::string{})){};
  if (!content_id) return content_id.error();
  return database.read(
      [&](postgres::transaction& reading) { return wanted(reading, *content_id); });
}

COMMENTS_INLINE void postgres_store::parts::answer_all(
    std::span<const std::string_view* const> ids,
    std::span<std::optional<std::optional<content>>> answers) {
  std::vector<std::string_view> sorted;
  for (const std::string_view* id : ids) sorted.push_back(*id);
  std::ranges::sort(sorted);
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  const auto found = read_with_epoch(
      [&](postgres::transaction& reading) { return postgres::contents(reading, sorted); },
      postgres::transaction::autocommit);
  if (!found) return;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto place = std::ranges::lower_bound(sorted, *ids[i]) - sorted.begin();
    content stands = found->first[static_cast<std::size_t>(place)];
    stands.epoch = found->second;
    answers[i] = std::move(stands);
  }
}

COMMENTS_INLINE postgres_store::postgres_store(std::unique_ptr<parts> made)
    : parts_{std::move(made)} {}
COMMENTS_INLINE postgres_store::~postgres_store() = default;

COMMENTS_INLINE result<std::unique_ptr<postgres_store>> postgres_store::open(
    postgres_options options) {
  if (!postgres::is_conninfo(options.conninfo))
    return postgres::unusable("its connection string cannot be read");
  const postgres::connection_options to{
      .conninfo = options.conninfo,
      .statement_wait = options.statement_wait,
      .lock_wait = std::min(options.shared_lock_wait, options.lock_wait),
      .pooler = options.pooler,
      .on_failure = options.on_failure,
      .seen = std::make_shared<activity_counter>(std::vector<std::string_view>{
          "conflict", "disconnected", "rejected", "locked", "transient", postgres::unreachable,
          postgres::no_connection})};
  using opened_database = std::pair<std::string, postgres::known_epoch>;
  const auto prepare = [&]() -> result<opened_database> {
    if (auto migrated = postgres::migrate(to, options.migration_wait); !migrated)
      return std::move(migrated).error();
    auto key = postgres::read_key(to);
    if (!key) return std::move(key).error();
    const auto on = postgres::connect(to);
    if (!on) return on.error();
    const auto seen = postgres::settle_epoch(**on);
    if (!seen) return seen.error();
    return opened_database{std::move(*key), *seen};
  };
  const auto end = std::chrono::steady_clock::now() + options.opening_wait;
  for (;;) {
    auto ready = prepare();
    if (ready) {
      auto made = guarded([&] {
        return std::make_unique<parts>(options, to, std::move(ready->first), ready->second);
      });
      if (!made) return postgres::unusable("there is no thread for its connections");
      (*made)->database.take();  // which asks for the time
      return std::unique_ptr<postgres_store>{new postgres_store{std::move(*made)}};
    }
    constexpr std::chrono::milliseconds pause{250};
    const bool is_time_up = std::chrono::steady_clock::now() + pause > end;
    if (is_time_up || !postgres::may_pass(to, ready.error())) return ready.error();
    std::this_thread::sleep_for(pause);
  }
}

// --- writes ---

COMMENTS_INLINE result<post_result> postgres_store::insert(const insertion& wanted, instant now) {
  auto made = parts_->inserts.insert(wanted, now);
  if (made) parts_->known.remember(made->stored);
  return made;
}

COMMENTS_INLINE void postgres_store::begin_insert(const insertion& wanted, instant now,
                                                  insert_receiver ended) {
  const auto tell = [known = &parts_->known, ended = std::move(ended)](auto made) {
    if (made && *made) known->remember((*made)->stored);
    ended(std::move(made));
  };
  parts_->inserts.begin(wanted, now, tell);
}

COMMENTS_INLINE result<comment> postgres_store::amend(const comment_id& id, const decider& decide,
                                                      instant now) {
  return parts_->change(id, false, [&](auto& writing, const auto& content_id, auto& moved) {
    return postgres::amend(writing, content_id, id, decide, now, moved);
  });
}

COMMENTS_INLINE result<comment> postgres_store::vote(const comment_id& id, const voter& by,
                                                     bool is_there, instant now) {
  return parts_->change(id, true, [&](auto& writing, const auto& content_id, auto& moved) {
    return postgres::vote(writing, content_id, id, by, is_there, now, moved);
  });
}

COMMENTS_INLINE result<comment> postgres_store::report(const comment_id& id, const voter& by,
                                                       const std::string& reason, instant now) {
  return parts_->change(id, true, [&](auto& writing, const auto& content_id, auto&) {
    return postgres::report(writing, content_id, id, by, reason, now);
  });
}

COMMENTS_INLINE result<content> postgres_store::set_status(const std::string& content_id,
                                                           std::optional<content_status> status,
                                                           std::optional<std::int64_t> expected,
                                                           const event& cause, instant now) {
  auto set = parts_->database.write<content>(false, [&](auto& writing, auto& moved) {
    return postgres::set_status(writing, content_id, status, expected, cause, now, moved);
  });
  if (set) set->epoch = parts_->epoch;
  return set;
}

COMMENTS_INLINE result<std::size_t> postgres_store::forget_origins(instant before,
                                                                   std::size_t limit) {
  postgres::forgotten_origins progress;
  return parts_->database.erase(
      [&](auto& on) { return postgres::forget_origins(on, before, limit, progress); });
}

COMMENTS_INLINE result<bool> postgres_store::lease_chores(std::chrono::milliseconds lasts) {
  return parts_->database.write<bool>(true, [&](auto& writing, auto&) {
    return result{postgres::take_lease(writing, parts_->node, lasts)};
  });
}

COMMENTS_INLINE result<done> postgres_store::forget_reporter(const std::string& reporter) {
  return parts_->database.erase([&](auto& on) { return postgres::forget_reporter(on, reporter); });
}

COMMENTS_INLINE result<record_result> postgres_store::record(const deployment& said, instant now) {
  const auto id = new_id(now);
  if (!id) return id.error();
  deployment wanted = said;
  wanted.id = *id;
  wanted.date = now;
  return parts_->database.write<record_result>(
      !said.run.empty(), [&](auto& writing, auto&) { return postgres::record(writing, wanted); });
}

// --- readings ---

COMMENTS_INLINE result<comment> postgres_store::find(const comment_id& id) const {
  const std::string content_id = parts_->known.find(id).value_or("");
  auto found =
      parts_->database.read([&](auto& reading) { return postgres::find(reading, content_id, id); });
  if (!found) return std::move(found).error();
  if (!*found) return comment_not_found();
  parts_->known.remember(**found);
  return std::move(**found);
}

COMMENTS_INLINE result<page> postgres_store::list(const query& query) const {
  auto found =
      parts_->read_with_epoch([&](auto& reading) { return postgres::list(reading, query); },
                              postgres::transaction::reading);
  if (!found) return std::move(found).error();
  auto& [listed, epoch] = *found;
  listed.content.epoch = epoch;
  for (const comment& one : listed.items) parts_->known.remember(one);
  return std::move(listed);
}

COMMENTS_INLINE result<std::vector<content>> postgres_store::contents(
    std::span<const std::string> ids) const {
  if (is_deciding()) return called_back();
  const std::vector<std::string_view> wanted{ids.begin(), ids.end()};
  if (wanted.empty()) return std::vector<content>{};
  if (wanted.size() > 1) {
    auto all =
        parts_->read_with_epoch([&](auto& reading) { return postgres::contents(reading, wanted); },
                                postgres::transaction::autocommit);
    if (!all) return std::move(all).error();
    for (content& one : all->first) one.epoch = all->second;
    return std::move(all->first);
  }
  auto found = parts_->versions.submit(wanted.front());
  if (!found.outcome || !*found.outcome) return unavailable();
  return std::vector{std::move(**found.outcome)};
}

COMMENTS_INLINE result<std::vector<event>> postgres_store::events(std::string_view content_id,
                                                                  std::int64_t after,
                                                                  std::size_t limit) const {
  return parts_->database.read(
      [&](auto& reading) { return postgres::events(reading, content_id, after, limit); });
}

COMMENTS_INLINE result<std::vector<event>> postgres_store::history(const comment_id& id,
                                                                   std::int64_t after,
                                                                   std::size_t limit) const {
  return parts_->read_about(id, [&](auto& reading, const std::string& content_id) {
    return postgres::history(reading, content_id, id, after, limit);
  });
}

COMMENTS_INLINE result<decision_page> postgres_store::decisions(
    const decision_query& wanted) const {
  return parts_->database.read([&](auto& reading) { return postgres::decisions(reading, wanted); });
}

COMMENTS_INLINE result<std::vector<comments::report>> postgres_store::reports_of(
    const comment_id& id, std::size_t limit) const {
  return parts_->read_about(id, [&](auto& reading, const std::string& content_id) {
    return postgres::reports_of(reading, content_id, id, limit);
  });
}

COMMENTS_INLINE result<search_result> postgres_store::find_all(const search& wanted) const {
  auto found =
      parts_->database.read([&](auto& reading) { return postgres::find_all(reading, wanted); });
  if (found)
    for (const comment& one : found->items) parts_->known.remember(one);
  return found;
}

COMMENTS_INLINE result<std::vector<comments::vote>> postgres_store::votes_of(
    const std::string& voter, std::optional<comment_id> after, std::size_t limit) const {
  return parts_->database.read(
      [&](auto& reading) { return postgres::votes_of(reading, voter, after, limit); });
}

COMMENTS_INLINE result<std::vector<made_report>> postgres_store::reports_by(
    const std::string& reporter, std::optional<comment_id> after, std::size_t limit) const {
  return parts_->database.read(
      [&](auto& reading) { return postgres::reports_by(reading, reporter, after, limit); });
}

COMMENTS_INLINE result<deployment_page> postgres_store::deployments(
    const deployment_query& query) const {
  return parts_->database.read(
      [&](auto& reading) { return postgres::deployments(reading, query); });
}

// --- the rest ---

COMMENTS_INLINE store_activity postgres_store::activity() const {
  return parts_->database.activity();
}

COMMENTS_INLINE instant postgres_store::shared_time(instant own) const {
  return parts_->database.time().to_shared(own);
}

COMMENTS_INLINE std::string_view postgres_store::signing_key() const { return parts_->key; }

COMMENTS_INLINE std::uint64_t postgres_store::epoch() const { return parts_->epoch; }

COMMENTS_INLINE std::unique_ptr<change_listener> postgres_store::listen(change_callbacks to) {
  return std::make_unique<postgres::notification_listener>(parts_->connecting, parts_->listening,
                                                           parts_->node, std::move(to));
}

COMMENTS_INLINE std::size_t postgres_store::connections() const {
  return parts_->database.connections();
}

}  // namespace comments::inline v0

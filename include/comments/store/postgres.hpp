#pragma once
// store/postgres.hpp - comments in PostgreSQL, or in what speaks its protocol: the store for as
// many processes on as many machines as it takes.
//
// Every node asks the database, so what one has acknowledged every other shows at once; no node
// keeps anything that could be old. Posts that come at the same moment share a transaction, and
// readers that want versions share a question. Nothing waits without an end: past it the answer is
// `unavailable`, and nothing was changed, or, if the connection broke during a commit, it may have
// been: then a post is looked for before it is tried again, so that it is never made twice.
//
//   auto store = postgres_store::open({.conninfo = "postgresql://db.example.com/comments"});
//   if (!store) return fail(store.error().message);
//   service api{**store};

#include <comments/deployments/deployment_log.hpp>
#include <comments/store.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/deployments.hpp>
#include <comments/store/postgres/insert.hpp>
#include <comments/store/postgres/lock_lanes.hpp>
#include <comments/store/postgres/notifications.hpp>
#include <comments/store/postgres/pool.hpp>
#include <comments/store/postgres/rows.hpp>
#include <comments/store/postgres/schema.hpp>
#include <comments/store/postgres/search.hpp>
#include <comments/store/postgres/updates.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace comments {

struct postgres_options {
  // Any connection string of libpq: postgresql://…, or "host=a,b dbname=comments". What it says of
  // waits, TLS (sslmode) and hosts counts.
  std::string conninfo{};
  postgres::pool_limits pool{};
  std::chrono::milliseconds statement_wait{5'000};  // for one statement
  std::chrono::milliseconds lock_wait{2'000};       // for a lock of somebody else's
  std::chrono::milliseconds shared_lock_wait{500};  // the same where others wait along
  std::size_t patient_max{2};  // connections that wait longer at once; as many again for comments
  std::chrono::milliseconds opening_wait{15'000};     // at the start, for a database that wakes up
  std::chrono::milliseconds migration_wait{600'000};  // for a migration, here or on another node
  group_limits group{.batch_max = 128, .queue_max = 4096};  // of each lane
  std::size_t held_queue_max{32};  // who may wait for a content that somebody holds
  std::size_t lanes{4};            // transactions that insert at once; a content has its lane
  postgres::watch_limits watch{};
  // Hears the database's own words whenever something fails, for the log. Called from any thread.
  std::function<void(std::string_view)> on_failure{};
};

class postgres_store final : public store, public deployment_log {
 public:
  // Connects, and brings the schema up to date. `unavailable`, with a sentence for the operator and
  // no secret in it, if the database does not answer within `opening_wait`, is not in UTF-8,
  // belongs to another program, or was written by a newer version that this one cannot work with.
  static result<std::unique_ptr<postgres_store>> open(postgres_options options) {
    if (!postgres::is_conninfo(options.conninfo))
      return postgres::refused("its connection string cannot be read");
    const postgres::server_options server{.conninfo = options.conninfo,
                                          .statement_wait = options.statement_wait,
                                          .lock_wait = shared_wait(options),
                                          .on_failure = options.on_failure};
    const auto end = std::chrono::steady_clock::now() + options.opening_wait;
    for (auto key = prepare(server, options);; key = prepare(server, options)) {
      if (key)
        return std::unique_ptr<postgres_store>{
            new postgres_store{std::move(options), server, std::move(*key)}};
      constexpr std::chrono::milliseconds pause{250};
      const bool is_asleep = key.error().message == postgres::refused(postgres::no_answer).message;
      if (!is_asleep || std::chrono::steady_clock::now() + pause > end) return key.error();
      std::this_thread::sleep_for(pause);
    }
  }

  // Writers that wait at the same moment share one commit; `unavailable` past `group.queue_max`, or
  // past `held_queue_max` who wait for the same content.
  result<post_result> insert(const insertion& wanted, instant now) override {
    if (is_deciding()) return called_back();
    // The id is made here: that can throw, and must not while others wait for the leader.
    postgres::insert_progress progress;
    const postgres::pending_insert pending{&wanted, now, make_comment_id(now), &progress};
    if (!held_.has(wanted.said.content_id)) {
      const std::size_t which = std::hash<std::string>{}(wanted.said.content_id) % lanes_.size();
      auto mine = lanes_[which]->submit(pending);
      if (!progress.is_locked) return to_result(std::move(mine), progress);
    }
    postgres::held_contents<lane>::guard apart{held_, wanted.said.content_id};
    progress.is_locked = false;
    auto mine = apart.lane().submit(pending);
    if (mine.outcome) apart.tell(!progress.is_locked);
    return to_result(std::move(mine), progress);
  }

  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    return change<comment>(id, false, [&](auto& work, const auto& home, auto& noted) {
      return postgres::amend(work, home, id, decide, now, noted);
    });
  }

  result<comment> vote(const comment_id& id, const std::string& voter, bool is_there,
                       instant now) override {
    return change<comment>(id, true, [&](auto& work, const auto& home, auto& noted) {
      return postgres::vote(work, home, id, voter, is_there, now, noted);
    });
  }

  result<comment> report(const comment_id& id, const comments::report& said) override {
    return change<comment>(id, true, [&](auto& work, const auto& home, auto&) {
      return postgres::report(work, home, id, said);
    });
  }

  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             std::optional<std::int64_t> expected, const event& cause,
                             instant now) override {
    return write<content>(false, [&](auto& work, auto& noted) {
      return postgres::set_status(work, content_id, status, expected, cause, now, noted);
    });
  }

  result<std::size_t> forget_origins(instant before, std::size_t limit) override {
    return erase([&](auto& on) { return postgres::forget_origins(on, before, limit); });
  }

  result<done> forget_reporter(const std::string& reporter) override {
    return erase([&](auto& on) { return postgres::forget_reporter(on, reporter); });
  }

  result<comment> find(const comment_id& id) const override {
    auto found = read([&](auto& work) { return postgres::find(work, id); });
    if (!found) return std::move(found).error();
    if (!*found) return comment_not_found();
    return std::move(**found);
  }

  result<page> list(const query& query) const override {
    return read([&](auto& work) { return postgres::list(work, query); }, postgres::work::reading);
  }

  // Who asks for one while a question is under way shares the next with all who do.
  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    if (is_deciding()) return called_back();
    const std::vector<std::string_view> wanted{ids.begin(), ids.end()};
    if (wanted.size() != 1)
      return read([&](auto& work) { return postgres::contents(work, wanted); });
    auto found = versions_.submit(wanted.front());
    if (!found.outcome || !*found.outcome) return unavailable();
    return std::vector{std::move(**found.outcome)};
  }

  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    return read([&](auto& work) { return postgres::events(work, content_id, after, limit); });
  }

  result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                     std::size_t limit) const override {
    return read([&](auto& work) { return postgres::history(work, id, after, limit); });
  }

  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   std::size_t limit) const override {
    return read([&](auto& work) { return postgres::reports_of(work, id, limit); });
  }

  result<search_result> find_all(const search& wanted) const override {
    return read([&](auto& work) { return postgres::find_all(work, wanted); });
  }

  result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                               std::optional<comment_id> after,
                                               std::size_t limit) const override {
    return read([&](auto& work) { return postgres::votes_of(work, voter, after, limit); });
  }

  result<record_result> record(const deployment& said, instant now) override {
    deployment wanted = said;
    wanted.id = make_comment_id(now);
    wanted.date = now;
    // Without a run, nothing would tell a record from the same one a second time.
    return write<record_result>(!said.run.empty(),
                                [&](auto& work, auto&) { return postgres::record(work, wanted); });
  }

  result<deployment_page> deployments(const deployment_query& query) const override {
    return read([&](auto& work) { return postgres::deployments(work, query); });
  }

  std::string_view signing_key() const override { return key_; }

  std::unique_ptr<change_listener> listen(change_callbacks to) override {
    return std::make_unique<postgres::watch>(server_, options_.watch, node_, std::move(to));
  }

  // Every reading asks the database.
  bool is_remote() const override { return true; }

  // How many connections are open, beside that of who `listen`s.
  std::size_t connections() const { return connections_.open(); }

 private:
  using lane = group_commit<postgres::pending_insert, result<post_result>>;
  using questions = group_commit<std::string_view, std::optional<content>>;
  using outcome = postgres::insert_batch::outcome;
  using lock_patience = std::optional<std::chrono::milliseconds>;

  postgres_store(postgres_options options, const postgres::server_options& server, std::string key)
      : options_{std::move(options)},
        server_{server},
        key_{std::move(key)},
        can_notify_{options_.watch.is_notified} {
    for (std::size_t i = 0; i < std::max<std::size_t>(options_.lanes, 1); ++i)
      lanes_.push_back(std::make_unique<lane>(
          options_.group, [this](auto works, auto outcomes) { insert_all(works, outcomes, {}); }));
  }

  // For one content that somebody holds. A lock can be late only because the machine is busy: such
  // a content has its comments in once one of the few who may wait longer has ended.
  std::unique_ptr<lane> make_patient_lane() {
    const group_limits limits{options_.group.batch_max,
                              std::min(options_.held_queue_max, options_.group.queue_max)};
    return std::make_unique<lane>(limits, [this](auto works, auto outcomes) {
      const auto permit = patient_comments_.take(options_.lock_wait);
      insert_all(works, outcomes, permit ? lock_patience{options_.lock_wait} : std::nullopt);
    });
  }

  static std::chrono::milliseconds shared_wait(const postgres_options& options) {
    return std::min(options.shared_lock_wait, options.lock_wait);
  }

  // The signing key of a database that is ready.
  static result<std::string> prepare(const postgres::server_options& server,
                                     const postgres_options& options) {
    auto is = postgres::bring_up_to_date(server, options.migration_wait);
    if (!is) return std::move(is).error();
    return postgres::read_key(server);
  }

  // Whether what failed so may be tried again, which is not for ever; if so, waits for a moment.
  bool may_repeat(postgres::failure why, int tries) const {
    constexpr int lost_max = 2, conflicts_max = 8;
    if (why == postgres::failure::lost) {
      connections_.drop_idle();
      return tries < lost_max;
    }
    if (why != postgres::failure::conflict || tries >= conflicts_max) return false;
    thread_local std::minstd_rand dice{std::random_device{}()};
    const int longest = 2 << std::min(tries, 6);  // milliseconds; not the same for all who collided
    std::this_thread::sleep_for(
        std::chrono::milliseconds{std::uniform_int_distribution{1, longest}(dice)});
    return true;
  }

  template <typename Work>
  auto read(Work&& wanted, postgres::work::kind kind = postgres::work::single) const
      -> result<decltype(wanted(std::declval<postgres::work&>()))> {
    if (is_deciding()) return called_back();
    for (int tries = 0;; ++tries) {
      const auto lent = connections_.take();
      if (!lent) return unavailable();
      postgres::work reading{*lent, kind};
      auto answer = wanted(reading);
      if (reading.failed() == postgres::failure::none) return answer;
      if (!may_repeat(reading.failed(), tries)) return unavailable();
    }
  }

  static result<post_result> to_result(lane::submission ended,
                                       const postgres::insert_progress& progress) {
    if (ended.outcome) return std::move(*ended.outcome);
    return ended.why == refusal::unknown || progress.may_exist ? in_doubt() : unavailable();
  }

  // Has `wanted` written in a transaction. One whose commit is in doubt is done again only if it
  // `is_repeatable`. A few at once may wait for a lock that somebody keeps.
  template <typename T, typename Work>
  result<T> write(bool is_repeatable, Work&& wanted) {
    if (is_deciding()) return called_back();
    std::optional<postgres::permits::one> patience;
    bool may_be_done = false;  // by an attempt whose commit was in doubt
    for (int tries = 0;; ++tries) {
      const auto lent = connections_.take();
      if (!lent) return postgres::to_error({postgres::failure::lost, may_be_done});
      postgres::work writing{*lent, postgres::work::writing};
      if (patience) writing.wait_for_locks(options_.lock_wait);
      postgres::changes noted;
      result<T> answer = wanted(writing, noted);
      postgres::ending end{writing.failed()};
      if (end.why == postgres::failure::none && !answer) return answer;
      if (end.why == postgres::failure::none)
        end = postgres::finish(writing, noted, {node_, &can_notify_});
      if (end.why == postgres::failure::none) return answer;
      if (end.why == postgres::failure::locked && !patience && (patience = patient_changes_.take()))
        continue;
      may_be_done = may_be_done || end.is_in_doubt;
      if ((may_be_done && !is_repeatable) || !may_repeat(end.why, tries))
        return postgres::to_error({end.why, may_be_done});
    }
  }

  // Erasing twice is as good as once, so what meets writers, or a lost connection, is done again.
  template <typename Erase>
  auto erase(Erase&& wanted) -> decltype(wanted(std::declval<postgres::connection&>())) {
    if (is_deciding()) return called_back();
    constexpr int tries_max = 4;
    bool may_be_done = false;
    for (int tries = 1;; ++tries) {
      const auto lent = connections_.take();
      if (!lent) return postgres::to_error({postgres::failure::lost, may_be_done});
      auto answer = wanted(*lent);
      if (answer) return answer;
      may_be_done = may_be_done || answer.error().code == errc::in_doubt;
      if (tries == tries_max) return may_be_done ? in_doubt() : std::move(answer).error();
    }
  }

  // As `write`, for what is about one comment, whose content must be known first.
  template <typename T, typename Work>
  result<T> change(const comment_id& id, bool is_repeatable, Work&& wanted) {
    const auto home = read([&](auto& work) { return postgres::find_home(work, id); });
    if (!home) return home.error();
    if (!*home) return comment_not_found();
    return write<T>(is_repeatable,
                    [&](auto& work, auto& noted) { return wanted(work, **home, noted); });
  }

  // All in one transaction. If the database refuses that, or cannot do it now, each by itself, so
  // that one that is bad fails alone (not if the database is away: nobody's wait would end sooner),
  // and one whose content somebody holds does not hold up others: that one is told so.
  void insert_all(std::span<const postgres::pending_insert* const> works,
                  std::span<outcome> outcomes, lock_patience patience) {
    std::vector<postgres::pending_insert> wanted;
    for (const auto* one : works) wanted.push_back(*one);
    const auto why = insert_together(wanted, outcomes, patience);
    if (why == postgres::failure::none) return;
    const bool is_for_all = why == postgres::failure::lost ||
                            (why == postgres::failure::locked && has_one_content(wanted));
    if (wanted.size() == 1 || is_for_all) {
      for (std::size_t i = 0; i < wanted.size(); ++i) refuse(wanted[i], outcomes[i], why);
      return;
    }
    const auto end = std::chrono::steady_clock::now() + options_.statement_wait;
    std::map<std::string_view, postgres::failure> known;  // what stops all of a content's drafts
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const std::string_view content_id = wanted[i].wanted->said.content_id;
      const auto before = known.find(content_id);
      auto mine = before != known.end() ? before->second : postgres::failure::passing;
      if (before == known.end() && std::chrono::steady_clock::now() < end)
        mine = insert_together(std::span{wanted}.subspan(i, 1), outcomes.subspan(i, 1), patience);
      if (mine == postgres::failure::none) continue;
      refuse(wanted[i], outcomes[i], mine);
      if (mine != postgres::failure::refused) known.emplace(content_id, mine);
    }
  }

  static bool has_one_content(std::span<const postgres::pending_insert> all) {
    return std::ranges::all_of(all, [&](const postgres::pending_insert& one) {
      return one.wanted->said.content_id == all.front().wanted->said.content_id;
    });
  }

  static void refuse(const postgres::pending_insert& one, outcome& to, postgres::failure why) {
    one.progress->is_locked = why == postgres::failure::locked;
    to = postgres::to_error({why, one.progress->may_exist});
  }

  postgres::failure insert_together(std::span<const postgres::pending_insert> wanted,
                                    std::span<outcome> outcomes, lock_patience patience) {
    for (int tries = 0;; ++tries) {
      const auto lent = connections_.take();
      if (!lent) return postgres::failure::lost;
      postgres::insert_batch batch{*lent, wanted, patience};
      const auto end = batch.run(outcomes, {node_, &can_notify_});
      if (end.why == postgres::failure::none) return end.why;
      if (end.is_in_doubt)
        for (const auto& one : wanted) one.progress->may_exist = true;
      if (!may_repeat(end.why, tries)) return end.why;
    }
  }

  void look_all(std::span<const std::string_view* const> works,
                std::span<std::optional<std::optional<content>>> outcomes) const {
    std::vector<std::string_view> ids;
    for (const auto* id : works) ids.push_back(*id);
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    const auto found = read([&](auto& work) { return postgres::contents(work, ids); });
    for (std::size_t i = 0; i < works.size() && found; ++i)
      outcomes[i] = (*found)[static_cast<std::size_t>(std::ranges::lower_bound(ids, *works[i]) -
                                                      ids.begin())];
  }

  const postgres_options options_;
  const postgres::server_options server_;
  const std::string key_;
  const std::string node_{postgres::make_key().substr(0, 16) + " "};
  std::atomic<bool> can_notify_;
  mutable postgres::pool connections_{options_.pool, [this] { return postgres::connect(server_); }};
  mutable questions versions_{options_.group,
                              [this](auto works, auto outcomes) { look_all(works, outcomes); }};
  std::vector<std::unique_ptr<lane>> lanes_{};
  postgres::permits patient_changes_{options_.patient_max};
  postgres::permits patient_comments_{options_.patient_max};
  postgres::held_contents<lane> held_{[this] { return make_patient_lane(); }};
};

}  // namespace comments

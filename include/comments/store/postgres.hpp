#pragma once
// store/postgres.hpp - comments in PostgreSQL, or in a database that speaks its protocol: the store
// for any number of processes on any number of machines.
//
// Every process asks the database, so what one of them has acknowledged all others show at once;
// none keeps anything that could be old. Posts that come at the same moment share a transaction,
// and so do readers that ask for versions. Every wait ends.
//
// A connection can break during a commit, and then its outcome is unknown. What can be repeated
// without being done twice is repeated: a post is looked for first, a vote or a report is there or
// not. If that fails, too, and for other writes, the answer is `in_doubt`.
//
//   auto opened = postgres_store::open({.conninfo = "postgresql://db.example.com/comments"});
//   if (!opened) return fail(opened.error().message);
//   service api{**opened};

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/store.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/postgres/notifications.hpp>
#include <comments/store/postgres/pool.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

struct postgres_options {
  // Any connection string of libpq: postgresql://…, or "host=a,b dbname=comments". What it says
  // about waits, TLS (sslmode) and hosts holds.
  std::string conninfo{};
  postgres::pooler pooler{};
  postgres::pool_limits pool{};
  std::chrono::milliseconds statement_wait{5'000};  // for one statement
  std::chrono::milliseconds lock_wait{2'000};       // for a lock of others, by a few at once
  std::chrono::milliseconds shared_lock_wait{500};  // the same where other callers wait along
  // Transactions that may wait for `lock_wait` at once: so many of posts, and of other writes.
  std::size_t long_waits_max{2};
  std::chrono::milliseconds opening_wait{15'000};     // by `open`, for a database that wakes up
  std::chrono::milliseconds migration_wait{600'000};  // for a migration, here or elsewhere
  group_limits group{.batch_max = 128, .queue_max = 4096};  // of each lane
  std::size_t held_queue_max{32};  // callers that wait for a locked content
  std::size_t lanes{4};            // transactions that insert at once; each content has its lane
  comments::clock clock{system_clock()};   // this process's own, to be compared with the database's
  std::size_t comments_known_max{16'384};  // of which it is known to which content they belong
  postgres::listener_limits listener{};
  // Called with the database's own message when something fails, from any thread. The message has
  // no password and nothing that users wrote in it. What it throws is ignored.
  std::function<void(std::string_view)> on_failure{};
};

// What each function does stands in `store` and `deployment_log`. A write is as durable as the
// database makes it.
class postgres_store final : public store, public deployment_log {
 public:
  // Connects, and brings the schema up to date. Returns `unavailable`, with a sentence for the
  // operator and no secret in it, if the database does not answer within `opening_wait`; at once
  // if it does not let us in (`postgres::may_pass` says when), takes no writes, is not in UTF-8,
  // belongs to another program, or was written by a newer version that this one cannot work with,
  // or if there is no thread to look after its connections.
  static result<std::unique_ptr<postgres_store>> open(postgres_options options);
  COMMENTS_INLINE ~postgres_store() override;

  // `unavailable` at once if `group.queue_max` callers wait in the content's lane, or
  // `held_queue_max` for a content that is locked.
  COMMENTS_INLINE result<post_result> insert(const insertion& wanted, instant now) override;
  COMMENTS_INLINE void begin_insert(const insertion& wanted, instant now,
                                    insert_receiver ended) override;
  COMMENTS_INLINE result<comment> amend(const comment_id& id, const decider& decide,
                                        instant now) override;
  COMMENTS_INLINE result<comment> vote(const comment_id& id, const voter& by, bool is_there,
                                       instant now) override;
  COMMENTS_INLINE result<comment> report(const comment_id& id, const voter& by,
                                         const std::string& reason, instant now) override;
  COMMENTS_INLINE result<content> set_status(const std::string& content_id,
                                             std::optional<content_status> status,
                                             std::optional<std::int64_t> expected,
                                             const event& cause, instant now) override;
  COMMENTS_INLINE result<std::size_t> forget_origins(instant before, std::size_t limit) override;
  COMMENTS_INLINE result<bool> lease_chores(std::chrono::milliseconds lasts) override;
  COMMENTS_INLINE result<done> forget_reporter(const std::string& reporter) override;

  COMMENTS_INLINE result<comment> find(const comment_id& id) const override;
  COMMENTS_INLINE result<page> list(const query& query) const override;
  // Callers that ask for one content while another such question runs share the next question.
  COMMENTS_INLINE result<std::vector<content>> contents(
      std::span<const std::string> ids) const override;
  COMMENTS_INLINE result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                                    std::size_t limit) const override;
  COMMENTS_INLINE result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                                     std::size_t limit) const override;
  COMMENTS_INLINE result<decision_page> decisions(const decision_query& wanted) const override;
  COMMENTS_INLINE result<std::vector<comments::report>> reports_of(
      const comment_id& id, std::size_t limit) const override;
  COMMENTS_INLINE result<search_result> find_all(const search& wanted) const override;
  COMMENTS_INLINE result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                                               std::optional<comment_id> after,
                                                               std::size_t limit) const override;
  COMMENTS_INLINE result<std::vector<made_report>> reports_by(const std::string& reporter,
                                                              std::optional<comment_id> after,
                                                              std::size_t limit) const override;

  // A record without a run is not repeated after a commit in doubt: it would be a second record.
  COMMENTS_INLINE result<record_result> record(const deployment& step, instant now) override;
  COMMENTS_INLINE result<deployment_page> deployments(const deployment_query& query) const override;

  COMMENTS_INLINE std::string_view signing_key() const override;
  COMMENTS_INLINE std::uint64_t epoch() const override;
  // Opens a connection of its own while a content is followed.
  COMMENTS_INLINE std::unique_ptr<change_listener> listen(change_callbacks to) override;
  bool is_remote() const override { return true; }
  // The database's clock is the one that all share. It is asked by `open`, and every minute.
  COMMENTS_INLINE instant shared_time(instant own) const override;
  // The failures are those of store/postgres/connection.hpp.
  COMMENTS_INLINE store_activity activity() const override;

  // Returns how many connections are open, without those of `listen`.
  std::size_t connections() const;

 private:
  class parts;

  explicit postgres_store(std::unique_ptr<parts> made);

  const std::unique_ptr<parts> parts_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres.ipp>
#endif

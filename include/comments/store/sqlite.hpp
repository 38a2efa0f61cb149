#pragma once
// store/sqlite.hpp - comments in one SQLite file: the store for one process on one machine.
//
// An acknowledged write is on disk: the log is synced at each commit, and writes that come at the
// same moment share a commit. One connection writes and several read, so readers see a snapshot and
// never wait for writers. The file belongs to the process that opened it, because versions, caches
// and live updates are kept in that process; a second process is refused, by a lock on `path` +
// "-lock". Reading the file with other tools is fine.
//
//   const auto opened = sqlite_store::open({.path = "comments.db"});
//   if (!opened) throw std::runtime_error{opened.error().message};
//   service comments{**opened};

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/store.hpp>
#include <comments/store/content_cache.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/sqlite/check.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/database_file.hpp>
#include <comments/store/sqlite/health.hpp>
#include <comments/store/sqlite/pool.hpp>
#include <comments/store/sqlite/watch.hpp>
#include <comments/store/sqlite/writer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

struct sqlite_options {
  std::string path{};
  std::chrono::milliseconds busy_wait{5000};  // how long to wait for another program's lock
  group_limits group{};  // how many writes share a commit, and how many may wait for one
  std::size_t contents_kept{content_cache::contents_kept_max};  // in memory, for `contents`
  std::size_t readers{8};  // connections that read at once; further readers wait for one
  sqlite::log_limits log{};
  // A file of at most so many bytes is checked for damage before it is opened, a larger one
  // afterwards, in a thread, or before as well if there is no thread: about 4 ms for each MiB.
  std::uintmax_t checked_max{16 << 20};
  // After a failure that leaves the file in doubt: how long writes are refused before the store
  // tries to repair it.
  std::chrono::milliseconds recovery_pause{1000};
  // How often the store looks, in a thread, whether the files are in place. A write looks as well.
  std::chrono::milliseconds watch_pause{500};
  comments::clock clock{system_clock()};
  std::string vfs{};  // SQLite's VFS to open the file with; empty: the default
  // Receives SQLite's own words when a call fails, for the log. Called from any thread.
  std::function<void(std::string_view)> on_failure{};
};

// A write returns `unavailable` if nothing was done: past `group.queue_max` callers, if another
// program keeps the write lock, on a full disk, or while the file is not known to be good. It
// returns `in_doubt` if its commit failed halfway: then readers do not see the write, and it is
// erased when the log is repaired, but a process that opens the file after a crash before that may
// find it there. Waits for other writers, not for readers.
class sqlite_store final : public store, public deployment_log {
 public:
  // Opens the file, makes it if there is none, and brings its schema up to date. `unavailable`,
  // with a sentence for the operator, if the file cannot be opened or locked, is in use by another
  // process, is no SQLite database, damaged or another program's, was written by a newer version,
  // or has another file's log beside it; then it is left as it was. Only the owner may read and
  // write a file that it makes, and the files beside it.
  static result<std::unique_ptr<sqlite_store>> open(sqlite_options options);

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
  COMMENTS_INLINE result<done> forget_reporter(const std::string& reporter) override;

  COMMENTS_INLINE result<comment> find(const comment_id& id) const override;
  COMMENTS_INLINE result<page> list(const query& query) const override;
  COMMENTS_INLINE std::optional<content> known_content(std::string_view content_id) const override;
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

  // Of `deployment_log`, in the same file.
  COMMENTS_INLINE result<record_result> record(const deployment& step, instant now) override;
  COMMENTS_INLINE result<deployment_page> deployments(const deployment_query& query) const override;

  std::string_view signing_key() const override { return key_; }
  std::uint64_t epoch() const override { return epoch_; }

  // False from a failure that leaves the file in doubt until the log is repaired, from damage until
  // the file is opened again, and while the file or one beside it is not where it was opened.
  bool is_writable() const override { return health_->is_well() && watch_->is_in_place(); }

  // The failures are counted by what they say of the file (`sqlite::severity`). The connections are
  // those that read.
  COMMENTS_INLINE store_activity activity() const override;

  // Tries to repair the log, at most once in `recovery_pause`. Every write tries, too.
  COMMENTS_INLINE void recover() override;

 private:
  sqlite_store(const sqlite_options& options, std::unique_ptr<const sqlite::file_lock> lock,
               sqlite::writer_options writing, std::unique_ptr<sqlite::connection> writer);

  class begun_insert;

  template <typename T, typename Work>
  result<T> write(Work&& wanted);
  result<post_result> settle(sqlite::pending_insert& pending, result<post_result> made);
  template <typename Work>
  auto read(Work&& wanted) const -> result<decltype(wanted(std::declval<sqlite::transaction&>()))>;

  const std::unique_ptr<const sqlite::file_lock> lock_;
  const std::string key_;
  const std::uint64_t epoch_;
  const std::shared_ptr<sqlite::health> health_;
  const std::shared_ptr<sqlite::watch> watch_;
  bucket_table buckets_{};
  mutable content_cache cache_;
  sqlite::writer writer_;
  mutable sqlite::pool readers_;  // closes before the writer, which then moves all of the log
  std::optional<sqlite::background_check> check_{};
  std::optional<sqlite::watch_thread> looking_{};
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite.ipp>
#endif

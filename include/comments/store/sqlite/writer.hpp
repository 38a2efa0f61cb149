#pragma once
// store/sqlite/writer.hpp - the one connection that writes: shares commits, and keeps the log short
// and sound.
//
// Callers that write at the same moment share a transaction, and so the sync that makes it durable.
// After a commit the writer moves pages from the log to the file, if there are enough of them.
// After a commit in doubt it refuses all writes until it has repaired the log, and while the files
// are not in place it refuses them, too, and touches nothing.
//
//   auto health = std::make_shared<sqlite::health>(std::chrono::milliseconds{1000}, clock);
//   auto opened = sqlite::connect(file);
//   const std::string key = sqlite::read_key(**opened);
//   content_cache cache;
//   sqlite::writer writer{{file, health, key, {}, {}}, std::move(*opened), cache};
//   const auto voted = writer.write<comment>([&](auto& begun, auto& noted) {
//     return sqlite::vote(begun, id, {"u:7"}, true, now, noted);
//   });

#include <comments/config.hpp>
#include <comments/mutex.hpp>
#include <comments/store.hpp>
#include <comments/store/content_cache.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/health.hpp>
#include <comments/store/sqlite/rows.hpp>
#include <comments/store/sqlite/watch.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace comments::inline v0::sqlite {

// When pages are moved from the log to the file, in pages of 4 KiB. A step holds up writers, and no
// readers, until its pages are written and synced. While a reader stays in one snapshot the log
// cannot begin anew, and only then it grows past `pages_max`.
struct log_limits {
  std::int64_t pages_step{1000};              // the log grows by so much between two steps
  std::int64_t pages_max{4000};               // from here on a step also waits for readers
  std::chrono::milliseconds reader_wait{40};  // for so long
};

struct writer_options {
  file_options file{};  // to open the connection again, when the log is repaired
  std::shared_ptr<sqlite::health> health{};
  std::string key{};  // the signing key, to tell the file from another one
  group_limits group{};
  log_limits log{};
  std::shared_ptr<sqlite::watch> watch{};  // null: nothing is watched
};

// How a job ended.
enum class ending {
  committed,
  undone,    // nothing was done, and nothing will be
  in_doubt,  // its commit failed, and may be found in the log after a crash
};

// Safe from any thread.
class writer final {
 public:
  // Notes in `effects` what others must know once the transaction is committed. May run twice, on
  // another thread, beside the jobs of others: the first run is undone. One that throws is undone
  // alone.
  using job = std::function<void(transaction&, effects&)>;

  // Empties the log. `cache` gets each content that a commit has changed; it must outlive this.
  writer(writer_options options, std::unique_ptr<connection> on, content_cache& cache);
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  // Waits for all jobs. Leaves a log that belongs to a file which is not in place any more.
  ~writer();

  // Returns how the transaction ended that `wanted` shared with other jobs. `committed` is durable.
  // Waits for other writers, and for another program's lock as long as `busy_wait`. Throws only
  // std::bad_alloc, and only when nothing was done.
  ending run(const job& wanted) COMMENTS_EXCLUDES(mutex_);

  // The same without waiting: `ended` gets how the transaction ended, once, on any thread, perhaps
  // before this call is over. It must neither throw nor wait, nor call this. `wanted` must live
  // until then. Throws as `run` does; then `ended` is never called.
  void begin(const job& wanted, std::function<void(ending)> ended) COMMENTS_EXCLUDES(mutex_);

  // Runs `wanted` as a job. Returns its result if that is committed, else `in_doubt` or
  // `unavailable`.
  template <typename T, typename Work>
  result<T> write(Work&& wanted);

  // Returns the result of a write whose job left `made` and ended so.
  template <typename T>
  static result<T> settle(ending end, result<T> made);

  // Tries to repair the log, if it is in doubt and the last try is long enough ago.
  void recover() COMMENTS_EXCLUDES(mutex_);

  // Looks whether the files are in place. If the log is not, and the file is, moves what the log
  // holds to the file. Waits for the commit that runs.
  void look() COMMENTS_EXCLUDES(mutex_);

 private:
  using jobs = group_commit<job, ending>;
  using job_list = std::span<const job* const>;
  using ending_list = std::span<std::optional<ending>>;

  static ending to_ending(const jobs::submission& ended);
  void run_all(job_list works, ending_list endings) COMMENTS_EXCLUDES(mutex_);
  bool commit_all(job_list works, ending_list endings, effects& noted) COMMENTS_REQUIRES(mutex_);
  bool is_file_in_place() COMMENTS_REQUIRES(mutex_);
  void note_mark(connection& on) const COMMENTS_REQUIRES(mutex_);
  void note_log() COMMENTS_REQUIRES(mutex_);
  void keep_log_short() noexcept COMMENTS_REQUIRES(mutex_);
  bool checkpoint(checkpoint_mode mode, std::chrono::milliseconds reader_wait)
      COMMENTS_REQUIRES(mutex_);
  void move_log() COMMENTS_REQUIRES(mutex_);
  bool empty_log() COMMENTS_REQUIRES(mutex_);
  bool repair_log() noexcept COMMENTS_REQUIRES(mutex_);
  bool try_repair() COMMENTS_REQUIRES(mutex_);

  const writer_options options_;
  content_cache& cache_;
  mutex mutex_{};
  std::unique_ptr<connection> on_ COMMENTS_GUARDED_BY(mutex_);
  std::int64_t moved_at_ COMMENTS_GUARDED_BY(mutex_){};    // the log's length at the last step
  bool has_erased_ COMMENTS_GUARDED_BY(mutex_){};          // something that the log still holds
  bool may_begin_anew_ COMMENTS_GUARDED_BY(mutex_){true};  // the log, with the next commit
  jobs jobs_;
};

// --- definitions of templates ---

template <typename T, typename Work>
result<T> writer::write(Work&& wanted) {
  result<T> answer = unavailable();
  const ending end = run([&](transaction& work, effects& noted) { answer = wanted(work, noted); });
  return settle(end, std::move(answer));
}

// A job with an error has changed nothing, whatever became of the jobs beside it.
template <typename T>
result<T> writer::settle(ending end, result<T> made) {
  if (end == ending::committed) return made;
  return end == ending::in_doubt && made ? in_doubt() : unavailable();
}

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/writer.ipp>
#endif

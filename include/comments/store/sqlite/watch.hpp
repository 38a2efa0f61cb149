#pragma once
// store/sqlite/watch.hpp - notices that a database's files were moved, removed, replaced or cut.
//
// A process keeps the files that it has opened, whatever becomes of their names: what it writes to
// a file without a name is gone when it ends. So the writer compares name and file before each
// commit, and everything else twice a second: the names of the log, of its index and of the lock,
// the file's length, and its header, which tells the file from others that were copied over it.
//
//   const auto claim = sqlite::claim_database("comments.db");
//   if (!claim) return fail(claim.error().message);
//   const auto opened = sqlite::connect({.path = claim->path});
//   if (!opened) return fail(opened.error().message);
//   sqlite::watch seen{claim->path, *claim->lock, sqlite::mark_anew(**opened), {}};
//   if (!seen.look()) return fail("something is not in place");

#include <comments/config.hpp>
#include <comments/mutex.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/database_file.hpp>
#include <comments/store/sqlite/log_file.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace comments::inline v0::sqlite {

// Used by one thread at a time, but for `is_in_place`. Create it once the file and its log are
// open, and destroy it after their last connection: it has the file open as well, and closing that
// drops SQLite's locks.
class watch final {
 public:
  // `mark` is the mark that the file has (store/sqlite/schema.hpp). Tells `on_failure` once, when
  // the files are not in place any more.
  watch(std::string path, const file_lock& lock, std::uint32_t mark, failure_listener on_failure);

  // Whether all was in place at the last look. Any thread; does not wait.
  bool is_in_place() const { return is_in_place_; }

  // Whether at least the file was at the last look, so that its log may be moved to it.
  bool is_file_in_place() const { return is_file_in_place_; }

  // Looks whether the path still leads to the file, and twice a second at everything. Returns
  // whether all is in place.
  bool glance();
  // Looks at everything. A file that was moved and comes back is in place again, one that was
  // written over is not.
  bool look();

  // Notes the mark that the file has as SQLite sees it, in the log or in memory. The file itself
  // may have an earlier one until the log is moved to it.
  void note_mark(std::uint32_t mark);
  // Notes in the lock's file to which file the log belongs, if the log began anew. Call it after a
  // commit that may have begun the log.
  void note_log();

 private:
  using steady = std::chrono::steady_clock;
  struct identity {
    std::uint64_t device{};
    std::uint64_t number{};
    std::uint64_t size{};

    bool is_same(const identity& other) const {
      return device == other.device && number == other.number;
    }
  };
  static identity identify(const std::string& path);

  bool tell(std::string_view problem);
  std::string find_problem();
  std::string find_file_problem();
  std::string name_problem(std::size_t place) const;
  bool is_ours(std::string_view header) const;

  const std::string path_;
  const file_lock& lock_;
  const failure_listener on_failure_;
  const file_reader file_;
  const std::array<std::string, 4> names_;
  const std::array<identity, 4> opened_;
  std::vector<std::uint32_t> marks_;
  log_origin noted_{};
  std::uint64_t size_;
  bool is_file_in_place_{true};
  bool is_written_over_{};
  steady::time_point looked_at_{};
  std::atomic<bool> is_in_place_{true};
};

// Calls `work` again and again, in a thread of its own, until it is destroyed.
class watch_thread final {
 public:
  // Throws std::system_error if there is no thread. What `work` throws is ignored.
  watch_thread(std::chrono::milliseconds pause, std::function<void()> work);
  watch_thread(const watch_thread&) = delete;
  watch_thread& operator=(const watch_thread&) = delete;
  ~watch_thread();

 private:
  void run(std::chrono::milliseconds pause, const std::function<void()>& work) noexcept
      COMMENTS_EXCLUDES(mutex_);

  mutex mutex_{};
  condition changed_{};
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
  std::thread thread_;
};

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/watch.ipp>
#endif

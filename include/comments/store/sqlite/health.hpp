#pragma once
// store/sqlite/health.hpp - whether a store may still write to its file, for all its connections.
//
// A commit that failed may be on disk or not, and a damaged page may be the first of many. From
// then on the store must not write: what is written on top of an unknown state cannot be promised.
// Doubt ends when the file is repaired. Damage does not end.
//
//   const auto health =
//       std::make_shared<sqlite::health>(std::chrono::milliseconds{1000}, system_clock());
//   const sqlite::file_options file{.path = "comments.db", .on_failure = health->listener({})};
//   const auto repair = [] { return true; };
//   if (!health->is_well() && health->begin_recovery() && repair()) health->restore();

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/mutex.hpp>
#include <comments/store/activity.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace comments::inline v0::sqlite {

// Owned by a std::shared_ptr, because its listeners keep it. Safe from any thread.
class health final : public std::enable_shared_from_this<health> {
 public:
  // `pause` is the time between a failure, or a try to recover, and the next try. There is no pause
  // while `now` throws.
  health(std::chrono::milliseconds pause, clock now);
  health(const health&) = delete;
  health& operator=(const health&) = delete;

  // Whether the file is neither in doubt nor damaged. Does not wait.
  bool is_well() const { return worst_ == severity::passing; }

  // Counts a failure, and keeps what it says of the file, if it is worse than what is known. The
  // first that says something begins the pause.
  void note(severity found) COMMENTS_EXCLUDES(mutex_);

  // Returns whether it is time to try to recover, and counts that as a try. Always false once there
  // was damage. A clock that steps back begins the pause anew.
  bool begin_recovery() COMMENTS_EXCLUDES(mutex_);

  // Ends the doubt, if there is no damage.
  void restore() COMMENTS_EXCLUDES(mutex_);

  // What was done, and the failures by what they say of the file.
  activity_counter& activity() { return activity_; }
  const activity_counter& activity() const { return activity_; }

  // Returns a listener that notes what failures say of the file and passes SQLite's words on to
  // `log`. What `log` throws is ignored.
  failure_listener listener(std::function<void(std::string_view)> log);

 private:
  std::optional<instant> time() const noexcept;

  const std::chrono::milliseconds pause_;
  const clock now_;
  activity_counter activity_{{"passing", "doubt", "damage"}};
  std::atomic<severity> worst_{severity::passing};  // written under the mutex
  mutex mutex_{};
  std::optional<instant> tried_ COMMENTS_GUARDED_BY(mutex_){};
};

// Returns a listener for connections that only read: a failure to read leaves nothing in doubt, but
// damage is damage.
failure_listener for_reading(failure_listener inner);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/health.ipp>
#endif

#pragma once
// store/sqlite/health.hpp - how far a store believes its file, shared by all of its connections.
//
// A commit that fails may be on disk or not, and a page that is damaged may be the first of many.
// From then on nobody writes, because what is written on top of the unknown cannot be vouched for.
// Doubt can be cleared, by making the file good again; damage cannot: it does not heal.
//
//   const auto trust = std::make_shared<sqlite::trust>(std::chrono::seconds{1}, system_clock());
//   file_options file{.path = path, .on_failure = trust->listener(log)};
//   if (!trust->is_whole() && trust->may_recover() && make_good()) trust->restore();

#include <comments/clock.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace comments::sqlite {

// Safe from any thread.
class trust final : public std::enable_shared_from_this<trust> {
 public:
  // `pause` is the time from a failure, or an attempt to recover, to the next attempt.
  trust(std::chrono::milliseconds pause, clock now) : pause_{pause}, now_{std::move(now)} {}
  trust(const trust&) = delete;
  trust& operator=(const trust&) = delete;

  bool is_whole() const { return worst_ == verdict::passing; }

  void note(verdict found) {
    if (found == verdict::passing) return;
    const std::lock_guard lock{mutex_};
    if (worst_ == verdict::passing) tried_ = now_();
    worst_ = std::max<verdict>(worst_, found);
  }

  // Whether it is time to try, which is counted as trying. Never once there was damage. A clock
  // that steps back begins the pause anew.
  bool may_recover() {
    const std::lock_guard lock{mutex_};
    const instant now = now_();
    if (tried_ && now >= *tried_ && now - *tried_ < pause_) return false;
    tried_ = now;
    return worst_ != verdict::damage;
  }

  // The doubt is cleared.
  void restore() {
    const std::lock_guard lock{mutex_};
    if (worst_ == verdict::doubt) worst_ = verdict::passing;
  }

  // Notes what failures say of the file, and passes SQLite's words on to `log`. What `log` throws
  // ends here: whatever was going on goes on.
  failure_listener listener(std::function<void(std::string_view)> log) {
    return [self = shared_from_this(), log = std::move(log)](verdict found, std::string_view why) {
      self->note(found);
      try {
        if (log) log(why);
      } catch (...) {  // it is the log that failed
      }
    };
  }

 private:
  const std::chrono::milliseconds pause_;
  const clock now_;
  std::atomic<verdict> worst_{verdict::passing};
  std::mutex mutex_{};
  std::optional<instant> tried_{};
};

// For connections that only read: a reading that failed leaves nothing in doubt, but damage that it
// meets is damage.
inline failure_listener for_reading(failure_listener inner) {
  return [inner = std::move(inner)](verdict found, std::string_view why) {
    inner(found == verdict::doubt ? verdict::passing : found, why);
  };
}

}  // namespace comments::sqlite

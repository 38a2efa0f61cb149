#pragma once
// store/sqlite/health.ipp - definitions of store/sqlite/health.hpp.

#include <comments/store/sqlite/health.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace comments::inline v0::sqlite {

COMMENTS_INLINE health::health(std::chrono::milliseconds pause, clock now)
    : pause_{pause}, now_{std::move(now)} {}

COMMENTS_INLINE void health::note(severity found) {
  activity_.fail(names_of(found)[static_cast<std::size_t>(found)], false);
  if (found == severity::passing) return;
  const mutex_lock lock{mutex_};
  if (worst_ == severity::passing) tried_ = time();
  worst_ = std::max<severity>(worst_, found);
}

COMMENTS_INLINE bool health::begin_recovery() {
  const mutex_lock lock{mutex_};
  const auto now = time();
  if (now && tried_ && *now >= *tried_ && *now - *tried_ < pause_) return false;
  tried_ = now;
  return worst_ != severity::damage;
}

COMMENTS_INLINE void health::restore() {
  const mutex_lock lock{mutex_};
  if (worst_ == severity::doubt) worst_ = severity::passing;
}

COMMENTS_INLINE std::optional<instant> health::time() const noexcept {
  try {
    return now_();
  } catch (...) {
    return std::nullopt;
  }
}

COMMENTS_INLINE failure_listener health::listener(std::function<void(std::string_view)> log) {
  return
      [self = shared_from_this(), log = std::move(log)](severity found, std::string_view message) {
        self->note(found);
        try {
          if (log) log(message);
        } catch (...) {  // the log failed, not the store
        }
      };
}

COMMENTS_INLINE failure_listener for_reading(failure_listener inner) {
  return [inner = std::move(inner)](severity found, std::string_view message) {
    inner(found == severity::doubt ? severity::passing : found, message);
  };
}

}  // namespace comments::inline v0::sqlite

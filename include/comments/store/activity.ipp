#pragma once
// store/activity.ipp - definitions of store/activity.hpp.

#include <comments/store/activity.hpp>

#include <chrono>

namespace comments::inline v0 {

COMMENTS_INLINE activity_counter::activity_counter(const std::vector<std::string_view>& kinds) {
  for (const std::string_view kind : kinds) failures_[kind];
}

COMMENTS_INLINE void activity_counter::succeed() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  succeeded_at_.store(std::chrono::duration_cast<std::chrono::milliseconds>(now).count(),
                      std::memory_order_relaxed);
  if (is_away_.load(std::memory_order_relaxed)) is_away_ = false;
}

COMMENTS_INLINE void activity_counter::fail(std::string_view kind, bool is_away) noexcept {
  if (const auto found = failures_.find(kind); found != failures_.end()) found->second.add();
  if (is_away) is_away_ = true;
}

COMMENTS_INLINE store_activity activity_counter::look() const {
  store_activity seen{.is_away = is_away_};
  if (const std::int64_t at = succeeded_at_; at != 0) seen.last_success = from_milliseconds(at);
  for (const auto& [kind, count] : failures_) seen.failures.emplace_back(kind, count.value());
  return seen;
}

}  // namespace comments::inline v0

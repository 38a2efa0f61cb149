#pragma once
// store/activity.hpp - counts what a store's storage did and failed to do, for `store::activity`.
//
//   activity_counter seen{{"busy", "lost"}};
//   seen.succeed();
//   seen.fail("lost", true);
//   assert(seen.look().is_away);

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/metrics.hpp>
#include <comments/store.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

// Safe from any thread. Counting takes no lock.
class activity_counter final {
 public:
  // `kinds` are the failures that are counted. Their texts must live as long as this.
  explicit activity_counter(const std::vector<std::string_view>& kinds);
  activity_counter(const activity_counter&) = delete;
  activity_counter& operator=(const activity_counter&) = delete;

  // The storage did what it was asked for.
  void succeed() noexcept;
  // It did not; `is_away`: because it could not be reached. Another kind is not counted.
  void fail(std::string_view kind, bool is_away) noexcept;

  // Returns all but the connections.
  store_activity look() const;

 private:
  std::map<std::string_view, counter> failures_{};
  std::atomic<std::int64_t> succeeded_at_{};  // in milliseconds since 1970; 0: never
  std::atomic<bool> is_away_{};
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/activity.ipp>
#endif

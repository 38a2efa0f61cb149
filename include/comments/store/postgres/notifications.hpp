#pragma once
// store/postgres/notifications.hpp - tells this process which contents other processes changed.
//
// A notification of the database only says *that* a content changed; followers read the event log.
// So a lost notification costs time and no event: the versions of what is followed are also
// compared now and then, and often if the database or a pooler in between cannot notify. While no
// content is followed there is no connection, so that a database that pauses when it has none can.
//
//   postgres::notification_listener changes{
//       options,
//       {},
//       "this process ",
//       {.followed = [] { return std::vector<std::string>{"1"}; },
//        .announce = [](std::string_view content_id) { show(content_id); }}};

#include <comments/background.hpp>
#include <comments/config.hpp>
#include <comments/mutex.hpp>
#include <comments/store.hpp>
#include <comments/store/postgres/connection.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::postgres {

struct listener_limits {
  bool is_notified{true};                         // false: only compare versions
  std::chrono::milliseconds check_wait{1'000};    // from one comparison to the next, if notified
  std::chrono::milliseconds poll_wait{20};        // the same if not
  std::chrono::milliseconds retry_wait{200};      // from a failure to the next attempt
  std::chrono::milliseconds linger_wait{10'000};  // from the last follower to the connection's end
};

// Has one connection, and from the first `wake` on one thread, on which it calls `to`. It keeps the
// promise of `store::listen`. What fails is tried again until it is destroyed, which waits for the
// thread: a connection, a callback that throws, and, with the next `wake`, a thread.
class notification_listener final : public change_listener {
 public:
  // Skips notifications whose payload begins with `node`: they are this process's own.
  notification_listener(connection_options options, listener_limits limits, std::string node,
                        change_callbacks to);
  notification_listener(const notification_listener&) = delete;
  notification_listener& operator=(const notification_listener&) = delete;
  COMMENTS_INLINE ~notification_listener() override;

  COMMENTS_INLINE void wake() override COMMENTS_EXCLUDES(mutex_);

 private:
  using steady = std::chrono::steady_clock;

  void run() COMMENTS_EXCLUDES(mutex_);
  bool wait_for_end(std::chrono::milliseconds wait) COMMENTS_EXCLUDES(mutex_);
  bool follow();
  std::vector<std::string> followed() const;
  void announce(std::string_view content_id) const;
  void hear(connection& on, steady::time_point end);
  bool compare(connection& on, const std::vector<std::string>& followed);

  const connection_options options_;
  const listener_limits limits_;
  const std::string node_;
  const change_callbacks to_;
  std::map<std::string, std::int64_t> seen_{};  // versions at the last comparison; of the thread
  mutex mutex_{};
  condition changed_{};
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
  bool is_woken_ COMMENTS_GUARDED_BY(mutex_){};
  background thread_{};  // the last member, because it uses the others until it is destroyed
};

// Returns texts as PostgreSQL reads an array of them.
std::string to_array(const std::vector<std::string>& all);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/notifications.ipp>
#endif

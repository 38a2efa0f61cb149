#pragma once
// store/postgres/notifications.ipp - definitions of store/postgres/notifications.hpp.

#include <comments/store/postgres/notifications.hpp>

#include <comments/guarded.hpp>
#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/rows.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace comments::inline v0::postgres {

COMMENTS_INLINE notification_listener::notification_listener(connection_options options,
                                                             listener_limits limits,
                                                             std::string node, change_callbacks to)
    : options_{std::move(options)}, limits_{limits}, node_{std::move(node)}, to_{std::move(to)} {}

COMMENTS_INLINE notification_listener::~notification_listener() {
  {
    const mutex_lock lock{mutex_};
    is_over_ = true;
  }
  changed_.notify_one();
}

COMMENTS_INLINE void notification_listener::wake() {
  {
    const mutex_lock lock{mutex_};
    is_woken_ = true;
  }
  changed_.notify_one();
  thread_.begin([this] { run(); });
}

COMMENTS_INLINE void notification_listener::run() {
  for (;;) {
    {
      mutex_lock lock{mutex_};
      while (!is_over_ && !is_woken_) changed_.wait(lock);
      if (is_over_) return;
      is_woken_ = false;
    }
    const auto is_done = [this] { return guarded([this] { return follow(); }).value_or(false); };
    while (!is_done() && !wait_for_end(limits_.retry_wait)) {
    }
  }
}

// Waits so long for the destructor. Returns whether it was called.
COMMENTS_INLINE bool notification_listener::wait_for_end(std::chrono::milliseconds wait) {
  const auto end = steady::now() + wait;
  mutex_lock lock{mutex_};
  while (!is_over_)
    if (!changed_.wait_until(lock, end)) break;
  return is_over_;
}

// Returns true once no content is followed any more, or all is over, and false after a failure.
COMMENTS_INLINE bool notification_listener::follow() {
  auto opened = connect(options_);
  if (!opened) return followed().empty();
  connection& on = **opened;
  const bool is_notified = limits_.is_notified && !on.is_pooled() && [&] {
    transaction listening{on, transaction::autocommit};
    listening.send(std::string{"LISTEN "}.append(channel));
    return listening.receive();
  }();
  seen_.clear();  // the first comparison announces what changed while there was no connection
  auto followed_at = steady::now();
  while (!wait_for_end(std::chrono::milliseconds{0})) {
    const auto content_ids = followed();
    const auto now = steady::now();
    if (!content_ids.empty()) followed_at = now;
    if (now - followed_at > limits_.linger_wait) return true;
    if (!compare(on, content_ids)) return false;
    hear(on, now + (is_notified ? limits_.check_wait : limits_.poll_wait));
    if (on.check_lost()) return false;
  }
  return true;
}

COMMENTS_INLINE std::vector<std::string> notification_listener::followed() const {
  return to_.followed ? to_.followed() : std::vector<std::string>{};
}

COMMENTS_INLINE void notification_listener::announce(std::string_view content_id) const {
  if (to_.announce) to_.announce(content_id);
}

// Announces the contents that notifications name, until `end`.
COMMENTS_INLINE void notification_listener::hear(connection& on, steady::time_point end) {
  constexpr std::chrono::milliseconds longest{50};  // so that the destructor does not wait for more
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady::now());
    if (left.count() <= 0 || on.check_lost() || wait_for_end(std::chrono::milliseconds{0})) return;
    for (const std::string& payload : on.take_notifications(std::min(left, longest)))
      if (!payload.starts_with(node_) && payload.size() > node_.size())
        announce(std::string_view{payload}.substr(node_.size()));
  }
}

// Announces the followed contents whose version is not that of the last comparison.
COMMENTS_INLINE bool notification_listener::compare(connection& on,
                                                    const std::vector<std::string>& followed) {
  std::map<std::string, std::int64_t> found;
  if (!followed.empty()) {
    transaction reading{on, transaction::autocommit};
    const auto place =
        reading.send("SELECT content_id, version FROM content WHERE content_id = ANY($1::text[])",
                     to_array(followed));
    if (!reading.receive()) return false;
    const rows all = reading.rows(place);
    for (int row = 0; row < all.size(); ++row) found[all.text(row, 0)] = all.number(row, 1);
  }
  for (const auto& [content_id, version] : found) {
    const auto known = seen_.find(content_id);
    if (known == seen_.end() || known->second != version) announce(content_id);
  }
  seen_ = std::move(found);
  return true;
}

COMMENTS_INLINE std::string to_array(const std::vector<std::string>& all) {
  std::string text = "{";
  for (const std::string& element : all) {
    if (text.size() > 1) text += ',';
    append_quoted(text, element);
  }
  return text + "}";
}

}  // namespace comments::inline v0::postgres

#pragma once
// store/postgres/notifications.hpp - hears what other nodes change, as long as anybody here follows it.
//
// A notification is the wake-up, the event log is the truth: what is told is only that a content
// has changed. A notification that is lost costs time and no event, because versions are compared
// now and then, and often where the database cannot notify. While nobody follows anything there is
// no connection, so that a database that pauses when it is idle can.
//
//   const postgres::watch others{options, limits, node, audience};

#include <comments/store.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/rows.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace comments::postgres {

struct watch_limits {
  bool is_notified{true};                         // else by comparing versions alone
  std::chrono::milliseconds check_wait{1'000};    // from one comparison to the next, where notified
  std::chrono::milliseconds poll_wait{20};        // the same where not
  std::chrono::milliseconds retry_wait{200};      // from a failure to the next attempt
  std::chrono::milliseconds linger_wait{10'000};  // from the last follower to the connection's end
};

// Text as an array of it, as PostgreSQL reads one.
inline std::string to_array(const std::vector<std::string>& all) {
  std::string text = "{";
  for (const std::string& one : all) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (const char c : one) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

class watch final : public change_listener {
 public:
  // `node` begins the payload of what this node notifies, which it need not hear again.
  watch(server_options options, watch_limits limits, std::string node, change_callbacks to)
      : options_{std::move(options)},
        limits_{limits},
        node_{std::move(node)},
        to_{std::move(to)},
        thread_{[this] { run(); }} {}
  watch(const watch&) = delete;
  watch& operator=(const watch&) = delete;
  ~watch() override {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void wake() override {
    {
      const std::lock_guard lock{mutex_};
      if (std::exchange(is_woken_, true)) return;
    }
    changed_.notify_one();
  }

 private:
  using steady = std::chrono::steady_clock;

  // Waits for somebody who follows, at most so long; whether there is an end to it all.
  bool is_over_after(std::chrono::milliseconds wait) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, wait, [&] { return is_over_; });
    return is_over_;
  }

  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [&] { return is_over_ || is_woken_; });
      if (is_over_) return;
      is_woken_ = false;
      lock.unlock();
      while (!follow() && !is_over_after(limits_.retry_wait)) {
      }
      lock.lock();
    }
  }

  // Whether nobody follows anything any more; else something failed, or it is all over.
  bool follow() {
    auto opened = connect(options_);
    if (!opened) return to_.followed().empty();
    const bool is_notified = limits_.is_notified && listen(**opened);
    seen_.clear();  // what changed while there was no connection is told by the first comparison
    auto followed_at = steady::now();
    while (!is_over_after(std::chrono::milliseconds{0})) {
      const auto followed = to_.followed();
      const auto now = steady::now();
      if (!followed.empty()) followed_at = now;
      if (now - followed_at > limits_.linger_wait) return true;
      if (!compare(**opened, followed)) return false;
      hear(**opened, now + (is_notified ? limits_.check_wait : limits_.poll_wait));
      if ((*opened)->is_lost()) return false;
    }
    return true;
  }

  static bool listen(connection& on) {
    work listening{on, work::single};
    listening.ask(std::string{"LISTEN "}.append(channel));
    return listening.run();
  }

  // Announces what notifications name, until then.
  void hear(connection& on, steady::time_point end) {
    constexpr std::chrono::milliseconds longest{50};  // so that an end is not waited for
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady::now());
      if (left.count() <= 0 || on.is_lost() || is_over_after(std::chrono::milliseconds{0})) return;
      for (const std::string& payload : on.take_notices(std::min(left, longest)))
        if (!payload.starts_with(node_) && payload.size() > node_.size())
          to_.announce(std::string_view{payload}.substr(node_.size()));
    }
  }

  // Announces the contents that are at another version than when they were compared last.
  bool compare(connection& on, const std::vector<std::string>& followed) {
    std::map<std::string, std::int64_t> found;
    if (!followed.empty()) {
      work reading{on, work::single};
      const auto place =
          reading.ask("SELECT content_id, version FROM content WHERE content_id = ANY($1::text[])",
                      to_array(followed));
      if (!reading.run()) return false;
      const rows all = reading.rows(place);
      for (int row = 0; row < all.size(); ++row) found[all.text(row, 0)] = all.number(row, 1);
    }
    for (const auto& [content_id, version] : found) {
      const auto known = seen_.find(content_id);
      if (known == seen_.end() || known->second != version) to_.announce(content_id);
    }
    seen_ = std::move(found);
    return true;
  }

  const server_options options_;
  const watch_limits limits_;
  const std::string node_;
  const change_callbacks to_;
  std::map<std::string, std::int64_t> seen_{};  // versions, when they were compared last
  std::mutex mutex_{};
  std::condition_variable changed_{};
  bool is_over_{};
  bool is_woken_{};
  std::thread thread_;
};

}  // namespace comments::postgres

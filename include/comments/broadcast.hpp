#pragma once
// broadcast.hpp - tells those who follow a content that it has changed, and nobody else.
//
// Only that there is news is told: what it is, each reads from the store when it gets to it. So
// there is no queue that a slow one could fill, news that come quickly are told once, and telling
// waits for nobody. Who follows arms a wake-up *before* it looks into the store: what is committed
// before the look is seen by it, and what is committed after wakes.
//
//   broadcast news{metrics};
//   auto follower = news.subscribe("1");
//   (*follower)->arm([] { look_again(); });  // then look
//   news.announce("1");  // after a commit

#include <comments/metrics.hpp>
#include <comments/result.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments {

struct broadcast_limits {
  std::size_t subscribers_max{20'000};          // of all contents; one more is refused
  std::size_t content_subscribers_max{10'000};  // of one
};

// Safe from any thread. Outlives its subscriptions.
class broadcast final {
  struct channel {
    std::uint64_t round{};  // of waking; no two of whatever content are the same
    std::size_t subscribers{};
    std::list<std::function<void()>> armed{};
  };
  struct part {
    std::mutex mutex{};
    std::map<std::string, channel, std::less<>> channels{};
  };

 public:
  using wake = std::function<void()>;

  // How things stand when somebody arms.
  struct standing {
    std::uint64_t round{};  // another after each announcement, and never the same again
    bool was_woken{};       // what was armed before has been called, or is about to be
  };

  // Follows a content as long as it lives. Used by one thread at a time.
  class subscription final {
   public:
    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;
    ~subscription() {
      std::list<wake> last;  // goes when nothing is locked
      const std::lock_guard lock{part_.mutex};
      disarm(last);
      if (--channel_->second.subscribers == 0) part_.channels.erase(channel_);
      owner_.leave();
    }

    // Has the next announcement, or the end, call `then`, once and from its own thread, in place
    // of what was armed before. It must not throw nor wait, and may come once more after this is
    // gone.
    standing arm(wake then) {
      std::list<wake> next, before;
      next.push_back(std::move(then));
      const std::lock_guard lock{part_.mutex};
      channel& followed = channel_->second;
      const bool was_woken = is_armed_ && round_ != followed.round;
      disarm(before);
      armed_ = next.begin();
      round_ = followed.round;
      is_armed_ = true;
      followed.armed.splice(followed.armed.end(), next);
      return {followed.round, was_woken};
    }

    // Whether there will be no more news, because the broadcast was closed. Ask it after `arm`.
    bool is_closed() const { return owner_.is_closed_; }

   private:
    friend class broadcast;
    using place = std::map<std::string, channel, std::less<>>::iterator;
    subscription(broadcast& owner, part& where, place followed)
        : owner_{owner}, part_{where}, channel_{followed} {}

    // Moves what is still armed to `to`.
    void disarm(std::list<wake>& to) {
      channel& followed = channel_->second;
      if (is_armed_ && round_ == followed.round) to.splice(to.end(), followed.armed, armed_);
      is_armed_ = false;
    }

    broadcast& owner_;
    part& part_;
    place channel_;
    std::list<wake>::iterator armed_{};
    std::uint64_t round_{};
    bool is_armed_{};
  };

  explicit broadcast(registry& metrics, broadcast_limits limits = {})
      : limits_{limits},
        gauge_{metrics.gauge_of("comments_subscribers", "Readers that follow a content.")} {}
  broadcast(const broadcast&) = delete;
  broadcast& operator=(const broadcast&) = delete;

  // `unavailable` if too many follow already, this content or all together, and after `close`.
  result<std::unique_ptr<subscription>> subscribe(std::string_view content_id) {
    if (is_closed_) return error{errc::unavailable, "The service is going down."};
    if (subscribers_.fetch_add(1) >= limits_.subscribers_max) {
      subscribers_ -= 1;
      return error{errc::unavailable, "Too many follow contents already."};
    }
    part& where = part_of(content_id);
    const std::lock_guard lock{where.mutex};
    const auto [followed, is_new] = where.channels.try_emplace(std::string{content_id});
    if (is_new) followed->second.round = ++rounds_;
    if (followed->second.subscribers >= limits_.content_subscribers_max) {
      subscribers_ -= 1;
      return error{errc::unavailable, "Too many follow this content already."};
    }
    ++followed->second.subscribers;
    gauge_.add(1);
    if (on_followed_) on_followed_();
    return std::unique_ptr<subscription>{new subscription{*this, where, followed}};
  }

  // Has each new subscription call `then`, which must not wait nor follow anything itself. Once,
  // before anybody follows.
  void when_followed(std::function<void()> then) { on_followed_ = std::move(then); }

  // The contents that are followed now.
  std::vector<std::string> followed() {
    std::vector<std::string> ids;
    for (part& each : parts_) {
      const std::lock_guard lock{each.mutex};
      for (const auto& [content_id, followed] : each.channels) ids.push_back(content_id);
    }
    return ids;
  }

  // Wakes who follows the content: call it after each commit that changed it. Takes no memory.
  void announce(std::string_view content_id) {
    std::list<wake> woken;
    {
      part& where = part_of(content_id);
      const std::lock_guard lock{where.mutex};
      const auto followed = where.channels.find(content_id);
      if (followed == where.channels.end()) return;
      take(followed->second, woken);
    }
    call(woken);
  }

  // Ends it all, for good: whoever follows is woken, and finds that it `is_closed`.
  void close() {
    is_closed_ = true;
    for (part& each : parts_) {
      std::list<wake> woken;
      {
        const std::lock_guard lock{each.mutex};
        for (auto& [content_id, followed] : each.channels) take(followed, woken);
      }
      call(woken);
    }
  }

  std::size_t subscribers() const { return subscribers_; }

 private:
  void take(channel& from, std::list<wake>& to) {
    to.splice(to.end(), from.armed);
    from.round = ++rounds_;
  }
  // Without a lock: who is woken may subscribe, arm or leave at once.
  static void call(const std::list<wake>& woken) {
    for (const wake& each : woken) each();
  }
  void leave() {
    subscribers_ -= 1;
    gauge_.add(-1);
  }
  part& part_of(std::string_view content_id) {
    return parts_[std::hash<std::string_view>{}(content_id) % parts_.size()];
  }

  const broadcast_limits limits_;
  gauge& gauge_;
  std::atomic<std::size_t> subscribers_{};
  std::atomic<std::uint64_t> rounds_{};
  std::atomic<bool> is_closed_{};
  std::array<part, 64> parts_{};
  std::function<void()> on_followed_{};
};

}  // namespace comments

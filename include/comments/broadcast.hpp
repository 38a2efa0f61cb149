#pragma once
// broadcast.hpp - wakes the subscribers of a content when it has changed.
//
// `announce` says only *that* a content changed. Subscribers read *what* changed from the store. So
// there is no queue that a slow subscriber could fill, several changes in a row wake it once, and
// announcing waits for no subscriber. Arm before reading: a commit before the read is seen by it,
// and a commit after it wakes you.
//
//   registry metrics;
//   broadcast news{metrics};
//   auto follower = news.subscribe("1");
//   if (follower) (*follower)->arm([] { std::puts("read again"); });  // then read the store
//   news.announce("1");  // after a commit

#include <comments/config.hpp>
#include <comments/metrics.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0 {

struct broadcast_limits {
  std::size_t subscribers_max{20'000};          // of all contents together; one more is refused
  std::size_t content_subscribers_max{10'000};  // of one content
};

// Safe to call from any thread. Must outlive its subscriptions.
class broadcast final {
 public:
  using wake = std::function<void()>;

  // The state of a content when a subscriber arms.
  struct standing {
    std::uint64_t round{};  // changes with each announcement, and never has the same value again
    bool was_woken{};       // the wake-up armed before was called, or is about to be
  };

  class subscription;

  explicit broadcast(registry& metrics, broadcast_limits limits = {});
  broadcast(const broadcast&) = delete;
  broadcast& operator=(const broadcast&) = delete;
  ~broadcast();

  // Follows a content from now on, for as long as the subscription lives. Returns `unavailable` if
  // there are too many subscribers already, of this content or of all, and after `close`.
  result<std::unique_ptr<subscription>> subscribe(std::string_view content_id);

  // Wakes the subscribers of the content. Call it after each commit that changed it. Allocates no
  // memory and does not throw.
  void announce(std::string_view content_id);

  // Whether the content has subscribers.
  bool is_followed(std::string_view content_id) const;

  // Ends all subscriptions, for good: subscribers are woken, and then `is_closed`.
  void close();

  // Sets a function that each new subscription calls. It must not wait or subscribe; what it throws
  // is lost. Call this at most once, before the first subscription.
  void when_followed(std::function<void()> then);

  // Returns the contents that have subscribers now.
  std::vector<std::string> followed();

  std::size_t subscribers() const;

 private:
  struct state;

  std::unique_ptr<state> state_;
};

// A subscription to one content. Used by one thread at a time.
class broadcast::subscription final {
 public:
  subscription(const subscription&) = delete;
  subscription& operator=(const subscription&) = delete;
  ~subscription();

  // Replaces what was armed before by `then`. The next announcement of the content, or the close of
  // the broadcast, calls it once, from its own thread. `then` must not wait; what it throws is
  // lost. It may be called once more after the subscription is gone.
  standing arm(wake then);

  // Whether the broadcast is closed, so that there will be no more news. Ask after `arm`.
  bool is_closed() const;

 private:
  friend class broadcast;
  struct place;
  explicit subscription(std::unique_ptr<place> followed);

  std::unique_ptr<place> place_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/broadcast.ipp>
#endif

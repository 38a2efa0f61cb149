#pragma once
// broadcast.ipp - definitions of broadcast.hpp.

#include <comments/broadcast.hpp>

#include <comments/guarded.hpp>
#include <comments/mutex.hpp>

#include <array>
#include <atomic>
#include <list>
#include <map>
#include <utility>

namespace comments::inline v0 {

namespace detail {

// The subscribers of one content.
struct broadcast_channel {
  std::uint64_t round{};  // no two channels ever have the same
  std::size_t subscribers{};
  std::list<broadcast::wake> armed{};
};

using broadcast_channels = std::map<std::string, broadcast_channel, std::less<>>;

// Contents are spread over parts by their hash, so that threads seldom wait for one another.
struct broadcast_part {
  comments::mutex mutex{};
  broadcast_channels channels COMMENTS_GUARDED_BY(mutex){};
};

// A subscriber may subscribe, arm or leave when it is woken, so no lock is held here.
inline void call(const std::list<broadcast::wake>& woken) {
  for (const broadcast::wake& wake : woken) guarded(wake);
}

}  // namespace detail

struct broadcast::state {
  const broadcast_limits limits{};
  gauge& open;
  std::atomic<std::size_t> subscribers{};
  std::atomic<std::uint64_t> rounds{};
  std::atomic<bool> is_closed{};
  std::array<detail::broadcast_part, 64> parts{};
  std::function<void()> on_followed{};

  detail::broadcast_part& part_of(std::string_view content_id) {
    return parts[std::hash<std::string_view>{}(content_id) % parts.size()];
  }

  // Moves what is armed to `woken`. The caller holds the lock of the channel's part.
  void take(detail::broadcast_channel& from, std::list<wake>& woken) {
    woken.splice(woken.end(), from.armed);
    from.round = ++rounds;
  }
};

struct broadcast::subscription::place {
  state& owner;
  detail::broadcast_part& part;
  detail::broadcast_channels::iterator channel{};  // what it points to is guarded by `part.mutex`
  bool is_followed{};                              // so `channel` counts this subscriber
  std::list<wake>::iterator armed{};
  std::uint64_t round{};  // the channel's when this armed
  bool is_armed{};

  // Moves what is still armed to `to`.
  void disarm(std::list<wake>& to) COMMENTS_REQUIRES(part.mutex) {
    detail::broadcast_channel& followed = channel->second;
    if (is_armed && round == followed.round) to.splice(to.end(), followed.armed, armed);
    is_armed = false;
  }
};

COMMENTS_INLINE broadcast::subscription::subscription(std::unique_ptr<place> followed)
    : place_{std::move(followed)} {}

COMMENTS_INLINE broadcast::subscription::~subscription() {
  if (!place_->is_followed) return;
  std::list<wake> last;  // destroyed after the lock is released
  const mutex_lock lock{place_->part.mutex};
  place_->disarm(last);
  if (--place_->channel->second.subscribers == 0) place_->part.channels.erase(place_->channel);
  place_->owner.subscribers -= 1;
  place_->owner.open.add(-1);
}

COMMENTS_INLINE broadcast::standing broadcast::subscription::arm(wake then) {
  std::list<wake> next, before;
  next.push_back(std::move(then));
  const mutex_lock lock{place_->part.mutex};
  detail::broadcast_channel& followed = place_->channel->second;
  const bool was_woken = place_->is_armed && place_->round != followed.round;
  place_->disarm(before);
  place_->armed = next.begin();
  place_->round = followed.round;
  place_->is_armed = true;
  followed.armed.splice(followed.armed.end(), next);
  return {followed.round, was_woken};
}

COMMENTS_INLINE bool broadcast::subscription::is_closed() const { return place_->owner.is_closed; }

COMMENTS_INLINE broadcast::broadcast(registry& metrics, broadcast_limits limits)
    : state_{new state{
          .limits = limits,
          .open = metrics.gauge_of("comments_subscribers", "Readers that follow a content.")}} {}
COMMENTS_INLINE broadcast::~broadcast() = default;

COMMENTS_INLINE result<std::unique_ptr<broadcast::subscription>> broadcast::subscribe(
    std::string_view content_id) {
  state& shared = *state_;
  if (shared.is_closed) return error{errc::unavailable, "The service is going down."};
  detail::broadcast_part& part = shared.part_of(content_id);
  std::unique_ptr<subscription> made{new subscription{std::unique_ptr<subscription::place>{
      new subscription::place{.owner = shared, .part = part}}}};
  const mutex_lock lock{part.mutex};
  const auto [channel, is_new] = part.channels.try_emplace(std::string{content_id});
  const bool is_crowded = channel->second.subscribers >= shared.limits.content_subscribers_max;
  if (is_crowded || shared.subscribers.fetch_add(1) >= shared.limits.subscribers_max) {
    if (!is_crowded) shared.subscribers -= 1;
    if (channel->second.subscribers == 0) part.channels.erase(channel);
    return error{errc::unavailable, is_crowded ? "This content has too many subscribers."
                                               : "There are too many subscribers."};
  }
  // Nothing below throws.
  if (is_new) channel->second.round = ++shared.rounds;
  ++channel->second.subscribers;
  shared.open.add(1);
  made->place_->channel = channel;
  made->place_->is_followed = true;
  if (shared.on_followed) guarded(shared.on_followed);
  return made;
}

COMMENTS_INLINE void broadcast::when_followed(std::function<void()> then) {
  state_->on_followed = std::move(then);
}

COMMENTS_INLINE std::vector<std::string> broadcast::followed() {
  std::vector<std::string> ids;
  for (detail::broadcast_part& part : state_->parts) {
    const mutex_lock lock{part.mutex};
    for (const auto& [content_id, channel] : part.channels) ids.push_back(content_id);
  }
  return ids;
}

COMMENTS_INLINE void broadcast::announce(std::string_view content_id) {
  std::list<wake> woken;
  {
    detail::broadcast_part& part = state_->part_of(content_id);
    const mutex_lock lock{part.mutex};
    const auto channel = part.channels.find(content_id);
    if (channel == part.channels.end()) return;
    state_->take(channel->second, woken);
  }
  detail::call(woken);
}

COMMENTS_INLINE bool broadcast::is_followed(std::string_view content_id) const {
  detail::broadcast_part& part = state_->part_of(content_id);
  const mutex_lock lock{part.mutex};
  return part.channels.contains(content_id);
}

COMMENTS_INLINE void broadcast::close() {
  state_->is_closed = true;
  for (detail::broadcast_part& part : state_->parts) {
    std::list<wake> woken;
    {
      const mutex_lock lock{part.mutex};
      for (auto& [content_id, channel] : part.channels) state_->take(channel, woken);
    }
    detail::call(woken);
  }
}

COMMENTS_INLINE std::size_t broadcast::subscribers() const { return state_->subscribers; }

}  // namespace comments::inline v0

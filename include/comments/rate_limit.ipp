#pragma once
// rate_limit.ipp - definitions of rate_limit.hpp.

#include <comments/rate_limit.hpp>

#include <comments/lru.hpp>
#include <comments/mutex.hpp>

#include <algorithm>
#include <functional>
#include <string>

namespace comments {

COMMENTS_INLINE token_rate::token_rate(rate allowed)
    : gain_{std::clamp<std::int64_t>(allowed.per_minute, 0, rate_max)},
      burst_{std::clamp<std::int64_t>(allowed.burst > 0 ? allowed.burst : gain_, 1, rate_max)} {}

COMMENTS_INLINE std::chrono::seconds token_rate::window() const {
  return is_limited() ? time_for(full()) : std::chrono::seconds{0};
}

COMMENTS_INLINE quota token_rate::ask(bucket& asked, instant now, bool is_taking) const {
  if (!is_limited()) return {};
  refill(asked, to_milliseconds(now));
  const bool is_allowed = asked.level >= token;
  if (is_taking && is_allowed) asked.level -= token;
  return {is_allowed, burst_, asked.level / token,
          time_for(std::max<std::int64_t>(token - asked.level, 0)), time_for(full() - asked.level)};
}

COMMENTS_INLINE std::chrono::seconds token_rate::time_for(std::int64_t level) const {
  const std::int64_t a_second = gain_ * 1000;
  return std::chrono::seconds{(level + a_second - 1) / a_second};
}

COMMENTS_INLINE void token_rate::refill(bucket& filled, std::int64_t now) const {
  // Another rate may have filled it.
  filled.level = std::clamp<std::int64_t>(filled.level, 0, full());
  // No `now` overflows this: time counts only until the bucket is full.
  const std::int64_t missing = (full() - filled.level + gain_ - 1) / gain_;  // milliseconds
  if (now >= filled.at) {
    const bool is_full = now >= filled.at + missing;
    filled.level = is_full ? full() : filled.level + (now - filled.at) * gain_;
    filled.at = now;
  } else if (filled.at - now > skew_max.count()) {
    filled.at = now;
  }
}

struct bucket_table::state {
  explicit state(std::size_t keys_max) : buckets{keys_max} {}

  comments::mutex mutex{};
  lru<bucket> buckets COMMENTS_GUARDED_BY(mutex);
};

COMMENTS_INLINE bucket_table::bucket_table(std::size_t keys_max)
    : state_{std::make_unique<state>(keys_max)} {}

COMMENTS_INLINE bucket_table::~bucket_table() = default;

COMMENTS_INLINE quota bucket_table::take(std::string_view key, const token_rate& allowed,
                                         instant now) {
  return ask(key, allowed, now, true);
}

COMMENTS_INLINE quota bucket_table::peek(std::string_view key, const token_rate& allowed,
                                         instant now) {
  return ask(key, allowed, now, false);
}

COMMENTS_INLINE std::size_t bucket_table::keys() const {
  const mutex_lock lock{state_->mutex};
  return state_->buckets.size();
}

COMMENTS_INLINE quota bucket_table::ask(std::string_view key, const token_rate& allowed,
                                        instant now, bool is_taking) {
  if (!allowed.is_limited()) return {};
  std::string hashed;
  if (key.size() > key_bytes_max) {
    hashed = "#" + std::to_string(std::hash<std::string_view>{}(key));
    key = hashed;
  }
  const mutex_lock lock{state_->mutex};
  bucket* known = state_->buckets.find(key);
  bucket asked = known ? *known : allowed.fresh(now);
  const quota left = allowed.ask(asked, now, is_taking);
  if (known)
    *known = asked;
  else if (is_taking)
    state_->buckets.put(key, asked);
  return left;
}

}  // namespace comments

#pragma once
// rate_limit.ipp - definitions of rate_limit.hpp.

#include <comments/rate_limit.hpp>

#include <comments/guarded.hpp>
#include <comments/lru.hpp>
#include <comments/mutex.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

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

COMMENTS_INLINE void token_rate::give_back(bucket& filled) const {
  filled.level = std::min(filled.level + token, full());
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

namespace detail {

// The name under which the bucket of a key is kept: the key, or its hash if the key is long.
struct bucket_name {
  explicit bucket_name(std::string_view key) : text{key} {
    if (key.size() <= bucket_table::key_bytes_max) return;
    hashed = "#" + std::to_string(std::hash<std::string_view>{}(key));
    text = hashed;
  }
  bucket_name(const bucket_name&) = delete;
  bucket_name& operator=(const bucket_name&) = delete;

  std::string hashed{};
  std::string_view text{};
};

}  // namespace detail

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

COMMENTS_INLINE void bucket_table::give_back(std::string_view key,
                                             const token_rate& allowed) noexcept {
  if (!allowed.is_limited()) return;
  guarded([&] {
    const detail::bucket_name name{key};
    const mutex_lock lock{state_->mutex};
    if (bucket* known = state_->buckets.find(name.text)) allowed.give_back(*known);
  });
}

COMMENTS_INLINE std::size_t bucket_table::keys() const {
  const mutex_lock lock{state_->mutex};
  return state_->buckets.size();
}

COMMENTS_INLINE quota bucket_table::ask(std::string_view key, const token_rate& allowed,
                                        instant now, bool is_taking) {
  if (!allowed.is_limited()) return {};
  const detail::bucket_name name{key};
  const mutex_lock lock{state_->mutex};
  bucket* known = state_->buckets.find(name.text);
  bucket asked = known ? *known : allowed.fresh(now);
  const quota left = allowed.ask(asked, now, is_taking);
  if (known)
    *known = asked;
  else if (is_taking)
    state_->buckets.put(name.text, asked);
  return left;
}

}  // namespace comments::inline v0

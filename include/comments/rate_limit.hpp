#pragma once
// rate_limit.hpp - how often somebody may do something: a token bucket for each key.
//
// A bucket holds up to `burst` tokens and gains `per_minute` of them a minute; each request takes
// one, and an empty bucket refuses. So nobody gets more than burst + rate * time in any stretch of
// time. Keys that nobody used for longest are forgotten when there are too many, and start full
// again. Time is passed in. Nothing is rounded: tokens are counted in 60,000ths, of which a bucket
// gains `per_minute` each millisecond.
//
//   rate_limiter writes{{.per_minute = 30}};
//   const quota left = writes.take("192.0.2.1", now());
//   if (!left.is_allowed) refuse(left.next);  // come back in so many seconds

#include <comments/clock.hpp>
#include <comments/lru.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace comments {

struct rate {
  std::int64_t per_minute{};  // 0: as often as anybody likes
  std::int64_t burst{};       // at once, after a rest; 0: as many as a minute brings

  friend bool operator==(const rate&, const rate&) = default;
};

// What is left of a bucket.
struct quota {
  bool is_allowed{true};
  std::int64_t limit{};          // the bucket's size; 0 without a limit
  std::int64_t remaining{};      // tokens that are left
  std::chrono::seconds next{};   // until one can be taken, rounded up; 0 if one is there
  std::chrono::seconds reset{};  // until the bucket is full again, rounded up
};

// How full a key's bucket is: as a store keeps it, where several processes share one.
struct bucket {
  std::int64_t level{};  // in 60,000ths of a token
  std::int64_t at{};     // the millisecond of that
};

// A rate, and what it makes of buckets. Values only: whoever holds a bucket sees to it that nobody
// else changes it.
class token_rate final {
 public:
  static constexpr std::int64_t rate_max = 1'000'000'000;  // a larger rate or burst counts as this
  // How far apart the `now` of threads and machines may be. A clock that goes back by more was set
  // back: then time goes on from where it stands, and nothing is gained or locked by the step.
  static constexpr std::chrono::milliseconds skew_max{1'000};

  explicit token_rate(rate allowed)
      : gain_{std::clamp<std::int64_t>(allowed.per_minute, 0, rate_max)},
        burst_{std::clamp<std::int64_t>(allowed.burst > 0 ? allowed.burst : gain_, 1, rate_max)} {}

  bool is_limited() const { return gain_ > 0; }
  std::int64_t burst() const { return burst_; }
  // How long an empty bucket takes to be full, rounded up.
  std::chrono::seconds window() const {
    return is_limited() ? time_for(full()) : std::chrono::seconds{0};
  }

  // The bucket of a key that nobody used.
  bucket fresh(instant now) const { return {full(), to_milliseconds(now)}; }

  // Fills the bucket for the time that passed and takes a token, if there is one; or only says what
  // it would.
  quota ask(bucket& one, instant now, bool is_taking = true) const {
    if (!is_limited()) return {};
    refill(one, to_milliseconds(now));
    const bool is_allowed = one.level >= token;
    if (is_taking && is_allowed) one.level -= token;
    return {is_allowed, burst_, one.level / token,
            time_for(std::max<std::int64_t>(token - one.level, 0)), time_for(full() - one.level)};
  }

 private:
  static constexpr std::int64_t token = 60'000;

  std::int64_t full() const { return burst_ * token; }

  std::chrono::seconds time_for(std::int64_t level) const {
    const std::int64_t a_second = gain_ * 1000;
    return std::chrono::seconds{(level + a_second - 1) / a_second};
  }

  void refill(bucket& one, std::int64_t now) const {
    one.level = std::clamp<std::int64_t>(one.level, 0, full());  // another rate may have filled it
    // No number that anybody passes in overflows: only how long the bucket was not full counts.
    const std::int64_t missing = (full() - one.level + gain_ - 1) / gain_;  // milliseconds
    if (now >= one.at) {
      const bool is_full = now >= one.at + missing;
      one.level = is_full ? full() : one.level + (now - one.at) * gain_;
      one.at = now;
    } else if (one.at - now > skew_max.count()) {
      one.at = now;
    }
  }

  std::int64_t gain_;
  std::int64_t burst_;
};

// The buckets of many keys. Safe from any thread. One lock: it is held for less than a microsecond.
class bucket_table final {
 public:
  // Longer keys are told apart by their hash alone, so that memory is bounded.
  static constexpr std::size_t key_bytes_max = 255;

  // `keys_max` is 1 or more.
  explicit bucket_table(std::size_t keys_max = 100'000) : buckets_{keys_max} {}

  // Takes a token of `key`, if there is one.
  quota take(std::string_view key, const token_rate& allowed, instant now) {
    return ask(key, allowed, now, true);
  }
  // What `take` would say, without taking anything or remembering the key.
  quota peek(std::string_view key, const token_rate& allowed, instant now) {
    return ask(key, allowed, now, false);
  }

  std::size_t keys() const {
    const std::lock_guard lock{mutex_};
    return buckets_.size();
  }

 private:
  quota ask(std::string_view key, const token_rate& allowed, instant now, bool is_taking) {
    if (!allowed.is_limited()) return {};
    std::string hashed;
    if (key.size() > key_bytes_max)
      key = hashed = "#" + std::to_string(std::hash<std::string_view>{}(key));
    const std::lock_guard lock{mutex_};
    bucket* known = buckets_.find(key);
    bucket one = known ? *known : allowed.fresh(now);
    const quota left = allowed.ask(one, now, is_taking);
    if (known)
      *known = one;
    else if (is_taking)
      buckets_.put(key, one);
    return left;
  }

  mutable std::mutex mutex_{};
  lru<bucket> buckets_;
};

// One rate for all keys. Safe from any thread.
class rate_limiter final {
 public:
  static constexpr std::int64_t rate_max = token_rate::rate_max;
  static constexpr std::size_t key_bytes_max = bucket_table::key_bytes_max;
  static constexpr std::chrono::milliseconds skew_max = token_rate::skew_max;

  // `keys_max` is 1 or more.
  explicit rate_limiter(rate allowed, std::size_t keys_max = 100'000)
      : rate_{allowed}, buckets_{keys_max} {}

  bool is_limited() const { return rate_.is_limited(); }
  std::int64_t burst() const { return rate_.burst(); }
  std::chrono::seconds window() const { return rate_.window(); }

  // As the table's.
  quota take(std::string_view key, instant now) { return buckets_.take(key, rate_, now); }
  quota peek(std::string_view key, instant now) { return buckets_.peek(key, rate_, now); }
  std::size_t keys() const { return buckets_.keys(); }

 private:
  const token_rate rate_;
  bucket_table buckets_;
};

}  // namespace comments

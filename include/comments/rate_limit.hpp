#pragma once
// rate_limit.hpp - how often a client may do something: a token bucket for each key.
//
// A bucket holds up to `burst` tokens and gains `per_minute` tokens a minute. Each request takes a
// token, and an empty bucket refuses. So in any stretch of time a key gets at most burst + rate *
// time. When there are too many keys, the keys unused longest are forgotten and start full again.
// Callers pass the time in. Levels are whole numbers of 60,000ths of a token, of which a bucket
// gains `per_minute` each millisecond, so nothing is rounded.
//
//   rate_limiter writes{{.per_minute = 30}};
//   const quota left = writes.take("192.0.2.1", system_clock()());
//   if (!left.is_allowed) assert(left.next.count() > 0);  // try again in so many seconds

#include <comments/clock.hpp>
#include <comments/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace comments::inline v0 {

struct rate {
  std::int64_t per_minute{};  // 0: no limit
  std::int64_t burst{};       // tokens of a full bucket; 0: as many as a minute brings

  friend bool operator==(const rate&, const rate&) = default;
};

// What is left of a bucket.
struct quota {
  bool is_allowed{true};
  std::int64_t limit{};          // the size of the bucket; 0 if there is no limit
  std::int64_t remaining{};      // tokens
  std::chrono::seconds next{};   // until there is a token, rounded up; 0 if there is one
  std::chrono::seconds reset{};  // until the bucket is full, rounded up
};

// How full the bucket of a key is. Stores keep it in this form if several processes share it.
struct bucket {
  std::int64_t level{};  // in 60,000ths of a token
  std::int64_t at{};     // when it had that level, in milliseconds since 1970
};

// A rate, and what it does to buckets. Has no state: the caller who holds a bucket makes sure that
// no other thread changes it meanwhile.
class token_rate final {
 public:
  static constexpr std::int64_t rate_max = 1'000'000'000;  // a larger rate or burst counts as this
  // The largest difference between the clocks of threads and machines. A clock that goes back by
  // more than this was set back: time then continues from the new moment, and the step itself
  // neither fills nor locks a bucket.
  static constexpr std::chrono::milliseconds skew_max{1'000};

  explicit token_rate(rate allowed);

  bool is_limited() const { return gain_ > 0; }
  std::int64_t burst() const { return burst_; }
  // Returns how long an empty bucket takes to fill, rounded up; 0 if there is no limit.
  std::chrono::seconds window() const;

  // Returns the bucket of a key that has not been used: a full one.
  bucket fresh(instant now) const { return {full(), to_milliseconds(now)}; }

  // Fills the bucket for the time that has passed and takes a token, if there is one. With
  // `is_taking` false it takes none. Returns what is left.
  quota ask(bucket& asked, instant now, bool is_taking = true) const;

  // Puts back a token that was taken. A full bucket stays as it is.
  void give_back(bucket& filled) const;

 private:
  static constexpr std::int64_t token = 60'000;

  std::int64_t full() const { return burst_ * token; }
  std::chrono::seconds time_for(std::int64_t level) const;
  void refill(bucket& filled, std::int64_t now) const;

  std::int64_t gain_;  // 60,000ths of a token per millisecond
  std::int64_t burst_;
};

// The buckets of many keys. Safe to call from any thread. There is one lock, which is held for less
// than a microsecond.
class bucket_table final {
 public:
  // Of a longer key only the hash counts, so that memory is bounded.
  static constexpr std::size_t key_bytes_max = 255;

  // Keeps the buckets of `keys_max` keys, at least 1.
  explicit bucket_table(std::size_t keys_max = 100'000);
  bucket_table(const bucket_table&) = delete;
  bucket_table& operator=(const bucket_table&) = delete;
  ~bucket_table();

  // Takes a token of `key`, if there is one, and returns what is left.
  quota take(std::string_view key, const token_rate& allowed, instant now);
  // Returns what `take` would return. Takes nothing and does not remember the key.
  quota peek(std::string_view key, const token_rate& allowed, instant now);
  // Puts back a token that `take` took. The bucket of a key that was forgotten since then is full
  // already. If memory is short, the token stays taken.
  void give_back(std::string_view key, const token_rate& allowed) noexcept;

  std::size_t keys() const;

 private:
  struct state;

  quota ask(std::string_view key, const token_rate& allowed, instant now, bool is_taking);

  std::unique_ptr<state> state_;
};

// One rate for all keys. Safe to call from any thread.
class rate_limiter final {
 public:
  static constexpr std::int64_t rate_max = token_rate::rate_max;
  static constexpr std::size_t key_bytes_max = bucket_table::key_bytes_max;
  static constexpr std::chrono::milliseconds skew_max = token_rate::skew_max;

  // Keeps the buckets of `keys_max` keys, at least 1.
  explicit rate_limiter(rate allowed, std::size_t keys_max = 100'000)
      : rate_{allowed}, buckets_{keys_max} {}

  bool is_limited() const { return rate_.is_limited(); }
  std::int64_t burst() const { return rate_.burst(); }
  std::chrono::seconds window() const { return rate_.window(); }

  // These do what the functions of `bucket_table` do.
  quota take(std::string_view key, instant now) { return buckets_.take(key, rate_, now); }
  quota peek(std::string_view key, instant now) { return buckets_.peek(key, rate_, now); }
  std::size_t keys() const { return buckets_.keys(); }

 private:
  const token_rate rate_;
  bucket_table buckets_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/rate_limit.ipp>
#endif

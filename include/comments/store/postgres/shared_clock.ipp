#pragma once
// store/postgres/shared_clock.ipp - definitions of store/postgres/shared_clock.hpp.

#include <comments/store/postgres/shared_clock.hpp>

#include <comments/guarded.hpp>
#include <comments/store/postgres/transaction.hpp>

namespace comments::inline v0::postgres {

COMMENTS_INLINE bool shared_clock::is_due() {
  const auto now = steady::now();
  auto next = next_.load();
  if (now.time_since_epoch().count() < next) return false;
  return next_.compare_exchange_strong(next, (now + comparison_every).time_since_epoch().count());
}

// The answer is of a moment between the question and its arrival: the middle is at most half of
// that wrong.
COMMENTS_INLINE void shared_clock::compare(connection& on) {
  transaction asking{on, transaction::autocommit};
  const auto before = guarded([&] { return own_(); });
  const auto place = asking.send("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
  if (!asking.receive()) return;
  const auto after = guarded([&] { return own_(); });
  if (!before || !after) return;
  const instant middle = *before + (*after - *before) / 2;
  ahead_ = asking.rows(place).number(0, 0) - to_milliseconds(middle);
}

}  // namespace comments::inline v0::postgres

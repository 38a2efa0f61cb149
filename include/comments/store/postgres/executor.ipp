#pragma once
// store/postgres/executor.ipp - definitions of store/postgres/executor.hpp.

#include <comments/store/postgres/executor.hpp>

#include <comments/guarded.hpp>

#include <algorithm>
#include <random>
#include <thread>

namespace comments::inline v0::postgres {

COMMENTS_INLINE executor::executor(connection_options options, executor_limits limits,
                                   std::string node, bool can_notify, clock own)
    : options_{std::move(options)},
      limits_{limits},
      node_{std::move(node)},
      can_notify_{can_notify},
      clock_{std::move(own)} {}

COMMENTS_INLINE result<std::unique_ptr<connection>> executor::open_one() const {
  auto made = connect(options_);
  if (!made && options_.seen) options_.seen->fail(unreachable, true);
  return made;
}

COMMENTS_INLINE pool::loan executor::take() const {
  auto lent = connections_.take();
  if (!lent && options_.seen) options_.seen->fail(no_connection, false);
  if (lent && clock_.is_due()) clock_.compare(*lent);
  return lent;
}

COMMENTS_INLINE store_activity executor::activity() const {
  store_activity seen = options_.seen ? options_.seen->look() : store_activity{};
  seen.connections_used = connections_.used();
  seen.connections_open = connections_.open();
  return seen;
}

COMMENTS_INLINE bool executor::prepare_retry(failure why, int tries) const {
  constexpr int lost_max = 2, conflicts_max = 8;
  if (why == failure::disconnected) {
    connections_.drop_idle();
    return tries < lost_max;
  }
  if (why != failure::conflict || tries >= conflicts_max) return false;
  // A random wait, so that transactions that collided do not collide again.
  thread_local std::minstd_rand dice{guarded([] { return std::random_device{}(); }).value_or(1)};
  const int longest = 2 << std::min(tries, 6);  // milliseconds
  std::this_thread::sleep_for(
      std::chrono::milliseconds{std::uniform_int_distribution{1, longest}(dice)});
  return true;
}

}  // namespace comments::inline v0::postgres

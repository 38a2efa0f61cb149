#pragma once
// store/postgres/shared_clock.hpp - how far the database's clock is from this process's own.
//
// What one process writes and another one compares is of the database's time: machines are minutes
// apart where nobody looks after their clocks. It is asked now and then, and not for each time, so
// all processes agree within half of a round trip.
//
//   postgres::shared_clock clock{system_clock()};
//   if (clock.is_due()) clock.compare(connection);
//   const instant shared = clock.to_shared(system_clock()());

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/store/postgres/connection.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace comments::inline v0::postgres {

// Safe from any thread.
class shared_clock final {
 public:
  static constexpr std::chrono::seconds comparison_every{60};

  // `own` is the clock of this process.
  explicit shared_clock(clock own) : own_{std::move(own)} {}

  // Returns what the database's clock shows, as far as is known, when the own one shows `own`.
  instant to_shared(instant own) const { return own + std::chrono::milliseconds{ahead_}; }

  // Returns whether it is time to compare: at first, and then `comparison_every`. Says so to one
  // thread.
  bool is_due();
  // Compares the two, in one round trip. A failure changes nothing.
  void compare(connection& on);

 private:
  using steady = std::chrono::steady_clock;

  const clock own_;
  std::atomic<std::int64_t> ahead_{};  // milliseconds that the database's is ahead
  std::atomic<steady::rep> next_{};    // when it is due
};

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/shared_clock.ipp>
#endif

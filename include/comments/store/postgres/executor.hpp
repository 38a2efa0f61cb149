#pragma once
// store/postgres/executor.hpp - runs reads and writes on pooled connections, and tries again what
// failed and may succeed.
//
// A transaction that conflicted with another one is tried up to eight times more, after a random
// wait; one whose connection was lost, twice. A write whose commit is in doubt is tried again only
// if its caller says that doing it twice is the same as doing it once.
//
//   const postgres::executor database{options, {}, "this process ", true};
//   const auto count = database.read([](postgres::transaction& reading) -> std::int64_t {
//     const auto place = reading.send("SELECT count(*) FROM comment");
//     return reading.receive() ? reading.rows(place).number(0, 0) : 0;
//   });
//   if (!count) return fail(count.error().message);

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>
#include <comments/store/algorithms.hpp>
#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/lock_lanes.hpp>
#include <comments/store/postgres/pool.hpp>
#include <comments/store/postgres/rows.hpp>
#include <comments/store/postgres/shared_clock.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace comments::inline v0::postgres {

struct executor_limits {
  pool_limits pool{};
  std::chrono::milliseconds long_lock_wait{2'000};  // for writes with a permit to wait for long
  std::size_t long_waits_max{2};                    // such permits
};

// Safe from any thread. Waits are those of the pool, of the connection's options, and those above;
// all end.
class executor final {
 public:
  // `node` begins the notifications of this process; without `can_notify` it sends none. `own` is
  // its clock.
  executor(connection_options options, executor_limits limits, std::string node, bool can_notify,
           clock own = system_clock());

  // Calls `read_all(transaction&)` and returns what it returns, or `unavailable` if the transaction
  // failed. May call it more than once.
  template <typename Read>
  auto read(const Read& read_all, transaction::mode mode = transaction::autocommit) const
      -> result<decltype(read_all(std::declval<transaction&>()))>;

  // Calls `change(transaction&, moved_contents&)` for a result<T> and commits if that has a value;
  // an error in it is returned, and nothing is done. May call it more than once, and after a commit
  // in doubt only if the write `is_repeatable`. Errors are those of `to_error`. A write that waits
  // for a lock for long is tried again with a longer wait, if it gets a permit.
  template <typename T, typename Change>
  result<T> write(bool is_repeatable, const Change& change);

  // Calls `erase(connection&)`, which commits by itself, up to four times until it succeeds.
  template <typename Erase>
  auto erase(const Erase& erase_all) -> decltype(erase_all(std::declval<connection&>()));

  // Returns a connection for one transaction. If the transaction fails, call `prepare_retry`.
  pool::loan take() const;

  // Returns whether a transaction that failed may be tried again, after `tries` failures before it,
  // and waits for a moment before it says so. Also closes idle connections that were probably lost,
  // too.
  bool prepare_retry(failure why, int tries) const;

  // The database's clock, which is compared with the own one when a connection is taken.
  const shared_clock& time() const { return clock_; }

  // How this process notifies others of its commits.
  notifier to_others() { return {node_, &can_notify_}; }

  // Returns how many connections are open.
  std::size_t connections() const { return connections_.open(); }
  // Returns what transactions did, if the options count that, and the connections.
  store_activity activity() const;

 private:
  result<std::unique_ptr<connection>> open_one() const;

  const connection_options options_;
  const executor_limits limits_;
  const std::string node_;
  std::atomic<bool> can_notify_;
  mutable pool connections_{limits_.pool, [this] { return open_one(); }};
  mutable shared_clock clock_;
  permits long_waits_{limits_.long_waits_max};
};

// --- definitions ---

template <typename Read>
auto executor::read(const Read& read_all, transaction::mode mode) const
    -> result<decltype(read_all(std::declval<transaction&>()))> {
  if (is_deciding()) return called_back();
  for (int tries = 0;; ++tries) {
    const auto lent = take();
    if (!lent) return unavailable();
    transaction reading{*lent, mode};
    auto found = read_all(reading);
    if (reading.failed() == failure::none) return found;
    if (!prepare_retry(reading.failed(), tries)) return unavailable();
  }
}

template <typename T, typename Change>
result<T> executor::write(bool is_repeatable, const Change& change) {
  if (is_deciding()) return called_back();
  std::optional<permits::permit> permit;
  bool may_be_done = false;  // by an attempt whose commit was in doubt
  for (int tries = 0;; ++tries) {
    const auto lent = take();
    if (!lent) return to_error({failure::disconnected, may_be_done});
    transaction writing{*lent, transaction::writing};
    if (permit) writing.set_lock_wait(limits_.long_lock_wait);
    moved_contents moved;
    result<T> changed = change(writing, moved);
    ending end = end_of(writing);
    if (end.why == failure::none && !changed) return changed;
    if (end.why == failure::none) end = commit_and_notify(writing, moved, to_others());
    if (end.why == failure::none) return changed;
    if (end.why == failure::locked && !permit) {
      permit = long_waits_.take();
      if (permit) continue;
    }
    may_be_done = may_be_done || end.is_in_doubt;
    if ((may_be_done && !is_repeatable) || !prepare_retry(end.why, tries))
      return to_error({end.why, may_be_done});
  }
}

template <typename Erase>
auto executor::erase(const Erase& erase_all) -> decltype(erase_all(std::declval<connection&>())) {
  if (is_deciding()) return called_back();
  constexpr int tries_max = 4;
  bool may_be_done = false;
  for (int tries = 1;; ++tries) {
    const auto lent = take();
    if (!lent) return to_error({failure::disconnected, may_be_done});
    auto erased = erase_all(*lent);
    if (erased) return erased;
    may_be_done = may_be_done || erased.error().code == errc::in_doubt;
    if (tries == tries_max && may_be_done) return in_doubt();
    if (tries == tries_max) return erased;
  }
}

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/executor.ipp>
#endif

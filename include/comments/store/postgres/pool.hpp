#pragma once
// store/postgres/pool.hpp - connections to one database: at most so many, and none while they are
// not needed.
//
// A connection is lent to one caller at a time. If all are lent the pool opens another, and past
// its limit callers wait. A connection that is idle for long is closed, so that a database that
// pauses when it has no connections can. One that the other side closed is not lent.
//
//   postgres::pool connections{{.open_max = 10}, [&] { return postgres::connect(options); }};
//   if (const auto lent = connections.take())
//     postgres::transaction reading{*lent, postgres::transaction::reading};

#include <comments/config.hpp>
#include <comments/mutex.hpp>
#include <comments/result.hpp>
#include <comments/store/postgres/connection.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace comments::inline v0::postgres {

struct pool_limits {
  std::size_t open_max{10};                     // connections; 0 counts as 1
  std::chrono::milliseconds take_wait{2'000};   // for a connection, if all are lent
  std::chrono::milliseconds idle_wait{60'000};  // then a connection that is not lent is closed
};

// Safe from any thread. Lives longer than the connections that it lends. A thread of its own closes
// idle connections.
class pool final {
 public:
  using opener = std::function<result<std::unique_ptr<connection>>()>;

  struct give_back {
    pool* from{};
    void operator()(connection* lent) const noexcept { from->put(lent); }
  };
  // A connection for its holder alone, given back when it is destroyed. May be empty.
  using loan = std::unique_ptr<connection, give_back>;

  // `open` is called on the thread of a caller of `take`, by several of them at once. Throws
  // std::system_error if there is no thread.
  pool(pool_limits limits, opener open);
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool();

  // Returns a connection, or an empty loan: if none is given back within `take_wait`, or, at once,
  // if none is open and none can be opened. `open` has a wait of its own.
  loan take() COMMENTS_EXCLUDES(mutex_);

  // Closes all connections that are not lent. For callers whose connection was lost: those that
  // were opened before that are likely to be lost, too.
  void drop_idle() COMMENTS_EXCLUDES(mutex_);

  // Returns how many are open, lent or not, and how many are lent.
  std::size_t open() const COMMENTS_EXCLUDES(mutex_);
  std::size_t used() const COMMENTS_EXCLUDES(mutex_);

 private:
  using steady = std::chrono::steady_clock;
  struct idle_connection {
    std::unique_ptr<connection> on{};
    steady::time_point since{};
  };

  result<std::unique_ptr<connection>> open_one() COMMENTS_EXCLUDES(mutex_);
  void forget_one() noexcept COMMENTS_EXCLUDES(mutex_);
  void put(connection* lent) noexcept COMMENTS_EXCLUDES(mutex_);
  void close_idle() COMMENTS_EXCLUDES(mutex_);
  std::size_t open_max() const;

  const pool_limits limits_;
  const opener open_;
  mutable mutex mutex_{};
  condition changed_{};  // for callers of `take`
  condition idled_{};    // for `closing_`
  std::vector<idle_connection> idle_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t opened_ COMMENTS_GUARDED_BY(mutex_){};  // idle, lent or being opened
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
  std::thread closing_;
};

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/pool.ipp>
#endif

#pragma once
// store/sqlite/pool.hpp - several connections to one file, so that readers do not wait for each
// other.
//
// A connection works for one thread at a time. The pool lends each to one thread, opens another one
// if all are lent, up to a limit, and lets callers wait past it. It lends the connection first that
// came back last, because that one's cache is warm, and opens no more than are needed at once.
//
//   sqlite::pool readers{4, [] { return sqlite::connect({.path = "comments.db"}); }};
//   if (const auto lent = readers.take()) sqlite::transaction work{*lent, "BEGIN"};

#include <comments/config.hpp>
#include <comments/mutex.hpp>
#include <comments/result.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace comments::inline v0::sqlite {

// Safe from any thread. Destroy it after all that it lends.
class pool final {
 public:
  using opener = std::function<result<std::unique_ptr<connection>>()>;

  struct returner {
    pool* to{};
    void operator()(connection* lent) const noexcept { to->put_back(lent); }
  };
  // A connection for one caller, which returns to the pool when the loan ends.
  using loan = std::unique_ptr<connection, returner>;

  // Lends at most `open_max` connections, and at least 1, each made by `open`, which may be called
  // from several threads at once.
  pool(std::size_t open_max, opener open);
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  // Returns a connection for the caller alone. Waits without limit while all are lent. Empty if
  // none is open and `open` makes none. Throws what `open` throws.
  loan take() COMMENTS_EXCLUDES(mutex_);

  // Returns how many are open, lent or not, and how many are lent.
  std::size_t open() const COMMENTS_EXCLUDES(mutex_);
  std::size_t used() const COMMENTS_EXCLUDES(mutex_);

 private:
  bool is_worth_a_try(bool may_open) const COMMENTS_REQUIRES(mutex_);
  result<std::unique_ptr<connection>> open_one() COMMENTS_EXCLUDES(mutex_);
  void forget_one() noexcept COMMENTS_EXCLUDES(mutex_);
  void put_back(connection* lent) noexcept COMMENTS_EXCLUDES(mutex_);

  const std::size_t open_max_;
  const opener open_;
  mutable mutex mutex_{};
  condition changed_{};
  // Has room for each connection, so that to give one back needs no memory.
  std::vector<std::unique_ptr<connection>> idle_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t open_count_ COMMENTS_GUARDED_BY(mutex_){};  // idle, lent or being opened
};

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/pool.ipp>
#endif

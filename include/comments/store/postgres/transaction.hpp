#pragma once
// store/postgres/transaction.hpp - statements that take effect together on a PostgreSQL connection.
//
// Statements are prepared once for each connection and sent without waiting for the answers of
// those before (pipeline mode), so a transaction takes as many round trips as it calls `receive`
// and `commit`. Behind a pooler (connection::is_pooled) they are not prepared, and each transaction
// begins with its settings. After a failure every further call does nothing and returns false;
// `failed` says why. No wait is longer than the connection's `statement_wait` and one second.
//
//   postgres::transaction writing{connection, postgres::transaction::writing};
//   const auto found = writing.send("SELECT id FROM author WHERE name = $1 FOR UPDATE", "Ana");
//   if (!writing.receive()) return fail(writing.failed());
//   const std::int64_t number = writing.rows(found).number(0, 0);
//   writing.send("UPDATE author SET name = $2 WHERE id = $1", number, "Eva");
//   if (!writing.commit()) return fail(writing.failed(), writing.is_in_doubt());

#include <comments/config.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/values.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::postgres {

// Used by one thread, and alone on its connection. What is not committed when it is destroyed is
// rolled back.
class transaction final {
 public:
  enum mode {
    autocommit,  // no transaction: what is sent before one `receive` takes effect together
    reading,     // all of one moment, and read only
    writing,     // each statement sees what others have committed before it
  };

  transaction(connection& on, mode how);
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  // Waits for the rollback. A connection that may be left in the middle of something is lost.
  ~transaction();

  // Sends a statement; `values` are its $1, $2 … Returns the place of its answer for `rows`. The
  // answers of before the last `receive` are gone then.
  template <typename... Values>
  std::size_t send(std::string_view sql, const Values&... values) {
    const std::array<parameter, sizeof...(values)> all{parameter{values}...};
    return send_with(sql, all);
  }
  std::size_t send_with(std::string_view sql, std::span<const parameter> values);

  // Waits for the answers to all that was sent. Returns whether everything succeeded, here and
  // before.
  bool receive();

  // Returns the answer of the statement at that place. Only after a `receive` or `commit` that
  // returned true, and until the next `send`.
  postgres::rows rows(std::size_t place) const { return postgres::rows{answers_[place].get()}; }

  // Ends the transaction. Returns whether everything took effect, durably. If not, nothing did,
  // unless it `is_in_doubt`.
  bool commit();
  // Also sends what `follow_up` sends, to be executed after the commit and outside of it. The
  // commit stands whether that succeeds or not.
  template <typename FollowUp>
  bool commit(FollowUp&& follow_up);

  // Returns why the transaction failed, or `none`.
  failure failed() const { return failed_; }
  // Returns whether it failed and may have taken effect all the same, now or later: the commit was
  // sent, and no answer says how it ended.
  bool is_in_doubt() const { return may_be_done_ && failed_ == failure::disconnected; }
  // Returns why the follow-up of a commit failed, or `none`.
  failure follow_up_failed() const { return follow_up_failed_; }

  // Sends the connection's settings: waits that end, commits that are on disk, and the warning of
  // one that may not be, whatever is the database's or the user's default. They hold until the end
  // of the session, or of the transaction with `is_local`.
  void make_settings(bool is_local);

  // Until the end of the transaction, waits for a lock of others for at most `longest`.
  void set_lock_wait(std::chrono::milliseconds longest);

 private:
  using clock = std::chrono::steady_clock;
  struct clear_answer {
    void operator()(pg_result* answer) const;
  };
  using answer = std::unique_ptr<pg_result, clear_answer>;
  // What was sent and not answered.
  struct question {
    std::size_t place{};
    std::string_view prepared{};  // the statement that this prepares, if it prepares one
  };
  enum class progress { open, committing, committed, rolled_back };

  bool send_prepared(std::string_view sql, std::span<const parameter> values);
  bool send_unnamed(std::string_view sql, std::span<const parameter> values);
  bool begin_commit();
  bool end_commit();
  void end_part();
  void expect_answer(std::string_view prepared);
  bool wait(clock::time_point deadline);
  void take_answer();
  void note_commit(const pg_result* received);
  void note_failure(const pg_result* received, std::size_t place);
  void lose();

  connection& on_;
  std::deque<question> sent_{};
  std::vector<answer> answers_{};
  const mode mode_;
  bool has_settings_{};  // of its own, in the part that is being sent
  bool is_received_{};   // what is in `answers_` was sent before the last `receive`
  std::size_t parts_{};  // ended by a sync that was sent and not answered
  std::size_t commit_place_{};
  failure failed_{failure::none};
  failure follow_up_failed_{failure::none};
  progress progress_{progress::open};
  bool is_open_{};       // there is something to roll back
  bool may_be_done_{};   // what commits was sent and not answered
  int empty_answers_{};  // one after another
};

// --- definitions ---

template <typename FollowUp>
bool transaction::commit(FollowUp&& follow_up) {
  if (!begin_commit()) return false;
  follow_up();
  return end_commit();
}

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/transaction.ipp>
#endif

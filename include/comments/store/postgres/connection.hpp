#pragma once
// store/postgres/connection.hpp - one connection to a PostgreSQL database, and how it can fail.
//
// `connect` (store/postgres/connect.hpp) opens a connection, and `transaction`
// (store/postgres/transaction.hpp) sends statements over it, `copy_in` (store/postgres/bulk.hpp)
// many rows at once. libpq-fe.h stays in the .ipp files of these four and of values.hpp.

#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store/activity.hpp>
#include <comments/store/postgres/values.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;  // libpq's PGconn

namespace comments::inline v0::postgres {

// Whether a pooler stands in front of the database, as PgBouncer does, that gives each transaction
// any of its sessions. Behind one, nothing may be left in a session for later.
enum class pooler {
  probed,   // find out with each connection
  present,  // one is there
  absent,   // none is there, or one that keeps a session for each connection
};

// How to reach a database, and how long to wait for it.
struct connection_options {
  std::string conninfo{};  // any connection string of libpq; several hosts are tried in their order
  std::chrono::milliseconds statement_wait{5000};  // for one statement
  std::chrono::milliseconds lock_wait{2000};       // for a lock that another transaction holds
  postgres::pooler pooler{};
  // Called with the database's own message when something fails, on the thread that called. The
  // message has no parameter and no password in it. Must not throw.
  std::function<void(std::string_view)> on_failure{};
  std::shared_ptr<activity_counter> seen{};  // counts what transactions did; or null
};

// Why a transaction failed.
enum class failure {
  none,
  conflict,      // with another transaction: it was rolled back, and may succeed if it is repeated.
                 // Also: a row is not as it was read, although it was locked (rows.hpp)
  disconnected,  // the connection cannot be used any more
  rejected,      // the database does not accept a value: repeated, it fails again
  locked,        // another transaction held a lock for longer than `lock_wait`
  transient,     // the database cannot do it now: a limit, a full disk, a timeout
};

// The kinds of failures, and of the lack of a connection, as they are counted: for
// `activity_counter`.
constexpr std::array<std::string_view, 6> names_of(failure) {
  return {"none", "conflict", "disconnected", "rejected", "locked", "transient"};
}
inline constexpr std::string_view unreachable = "unreachable";      // no connection can be opened
inline constexpr std::string_view no_connection = "no_connection";  // all are in use for too long

// Returns what an SQLSTATE (PostgreSQL's manual, appendix A) says about the transaction; "" is no
// answer at all. `constraint` is the one that was violated, if one was.
failure to_failure(std::string_view sqlstate, std::string_view constraint = "");

struct ending;

// One connection, in libpq's pipeline mode. Used by one thread at a time.
class connection final {
 public:
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  // Reads what has come, without waiting and without asking the database. Returns whether the
  // connection cannot be used any more; one that the other side closed while it was idle says so.
  bool check_lost();

  // Returns whether a pooler gives each transaction any session. Then statements are not prepared,
  // each transaction makes its settings for itself, and nothing can be listened to.
  bool is_pooled() const { return is_pooled_; }

  // Returns the payloads of the notifications that have come since the last call. If there are none
  // it waits for the first, for at most `wait` or until the connection is lost.
  std::vector<std::string> take_notifications(std::chrono::milliseconds wait);

 private:
  friend class transaction;
  friend ending copy_in(connection& on, const std::string& sql, std::string_view rows);
  friend result<std::unique_ptr<connection>> connect(const connection_options& options);

  connection(const connection_options& options, pg_conn* handle);

  // Reads all that has come while no answer was awaited.
  void read_idle(std::chrono::milliseconds wait);
  void report(std::string_view why) const;
  static void note_warning(void* self, const pg_result* warning);

  pg_conn* handle_;
  const connection_options options_;
  std::map<std::string, std::string, std::less<>> prepared_{};  // statement: its name
  std::size_t names_{};                                         // made so far
  bool is_pooled_{};
  bool is_lost_{};
  bool has_warned_{};  // the database, since the answer before
};

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/connection.ipp>
#endif

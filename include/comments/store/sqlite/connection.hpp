#pragma once
// store/sqlite/connection.hpp - SQLite's connections, statements and transactions as C++ classes.
//
// A failure sticks to its connection until the next transaction begins: until then every statement
// does nothing and yields no rows. So a transaction is written straight down, and its commit says
// whether all of it went well.
//
//   const auto opened = sqlite::connect({.path = "comments.db"});
//   if (!opened) throw std::runtime_error{opened.error().message};
//   sqlite::transaction work{**opened, "BEGIN IMMEDIATE"};
//   work->run("UPDATE setting SET value = ?1 WHERE name = ?2", "1", "color");
//   if (!work->commit()) throw std::runtime_error{work->commit_error().message};

#include <comments/config.hpp>
#include <comments/result.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace comments::inline v0::sqlite {

class connection;

// What a failure says of the database file.
enum class severity {
  passing,  // nothing: the transaction is undone, and the same may go well next time
  doubt,    // reading or writing failed, so what the disk holds is not known
  damage,   // the file is no sound database
};

constexpr std::array<std::string_view, 3> names_of(severity) {
  return {"passing", "doubt", "damage"};
}

// Receives what a failure says of the file, and SQLite's own words for it.
using failure_listener = std::function<void(severity, std::string_view message)>;

// How to reach a database file.
struct file_options {
  std::string path{};
  std::string vfs{};                          // SQLite's VFS to open it with; empty: the default
  std::chrono::milliseconds busy_wait{5000};  // how long to wait for another program's lock
  failure_listener on_failure{};              // called by the thread that uses the connection
  bool may_be_made{true};                     // if it is not there; else it cannot be opened
};

// A prepared statement, lent by its connection, with its parameters bound. One of each SQL text is
// in use at a time.
class statement final {
 public:
  // Binds `values` to the parameters 1, 2, 3 …
  template <typename... Values>
  statement(connection& owner, sqlite3_stmt* handle, const Values&... values)
      : owner_{owner}, handle_{handle} {
    int index = 0;
    (bind(++index, values), ...);
  }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement();

  // The text must live as long as the statement.
  void bind(int index, std::string_view text);
  void bind(int index, std::int64_t number);
  void bind(int index, std::nullptr_t);

  // Moves on to the next row, at first to the first one. Returns whether there is one; false once
  // anything has failed on the connection.
  bool step();

  // Return a column of the row, counted from 0; empty or 0 if it is NULL.
  std::string text(int column) const;
  std::int64_t number(int column) const;
  bool is_number(int column) const;
  bool is_null(int column) const;

 private:
  connection& owner_;
  sqlite3_stmt* handle_;  // null if it could not be prepared
};

// How a checkpoint treats readers: `passive` moves what it can and waits for nothing; `restart`
// waits for readers, so that the next write begins the log anew; `truncate` does that, and empties
// the log.
enum class checkpoint_mode { passive, restart, truncate };

// One connection to a database. Used by one thread at a time: its owner sees to that.
class connection final {
 public:
  struct closer {
    void operator()(sqlite3* handle) const;
  };
  using owned_handle = std::unique_ptr<sqlite3, closer>;

  // Takes an open handle, as `connect` makes it, and what must live as long as that is open.
  connection(owned_handle handle, const file_options& file, std::shared_ptr<const void> kept);
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection();

  // Whether anything has failed since the transaction began.
  bool failed() const { return failed_; }

  // Runs statements that yield no rows. Returns whether they, and all before them, went well.
  bool execute(const char* sql);
  bool execute(const std::string& sql) { return execute(sql.c_str()); }

  // Returns the statement with `values` as its parameters 1, 2, 3 … It is prepared once and kept.
  template <typename... Values>
  statement prepare(std::string_view sql, const Values&... values) {
    return statement{*this, find(sql), values...};
  }

  // Runs one statement and ignores its rows.
  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    prepare(sql, values...).step();
  }

  // Returns the first column of the first row, or 0.
  std::int64_t number(std::string_view sql);

  // Begins a transaction with this statement, and forgets failures before it.
  void begin(const char* sql);
  // Undoes the transaction and begins another one.
  void restart(const char* sql);
  // Returns whether all of the transaction took effect, durably. If not, nothing did, unless the
  // commit `is_in_doubt`.
  bool commit();
  // Whether the last commit failed when all of the transaction may already have been in the log.
  // No reader sees it, but a process that opens the file after a crash may.
  bool is_in_doubt() const { return is_in_doubt_; }
  // Returns the error of a commit that failed: `in_doubt`, or `unavailable` if nothing was done.
  error commit_error() const;
  void rollback();
  // Whether a transaction is open.
  bool is_open() const;

  // Calls `work` in a savepoint. If it returns false or fails, what it did is undone and the
  // transaction goes on, unless SQLite undid all of that (a full disk, no memory): then the commit
  // fails. Returns whether what `work` did is in the transaction.
  template <typename Work>
  bool attempt(Work&& work);

  // Moves pages from the log to the file, and syncs both; waits for readers up to `reader_wait`.
  // Returns whether all that the mode asks for was done. If not, the log holds what it held.
  bool checkpoint(checkpoint_mode mode, std::chrono::milliseconds reader_wait);
  // Returns how long the log was after the last commit of this connection, in pages.
  std::int64_t log_pages() const { return log_pages_; }
  // Returns whether a commit has written to the log since the last call.
  bool take_logged();
  // Drops the pages that are in memory. Only between transactions.
  void forget_pages();
  // Leaves the log and the file as they are when the connection closes. The last connection to a
  // file else moves the log to the file, and removes it.
  void keep_log();

  // Makes statements fail while `stop` is true. It must live as long as the connection.
  void stop_when(const std::atomic<bool>& stop);

 private:
  friend class statement;

  static int note_log(void* self, sqlite3*, const char*, int pages);
  void fail();
  severity judge() const;
  bool is_known_undone() const;
  bool is_log_padded() const;
  sqlite3_stmt* find(std::string_view sql);

  struct statement_cache;

  const std::shared_ptr<const void> kept_;
  const owned_handle handle_;
  const std::chrono::milliseconds busy_wait_;
  const failure_listener on_failure_;
  const std::unique_ptr<statement_cache> statements_;
  std::int64_t log_pages_{};
  bool has_logged_{};
  bool failed_{};
  bool is_committing_{};
  bool is_in_doubt_{};
};

// A transaction on a connection, undone when it is destroyed without a commit.
class transaction final {
 public:
  // `sql` begins it: "BEGIN IMMEDIATE" to write, "BEGIN" to read one snapshot.
  transaction(connection& on, const char* sql) : on_{on} { on_.begin(sql); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() { on_.rollback(); }

  connection* operator->() { return &on_; }

 private:
  connection& on_;
};

// Opens a connection to a file, and makes the file if there is none and it may. Each commit is on
// disk before it returns, and only `checkpoint` moves pages from the log to the file.
// `unavailable`, with a sentence for the operator, if the file cannot be opened for writing or is
// no database.
result<std::unique_ptr<connection>> connect(const file_options& file);

// --- definitions of templates ---

template <typename Work>
bool connection::attempt(Work&& work) {
  if (!execute("SAVEPOINT attempt")) return false;
  const bool is_wanted = work();
  if (is_wanted && !failed_) return execute("RELEASE attempt");
  if (!is_open()) return false;
  failed_ = false;
  execute("ROLLBACK TO attempt");
  execute("RELEASE attempt");
  return false;
}

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/connection.ipp>
#endif

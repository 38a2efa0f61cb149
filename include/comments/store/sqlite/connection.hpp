#pragma once
// store/sqlite/connection.hpp - SQLite as C++ wants it: connections, statements, transactions, a
// lock.
//
// sqlite3.h lives here and in `store/sqlite/wiping_vfs.hpp` only. A failure sticks to its connection until the
// next unit of work begins: everything after it does nothing and answers nothing, so work is
// written straight down and asked once, at its commit, whether it went well.
//
//   sqlite::transaction work{connection, "BEGIN IMMEDIATE"};
//   work->run("INSERT INTO setting VALUES (?1, ?2)", name, value);
//   if (!work->commit()) return unavailable();

#include <comments/result.hpp>
#include <comments/store/sqlite/wiping_vfs.hpp>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace comments::sqlite {

class connection;

// What a failure says of the file. `passing`: nothing; SQLite has undone the work, and the same may
// go well the next time (a lock, a full disk, no memory). `doubt`: reading or writing failed, so
// nobody knows what is on disk. `damage`: what is there is no sound database.
enum class verdict { passing, doubt, damage };

// Hears what a failure says of the file, and SQLite's own words for it.
using failure_listener = std::function<void(verdict, std::string_view why)>;

// How to reach a database file.
struct file_options {
  std::string path{};
  std::string vfs{};  // what SQLite reaches the disk through; empty: its default
  std::chrono::milliseconds busy_wait{5000};  // how long to wait for another program's lock
  failure_listener on_failure{};
};

// A prepared statement on loan from its connection, with its parameters bound. Once anything has
// failed on the connection, it yields no rows.
class statement final {
 public:
  template <typename... Values>
  statement(connection& owner, sqlite3_stmt* handle, const Values&... values)
      : owner_{owner}, handle_{handle} {
    int index = 0;
    (bind(++index, values), ...);
  }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;
  ~statement() {
    if (!handle_) return;
    sqlite3_reset(handle_);
    sqlite3_clear_bindings(handle_);
  }

  // The text must live until the statement is gone.
  void bind(int index, std::string_view text) {
    const char* start = text.empty() ? "" : text.data();
    sqlite3_bind_text(handle_, index, start, static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind(int index, std::int64_t number) { sqlite3_bind_int64(handle_, index, number); }
  void bind(int index, std::nullptr_t) { sqlite3_bind_null(handle_, index); }

  // Goes on to the next row. Whether there is one.
  bool step();

  std::string text(int column) const {
    const auto* start = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
    return start ? std::string{start, size} : std::string{};
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(handle_, column); }
  bool is_number(int column) const {
    return sqlite3_column_type(handle_, column) == SQLITE_INTEGER;
  }
  bool is_null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

 private:
  connection& owner_;
  sqlite3_stmt* handle_;
};

// One connection, used by one thread at a time: hold `mutex`. A failure sticks until `begin`, and
// everything after it does nothing, so a unit of work is written straight down and checked once.
class connection final {
 public:
  connection(sqlite3* handle, const file_options& file, std::unique_ptr<wiping_vfs> disk)
      : disk_{std::move(disk)},
        handle_{handle},
        busy_wait_{file.busy_wait},
        on_failure_{file.on_failure} {
    sqlite3_busy_timeout(handle, static_cast<int>(busy_wait_.count()));
    sqlite3_wal_hook(handle, &note_log, this);  // takes the place of SQLite's own checkpoints
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    statements_.clear();
    sqlite3_close(handle_);
  }

  std::mutex mutex{};

  bool failed() const { return failed_; }
  void fail() {
    if (failed_) return;
    failed_ = true;
    is_in_doubt_ = is_committing_ && !is_known_undone();
    if (on_failure_) on_failure_(judge(), sqlite3_errmsg(handle_));
  }

  // Runs statements that answer nothing. Whether all went well, here and before.
  bool execute(const char* sql) {
    if (!failed_ && sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
    return !failed_;
  }
  bool execute(const std::string& sql) { return execute(sql.c_str()); }

  // `sql` with `values` as its parameters 1, 2, 3 … Prepared once, kept for the next time.
  template <typename... Values>
  statement prepare(std::string_view sql, const Values&... values) {
    return statement{*this, find(sql), values...};
  }

  // Runs one statement whose rows nobody needs.
  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    prepare(sql, values...).step();
  }

  // The first column of the first row, or 0.
  std::int64_t number(std::string_view sql) {
    statement asked = prepare(sql);
    return asked.step() ? asked.number(0) : 0;
  }

  void begin(const char* how) {
    failed_ = false;
    is_in_doubt_ = false;
    execute(how);
  }
  // Drops what was done since `begin`, and begins again.
  void restart(const char* how) {
    rollback();
    begin(how);
  }
  // Returns whether everything since `begin` took effect, durably. If not, nothing did, unless the
  // commit `is_in_doubt`.
  bool commit() {
    is_committing_ = !failed_;
    const bool is_done = execute("COMMIT");
    is_committing_ = false;
    if (!is_done) rollback();
    return is_done;
  }
  // Whether the last commit failed when all of it may already have stood in the log: this process
  // does not show it, but one that opens the file after a crash may.
  bool is_in_doubt() const { return is_in_doubt_; }
  // Runs `work` so that, if it fails, nothing of it is left and the unit of work around it goes on;
  // unless SQLite gave up all of that (a full disk, no memory), which then fails at its commit.
  // `work` returns whether it went well. Returns whether it took effect, as far as that commit does.
  template <typename Work>
  bool attempt(Work&& work) {
    if (!execute("SAVEPOINT attempt")) return false;
    const bool is_wanted = work();
    if (is_wanted && !failed_) return execute("RELEASE attempt");
    if (!is_open()) return false;
    failed_ = false;
    execute("ROLLBACK TO attempt");
    execute("RELEASE attempt");
    return false;
  }
  // Moves what the log holds into the file, and makes that durable. `passive` moves what it can and
  // disturbs nobody; `restart` waits up to `patience` for readers too, so that the next write
  // begins the log anew; `truncate` empties it then and there. A failure, or a reader that stays,
  // leaves the log as good as it was.
  enum class checkpoint_mode { passive, restart, truncate };
  bool checkpoint(checkpoint_mode mode, std::chrono::milliseconds patience) {
    constexpr int modes[] = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART,
                             SQLITE_CHECKPOINT_TRUNCATE};
    failed_ = false;
    sqlite3_busy_timeout(handle_, static_cast<int>(patience.count()));
    int moved = 0;
    const int code =
        sqlite3_wal_checkpoint_v2(handle_, nullptr, modes[static_cast<int>(mode)], nullptr, &moved);
    sqlite3_busy_timeout(handle_, static_cast<int>(busy_wait_.count()));
    if (code != SQLITE_OK && code != SQLITE_BUSY) fail();
    return code == SQLITE_OK;
  }
  // Forgets the pages in memory. Between units of work.
  void forget_pages() { sqlite3_db_release_memory(handle_); }
  // How long the log was after the last commit of this connection, in pages.
  std::int64_t log_pages() const { return log_pages_; }

  // From now on statements that run when `stop` is set fail. It outlives the connection.
  void stop_when(const std::atomic<bool>& stop) {
    constexpr int steps = 1000;  // of SQLite's machine: well under a millisecond
    sqlite3_progress_handler(
        handle_, steps,
        [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0; },
        const_cast<std::atomic<bool>*>(&stop));
  }

  bool is_open() const { return !sqlite3_get_autocommit(handle_); }

  void rollback() {
    if (is_open()) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }

 private:
  struct finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };

  verdict judge() const {
    switch (sqlite3_errcode(handle_) & 0xff) {
      case SQLITE_IOERR: return verdict::doubt;
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB: return verdict::damage;
      default: return is_in_doubt_ ? verdict::doubt : verdict::passing;
    }
  }

  // Whether a COMMIT that failed has left no whole transaction in the log. SQLite writes the pages
  // to the log, the last of them marked as the end, syncs it, and then notes them in its index,
  // which can fail, too, for want of memory. Only these come before the mark is written.
  bool is_known_undone() const {
    switch (sqlite3_errcode(handle_) & 0xff) {
      case SQLITE_BUSY:
      case SQLITE_PROTOCOL:
      case SQLITE_CONSTRAINT:
      case SQLITE_INTERRUPT: return true;
      case SQLITE_FULL: return !is_log_padded();
      default: return false;
    }
  }

  // Whether SQLite fills the log up to a whole sector behind that mark, because the disk may lose
  // what stands in a sector when it writes another part of it.
  bool is_log_padded() const {
    sqlite3_file* file = nullptr;
    sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (!file || !file->pMethods) return true;
    const int traits = file->pMethods->xDeviceCharacteristics(file);
    return (traits & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0;
  }

  sqlite3_stmt* find(std::string_view sql) {
    if (failed_) return nullptr;
    auto known = statements_.find(sql);
    if (known == statements_.end()) known = statements_.try_emplace(std::string{sql}).first;
    if (known->second) return known->second.get();
    sqlite3_stmt* made = nullptr;
    const auto size = static_cast<int>(sql.size());
    if (sqlite3_prepare_v3(handle_, sql.data(), size, SQLITE_PREPARE_PERSISTENT, &made, nullptr) !=
        SQLITE_OK)
      fail();
    known->second.reset(made);
    return made;
  }

  static int note_log(void* self, sqlite3*, const char*, int pages) {
    static_cast<connection*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  }

  const std::unique_ptr<wiping_vfs> disk_;  // outlives the handle
  sqlite3* handle_;
  std::int64_t log_pages_{};
  std::chrono::milliseconds busy_wait_;
  failure_listener on_failure_;
  bool failed_{};
  bool is_committing_{};
  bool is_in_doubt_{};
  std::map<std::string, std::unique_ptr<sqlite3_stmt, finalize>, std::less<>> statements_{};
};

inline bool statement::step() {
  if (owner_.failed() || !handle_) return false;
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) owner_.fail();
  return code == SQLITE_ROW;
}

// A unit of work on a connection, alone with it. Undone when it goes away uncommitted.
class transaction final {
 public:
  transaction(connection& on, const char* how) : on_{on}, lock_{on.mutex} { on_.begin(how); }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() { on_.rollback(); }

  connection* operator->() { return &on_; }

 private:
  connection& on_;
  std::lock_guard<std::mutex> lock_;
};

// Why a database is not opened, as a sentence for its operator.
inline error refused(std::string_view why) {
  return {errc::unavailable, std::string{"The database cannot be used: "}.append(why) + "."};
}

// A connection to a file, which is made if there is none; every commit is on disk before it
// returns. Nothing is moved from the log to the file but by `checkpoint`.
inline result<std::unique_ptr<connection>> connect(const file_options& file) {
  sqlite3* handle = nullptr;
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  auto disk = std::make_unique<wiping_vfs>(file.vfs);
  const int code = sqlite3_open_v2(file.path.c_str(), &handle, flags, disk->name().c_str());
  auto opened = std::make_unique<connection>(handle, file, std::move(disk));
  if (code != SQLITE_OK || sqlite3_db_readonly(handle, "main") != 0)
    return refused("it cannot be opened for writing");
  sqlite3_extended_result_codes(handle, 1);
  if (!opened->execute(
          "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192; PRAGMA foreign_keys = ON;"
          "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = "
          "33554432;"
          "PRAGMA user_version"))
    return refused((sqlite3_errcode(handle) & 0xff) == SQLITE_BUSY
                       ? "another process is using it"
                       : "it is no SQLite database, or damaged");
  return opened;
}

// Why a path cannot be that of a database, without opening it; empty if it can be.
inline std::string_view why_not_path(const std::filesystem::path& path) {
  std::error_code ignored;
  if (path.empty() || std::filesystem::is_directory(path, ignored))
    return "it cannot be opened for writing";
  // Each name would have a log of its own, and the file would be torn between them.
  if (std::filesystem::is_regular_file(path, ignored) &&
      std::filesystem::hard_link_count(path, ignored) > 1)
    return "the file has a second name (a hard link)";
  return "";
}

// Why a file cannot be a database, as far as its first bytes tell; empty if it can be one. Whoever
// asks must be alone with the file: closing it drops every lock that this process has on it.
inline std::string_view why_not_file(const std::filesystem::path& path) {
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  char head[magic.size()];
  std::ifstream file{path, std::ios::binary};
  file.read(head, sizeof head);
  const std::string_view found{head, static_cast<std::size_t>(file.gcount())};
  return found.empty() || found == magic ? "" : "it is no SQLite database, or damaged";
}

// A lock on a file that goes with the process, however it ends.
class file_lock final {
 public:
  explicit file_lock(const std::string& path)
      : descriptor_{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)},
        held_{descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) == 0} {}
  file_lock(const file_lock&) = delete;
  file_lock& operator=(const file_lock&) = delete;
  ~file_lock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool is_possible() const { return descriptor_ >= 0; }
  bool is_held() const { return held_; }

 private:
  int descriptor_;
  bool held_;
};

}  // namespace comments::sqlite

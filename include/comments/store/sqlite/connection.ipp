#pragma once
// store/sqlite/connection.ipp - definitions of store/sqlite/connection.hpp.

#include <comments/store/sqlite/connection.hpp>

#include <comments/store.hpp>
#include <comments/store/sqlite/database_file.hpp>
#include <comments/store/sqlite/wiping_vfs.hpp>

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0::sqlite {

COMMENTS_INLINE statement::~statement() {
  if (!handle_) return;
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

COMMENTS_INLINE void statement::bind(int index, std::string_view text) {
  const char* start = text.empty() ? "" : text.data();
  sqlite3_bind_text(handle_, index, start, static_cast<int>(text.size()), SQLITE_STATIC);
}
COMMENTS_INLINE void statement::bind(int index, std::int64_t number) {
  sqlite3_bind_int64(handle_, index, number);
}
COMMENTS_INLINE void statement::bind(int index, std::nullptr_t) {
  sqlite3_bind_null(handle_, index);
}

COMMENTS_INLINE bool statement::step() {
  if (owner_.failed() || !handle_) return false;
  const int code = sqlite3_step(handle_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) owner_.fail();
  return code == SQLITE_ROW;
}

COMMENTS_INLINE std::string statement::text(int column) const {
  const auto* start = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, column));
  return start ? std::string{start, size} : std::string{};
}
COMMENTS_INLINE std::int64_t statement::number(int column) const {
  return sqlite3_column_int64(handle_, column);
}
COMMENTS_INLINE bool statement::is_number(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_INTEGER;
}
COMMENTS_INLINE bool statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

struct connection::statement_cache {
  struct finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  std::map<std::string, std::unique_ptr<sqlite3_stmt, finalize>, std::less<>> by_sql{};
};

COMMENTS_INLINE void connection::closer::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

COMMENTS_INLINE connection::connection(owned_handle handle, const file_options& file,
                                       std::shared_ptr<const void> kept)
    : kept_{std::move(kept)},
      handle_{std::move(handle)},
      busy_wait_{file.busy_wait},
      on_failure_{file.on_failure},
      statements_{std::make_unique<statement_cache>()} {
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(busy_wait_.count()));
  sqlite3_wal_hook(handle_.get(), &note_log, this);  // replaces SQLite's own checkpoints
}

COMMENTS_INLINE connection::~connection() = default;

COMMENTS_INLINE bool connection::execute(const char* sql) {
  if (!failed_ && sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail();
  return !failed_;
}

COMMENTS_INLINE std::int64_t connection::number(std::string_view sql) {
  statement asked = prepare(sql);
  return asked.step() ? asked.number(0) : 0;
}

COMMENTS_INLINE void connection::begin(const char* sql) {
  failed_ = false;
  is_in_doubt_ = false;
  execute(sql);
}

COMMENTS_INLINE void connection::restart(const char* sql) {
  rollback();
  begin(sql);
}

COMMENTS_INLINE bool connection::commit() {
  is_committing_ = !failed_;
  const bool is_done = execute("COMMIT");
  is_committing_ = false;
  if (!is_done) rollback();
  return is_done;
}

COMMENTS_INLINE error connection::commit_error() const {
  return is_in_doubt_ ? in_doubt() : unavailable();
}

COMMENTS_INLINE void connection::rollback() {
  if (is_open()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

COMMENTS_INLINE bool connection::is_open() const { return !sqlite3_get_autocommit(handle_.get()); }

COMMENTS_INLINE bool connection::checkpoint(checkpoint_mode mode,
                                            std::chrono::milliseconds reader_wait) {
  constexpr int modes[] = {SQLITE_CHECKPOINT_PASSIVE, SQLITE_CHECKPOINT_RESTART,
                           SQLITE_CHECKPOINT_TRUNCATE};
  failed_ = false;
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(reader_wait.count()));
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, modes[static_cast<int>(mode)],
                                             nullptr, &moved);
  sqlite3_busy_timeout(handle_.get(), static_cast<int>(busy_wait_.count()));
  if (code != SQLITE_OK && code != SQLITE_BUSY) fail();
  return code == SQLITE_OK;
}

COMMENTS_INLINE bool connection::take_logged() { return std::exchange(has_logged_, false); }

COMMENTS_INLINE void connection::forget_pages() { sqlite3_db_release_memory(handle_.get()); }

COMMENTS_INLINE void connection::keep_log() {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

COMMENTS_INLINE void connection::stop_when(const std::atomic<bool>& stop) {
  constexpr int steps = 1000;  // of SQLite's machine: well under a millisecond
  sqlite3_progress_handler(
      handle_.get(), steps,
      [](void* flag) { return static_cast<const std::atomic<bool>*>(flag)->load() ? 1 : 0; },
      const_cast<std::atomic<bool>*>(&stop));
}

COMMENTS_INLINE int connection::note_log(void* self, sqlite3*, const char*, int pages) {
  static_cast<connection*>(self)->log_pages_ = pages;
  static_cast<connection*>(self)->has_logged_ = true;
  return SQLITE_OK;
}

COMMENTS_INLINE void connection::fail() {
  if (failed_) return;
  failed_ = true;
  is_in_doubt_ = is_committing_ && !is_known_undone();
  if (on_failure_) on_failure_(judge(), sqlite3_errmsg(handle_.get()));
}

COMMENTS_INLINE severity connection::judge() const {
  switch (sqlite3_errcode(handle_.get()) & 0xff) {
    case SQLITE_IOERR: return severity::doubt;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return severity::damage;
    default: return is_in_doubt_ ? severity::doubt : severity::passing;
  }
}

// Whether a COMMIT that failed has left no whole transaction in the log. SQLite writes the pages to
// the log, marks the last of them as the end, syncs the log, and then notes the pages in an index
// in memory, which can fail, too. Only these errors come before the mark is written.
COMMENTS_INLINE bool connection::is_known_undone() const {
  switch (sqlite3_errcode(handle_.get()) & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_PROTOCOL:
    case SQLITE_CONSTRAINT:
    case SQLITE_INTERRUPT: return true;
    case SQLITE_FULL: return !is_log_padded();
    default: return false;
  }
}

// Whether SQLite fills the log up to a whole sector behind that mark. It does on a disk that may
// lose a sector when a part of it is written.
COMMENTS_INLINE bool connection::is_log_padded() const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (!file || !file->pMethods) return true;
  const int traits = file->pMethods->xDeviceCharacteristics(file);
  return (traits & SQLITE_IOCAP_POWERSAFE_OVERWRITE) == 0;
}

COMMENTS_INLINE sqlite3_stmt* connection::find(std::string_view sql) {
  if (failed_) return nullptr;
  auto& known = statements_->by_sql;
  auto at = known.find(sql);
  if (at == known.end()) at = known.try_emplace(std::string{sql}).first;
  if (at->second) return at->second.get();
  sqlite3_stmt* made = nullptr;
  const auto size = static_cast<int>(sql.size());
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), size, SQLITE_PREPARE_PERSISTENT, &made,
                         nullptr) != SQLITE_OK)
    fail();
  at->second.reset(made);
  return made;
}

COMMENTS_INLINE result<std::unique_ptr<connection>> connect(const file_options& file) {
  sqlite3* handle = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (file.may_be_made ? SQLITE_OPEN_CREATE : 0);
  const auto disk = std::make_shared<const wiping_vfs>(file.vfs);
  const int code = sqlite3_open_v2(file.path.c_str(), &handle, flags, disk->name().c_str());
  connection::owned_handle owned{handle};
  if (code != SQLITE_OK || sqlite3_db_readonly(handle, "main") != 0)
    return unusable("it cannot be opened for writing");
  sqlite3_extended_result_codes(handle, 1);
  auto opened = std::make_unique<connection>(std::move(owned), file, disk);
  if (opened->execute(
          "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -8192; PRAGMA foreign_keys = ON;"
          "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA journal_size_limit = "
          "33554432; PRAGMA user_version"))
    return opened;
  return unusable((sqlite3_errcode(handle) & 0xff) == SQLITE_BUSY
                      ? "another process is using it"
                      : "it is no SQLite database, or damaged");
}

}  // namespace comments::inline v0::sqlite

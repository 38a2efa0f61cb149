#pragma once
// lmdb_transaction.hpp - transactions of LMDB, for lmdb_rows.hpp.
//
// What LMDB says of a failure is kept in the transaction. After one it does nothing more, and
// whoever began it throws its answer away. So no step has to look for failures.

#include <comments/mutex.hpp>

#include <lmdb.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lmdb {

using namespace comments;

// --- tables ---

// Each key is made of what stands before the arrow. Without an arrow the value is empty.
enum class table {
  setting,   // name -> value
  content,   // content -> version, comments, status
  comment,   // id -> record
  place,     // content, scope, sort, parent, rank, id: the comments of each list, in its order
  property,  // kind, hash of a property, id: what a search asks for
  event,     // content, version -> record
  history,   // comment, version -> key of the event, unless it is a vote
  decision,  // "a", time, content, version -> key of the event; "c", content, time, version -> same
  draft,     // id -> fingerprint and key of its draft
  key,       // content, hash of a draft's key, id
  vote,      // comment, time, number -> opinion
  vote_by,   // hash of the voter, key of the vote
  report,    // comment, time, number -> opinion
  report_by,  // hash of the reporter, key of the report
  aged,       // kind, time, key of what has an address: what is to be forgotten
};
constexpr std::array<std::string_view, 15> names_of(table) {
  return {"setting", "content", "comment",  "place",     "property",
          "event",   "history", "decision", "draft",     "key",
          "vote",    "vote_by", "report",   "report_by", "aged"};
}
constexpr std::size_t tables = names_of(table{}).size();

// --- LMDB ---

// An open file. Closed when it goes.
struct environment final {
  explicit environment(unsigned readers_max) : seats{readers_max} {}
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;
  ~environment() {
    mdb_env_close(handle);
    if (lock >= 0) ::close(lock);
  }

  int lock{-1};  // the file itself, locked so that no other process opens it
  MDB_env* handle{};
  std::array<MDB_dbi, tables> opened{};
  comments::mutex mutex{};
  condition has_seat{};
  unsigned seats COMMENTS_GUARDED_BY(mutex);  // for so many more readers
};

// One transaction. Undone when it goes, unless it was committed.
class transaction {
 public:
  enum class kind { reading, writing };
  enum class way { up, down };

  transaction(environment& in, kind what) : in_{in}, is_reading_{what == kind::reading} {
    if (is_reading_) take_seat();
    note(mdb_txn_begin(in_.handle, nullptr, is_reading_ ? MDB_RDONLY : 0, &handle_));
  }
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;
  ~transaction() {
    mdb_txn_abort(handle_);
    if (is_reading_) leave_seat();
  }

  // Keeps the first failure; from then on the functions below do nothing.
  void note(int code) { failure_ = failure_ == 0 ? code : failure_; }
  int failure() const { return failure_; }
  bool is_in_doubt() const { return is_in_doubt_; }

  std::optional<std::string> get(table from, std::string_view key) {
    MDB_val wanted = value_of(key), found{};
    if (failure_ != 0) return std::nullopt;
    const int code = mdb_get(handle_, handle_of(from), &wanted, &found);
    if (code == 0) return std::string{view_of(found)};
    if (code != MDB_NOTFOUND) note(code);
    return std::nullopt;
  }
  void put(table to, std::string_view key, std::string_view value) {
    MDB_val at = value_of(key), kept = value_of(value);
    if (failure_ == 0) note(mdb_put(handle_, handle_of(to), &at, &kept, 0));
  }
  // Erases a row that is there.
  void erase(table from, std::string_view key) {
    MDB_val at = value_of(key);
    if (failure_ == 0) note(mdb_del(handle_, handle_of(from), &at, nullptr));
  }

  // Calls `use` with the key and the value of each row whose key begins with `prefix`, until it
  // returns false: up from the key `from`, or down from the one before. `use` must not write.
  template <typename Use>
  void walk(table in, const std::string& prefix, const std::string& from, way where, Use&& use) {
    MDB_cursor* opened{};
    if (failure_ == 0) note(mdb_cursor_open(handle_, handle_of(in), &opened));
    if (failure_ != 0) return;
    const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> at{opened, mdb_cursor_close};
    MDB_val key = value_of(from), value{};
    int code = mdb_cursor_get(opened, &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    if (where == way::down && (code == 0 || code == MDB_NOTFOUND))
      code = mdb_cursor_get(opened, &key, &value, code == 0 ? MDB_PREV : MDB_LAST);
    while (code == 0 && view_of(key).starts_with(prefix) && use(view_of(key), view_of(value)))
      code = mdb_cursor_get(opened, &key, &value, where == way::up ? MDB_NEXT : MDB_PREV);
    if (code != 0 && code != MDB_NOTFOUND) note(code);
  }

  // A commit fails before the page that makes it valid is written, and then it never happened; or
  // with that page, and then nobody knows, and LMDB refuses every transaction from then on.
  void commit() {
    if (failure_ != 0) return;
    note(mdb_txn_commit(std::exchange(handle_, nullptr)));
    if (failure_ == 0) return;
    is_in_doubt_ = mdb_txn_begin(in_.handle, nullptr, 0, &handle_) == MDB_PANIC;
  }

  // Opens all tables, and makes those that are not there. Returns whether the file had none.
  bool open_tables() {
    MDB_dbi all{};
    MDB_stat size{};
    if (failure_ == 0) note(mdb_dbi_open(handle_, nullptr, 0, &all));
    if (failure_ == 0) note(mdb_stat(handle_, all, &size));
    for (std::size_t i = 0; i < tables && failure_ == 0; ++i)
      note(mdb_dbi_open(handle_, names_of(table{})[i].data(), MDB_CREATE, &in_.opened[i]));
    return size.ms_entries == 0;
  }

 private:
  static MDB_val value_of(std::string_view bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB only reads it
  }
  static std::string_view view_of(const MDB_val& value) {
    return {static_cast<const char*>(value.mv_data), value.mv_size};
  }
  MDB_dbi handle_of(table in) const { return in_.opened[static_cast<std::size_t>(in)]; }

  // LMDB refuses one reader too many; here it waits for its turn.
  void take_seat() {
    mutex_lock lock{in_.mutex};
    while (in_.seats == 0) in_.has_seat.wait(lock);
    --in_.seats;
  }
  void leave_seat() {
    const mutex_lock lock{in_.mutex};
    ++in_.seats;
    in_.has_seat.notify_one();
  }

  environment& in_;
  const bool is_reading_;
  MDB_txn* handle_{};
  int failure_{};
  bool is_in_doubt_{};
};

}  // namespace lmdb

#pragma once
// store/postgres/rows.hpp - comments, contents and events as rows of PostgreSQL: how they are read,
// and what every write has in common.
//
// These are functions of a transaction that their caller begins and commits. Those named `select_`
// and `insert_` send statements and do not wait for answers; `read_` takes them out of an answer.
// A transaction that changes anything of a content locks its row first. So the changes of a content
// come one after another, and its version moves in the order of their commits.
//
// A lock can be lost: where tables are spread over machines, a shard that moves leaves its locks
// behind. So no change trusts them. Counters move by what they change; what was decided about a row
// names the version that it had when it was read, and a column that must not be NULL becomes NULL
// where it has another one by now. That fails, as a second event of one version does, and the whole
// transaction is tried again as after any conflict (failure::conflict).
//
//   postgres::transaction writing{connection, postgres::transaction::writing};
//   auto locked = postgres::lock_content(writing, content_id);
//   if (!locked) return fail(postgres::to_error(postgres::end_of(writing)));
//   content moved = *locked;
//   moved.status = content_status::locked;
//   postgres::update_content(writing, *locked, moved);
//   writing.commit();

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/transaction.hpp>
#include <comments/store/postgres/values.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::postgres {

// How a transaction ended.
struct ending {
  failure why{failure::none};
  bool is_in_doubt{};  // it failed, and may have taken effect all the same
};
ending end_of(const transaction& ended);

// Returns the error for the caller of a write that ended so.
error to_error(const ending& end);

// The contents whose version a transaction has moved. One may be there several times.
using moved_contents = std::vector<std::string>;

// --- contents ---

// Selects a content for `read_content`.
std::size_t select_content(transaction& reading, std::string_view content_id);
// The same, and locks its row until the end of the transaction, if there is one.
std::size_t select_locked_content(transaction& writing, std::string_view content_id);
// Returns a content of version 0 if there is no row.
content read_content(const rows& from, std::string_view content_id);

// Adds the row of a content, of version 0, unless it is there.
void insert_content(transaction& writing, std::string_view content_id);
// Waits for the lock of a content and returns it, or nothing if the transaction failed. A content
// that has no row gets one.
std::optional<content> lock_content(transaction& writing, std::string_view content_id);
// Changes a content from what it was when it was read.
void update_content(transaction& writing, const content& before, const content& moved);

// --- comments and events ---

// Selects a comment of a content for `read_comment`.
std::size_t select_comment(transaction& reading, std::string_view content_id, std::string_view id);
// Reads the columns of `sql_schema::comment_columns`.
comment read_comment(const rows& from, int row);
std::vector<comment> read_comments(const rows& from);

void insert_event(transaction& writing, const event& cause);

// --- other processes ---

// The name under which processes that share a database tell each other what has changed.
inline constexpr std::string_view channel = "comments_changed";

// Tells other processes that a content has changed. Never within a transaction: then all that
// commit would wait for one another, and a database that cannot notify would roll it back.
void notify(transaction& writing, std::string_view node, std::string_view content_id);

// How this process tells others what it has changed.
struct notifier {
  std::string_view node{};           // begins what it sends, so that it can skip that itself
  std::atomic<bool>* is_possible{};  // becomes false once the database says that it cannot
};

// Commits, and notifies behind the commit. Returns how the commit ended.
ending commit_and_notify(transaction& writing, const moved_contents& moved, const notifier& to);

// Returns a count as a parameter. A billion is as good as all, and one more is still a number.
std::int64_t as_number(std::size_t count);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/rows.ipp>
#endif

#pragma once
// store/sqlite/backup.hpp - copies a database while it is used, and puts a copy in its place.
//
//   const auto made = sqlite::back_up("comments.db", "monday.db");
//   if (!made) return fail(made.error().message);
//   const auto back = sqlite::restore("monday.db", "comments.db", system_clock()());
//   if (back) show("The database before is " + back->kept);

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/result.hpp>

#include <cstdint>
#include <string>

namespace comments::inline v0::sqlite {

struct backup_result {
  std::string path{};
  std::uintmax_t size{};  // in bytes
};

// Writes all that the database at `from` holds at one moment to a new file: durably, readable for
// its owner alone, whole without other files, and without what was erased. The database may be in
// use, also by another process, and goes on serving; while it is read its log cannot begin anew.
// Nothing stands at `to` before all of it does. `not_found` if there is no database; `conflict` if
// something is at `to`; `unavailable`, with a sentence for the operator, for all else.
result<backup_result> back_up(const std::string& from, const std::string& to);

struct restore_result {
  std::string path{};
  std::string kept{};  // where the database before is now; empty if there was none
  std::int64_t comments{};
};

// Puts a copy of the database file `from` in the place of the one at `to`, which is kept under the
// name `to` + ".before-" and the time, with its log. A log that belongs to neither is kept beside
// it. A process that ends at any moment leaves the one or the other whole at `to`, or one that
// `claim_database` finds. `not_found` if there is no `from`; `unavailable`, with a sentence for the
// operator and nothing changed, if it is no sound database of comments, if a newer version of this
// program wrote it, or if a process uses one of the two.
result<restore_result> restore(const std::string& from, const std::string& to, instant now);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/backup.ipp>
#endif

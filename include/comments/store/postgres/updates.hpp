#pragma once
// store/postgres/updates.hpp - changes of a comment after it was posted, as rows of PostgreSQL.
//
// These are functions of a transaction of mode `writing` that their caller begins and commits; what
// each does and returns stands at the function of the same name in `store.hpp`. They lock the
// content first, so its id must be known: `find_content_id`. If the transaction failed, their
// result has no meaning. Each content whose version moves is added to `moved`.
//
//   postgres::transaction writing{connection, postgres::transaction::writing};
//   postgres::moved_contents moved;
//   const auto voted = postgres::vote(writing, content_id, id, {"u:ana"}, true, now, moved);
//   if (!writing.commit()) return fail(postgres::to_error(postgres::end_of(writing)).message);

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/postgres/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace comments::inline v0::postgres {

// Returns the content of a comment, or nothing if there is no such comment or the transaction
// failed.
std::optional<std::string> find_content_id(transaction& reading, const comment_id& id);

result<comment> amend(transaction& writing, const std::string& content_id, const comment_id& id,
                      const decider& decide, instant now, moved_contents& moved);

result<comment> vote(transaction& writing, const std::string& content_id, const comment_id& id,
                     const voter& by, bool is_there, instant now, moved_contents& moved);

result<comment> report(transaction& writing, const std::string& content_id, const comment_id& id,
                       const voter& by, const std::string& reason, instant now);

result<content> set_status(transaction& writing, const std::string& content_id,
                           std::optional<content_status> status,
                           std::optional<std::int64_t> expected, event cause, instant now,
                           moved_contents& moved);

// How far `forget_origins` has come.
struct forgotten_origins {
  std::size_t steps{};  // done
  std::size_t count{};  // erased
};

// These two commit by themselves, and no statement that changes anything touches more than one
// content.
//
// Erases in steps, one for each kind, and goes on behind the steps that are in `progress`. A step
// selects what is to be erased, everywhere, and then erases each where it is, if it has not become
// newer since. Returns what the steps have erased together: all of them, or those before one that
// failed. Returns that one's error if nothing was erased before it, or if it is in doubt.
result<std::size_t> forget_origins(connection& on, instant before, std::size_t limit,
                                   forgotten_origins& progress);

result<done> forget_reporter(connection& on, const std::string& reporter);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/updates.ipp>
#endif

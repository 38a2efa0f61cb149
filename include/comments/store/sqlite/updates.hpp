#pragma once
// store/sqlite/updates.hpp - writes edits, decisions, votes, reports, statuses and erasures to a
// SQLite file.
//
// Functions of a transaction that the caller has begun and commits. `store.hpp` says at the
// function of the same name what each returns; that counts only if the commit goes well.
//
//   const auto opened = sqlite::connect({.path = "comments.db"});
//   sqlite::effects noted;
//   sqlite::transaction work{**opened, "BEGIN IMMEDIATE"};
//   const auto voted = sqlite::vote(work, comment_id{}, {"u:7"}, true, system_clock()(), noted);
//   if (!work->commit()) throw std::runtime_error{work->commit_error().message};

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace comments::inline v0::sqlite {

result<comment> amend(transaction& work, const comment_id& id, const decider& decide, instant now,
                      effects& noted);

result<comment> vote(transaction& work, const comment_id& id, const voter& by, bool is_there,
                     instant now, effects& noted);

result<comment> report(transaction& work, const comment_id& id, const voter& by,
                       const std::string& reason, instant now);

result<content> set_status(transaction& work, const std::string& content_id,
                           std::optional<content_status> status,
                           std::optional<std::int64_t> expected, event cause, instant now,
                           effects& noted);

std::size_t forget_origins(transaction& work, instant before, std::size_t limit, effects& noted);

void forget_reporter(transaction& work, const std::string& reporter, effects& noted);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/updates.ipp>
#endif

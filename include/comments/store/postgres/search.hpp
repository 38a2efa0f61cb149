#pragma once
// store/postgres/search.hpp - reads pages, contents, comments, events, reports and votes from a
// PostgreSQL database.
//
// These are functions of a transaction that their caller begins; what each returns stands at the
// function of the same name in `store.hpp`. If the transaction failed, their result has no meaning.
//
//   postgres::transaction reading{connection, postgres::transaction::reading};
//   const auto found = postgres::list(reading, {.content_id = "1"});
//   if (reading.failed() != postgres::failure::none) return fail(reading.failed());

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/postgres/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::postgres {

// Needs a transaction of mode `reading`, and commits it. The content is read first: should a
// database that is spread over machines have the two of different moments, then the page is newer
// than its version says, never older.
page list(transaction& reading, const query& query);

// Takes one round trip, with a statement for each id.
std::vector<content> contents(transaction& reading, std::span<const std::string_view> ids);

// Without its content (""), every machine is asked, if the tables are spread over some.
std::optional<comment> find(transaction& reading, const std::string& content_id,
                            const comment_id& id);

std::vector<event> events(transaction& reading, std::string_view content_id, std::int64_t after,
                          std::size_t limit);

std::vector<event> history(transaction& reading, const std::string& content_id,
                           const comment_id& id, std::int64_t after, std::size_t limit);

decision_page decisions(transaction& reading, const decision_query& wanted);

std::vector<comments::report> reports_of(transaction& reading, const std::string& content_id,
                                         const comment_id& id, std::size_t limit);

search_result find_all(transaction& reading, const search& wanted);

std::vector<comments::vote> votes_of(transaction& reading, const std::string& voter,
                                     std::optional<comment_id> after, std::size_t limit);

std::vector<made_report> reports_by(transaction& reading, const std::string& reporter,
                                    std::optional<comment_id> after, std::size_t limit);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/search.ipp>
#endif

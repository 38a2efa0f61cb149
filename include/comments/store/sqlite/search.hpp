#pragma once
// store/sqlite/search.hpp - reads lists, events, reports, votes and searched comments from a SQLite
// file.
//
// Functions of a transaction that the caller has begun, and whose `failed()` the caller asks
// afterwards. `store.hpp` says at the function of the same name what each returns.
//
//   const auto opened = sqlite::connect({.path = "comments.db"});
//   sqlite::transaction work{**opened, "BEGIN"};
//   const search_result found = sqlite::find_all(work, {.status = status::pending});
//   if (work->failed()) throw std::runtime_error{unavailable().message};

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::sqlite {

page list(transaction& work, const query& query);

std::vector<event> events(transaction& work, std::string_view content_id, std::int64_t after,
                          std::size_t limit);

std::vector<event> history(transaction& work, const comment& about, std::int64_t after,
                           std::size_t limit);

decision_page decisions(transaction& work, const decision_query& wanted);

std::vector<comments::report> reports_of(transaction& work, const comment& about,
                                         std::size_t limit);

search_result find_all(transaction& work, const search& wanted);

std::vector<comments::vote> votes_of(transaction& work, const std::string& voter,
                                     std::optional<comment_id> after, std::size_t limit);

std::vector<made_report> reports_by(transaction& work, const std::string& reporter,
                                    std::optional<comment_id> after, std::size_t limit);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/search.ipp>
#endif

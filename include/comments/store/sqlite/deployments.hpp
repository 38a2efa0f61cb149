#pragma once
// store/sqlite/deployments.hpp - the deployment log as rows of a SQLite file.
//
// Functions of a transaction that the caller has begun and commits. `deployment_log` says at
// the function of the same name what each returns. Only one transaction writes at a time, so no
// other record gets the same position.
//
//   const auto opened = sqlite::connect({.path = "comments.db"});
//   sqlite::transaction work{**opened, "BEGIN IMMEDIATE"};
//   const auto recorded = sqlite::record(work, {.component = "server", .version = "2"});
//   if (!work->commit()) throw std::runtime_error{work->commit_error().message};

#include <comments/config.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/store/sqlite/connection.hpp>

namespace comments::inline v0::sqlite {

// Adds `step`, which has its id and its date; its position is set here.
result<record_result> record(transaction& work, deployment step);

deployment_page deployments(transaction& work, const deployment_query& query);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/deployments.ipp>
#endif

#pragma once
// store/postgres/deployments.hpp - the deployment log, as rows of PostgreSQL.
//
// These are functions of a transaction that their caller begins and commits; what each returns
// stands at the function of the same name in `deployment_log`. If the transaction failed, their
// result has no meaning.
//
//   postgres::transaction writing{connection, postgres::transaction::writing};
//   const auto kept = postgres::record(writing, {.component = "api", .version = "1.0"});
//   if (!writing.commit()) return fail(postgres::to_error(postgres::end_of(writing)).message);

#include <comments/config.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/store/postgres/rows.hpp>

namespace comments::inline v0::postgres {

// Stores `step` with its id and date; the position is found here. Locks the row `schema` of
// `setting`, so that one process records at a time.
result<record_result> record(transaction& writing, deployment step);

deployment_page deployments(transaction& reading, const deployment_query& query);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/deployments.ipp>
#endif

#pragma once
// store/postgres/lease.hpp - which of the processes that share a database does its chores.
//
// It is a row, with an end by the database's clock: a lock of a session would not survive a pooler,
// and a process that dies would keep no lock, but a half-done chore would begin again everywhere.
//
//   postgres::transaction writing{connection, postgres::transaction::writing};
//   const bool is_ours = postgres::take_lease(writing, "this process", std::chrono::minutes{1});
//   if (!writing.commit() || !is_ours) return;

#include <comments/config.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <chrono>
#include <string>

namespace comments::inline v0::postgres {

// Takes or renews the lease for `lasts` from now on, unless another process has it; with 0, gives
// it up. Returns whether this process has it then, or had it. Without a meaning if the transaction
// failed.
bool take_lease(transaction& writing, const std::string& node, std::chrono::milliseconds lasts);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/lease.ipp>
#endif

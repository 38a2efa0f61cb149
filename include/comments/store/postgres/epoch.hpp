#pragma once
// store/postgres/epoch.hpp - the epoch of a database (epoch.hpp), and when a new one is made.
//
// `setting` holds the epoch, and the place where it was made: the cluster (its system identifier),
// the database (its oid), and the timeline, which every promotion of a standby and every recovery
// to a point in time moves. Each question for a version asks for the epoch and the place, too, on
// the same connection. So whoever meets another place first makes a new epoch, and nobody
// answers with the old one.
//
// Where nothing tells, which is on other engines and with Citus, whose nodes are clusters of their
// own, the place is empty and is not looked at: an operator who restores such a database says so by
// `migrate --new-epoch`.
//
//   postgres::transaction reading{connection, postgres::transaction::autocommit};
//   const auto asked = postgres::ask_epoch(reading, true);
//   if (reading.receive()) show(postgres::read_epoch(reading, asked));  // 0: make a new one

#include <comments/config.hpp>
#include <comments/epoch.hpp>
#include <comments/result.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace comments::inline v0::postgres {

struct known_epoch {
  std::uint64_t epoch{};
  bool is_placed{};  // the database tells where it is, so that later questions may look at it
};

// Returns the database's epoch. Makes one, durably, if there is none, if it was made at another
// place, or if `is_new`. Several processes that do so at once agree on one.
result<known_epoch> settle_epoch(connection& on, bool is_new = false);

// Gives the database the epoch of another one, of which it is a copy: of the same versions. Returns
// whether that is durable.
bool take_epoch(connection& on, std::string_view text);

// Sends the question for the epoch, and for the place if the database `is_placed`. Returns its
// place among the answers.
std::size_t ask_epoch(transaction& reading, bool is_placed);
// Returns its answer: the epoch, or 0 if there must be a new one first.
std::uint64_t read_epoch(transaction& reading, std::size_t asked);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/epoch.ipp>
#endif

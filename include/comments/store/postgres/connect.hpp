#pragma once
// store/postgres/connect.hpp - opens connections to PostgreSQL, and reads connection strings.
//
//   const auto opened = postgres::connect({.conninfo = "postgresql://db.example.com/comments"});
//   if (!opened) return fail(opened.error().message);

#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store/postgres/connection.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace comments::inline v0::postgres {

// Connects to a server that takes writes. What the connection string leaves open is set so that no
// wait is endless; commits are durable whatever the default of the database or the user is. Returns
// `unavailable`, in the words of the server or of libpq, if no server lets it in, takes writes, or
// the database is not in UTF-8; `on_failure` hears it, too. No password is in these words.
result<std::unique_ptr<connection>> connect(const connection_options& options);

// Returns whether that error of a database that could not be used may pass by waiting: nothing
// answers, or the server starts up. A wrong password, a missing database, a refused TLS, a host
// without an address, a read-only database and too many connections do not, unless the string names
// several hosts: then a standby may have said so. Asks once more.
bool may_pass(const connection_options& options, const error& why);

// Returns whether libpq can read a connection string. A URI's password must be percent-encoded.
bool is_conninfo(const std::string& text);

// Returns where a connection string leads, as a URI without secrets, for logs. For one that libpq
// cannot read it returns "postgresql:".
std::string describe(const std::string& conninfo);

// Returns the error for a database that cannot be opened, as a sentence for its operator.
error unusable(std::string_view why);

inline constexpr std::string_view no_answer = "it does not answer";

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/connect.ipp>
#endif

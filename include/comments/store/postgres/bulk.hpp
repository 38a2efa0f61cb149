#pragma once
// store/postgres/bulk.hpp - many rows at once, by COPY.
//
//   const std::string rows = "1\tAna\n2\t\\N\n";
//   const auto end = postgres::copy_in(connection, "COPY author (id, name) FROM STDIN", rows);
//   if (end.why != postgres::failure::none) return fail(postgres::to_error(end).message);

#include <comments/config.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/rows.hpp>

#include <string>
#include <string_view>

namespace comments::inline v0::postgres {

// Executes a COPY … FROM STDIN with these rows, in PostgreSQL's text form: all of them or none,
// durably. Returns how it ended. Not within a transaction, nor behind a pooler, where a commit may
// not be durable. It waits for the database as long as the settings of the session allow.
ending copy_in(connection& on, const std::string& sql, std::string_view rows);

// Appends a text as a cell of such a row.
void append_cell(std::string& row, std::string_view text);

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/bulk.ipp>
#endif

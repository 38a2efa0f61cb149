#pragma once
// store/postgres/bulk.ipp - definitions of store/postgres/bulk.hpp.

#include <comments/store/postgres/bulk.hpp>

#include <libpq-fe.h>

#include <memory>

namespace comments::inline v0::postgres {

COMMENTS_INLINE void append_cell(std::string& row, std::string_view text) {
  for (;;) {
    const auto plain = text.find_first_of("\\\t\n\r");
    row.append(text.substr(0, plain));
    if (plain == text.npos) return;
    const char found = text[plain];
    row.append({'\\', found == '\t' ? 't' : found == '\n' ? 'n' : found == '\r' ? 'r' : found});
    text.remove_prefix(plain + 1);
  }
}

// libpq takes no COPY in its pipeline mode, so that is left meanwhile.
COMMENTS_INLINE ending copy_in(connection& on, const std::string& sql, std::string_view rows) {
  using answer = std::unique_ptr<PGresult, decltype(&PQclear)>;
  PGconn* const handle = on.handle_;
  const auto text = [](const answer& from, int field) {
    const char* const found = PQresultErrorField(from.get(), field);
    return std::string{found ? found : ""};
  };
  ending end{failure::disconnected};
  on.has_warned_ = false;
  if (PQexitPipelineMode(handle) == 1 && PQsetnonblocking(handle, 0) == 0) {
    answer said{PQexec(handle, sql.c_str()), &PQclear};
    if (PQresultStatus(said.get()) == PGRES_COPY_IN) {
      const bool is_sent = PQputCopyData(handle, rows.data(), static_cast<int>(rows.size())) == 1 &&
                           PQputCopyEnd(handle, nullptr) == 1;
      end.is_in_doubt = is_sent;
      said.reset(PQgetResult(handle));
    }
    const bool is_done = said && PQresultStatus(said.get()) == PGRES_COMMAND_OK;
    if (is_done) end = {};
    const std::string sqlstate = text(said, PG_DIAG_SQLSTATE);
    if (!sqlstate.empty()) end = {to_failure(sqlstate, text(said, PG_DIAG_CONSTRAINT_NAME))};
    while (said) said.reset(PQgetResult(handle));
  }
  // As for any commit: with a warning it is not as durable as it must be.
  if (end.why == failure::none && on.has_warned_) end = {failure::disconnected, true};
  if (end.why == failure::disconnected || PQsetnonblocking(handle, 1) != 0 ||
      PQenterPipelineMode(handle) != 1)
    on.is_lost_ = true;
  return end;
}

}  // namespace comments::inline v0::postgres

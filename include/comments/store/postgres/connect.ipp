#pragma once
// store/postgres/connect.ipp - definitions of store/postgres/connect.hpp.

#include <comments/store/postgres/connect.hpp>

#include <comments/store/postgres/transaction.hpp>

#include <libpq-fe.h>

#include <chrono>
#include <map>
#include <optional>

namespace comments::inline v0::postgres {

namespace detail {

// Makes the settings once, for the session.
inline bool begin_session(connection& on) {
  transaction setting{on, transaction::autocommit};
  setting.make_settings(false);
  return setting.receive();
}

// A pooler gives each client a process id of its own making, because the client's sessions change.
inline std::optional<bool> is_other_process(connection& on, int known) {
  transaction asking{on, transaction::autocommit};
  const auto place = asking.send("SELECT pg_backend_pid()::bigint");
  if (!asking.receive()) return std::nullopt;
  return asking.rows(place).number(0, 0) != known;
}

}  // namespace detail

COMMENTS_INLINE result<std::unique_ptr<connection>> connect(const connection_options& options) {
  const char* const names[] = {
      "fallback_application_name", "connect_timeout", "keepalives_idle", "tcp_user_timeout",
      "target_session_attrs",      "dbname",          "client_encoding", nullptr};
  const char* const values[] = {
      "comments", "3", "10", "10000", "read-write", options.conninfo.c_str(), "UTF8", nullptr};
  auto made =
      std::unique_ptr<connection>{new connection{options, PQconnectdbParams(names, values, 1)}};
  PGconn* const handle = made->handle_;
  if (PQstatus(handle) != CONNECTION_OK) {
    made->report(PQerrorMessage(handle));
    return unusable(no_answer);
  }
  const char* const encoding = PQparameterStatus(handle, "server_encoding");
  if (!encoding || std::string_view{encoding} != "UTF8")
    return unusable("its encoding is not UTF8");
  if (PQsetnonblocking(handle, 1) != 0 || PQenterPipelineMode(handle) != 1)
    return unusable(no_answer);
  made->is_pooled_ = options.pooler != pooler::absent;
  if (options.pooler == pooler::probed) {
    const auto is_pooled = detail::is_other_process(*made, PQbackendPID(handle));
    if (!is_pooled) return unusable(no_answer);
    made->is_pooled_ = *is_pooled;
  }
  if (!made->is_pooled_ && !detail::begin_session(*made)) return unusable(no_answer);
  return made;
}

// libpq's own message about a string that it cannot read would quote it, so it is not asked for.
COMMENTS_INLINE bool is_conninfo(const std::string& text) {
  PQconninfoOption* const found = PQconninfoParse(text.c_str(), nullptr);
  PQconninfoFree(found);
  return found != nullptr;
}

COMMENTS_INLINE std::string describe(const std::string& conninfo) {
  std::map<std::string, std::string> given;
  PQconninfoOption* const all = PQconninfoParse(conninfo.c_str(), nullptr);
  if (!all) return "postgresql:";
  for (const PQconninfoOption* option = all; option->keyword; ++option)
    if (option->val) given[option->keyword] = option->val;
  PQconninfoFree(all);
  const std::string user = given["user"], host = given["host"], port = given["port"];
  return "postgresql://" + (user.empty() ? "" : user + "@") + host +
         (port.empty() ? "" : ":" + port) + "/" + given["dbname"];
}

COMMENTS_INLINE error unusable(std::string_view why) {
  return {errc::unavailable, std::string{"The database cannot be used: "}.append(why) + "."};
}

}  // namespace comments::inline v0::postgres

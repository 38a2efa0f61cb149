#pragma once
// store/postgres/connect.ipp - definitions of store/postgres/connect.hpp.

#include <comments/store/postgres/connect.hpp>

#include <comments/store/postgres/transaction.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

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

// Returns what a connection string says, or nothing if libpq cannot read it.
inline std::optional<std::map<std::string, std::string>> read_conninfo(const std::string& text) {
  PQconninfoOption* const all = PQconninfoParse(text.c_str(), nullptr);
  if (!all) return std::nullopt;
  std::map<std::string, std::string> given;
  for (const PQconninfoOption* option = all; option->keyword; ++option)
    if (option->val) given[option->keyword] = option->val;
  PQconninfoFree(all);
  return given;
}

// Returns what libpq says, a line for each address that it tried, without the hints below some.
inline std::vector<std::string_view> lines_of(std::string_view said) {
  std::vector<std::string_view> lines;
  while (!said.empty()) {
    const std::string_view line = said.substr(0, said.find('\n'));
    if (!line.empty() && line.front() != '\t') lines.push_back(line);
    said.remove_prefix(std::min(line.size() + 1, said.size()));
  }
  return lines;
}

// Whether a URI's password has an "@" or a "/" that is not percent-encoded. It ends there for
// libpq, which takes the rest for a host, a port or a database, and messages name these.
inline bool is_password_split(std::string_view uri) {
  if (!uri.starts_with("postgres://") && !uri.starts_with("postgresql://")) return false;
  uri.remove_prefix(uri.find("://") + 3);
  uri = uri.substr(0, uri.find('?'));
  return uri.substr(0, uri.rfind('@') + 1).find_first_of("/@") < uri.rfind('@');
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
    std::string all;
    for (const std::string_view line : detail::lines_of(PQerrorMessage(handle)))
      all.append(all.empty() ? "" : "; ").append(line);
    return unusable(all.empty() ? no_answer : all);
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

// A server's words are in its own language, so libpq is asked: it knows the SQLSTATE of a server
// that starts up. What libpq itself says is in English, unless the program has set a locale.
COMMENTS_INLINE bool may_pass(const connection_options& options, const error& why) {
  const std::string_view said = why.message;
  if (said == unusable(no_answer).message) return true;
  const auto has = [&](std::string_view words) { return said.find(words) != said.npos; };
  // It may have come back since, so that a question now would say nothing of then.
  if (has("Connection refused") || has("server closed the connection")) return true;
  auto given = detail::read_conninfo(options.conninfo);
  const bool is_one_host = !given || (*given)["host"].find(',') == std::string::npos;
  const bool is_unknown =
      has("could not translate host name") && !has("Temporary failure in name resolution");
  if (is_one_host && is_unknown) return false;
  // PgBouncer answers while the database behind it does not.
  if (has("server_login_retry") || has("pgbouncer cannot connect")) return true;
  // Any answer counts, also from a standby, and one that says that it needs no TLS or no such user.
  const char* const names[] = {"connect_timeout", "dbname", "sslmode", "target_session_attrs",
                               nullptr};
  const char* const values[] = {"3", options.conninfo.c_str(), "disable", "any", nullptr};
  const PGPing state = PQpingParams(names, values, 1);
  if (state == PQPING_REJECT || state == PQPING_NO_RESPONSE) return true;
  // Of several hosts, one that answers may be a standby that is behind, with its primary away.
  return !is_one_host && state == PQPING_OK;
}

// libpq's own message about a string that it cannot read would quote it, so it is not asked for.
COMMENTS_INLINE bool is_conninfo(const std::string& text) {
  return !detail::is_password_split(text) && detail::read_conninfo(text);
}

COMMENTS_INLINE std::string describe(const std::string& conninfo) {
  if (detail::is_password_split(conninfo)) return "postgresql:";
  auto known = detail::read_conninfo(conninfo);
  if (!known) return "postgresql:";
  auto& given = *known;
  const std::string user = given["user"], host = given["host"], port = given["port"];
  return "postgresql://" + (user.empty() ? "" : user + "@") + host +
         (port.empty() ? "" : ":" + port) + "/" + given["dbname"];
}

COMMENTS_INLINE error unusable(std::string_view why) {
  return {errc::unavailable, std::string{"The database cannot be used: "}.append(why) + "."};
}

}  // namespace comments::inline v0::postgres

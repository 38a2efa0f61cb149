#pragma once
// store/postgres/connection.ipp - definitions of store/postgres/connection.hpp.

#include <comments/store/postgres/connection.hpp>

#include <comments/guarded.hpp>

#include <libpq-fe.h>
#include <poll.h>

namespace comments::inline v0::postgres {

COMMENTS_INLINE failure to_failure(std::string_view sqlstate, std::string_view constraint) {
  if (sqlstate == "40001" || sqlstate == "40P01") return failure::conflict;
  // No value is NULL but by a check of what was read. Under the locks that writers take no key is
  // there already, so a lock was lost. Only ids may come from elsewhere.
  if (sqlstate == "23502") return failure::conflict;
  if (sqlstate == "23505" && !constraint.starts_with("comment_id")) return failure::conflict;
  if (sqlstate == "55P03") return failure::locked;
  const std::string_view group = sqlstate.substr(0, 2);
  // A server that shuts down, starts up, or became a standby meanwhile; or one that is spread over
  // machines and cannot tell how a commit ended (40003).
  const bool is_gone = group == "08" || sqlstate == "57P01" || sqlstate == "57P02" ||
                       sqlstate == "57P03" || sqlstate == "25006" || sqlstate == "40003" ||
                       sqlstate.empty();
  if (is_gone) return failure::disconnected;
  return group == "22" || group == "23" ? failure::rejected : failure::transient;
}

COMMENTS_INLINE connection::connection(const connection_options& options, pg_conn* handle)
    : handle_{handle}, options_{options} {
  PQsetNoticeReceiver(handle, &note_warning, this);
}

COMMENTS_INLINE connection::~connection() { PQfinish(handle_); }

COMMENTS_INLINE bool connection::check_lost() {
  read_idle(std::chrono::milliseconds{0});
  return is_lost_;
}

COMMENTS_INLINE std::vector<std::string> connection::take_notifications(
    std::chrono::milliseconds wait) {
  std::vector<std::string> payloads;
  const auto take = [&] {
    while (PGnotify* const received = PQnotifies(handle_)) {
      payloads.emplace_back(received->extra);
      PQfreemem(received);
    }
  };
  take();  // what came along with an answer
  if (!payloads.empty()) return payloads;
  read_idle(PQsocket(handle_) >= 0 ? wait : std::chrono::milliseconds{0});
  take();
  return payloads;
}

COMMENTS_INLINE void connection::read_idle(std::chrono::milliseconds wait) {
  pollfd socket{PQsocket(handle_), POLLIN, 0};
  while (!is_lost_ && ::poll(&socket, 1, static_cast<int>(wait.count())) > 0) {
    is_lost_ = PQconsumeInput(handle_) == 0;
    wait = std::chrono::milliseconds{0};
  }
}

COMMENTS_INLINE void connection::report(std::string_view why) const {
  while (why.ends_with('\n')) why.remove_suffix(1);
  if (options_.on_failure) guarded([&] { options_.on_failure(why); });
}

COMMENTS_INLINE void connection::note_warning(void* self, const pg_result* warning) {
  const char* const severity = PQresultErrorField(warning, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity && std::string_view{severity} == "WARNING")
    static_cast<connection*>(self)->has_warned_ = true;
}

}  // namespace comments::inline v0::postgres

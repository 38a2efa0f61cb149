#pragma once
// store/postgres/transaction.ipp - definitions of store/postgres/transaction.hpp.

#include <comments/store/postgres/transaction.hpp>

#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>
#include <cstdint>
#include <string>

namespace comments::inline v0::postgres {

COMMENTS_INLINE void transaction::clear_answer::operator()(pg_result* answer) const {
  PQclear(answer);
}

namespace detail {

// The parameters of a statement, as libpq takes them.
struct sent_values {
  explicit sent_values(std::span<const parameter> values) : formats(values.size(), 1) {
    for (const parameter& value : values) {
      types.push_back(value.type());
      starts.push_back(value.start());
      sizes.push_back(value.size());
    }
  }
  int count() const { return static_cast<int>(types.size()); }

  std::vector<Oid> types{};
  std::vector<const char*> starts{};
  std::vector<int> sizes{}, formats;
};

}  // namespace detail

COMMENTS_INLINE transaction::transaction(connection& on, mode how) : on_{on}, mode_{how} {
  on_.has_warned_ = false;
  has_settings_ = how != autocommit || !on.is_pooled_;
  if (how == reading) send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (how == writing) send("BEGIN ISOLATION LEVEL READ COMMITTED");
  is_open_ = how != autocommit;
  if (is_open_ && on.is_pooled_) make_settings(true);
}

COMMENTS_INLINE transaction::~transaction() {
  if (failed_ != failure::none && on_.options_.seen)
    on_.options_.seen->fail(names_of(failed_)[static_cast<std::size_t>(failed_)],
                            failed_ == failure::disconnected);
  if (!is_open_ && !sent_.empty()) on_.is_lost_ = true;  // answers would come that are not read
  if (!is_open_ || on_.is_lost_) return;
  failed_ = failure::none;
  progress_ = progress::open;
  send("ROLLBACK");
  if (!receive()) on_.is_lost_ = true;
}

COMMENTS_INLINE std::size_t transaction::send_with(std::string_view sql,
                                                   std::span<const parameter> values) {
  if (std::exchange(is_received_, false)) answers_.clear();
  if (failed_ != failure::none) return 0;
  // Without a transaction, what is sent before one sync is one, and has one session.
  if (!std::exchange(has_settings_, true)) make_settings(true);
  if (!(on_.is_pooled_ ? send_unnamed(sql, values) : send_prepared(sql, values))) {
    lose();
    return 0;
  }
  expect_answer({});
  return sent_.back().place;
}

COMMENTS_INLINE bool transaction::send_prepared(std::string_view sql,
                                                std::span<const parameter> values) {
  const detail::sent_values sent{values};
  auto known = on_.prepared_.find(sql);
  if (known == on_.prepared_.end()) {
    const std::string name = "c" + std::to_string(++on_.names_);
    known = on_.prepared_.emplace(sql, name).first;
    if (PQsendPrepare(on_.handle_, name.c_str(), known->first.c_str(), sent.count(),
                      sent.types.data()) == 0)
      return false;
    expect_answer(known->first);
  }
  return PQsendQueryPrepared(on_.handle_, known->second.c_str(), sent.count(), sent.starts.data(),
                             sent.sizes.data(), sent.formats.data(), 1) != 0;
}

COMMENTS_INLINE bool transaction::send_unnamed(std::string_view sql,
                                               std::span<const parameter> values) {
  const detail::sent_values sent{values};
  return PQsendQueryParams(on_.handle_, std::string{sql}.c_str(), sent.count(), sent.types.data(),
                           sent.starts.data(), sent.sizes.data(), sent.formats.data(), 1) != 0;
}

COMMENTS_INLINE void transaction::expect_answer(std::string_view prepared) {
  sent_.push_back({answers_.size(), prepared});
  answers_.emplace_back();
}

COMMENTS_INLINE bool transaction::receive() {
  if (failed_ != failure::none) return false;
  end_part();
  constexpr std::chrono::milliseconds grace{1000};  // the database ends a statement by itself
  const auto deadline = clock::now() + on_.options_.statement_wait + grace;
  while (parts_ > 0 && failed_ != failure::disconnected) {
    if (!wait(deadline)) lose();
    while (parts_ > 0 && failed_ != failure::disconnected && PQisBusy(on_.handle_) == 0)
      take_answer();
  }
  sent_.clear();
  is_received_ = true;
  if (failed_ != failure::none) return false;
  may_be_done_ = false;  // it is known to be done
  if (on_.options_.seen) on_.options_.seen->succeed();
  return true;
}

COMMENTS_INLINE bool transaction::commit() {
  return commit([] {});
}

COMMENTS_INLINE bool transaction::begin_commit() {
  if (failed_ != failure::none) return false;
  commit_place_ = send("COMMIT");
  if (failed_ != failure::none) return false;
  progress_ = progress::committing;
  may_be_done_ = true;
  end_part();
  return true;
}

COMMENTS_INLINE bool transaction::end_commit() {
  receive();
  if (progress_ == progress::committing) return false;
  is_open_ = false;
  if (progress_ == progress::rolled_back) return false;
  follow_up_failed_ = std::exchange(failed_, failure::none);
  return true;
}

COMMENTS_INLINE void transaction::make_settings(bool is_local) {
  const auto text = [](std::chrono::milliseconds wait) { return std::to_string(wait.count()); };
  send(
      "SELECT set_config('statement_timeout', $1, $3 = 1), set_config('lock_timeout', $2, $3 = 1), "
      "set_config('idle_in_transaction_session_timeout', $1, $3 = 1), "
      "set_config('client_min_messages', 'warning', $3 = 1), "
      "set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
      "WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, $3 = 1)",
      text(on_.options_.statement_wait), text(on_.options_.lock_wait), std::int64_t{is_local});
}

COMMENTS_INLINE void transaction::set_lock_wait(std::chrono::milliseconds longest) {
  send("SELECT set_config('lock_timeout', $1, true)", std::to_string(longest.count()));
}

COMMENTS_INLINE void transaction::end_part() {
  if (!is_open_) may_be_done_ = true;  // without a transaction each part is committed by itself
  if (mode_ == autocommit) has_settings_ = !on_.is_pooled_;
  if (PQpipelineSync(on_.handle_) == 0) {
    lose();
    return;
  }
  ++parts_;
}

// Waits until there is an answer or something to read, and writes meanwhile what is still to be
// sent. Returns false if nothing more will come, or not in time.
COMMENTS_INLINE bool transaction::wait(clock::time_point deadline) {
  if (PQisBusy(on_.handle_) == 0) return true;
  const int unsent = PQflush(on_.handle_);
  if (unsent < 0) return false;
  pollfd socket{PQsocket(on_.handle_), POLLIN, 0};
  if (unsent > 0) socket.events |= POLLOUT;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
  if (left.count() <= 0) {
    on_.report("no answer in time");
    return false;
  }
  const int ready = ::poll(&socket, 1, static_cast<int>(left.count()));
  if (ready < 0) return errno == EINTR;
  return ready == 0 || (socket.revents & ~POLLOUT) == 0 || PQconsumeInput(on_.handle_) != 0;
}

COMMENTS_INLINE void transaction::take_answer() {
  answer received{PQgetResult(on_.handle_)};
  if (PQstatus(on_.handle_) != CONNECTION_OK) {
    if (received) on_.report(PQresultErrorMessage(received.get()));
    lose();
    return;
  }
  if (!received) {
    // libpq gives one null between two answers. More of them mean that no answer is left to come.
    if (++empty_answers_ > 2) lose();
    return;
  }
  empty_answers_ = 0;
  const auto status = PQresultStatus(received.get());
  if (status == PGRES_PIPELINE_SYNC) {
    --parts_;
    return;
  }
  if (sent_.empty()) {
    lose();
    return;
  }
  const question asked = sent_.front();
  sent_.pop_front();
  const bool is_fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (!is_fine && !asked.prepared.empty()) on_.prepared_.erase(std::string{asked.prepared});
  if (!is_fine && status != PGRES_PIPELINE_ABORTED) note_failure(received.get(), asked.place);
  if (is_fine && progress_ == progress::committing && asked.place == commit_place_)
    note_commit(received.get());
  on_.has_warned_ = false;  // a warning comes before the answer that it belongs to
  answers_[asked.place] = std::move(received);
}

COMMENTS_INLINE void transaction::note_commit(const pg_result* received) {
  // A commit whose wait for a standby was cancelled succeeds with a warning: it is not as durable
  // as it must be.
  if (on_.has_warned_) {
    lose();
    return;
  }
  const bool is_committed = postgres::rows{received}.command() == "COMMIT";
  progress_ = is_committed ? progress::committed : progress::rolled_back;
  may_be_done_ = false;
  if (!is_committed) failed_ = failure::transient;
}

COMMENTS_INLINE void transaction::note_failure(const pg_result* received, std::size_t place) {
  const char* const state = PQresultErrorField(received, PG_DIAG_SQLSTATE);
  const char* const message = PQresultErrorField(received, PG_DIAG_MESSAGE_PRIMARY);
  const char* const constraint = PQresultErrorField(received, PG_DIAG_CONSTRAINT_NAME);
  const std::string_view sqlstate = state ? state : "";
  const failure why = to_failure(sqlstate, constraint ? constraint : "");
  if (failed_ == failure::none) failed_ = why;
  if (why == failure::disconnected) on_.is_lost_ = true;
  if (progress_ == progress::committed) return;  // it is the follow-up that failed
  // A statement that fails before the commit keeps it from happening. In autocommit mode a
  // statement is its own commit, and a database of many machines may not know how that ended.
  const bool is_commit = progress_ == progress::committing && place == commit_place_;
  const bool can_be_done = is_open_ ? is_commit : sqlstate.starts_with("08") || sqlstate == "40003";
  if (!can_be_done) may_be_done_ = false;
  if (why != failure::conflict && why != failure::locked)
    on_.report(std::string{sqlstate} + " " + (message ? message : "no answer"));
}

COMMENTS_INLINE void transaction::lose() {
  failed_ = failure::disconnected;
  on_.is_lost_ = true;
}

}  // namespace comments::inline v0::postgres

#pragma once
// store/postgres/connection.hpp - PostgreSQL as C++ wants it: connections, and units of work on
// them.
//
// libpq-fe.h lives here only. Statements are prepared once and sent without waiting for one
// another's answers (pipeline mode), so a unit of work costs as many round trips as it has
// decisions to make, not as many as it has statements. A failure sticks to its unit of work:
// everything after it does nothing, and its commit, or its last `run`, says how it went. No wait is
// without an end.
//
//   postgres::work work{connection, postgres::work::writing};
//   const auto home = work.ask("SELECT version FROM content WHERE content_id = $1 FOR UPDATE", id);
//   if (!work.run()) return unavailable();
//   work.ask("UPDATE content SET version = $2 …", id, work.rows(home).number(0, 0) + 1);
//   if (!work.commit()) return unavailable();

#include <comments/result.hpp>

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace comments::postgres {

// How to reach a database, and for how long to wait for it.
struct server_options {
  std::string conninfo{};  // any connection string of libpq; several hosts are tried in their order
  std::chrono::milliseconds statement_wait{5000};  // for one statement
  std::chrono::milliseconds lock_wait{2000};       // for somebody else's lock
  // Hears the database's words when something fails; they hold no parameter and no password.
  std::function<void(std::string_view)> on_failure{};
};

// Why a unit of work failed.
enum class failure {
  none,
  conflict,  // with another one: undone, and the same may go well at once (40001, 40P01)
  lost,      // the connection is of no use any more
  refused,   // the database will not do this: what is to be stored is not acceptable to it
  locked,    // somebody else kept a lock for longer than it was waited for
  passing,   // it cannot do it now: a limit, a full disk
};

inline failure to_failure(std::string_view sqlstate) {
  if (sqlstate == "40001" || sqlstate == "40P01") return failure::conflict;
  if (sqlstate == "55P03") return failure::locked;
  const std::string_view group = sqlstate.substr(0, 2);
  // A server that shuts down, starts up, or became a standby meanwhile; or one that is spread over
  // machines and cannot tell how a commit ended (40003).
  const bool is_gone = group == "08" || sqlstate == "57P01" || sqlstate == "57P02" ||
                       sqlstate == "57P03" || sqlstate == "25006" || sqlstate == "40003" ||
                       sqlstate.empty();
  if (is_gone) return failure::lost;
  return group == "22" || group == "23" ? failure::refused : failure::passing;
}

// Why a database is not opened, as a sentence for its operator.
inline error refused(std::string_view why) {
  return {errc::unavailable, std::string{"The database cannot be used: "}.append(why) + "."};
}

inline constexpr std::string_view no_answer = "it does not answer";

// Whether libpq can read a connection string. Its own words about one would quote it.
inline bool is_conninfo(const std::string& text) {
  PQconninfoOption* const found = PQconninfoParse(text.c_str(), nullptr);
  PQconninfoFree(found);
  return found != nullptr;
}

// Where a connection string leads, without what is secret in it: for logs.
inline std::string describe(const std::string& conninfo) {
  std::map<std::string, std::string> given;
  PQconninfoOption* const all = PQconninfoParse(conninfo.c_str(), nullptr);
  if (!all) return "postgresql:";
  for (const PQconninfoOption* one = all; one->keyword; ++one)
    if (one->val) given[one->keyword] = one->val;
  PQconninfoFree(all);
  const std::string user = given["user"], host = given["host"], port = given["port"];
  return "postgresql://" + (user.empty() ? "" : user + "@") + host +
         (port.empty() ? "" : ":" + port) + "/" + given["dbname"];
}

// What a statement answered. Columns are TEXT or BIGINT.
class rows final {
 public:
  explicit rows(const PGresult* found) : found_{found} {}

  int size() const { return PQntuples(found_); }
  bool empty() const { return size() == 0; }
  bool is_null(int row, int column) const { return PQgetisnull(found_, row, column) != 0; }
  std::string text(int row, int column) const {
    const auto length = static_cast<std::size_t>(PQgetlength(found_, row, column));
    return {PQgetvalue(found_, row, column), length};
  }
  bool is_number(int column) const { return PQftype(found_, column) == 20; }  // BIGINT
  // 0 for null.
  std::int64_t number(int row, int column) const {
    std::uint64_t number = 0;
    const char* const bytes = PQgetvalue(found_, row, column);
    for (int i = 0; i < PQgetlength(found_, row, column); ++i)
      number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<std::int64_t>(number);
  }
  // How many rows an INSERT, UPDATE or DELETE changed.
  bool has_changed() const {
    const char* const count = PQcmdTuples(const_cast<PGresult*>(found_));
    return *count != '\0' && std::string_view{count} != "0";
  }
  std::string_view command() const { return PQcmdStatus(const_cast<PGresult*>(found_)); }

 private:
  const PGresult* found_;
};

// A parameter: TEXT or BIGINT, in PostgreSQL's binary form. Points to what it was made from.
class parameter final {
 public:
  parameter(std::string_view text)
      : type_{25}, start_{text.empty() ? "" : text.data()}, size_{static_cast<int>(text.size())} {}
  parameter(const std::string& text) : parameter{std::string_view{text}} {}
  parameter(const char* text) : parameter{std::string_view{text}} {}
  parameter(std::int64_t number) : type_{20}, size_{8} {
    auto rest = static_cast<std::uint64_t>(number);
    for (std::size_t i = bytes_.size(); i-- > 0; rest >>= 8) bytes_[i] = static_cast<char>(rest);
  }
  // NULL, unless it is there.
  template <typename T>
  parameter(const T& value, bool is_there) : parameter{value} {
    is_null_ = !is_there;
  }

  // NULL, of the type that the statement asks for.
  parameter(std::monostate) : type_{0}, size_{0}, is_null_{true} {}

  Oid type() const { return type_; }
  const char* start() const {
    if (is_null_) return nullptr;
    return start_ ? start_ : bytes_.data();
  }
  int size() const { return size_; }

 private:
  Oid type_;
  const char* start_{};
  int size_;
  std::array<char, 8> bytes_{};
  bool is_null_{};
};

// One connection, used by one thread at a time.
class connection final {
 public:
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { PQfinish(handle_); }

  // Whether it is of no use any more, as far as can be told without asking the database: one that
  // was closed while nobody used it says so.
  bool is_lost() {
    listen(std::chrono::milliseconds{0});
    return is_lost_;
  }

  // What was notified since, each by its payload; waits up to `wait` for the first.
  std::vector<std::string> take_notices(std::chrono::milliseconds wait) {
    std::vector<std::string> payloads;
    const auto take = [&] {
      while (PGnotify* const one = PQnotifies(handle_)) {
        payloads.emplace_back(one->extra);
        PQfreemem(one);
      }
    };
    take();  // what came along with an answer
    if (!payloads.empty()) return payloads;
    listen(PQsocket(handle_) >= 0 ? wait : std::chrono::milliseconds{0});
    take();
    return payloads;
  }

 private:
  friend class work;
  friend result<std::unique_ptr<connection>> connect(const server_options& options);
  using answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

  connection(const server_options& options, PGconn* handle) : handle_{handle}, options_{options} {
    PQsetNoticeReceiver(handle, &note_warning, this);
  }

  // Reads all that has come while nothing was asked, and finds out if nothing more will.
  void listen(std::chrono::milliseconds wait) {
    pollfd socket{PQsocket(handle_), POLLIN, 0};
    while (!is_lost_ && ::poll(&socket, 1, static_cast<int>(wait.count())) > 0) {
      is_lost_ = PQconsumeInput(handle_) == 0;
      wait = std::chrono::milliseconds{0};
    }
  }

  void tell(std::string_view why) const {
    while (why.ends_with('\n')) why.remove_suffix(1);
    if (options_.on_failure) options_.on_failure(why);
  }

  // A commit that was cancelled while it waited for a standby succeeds with a warning.
  static void note_warning(void* self, const PGresult* said) {
    const char* const severity = PQresultErrorField(said, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity && std::string_view{severity} == "WARNING")
      static_cast<connection*>(self)->has_warned_ = true;
  }

  PGconn* handle_;
  const server_options options_;
  std::map<std::string, std::string, std::less<>> prepared_{};  // statement: its name
  std::size_t names_{};
  bool is_lost_{};
  bool has_warned_{};
};

// A unit of work, alone on its connection. Undone when it goes away uncommitted.
class work final {
 public:
  enum kind {
    single,   // no transaction: what is run together takes effect together
    reading,  // all of one moment
    writing,  // each statement sees what others have committed before it
  };

  work(connection& on, kind how) : on_{on} {
    on_.has_warned_ = false;
    if (how == reading) ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (how == writing) ask("BEGIN ISOLATION LEVEL READ COMMITTED");
    is_open_ = how != single;
  }
  work(const work&) = delete;
  work& operator=(const work&) = delete;
  ~work() {
    if (!is_open_ && !asked_.empty()) on_.is_lost_ = true;  // its answers are nobody's
    if (!is_open_ || on_.is_lost_) return;
    failed_ = failure::none;
    progress_ = progress::open;
    ask("ROLLBACK");
    if (!run()) on_.is_lost_ = true;  // nobody knows what is open on it
  }

  failure failed() const { return failed_; }
  // Returns whether the work failed and may have taken effect all the same, now or later: the commit
  // was sent, and the connection ended before its answer came.
  bool is_in_doubt() const { return may_be_done_ && failed_ == failure::lost; }

  // Sends a statement; `rows` has its answer by the place that this answers, once it has `run` and
  // until more is asked. Its values are $1, $2 …
  template <typename... Values>
  std::size_t ask(std::string_view sql, const Values&... values) {
    const std::array<parameter, sizeof...(values)> all{parameter{values}...};
    return ask_with(sql, all);
  }
  std::size_t ask_with(std::string_view sql, std::span<const parameter> values) {
    if (std::exchange(is_answered_, false)) answers_.clear();
    if (failed_ == failure::none) send(sql, values);
    return asked_.empty() ? 0 : asked_.back().place;
  }

  // From here to the end of the transaction, locks of others are waited for so long.
  void wait_for_locks(std::chrono::milliseconds longest) {
    ask("SELECT set_config('lock_timeout', $1, true)", std::to_string(longest.count()));
  }

  // Waits for the answers to everything that was asked. Whether all went well, here and before.
  bool run() {
    if (failed_ != failure::none) return false;
    end_part();
    const auto deadline = clock::now() + on_.options_.statement_wait + grace;
    while (parts_ > 0 && failed_ != failure::lost) {
      if (!wait(deadline)) lose();
      while (parts_ > 0 && failed_ != failure::lost && PQisBusy(on_.handle_) == 0) take_answer();
    }
    asked_.clear();
    is_answered_ = true;
    if (failed_ == failure::none) may_be_done_ = false;  // it is known to be done
    return failed_ == failure::none;
  }

  // What the statement at that place answered. Only after a `run` that went well.
  postgres::rows rows(std::size_t place) const { return postgres::rows{answers_[place].get()}; }

  // Ends the transaction. Returns whether everything took effect, durably. If not, nothing did,
  // unless it `is_in_doubt`.
  bool commit() {
    return commit([] {});
  }
  // The same, and sends what `follow_up` asks along with it, to run behind the commit and outside of
  // it. How that went says `follow_up_failed`; the commit stands either way.
  template <typename FollowUp>
  bool commit(FollowUp&& follow_up) {
    if (failed_ != failure::none) return false;
    commit_place_ = ask("COMMIT");
    if (failed_ != failure::none) return false;
    progress_ = progress::committing;
    may_be_done_ = true;
    end_part();
    follow_up();
    run();
    if (progress_ == progress::committing) return false;
    is_open_ = false;
    if (progress_ == progress::undone) return false;
    follow_up_failed_ = std::exchange(failed_, failure::none);
    return true;
  }
  // Of what was asked behind a commit: `none` if it took effect.
  failure follow_up_failed() const { return follow_up_failed_; }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds grace{1000};  // the database ends a statement itself

  struct question {
    std::size_t place{};
    std::string_view prepared{};  // the statement that this prepares, if it does
  };
  enum class progress { open, committing, done, undone };

  void send(std::string_view sql, std::span<const parameter> values) {
    std::vector<Oid> types;
    std::vector<const char*> starts;
    std::vector<int> sizes, formats(values.size(), 1);
    for (const parameter& one : values) {
      types.push_back(one.type());
      starts.push_back(one.start());
      sizes.push_back(one.size());
    }
    const int size = static_cast<int>(values.size());
    auto known = on_.prepared_.find(sql);
    if (known == on_.prepared_.end()) {
      const std::string name = "c" + std::to_string(++on_.names_);
      known = on_.prepared_.emplace(sql, name).first;
      if (PQsendPrepare(on_.handle_, name.c_str(), known->first.c_str(), size, types.data()) == 0)
        return lose();
      note_asked(known->first);
    }
    if (PQsendQueryPrepared(on_.handle_, known->second.c_str(), size, starts.data(), sizes.data(),
                            formats.data(), 1) == 0)
      return lose();
    note_asked({});
  }
  void note_asked(std::string_view prepared) {
    asked_.push_back({answers_.size(), prepared});
    answers_.emplace_back(nullptr, &PQclear);
  }

  void end_part() {
    may_be_done_ = may_be_done_ || !is_open_;  // without a transaction each part commits by itself
    if (PQpipelineSync(on_.handle_) == 0) return lose();
    ++parts_;
  }

  // For something to come, while what is to be sent goes out.
  bool wait(clock::time_point deadline) {
    if (PQisBusy(on_.handle_) == 0) return true;
    const int unsent = PQflush(on_.handle_);
    if (unsent < 0) return false;
    pollfd socket{PQsocket(on_.handle_), POLLIN, 0};
    if (unsent > 0) socket.events |= POLLOUT;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0) return on_.tell("no answer in time"), false;
    const int ready = ::poll(&socket, 1, static_cast<int>(left.count()));
    if (ready < 0) return errno == EINTR;
    return ready == 0 || (socket.revents & ~POLLOUT) == 0 || PQconsumeInput(on_.handle_) != 0;
  }

  void take_answer() {
    connection::answer found{PQgetResult(on_.handle_), &PQclear};
    if (PQstatus(on_.handle_) != CONNECTION_OK) {
      if (found) on_.tell(PQresultErrorMessage(found.get()));
      return lose();
    }
    // Between two answers there is nothing once; more often, there is none left to come.
    if (!found) return ++nothings_ > 2 ? lose() : void();
    nothings_ = 0;
    const auto status = PQresultStatus(found.get());
    if (status == PGRES_PIPELINE_SYNC) {
      --parts_;
      return;
    }
    if (asked_.empty()) return lose();
    const question now = asked_.front();
    asked_.pop_front();
    const bool is_fine = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!is_fine && !now.prepared.empty()) on_.prepared_.erase(std::string{now.prepared});
    if (!is_fine && status != PGRES_PIPELINE_ABORTED) note_failure(found.get(), now.place);
    if (is_fine && progress_ == progress::committing && now.place == commit_place_)
      note_commit(found.get());
    on_.has_warned_ = false;  // a warning comes before the answer that it belongs to
    answers_[now.place] = std::move(found);
  }

  void note_commit(const PGresult* said) {
    // Without its standby it is not as durable as it was promised to be.
    if (on_.has_warned_) return lose();
    const bool is_done = postgres::rows{said}.command() == "COMMIT";
    progress_ = is_done ? progress::done : progress::undone;
    may_be_done_ = false;
    if (!is_done) failed_ = failure::passing;
  }

  void note_failure(const PGresult* said, std::size_t place) {
    const char* const state = PQresultErrorField(said, PG_DIAG_SQLSTATE);
    const char* const words = PQresultErrorField(said, PG_DIAG_MESSAGE_PRIMARY);
    const std::string_view sqlstate = state ? state : "";
    const failure why = to_failure(sqlstate);
    if (failed_ == failure::none) failed_ = why;
    if (why == failure::lost) on_.is_lost_ = true;
    if (progress_ == progress::done) return;  // it is the follow-up that failed
    // What fails before the commit is not committed. Outside of a transaction the database commits
    // by itself, and one that is spread over machines may not know whether all of them have.
    const bool is_known = is_open_ ? place != commit_place_ || progress_ != progress::committing
                                   : !sqlstate.starts_with("08") && sqlstate != "40003";
    if (is_known) may_be_done_ = false;
    if (why != failure::conflict && why != failure::locked)
      on_.tell(std::string{sqlstate} + " " + (words ? words : "no answer"));
  }

  void lose() {
    failed_ = failure::lost;
    on_.is_lost_ = true;
  }

  connection& on_;
  std::deque<question> asked_{};  // and not answered
  std::vector<connection::answer> answers_{};
  bool is_answered_{};   // what is in `answers_` was asked before
  std::size_t parts_{};  // that were sent, and whose end did not come
  std::size_t commit_place_{};
  failure failed_{failure::none};
  failure follow_up_failed_{failure::none};
  progress progress_{progress::open};
  bool is_open_{};
  bool may_be_done_{};  // what commits was sent, and its answer did not come
  int nothings_{};
};

namespace detail {

// Waits that end, commits that are on disk, and the warning of one that may not be, whatever is the
// database's or the user's default.
inline bool begin_session(connection& on, const server_options& options) {
  const auto text = [](std::chrono::milliseconds wait) { return std::to_string(wait.count()); };
  work setting{on, work::single};
  setting.ask(
      "SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), "
      "set_config('idle_in_transaction_session_timeout', $1, false), "
      "set_config('client_min_messages', 'warning', false), "
      "set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
      "WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)",
      text(options.statement_wait), text(options.lock_wait));
  return setting.run();
}

}  // namespace detail

// Connects, or answers `unavailable`, having told `on_failure` why. What the connection string does
// not say is chosen for a service: a server that takes writes, and waits that end.
inline result<std::unique_ptr<connection>> connect(const server_options& options) {
  const char* const names[] = {
      "fallback_application_name", "connect_timeout", "keepalives_idle", "tcp_user_timeout",
      "target_session_attrs",      "dbname",          "client_encoding", nullptr};
  const char* const values[] = {
      "comments", "3", "10", "10000", "read-write", options.conninfo.c_str(), "UTF8", nullptr};
  auto made =
      std::unique_ptr<connection>{new connection{options, PQconnectdbParams(names, values, 1)}};
  PGconn* const handle = made->handle_;
  if (PQstatus(handle) != CONNECTION_OK) {
    made->tell(PQerrorMessage(handle));
    return refused(no_answer);
  }
  const char* const encoding = PQparameterStatus(handle, "server_encoding");
  if (!encoding || std::string_view{encoding} != "UTF8") return refused("its encoding is not UTF8");
  if (PQsetnonblocking(handle, 1) != 0 || PQenterPipelineMode(handle) != 1 ||
      !detail::begin_session(*made, options))
    return refused(no_answer);
  return made;
}

}  // namespace comments::postgres

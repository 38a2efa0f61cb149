#pragma once
// http/epoll/event_loop.hpp - a thread that owns connections: it waits for all of them, and none waits for
// it.
//
// What only reads is answered by the watcher itself, everything else by workers. Each wait is a
// list of connections in the order in which they began to wait; all in it wait equally long, so its
// front is the next whose time is up, and a connection goes from one wait to the next by a splice.
//
//   detail::front shared{answers, metrics, limits, told};
//   detail::watcher one{shared};
//   one.accept_from(listen_on("127.0.0.1", 8000), all);
//   one.run();  // until somebody sets told.is_stopping and rings told.stop

#include <comments/http/epoll/connection.hpp>
#include <comments/http/epoll/framing.hpp>
#include <comments/http/epoll/loop_context.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/httplib_in_memory.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace comments::http {

namespace detail {

// One thread and the connections that it owns.
class watcher final {
 public:
  using clock = std::chrono::steady_clock;

  explicit watcher(front& shared) : shared_{shared} {
    events_.add(inbox_->alarm.socket(), inbox_.get(), EPOLLIN | EPOLLET);
    events_.add(shared_.told.stop.socket(), inbox_.get(), EPOLLIN | EPOLLET);
  }
  watcher(const watcher&) = delete;
  watcher& operator=(const watcher&) = delete;
  ~watcher() {
    for (auto& those : waiting_)
      while (!those.empty()) drop(those.front());
  }

  std::size_t load() const { return load_; }

  // Has this watcher own `made`, from whatever thread.
  void take(std::list<connection> made) {
    load_ += 1;
    inbox_->leave([&](inbox& box) { box.newcomers.splice(box.newcomers.end(), made); });
  }

  // One watcher accepts for all.
  void accept_from(descriptor listening, std::vector<std::unique_ptr<watcher>>& all) {
    listening_ = std::move(listening);
    all_ = &all;
    events_.add(*listening_, this, EPOLLIN);
  }

  // Until everything is over after a stop.
  void run() {
    while (!is_over()) {
      events_.wait(time_left(), [&](void* state, std::uint32_t what) {
        now_ = clock::now();
        if (state == this) return void(accept());
        if (state == inbox_.get()) return;  // looked into below
        auto& one = *static_cast<connection*>(state);
        one.notice(what);
        if (is_movable(one)) advance(one);
      });
      now_ = clock::now();
      look_into_inbox();
      take_turns();
      expire();
      if (paused_at_ && now_ - *paused_at_ >= short_wait) resume();
      if (shared_.told.is_stopping) wind_up();
    }
  }

 private:
  std::list<connection>& among(wait where) { return waiting_[static_cast<std::size_t>(where)]; }

  // Lists stand in the order of their `since`, because all in one wait equally long.
  void park(connection& one, wait where, bool is_renewed) {
    if (one.where == where && !is_renewed) return;
    auto& those = among(where);
    those.splice(those.end(), among(one.where), one.self);
    one.where = where;
    one.since = now_;
  }

  std::optional<std::chrono::milliseconds> patience(wait where) const {
    const event_limits& limits = shared_.limits;
    switch (where) {
      case wait::turn:
      case wait::worker: return std::nullopt;
      case wait::request:
        return stopped_at_ ? std::min(limits.request_wait, limits.idle_drain_wait)
                           : limits.request_wait;
      case wait::head: return limits.head_wait;
      case wait::body: return limits.body_wait;
      case wait::reader: return limits.reader_wait;
      case wait::event: return limits.event_wait;
      case wait::end: return limits.end_wait;
    }
    return std::nullopt;
  }

  // How long nothing will happen by itself.
  std::chrono::milliseconds time_left() {
    if (!among(wait::turn).empty()) return std::chrono::milliseconds{0};
    auto least =
        paused_at_ || shared_.told.is_stopping ? short_wait : std::chrono::milliseconds{60'000};
    for (std::size_t i = 0; i < waits; ++i) {
      const auto longest = patience(static_cast<wait>(i));
      if (!longest || waiting_[i].empty()) continue;
      const auto left = waiting_[i].front().since + *longest - clock::now();
      least = std::min(least, std::chrono::ceil<std::chrono::milliseconds>(left));
    }
    return std::max(least, std::chrono::milliseconds{0});
  }

  // Whoever waits for a worker or for others moves when those are done.
  static bool is_movable(const connection& one) {
    return one.where != wait::worker && one.where != wait::turn;
  }

  void drop(connection& one) {
    if (one.handle) *one.handle = nullptr;
    shared_.unsent -= one.held;
    --load_;
    --(one.is_turned_away ? shared_.turned_away : shared_.connections);
    shared_.open.add(-1);
    among(one.where).erase(one.self);
  }

  // Takes the connection as far as it goes now.
  void advance(connection& one) {
    if (one.where == wait::end) return see_off(one);
    for (std::size_t turn = 0; turn < shared_.limits.turn_max; ++turn) {
      const auto sent = one.flush();
      if (sent == connection::step::broken) return drop(one);
      if (!has_room(one)) return hang_up(one);
      if (sent == connection::step::blocked) {
        if (one.where != wait::reader) one.take_progress();  // it counts from here
        return park(one, wait::reader, false);
      }
      if (one.has_stream()) {
        if (one.is_waiting()) return wait_for_event(one);
        if (!pull(one)) return;
        continue;
      }
      if (one.is_last()) {
        one.finish();
        return see_off(one);
      }
      if (!serve(one)) return;
    }
    park(one, wait::turn, true);
  }

  // Whether there is memory for what this client does not take now.
  bool has_room(connection& one) {
    const std::size_t unsent = one.unsent();
    if (unsent == one.held) return true;
    shared_.unsent += unsent - std::exchange(one.held, unsent);
    return unsent == 0 || shared_.unsent <= shared_.limits.unsent_bytes_max;
  }

  // Closes on a client that does not take what it asked for, and keeps nothing for it.
  void hang_up(connection& one) {
    shared_.late.add();
    one.abandon();
    drop(one);
  }

  // The next piece of a stream. Whether there is one to send.
  bool pull(connection& one) {
    if (!one.handle) one.handle = std::make_shared<connection*>(&one);
    const auto wake = [box = inbox_, handle = one.handle] {
      box->leave([&](inbox& to) { to.woken.push_back(handle); });
    };
    if (shared_.limits.reads_wait) return have_pulled(one, wake), false;
    const auto pulled = one.take_chunk(one.next_chunk(wake));
    if (pulled == connection::step::done) return true;
    if (pulled == connection::step::broken)
      drop(one);
    else
      wait_for_event(one);
    return false;
  }

  // The same by a worker, who alone uses the stream meanwhile.
  void have_pulled(connection& one, const std::function<void()>& wake) {
    park(one, wait::worker, true);
    one.was_woken = false;
    const bool is_taken = shared_.workers->submit([&one, wake, box = inbox_] {
      inbox::pulled made{one.handle, one.next_chunk(wake)};
      box->leave([&](inbox& to) { to.pieces.push_back(std::move(made)); });
    });
    if (!is_taken) drop(one);  // its client comes back, and goes on where it was
  }
  void take_chunk(connection& one, const chunk& made) {
    if (one.take_chunk(made) == connection::step::broken) return drop(one);
    if (one.was_woken) one.go_on();
    park(one, wait::turn, true);
  }

  // Until somebody wakes the stream or its time is up. Nobody waits for one whose client is gone.
  void wait_for_event(connection& one) {
    if (one.is_ending()) return drop(one);
    park(one, wait::event, false);
  }
  void wake(connection& one) {
    one.go_on();
    one.was_woken = true;
    if (one.where == wait::event) park(one, wait::turn, true);  // else when all is sent
  }

  // Answers the next request or sees to it that somebody does. Whether there is something to send.
  bool serve(connection& one) {
    switch (one.read()) {
      case framer::verdict::refused: refuse(one, one.frame().refusal()); return true;
      case framer::verdict::complete: return answer(one);
      case framer::verdict::incomplete: break;
    }
    if (one.frame().has_head()) one.invite();
    if (one.flush() == connection::step::broken) return drop(one), false;
    switch (one.receive(buffer_)) {
      case connection::step::done: return true;
      case connection::step::blocked: park(one, missing(one), false); return false;
      case connection::step::broken: break;
    }
    if (!one.has_bytes()) return drop(one), false;
    refuse(one, {request_errc::malformed, "The request did not arrive whole."});
    return true;
  }

  static wait missing(const connection& one) {
    if (!one.has_bytes()) return wait::request;
    return one.frame().has_head() ? wait::body : wait::head;
  }

  void refuse(connection& one, const request_error& why) {
    one.take_answer(shared_.answers.answer(one.refused(why)));
  }

  // Reading is answered here, the rest by a worker, who alone uses the connection meanwhile.
  bool answer(connection& one) {
    if (is_quick(one.request())) {
      one.take_answer(answer_to(one));
      park(one, wait::turn, true);  // whatever it waits for next, it begins to wait then
      return true;
    }
    park(one, wait::worker, true);
    if (!one.handle) one.handle = std::make_shared<connection*>(&one);
    const bool is_taken = shared_.workers->submit([this, &one, box = inbox_] {
      inbox::finished made{one.handle, answer_to(one)};
      box->leave([&](inbox& to) { to.answers.push_back(std::move(made)); });
    });
    if (is_taken) return false;
    refuse(one, {request_errc::overloaded, "Too many requests wait already."});
    return true;
  }

  bool is_quick(const wire_request& asked) const {
    if (shared_.limits.reads_wait && !shared_.answers.is_probe(asked)) return false;
    return shared_.answers.is_quick(asked);
  }

  wire_answer answer_to(const connection& one) const {
    wire_request asked = one.request();
    asked.is_last |= shared_.told.is_draining;
    return shared_.answers.answer(asked);
  }

  // Waits for the client to close, so that it has our last answer for sure.
  void see_off(connection& one) {
    const auto seen = one.discard(buffer_, shared_.limits.discard_bytes_max);
    if (seen == connection::step::broken) return drop(one);
    park(one, wait::end, false);
  }

  // Whether there is nobody left to accept.
  bool accept() {
    constexpr std::size_t burst = 64;  // then others get their turn
    for (std::size_t i = 0; i < burst; ++i) {
      std::string peer;
      descriptor made = accept_on(listening_, peer);
      if (!made) {
        // Without a descriptor to spare, the poller would tell of this one again and again.
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause();
        return errno == EAGAIN || errno == EWOULDBLOCK;
      }
      const event_limits& limits = shared_.limits;
      auto& count =
          shared_.connections < limits.connections_max ? shared_.connections : shared_.turned_away;
      const bool is_turned_away = &count == &shared_.turned_away;
      if (is_turned_away) shared_.refused.add();
      if (is_turned_away && count >= limits.refused_max) continue;
      ++count;
      shared_.open.add(1);
      std::list<connection> one;
      one.emplace_back(std::move(made), std::move(peer), limits.frames);
      one.front().is_turned_away = is_turned_away;
      if (is_turned_away)
        refuse(one.front(), {request_errc::overloaded, "There are too many connections."});
      const auto least = std::ranges::min_element(
          *all_, {}, [](const std::unique_ptr<watcher>& each) { return each->load(); });
      (*least)->take(std::move(one));
    }
    return false;
  }

  void pause() {
    events_.remove(*listening_);
    paused_at_ = now_;
  }
  void resume() {
    paused_at_.reset();
    if (listening_) events_.add(*listening_, this, EPOLLIN);
  }

  void look_into_inbox() {
    std::list<connection> newcomers;
    std::vector<inbox::finished> answers;
    std::vector<inbox::pulled> pieces;
    std::vector<std::shared_ptr<connection*>> woken;
    {
      const std::lock_guard lock{inbox_->mutex};
      if (!inbox_->is_rung) return;
      inbox_->is_rung = false;
      newcomers.swap(inbox_->newcomers);
      answers.swap(inbox_->answers);
      pieces.swap(inbox_->pieces);
      woken.swap(inbox_->woken);
    }
    while (!newcomers.empty()) welcome(newcomers);
    for (auto& [handle, made] : answers) {
      (*handle)->take_answer(std::move(made));
      park(**handle, wait::turn, true);
    }
    for (const auto& [handle, made] : pieces) take_chunk(**handle, made);
    for (const auto& handle : woken)
      if (*handle) wake(**handle);
  }

  // The first of `those` is one of ours from now on.
  void welcome(std::list<connection>& those) {
    auto& ours = among(wait::turn);
    ours.splice(ours.end(), those, those.begin());
    connection& one = ours.back();
    one.self = std::prev(ours.end());
    one.where = wait::turn;
    one.since = now_;
    if (!events_.add(one.socket(), &one)) drop(one);
  }

  void take_turns() {
    auto& those = among(wait::turn);
    for (std::size_t left = those.size(); left > 0 && !those.empty(); --left) {
      connection& one = those.front();
      park(one, wait::request, true);
      advance(one);
    }
  }

  // Whoever waited too long is told so, if it is in the middle of a request, and closed.
  void expire() {
    for (std::size_t i = 0; i < waits; ++i) {
      const auto where = static_cast<wait>(i);
      const auto longest = patience(where);
      if (!longest) continue;
      while (!waiting_[i].empty() && waiting_[i].front().since + *longest <= now_)
        expire(waiting_[i].front());
    }
  }
  void expire(connection& one) {
    if (one.where == wait::event) return wake(one);  // time for a heartbeat
    if (one.where == wait::reader && one.take_progress() >= shared_.limits.progress_bytes)
      return park(one, wait::reader, true);
    if (one.where == wait::reader) return hang_up(one);
    if (one.where != wait::head && one.where != wait::body) return drop(one);
    shared_.late.add();
    refuse(one, {request_errc::timed_out, "The request took too long to arrive."});
    advance(one);
  }

  // What a stop asks for, again and again until there is nobody left.
  void wind_up() {
    if (!stopped_at_) {
      stopped_at_ = now_;
      if (listening_) refuse_newcomers(listening_);
      // Who is idle may be about to ask, and does not know yet that we are going.
      for (connection& idle : among(wait::request)) idle.since = now_;
    }
    // Those that were connecting when the stop came: to them we are there.
    const bool is_quiet = listening_ && accept();
    if (is_quiet && now_ - *stopped_at_ >= shared_.limits.arrival_wait) {
      listening_ = {};
      shared_.is_closed = true;
    }
    // Streams that were told to end say so first; the others break off.
    look_into_inbox();
    take_turns();
    for (const wait where : {wait::event, wait::reader})
      for (auto each = among(where).begin(); each != among(where).end();) {
        connection& one = *each++;
        if (one.has_stream() && one.is_waiting()) drop(one);
      }
  }

  bool is_over() const {
    if (!stopped_at_) return false;
    if (now_ - *stopped_at_ >= shared_.limits.drain_wait) return true;
    return shared_.is_closed && load_ == 0;
  }

  static constexpr std::chrono::milliseconds short_wait{20};  // where nothing tells us

  front& shared_;
  poller events_{};
  std::shared_ptr<inbox> inbox_{std::make_shared<inbox>()};
  std::array<std::list<connection>, waits> waiting_{};
  std::array<char, 65'536> buffer_{};
  std::atomic<std::size_t> load_{};
  clock::time_point now_{clock::now()};
  std::optional<clock::time_point> stopped_at_{};
  descriptor listening_{};
  std::vector<std::unique_ptr<watcher>>* all_{};
  std::optional<clock::time_point> paused_at_{};
};

}  // namespace detail

}  // namespace comments::http

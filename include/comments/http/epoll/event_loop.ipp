#pragma once
// http/epoll/event_loop.ipp - definitions of http/epoll/event_loop.hpp.

#include <comments/http/epoll/event_loop.hpp>

#include <comments/http/httplib_in_memory.hpp>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <iterator>
#include <utility>

namespace comments::inline v0::http::epoll {

namespace detail {

// How long the loop sleeps at most where no event will wake it.
inline constexpr std::chrono::milliseconds short_wait{20};

// What the rest of the next request is: the first byte, the head or the body.
inline wait missing_part(const connection& client) {
  if (!client.has_bytes()) return wait::request;
  return client.frame().has_head() ? wait::body : wait::head;
}

}  // namespace detail

COMMENTS_INLINE event_loop::event_loop(loop_context& context) : context_{context} {
  events_.add(mailbox_->socket(), mailbox_.get(), EPOLLIN | EPOLLET);
  events_.add(context_.flags.stop.socket(), mailbox_.get(), EPOLLIN | EPOLLET);
}

COMMENTS_INLINE event_loop::~event_loop() {
  assert(among(wait::worker).empty() || !context_.workers);
  for (auto& clients : waiting_)
    while (!clients.empty()) forget(clients.front());
}

COMMENTS_INLINE void event_loop::accept_from(listening from,
                                             std::vector<std::unique_ptr<event_loop>>& all) {
  newcomers_.emplace(context_, events_, std::move(from), this, [&all](std::list<connection> made) {
    const auto least =
        std::ranges::min_element(all, {}, [](const auto& loop) { return loop->load(); });
    (*least)->adopt(std::move(made));
  });
}

COMMENTS_INLINE void event_loop::adopt(std::list<connection> made) {
  load_ += 1;
  mailbox_->post_newcomers(made);
}

COMMENTS_INLINE void event_loop::run() {
  while (!is_over()) {
    events_.wait(time_left(),
                 [this](void* state, std::uint32_t events) { on_event(state, events); });
    now_ = clock::now();
    read_mail();
    take_turns();
    expire();
    if (newcomers_) newcomers_->resume(now_);
    if (context_.flags.is_stopping) drain();
  }
}

// An event closes no connection but its own, and each has one event at most in a wait. So no event
// that is still to come names a connection that is gone.
COMMENTS_INLINE void event_loop::on_event(void* state, std::uint32_t events) {
  now_ = clock::now();
  if (state == mailbox_.get()) return;  // `run` reads the mail and the flags anyway
  if (state == this) {
    newcomers_->accept();
    return;
  }
  connection& client = *static_cast<connection*>(state);
  client.notice(events);
  // One that waits for a worker or for its turn goes on when that is over.
  if (client.where != wait::worker && client.where != wait::turn) advance(client);
}

// --- waiting -------------------------------------------------------------------------------------

COMMENTS_INLINE void event_loop::park(connection& client, wait where) {
  if (client.where != where) return park_anew(client, where);
  hold(client, false);
}

COMMENTS_INLINE void event_loop::park_anew(connection& client, wait where) {
  hold(client, false);
  move(client, where);
}

COMMENTS_INLINE void event_loop::move(connection& client, wait where) {
  auto& clients = among(where);
  clients.splice(clients.end(), among(client.where), client.self);
  client.where = where;
  client.since = now_;
}

// Takes note of what the client holds. What is too much gives way by mail, so this closes nothing.
COMMENTS_INLINE void event_loop::hold(connection& client, bool is_lent) {
  const held_bytes now = client.holds();
  if (now == client.noted && is_lent == client.is_noted_lent) return;
  handle_of(client);
  client.noted = now;
  client.is_noted_lent = is_lent;
  context_.memory.update(client.held, now, is_lent);
}

// Returns how long a connection may wait for `where`, or nothing if there is no limit.
COMMENTS_INLINE std::optional<std::chrono::milliseconds> event_loop::time_limit(wait where) const {
  const epoll_limits& limits = context_.limits;
  switch (where) {
    case wait::turn:
    case wait::worker:
    case wait::count_: return std::nullopt;
    case wait::request:
      return stopped_at_ ? std::min(limits.request_wait, limits.idle_drain_wait)
                         : limits.request_wait;
    case wait::head: return limits.head_wait;
    case wait::body: return limits.body_wait;
    case wait::reader: return limits.reader_wait;
    case wait::stream: return limits.stream_wait;
    case wait::close: return limits.close_wait;
  }
  return std::nullopt;
}

// Returns how long nothing will happen by itself.
COMMENTS_INLINE std::chrono::milliseconds event_loop::time_left() const {
  using std::chrono::milliseconds;
  if (!waiting_[static_cast<std::size_t>(wait::turn)].empty()) return milliseconds{0};
  const bool must_look = (newcomers_ && newcomers_->is_paused()) || context_.flags.is_stopping;
  milliseconds least = must_look ? detail::short_wait : milliseconds{60'000};
  for (std::size_t i = 0; i < waits; ++i) {
    const auto limit = time_limit(static_cast<wait>(i));
    if (!limit || waiting_[i].empty()) continue;
    const auto left = waiting_[i].front().since + *limit - clock::now();
    least = std::min(least, std::chrono::ceil<milliseconds>(left));
  }
  return std::max(least, milliseconds{0});
}

COMMENTS_INLINE void event_loop::expire() {
  for (std::size_t i = 0; i < waits; ++i) {
    const auto limit = time_limit(static_cast<wait>(i));
    if (!limit) continue;
    while (!waiting_[i].empty() && waiting_[i].front().since + *limit <= now_)
      expire(waiting_[i].front());
  }
}

// Ends the wait of one whose time is up, so that it leaves the front of its list.
COMMENTS_INLINE void event_loop::expire(connection& client) {
  switch (client.where) {
    case wait::stream:  // time for a heartbeat
      wake(client);
      return;
    case wait::reader:
      if (client.take_progress() >= context_.limits.progress_bytes)
        park_anew(client, wait::reader);
      else
        close_with_reset(client);
      return;
    case wait::head:
    case wait::body:
      context_.late_total.add();
      attempt(client, [&] {
        refuse(client, {request_errc::timed_out, "The request took too long to arrive."});
        move(client, wait::turn);
      });
      return;
    default: close(client);
  }
}

// Takes each connection that waits for its turn as far as it goes; those that want another turn get
// it the next time.
COMMENTS_INLINE void event_loop::take_turns() {
  auto& clients = among(wait::turn);
  for (std::size_t left = clients.size(); left > 0 && !clients.empty(); --left) {
    connection& client = clients.front();
    move(client, wait::request);
    advance(client);
  }
}

// --- serving -------------------------------------------------------------------------------------

// Does a step for the client. If there is no memory for it, the client's connection ends, and only
// that. A step that has closed the client does nothing after it.
template <typename Step>
void event_loop::attempt(connection& client, Step&& step) {
  try {
    step();
  } catch (const std::bad_alloc&) {
    client.reset_on_close();
    close(client);
  }
}

// Takes the connection as far as it goes now, or as far as its share.
COMMENTS_INLINE void event_loop::advance(connection& client) {
  attempt(client, [&] {
    if (client.where == wait::close) return linger(client);
    const auto start = clock::now();
    do {
      if (!advance_once(client)) return;
    } while (clock::now() - start < context_.limits.turn_max);
    park_anew(client, wait::turn);
  });
}

COMMENTS_INLINE bool event_loop::advance_once(connection& client) {
  const connection::step sent = client.flush();
  if (sent == connection::step::broken) {
    close(client);
    return false;
  }
  if (sent == connection::step::blocked) {
    if (client.where != wait::reader) client.take_progress();  // progress counts from here
    park(client, wait::reader);
    return false;
  }
  if (client.has_stream()) return send_stream(client);
  if (client.is_last()) {
    client.shut_down_writing();
    linger(client);
    return false;
  }
  return serve(client);
}

// Reads the next request, and answers it if it is whole.
COMMENTS_INLINE bool event_loop::serve(connection& client) {
  switch (client.read()) {
    case framer::state::refused: refuse(client, client.frame().refusal()); return true;
    case framer::state::complete: return respond(client);
    case framer::state::incomplete: break;
  }
  return read_more(client);
}

COMMENTS_INLINE bool event_loop::read_more(connection& client) {
  if (client.frame().has_head()) client.invite_body();
  if (client.flush() == connection::step::broken) {
    close(client);
    return false;
  }
  switch (client.receive(buffer_)) {
    case connection::step::done: return true;
    case connection::step::blocked: park(client, detail::missing_part(client)); return false;
    case connection::step::broken: break;
  }
  if (!client.has_bytes()) {
    close(client);
    return false;
  }
  refuse(client, {request_errc::malformed, "The request did not arrive whole."});
  return true;
}

COMMENTS_INLINE void event_loop::refuse(connection& client, const request_error& why) {
  client.take_response(context_.api.handle(client.refused_request(why)));
}

COMMENTS_INLINE bool event_loop::respond(connection& client) {
  if (!may_be_ready(client.request())) return respond_on_worker(client, effort::whole);
  wire_response made = context_.api.handle(request_of(client, effort::memory));
  if (made.is_deferred) return respond_on_worker(client, effort::rest);
  if (made.rest) client.name = name_of(client.request());
  client.take_response(std::move(made));
  move(client, wait::turn);  // whatever it waits for next, that wait begins now
  return true;
}

COMMENTS_INLINE bool event_loop::respond_on_worker(connection& client, effort effort) {
  const wire_request asked = client.request();
  client.name = name_of(asked);
  const bool has_room = context_.memory.has_room_for(client.holds().total());
  if (has_room) hold(client, true);
  worker_pool& on = workers_for(asked);
  const return_address back{handle_of(client), mailbox_, &on};
  const bool is_taken = has_room && on.submit(client.name, [this, &client, effort, back] {
    answer(context_.api, request_of(client, effort), back);
  });
  if (is_taken) {
    move(client, wait::worker);
    return false;
  }
  move(client, wait::turn);
  refuse(client, {request_errc::overloaded, "Too many requests wait already."});
  return true;
}

COMMENTS_INLINE worker_pool& event_loop::workers_for(const wire_request& asked) const {
  worker_groups& all = *context_.workers;
  if (!context_.api.is_ours(asked.target)) return all.writers;  // it may do anything
  if (context_.api.is_probe(asked)) return all.probes;
  return asked.method == "GET" || asked.method == "HEAD" ? all.readers : all.writers;
}

// Takes the client back from its worker, with what that has made.
COMMENTS_INLINE void event_loop::finish(connection& client, slot& made) {
  move(client, wait::turn);
  attempt(client, [&] {
    if (made.response.later) {
      finish_later(client, made);
    } else if (!client.has_stream()) {
      client.take_response(std::exchange(made.response, {}));
    } else if (client.take_chunk(std::exchange(made.piece, {})) == connection::step::broken) {
      close(client);
    } else if (client.was_woken) {
      client.go_on();
    }
  });
}

// Takes a response that is ready now, if it is only a copy; else has a worker make it.
COMMENTS_INLINE void event_loop::finish_later(connection& client, slot& made) {
  const wire_request asked = request_of(client, effort::memory);
  made.response = context_.api.handle_later(asked, std::move(made.response.later));
  if (!made.response.is_deferred) return client.take_response(std::exchange(made.response, {}));
  worker_pool& on = workers_for(asked);
  const return_address back{handle_of(client), mailbox_, &on};
  const bool is_taken = on.submit_anyway(client.name, [this, &client, back] {
    answer_rest(context_.api, request_of(client, effort::rest), back);
  });
  if (is_taken)
    move(client, wait::worker);
  else
    close(client);  // a retry with the same key gets the response
}

// Returns the name of the client's connection for other threads.
COMMENTS_INLINE const connection_handle& event_loop::handle_of(connection& client) {
  if (!client.held.handle) {
    client.held.handle = std::make_shared<slot>();
    client.held.handle->client = &client;
    client.held.box = mailbox_.get();
  }
  return client.held.handle;
}

COMMENTS_INLINE bool event_loop::may_be_ready(const wire_request& asked) const {
  if (context_.limits.reads_wait && !context_.api.is_probe(asked)) return false;
  return context_.api.may_be_ready(asked);
}

COMMENTS_INLINE wire_request event_loop::request_of(const connection& client, effort effort) const {
  wire_request asked = client.request();
  asked.is_last |= context_.flags.is_draining;
  asked.effort = effort;
  return asked;
}

// --- streams -------------------------------------------------------------------------------------

COMMENTS_INLINE bool event_loop::send_stream(connection& client) {
  if (client.is_waiting())
    wait_for_stream(client);
  else
    pull(client);
  return false;
}

// Has a worker get the next chunk of the stream.
COMMENTS_INLINE void event_loop::pull(connection& client) {
  const connection_handle& own = handle_of(client);
  const std::function<void()> wake = [box = mailbox_, own] { box->post_wake(own); };
  client.was_woken = false;
  hold(client, true);
  const bool is_taken =
      context_.workers->readers.submit_anyway(client.name, [&client, wake, own, box = mailbox_] {
        own->piece = client.next_chunk(wake);
        box->post_done(own);
      });
  if (is_taken)
    move(client, wait::worker);
  else
    close(client);  // a client of a stream connects again, and goes on where it was
}

// Waits until the stream is woken or its time is up; but not for a client that is gone.
COMMENTS_INLINE void event_loop::wait_for_stream(connection& client) {
  if (client.is_ending())
    close(client);
  else
    park(client, wait::stream);
}

// Has the stream asked again: now if the client waits for that, else once all is sent or the worker
// is through. The client may be lent.
COMMENTS_INLINE void event_loop::wake(connection& client) {
  client.go_on();
  client.was_woken = true;
  if (client.where == wait::stream) move(client, wait::turn);
}

// --- mail ----------------------------------------------------------------------------------------

COMMENTS_INLINE void event_loop::read_mail() {
  std::list<connection> newcomers = mailbox_->take_newcomers();
  while (!newcomers.empty()) welcome(newcomers);
  while (const auto news = mailbox_->take()) {
    slot& made = *news->of;
    if (news->is_done) finish(*made.client, made);
    if (news->is_woken && made.client) wake(*made.client);
    if (news->is_cut && made.client && !made.client->is_lent()) close_with_reset(*made.client);
  }
}

// Makes the first of `newcomers` one of the loop's connections.
COMMENTS_INLINE void event_loop::welcome(std::list<connection>& newcomers) {
  auto& clients = among(wait::turn);
  clients.splice(clients.end(), newcomers, newcomers.begin());
  connection& client = clients.back();
  client.self = std::prev(clients.end());
  client.where = wait::turn;
  client.since = now_;
  if (!events_.add(client.socket(), &client)) close(client);
}

// --- closing -------------------------------------------------------------------------------------

// Waits for the client to close, behind its last response, so that the response is not lost.
COMMENTS_INLINE void event_loop::linger(connection& client) {
  if (client.discard(buffer_, context_.limits.discard_bytes_max) == connection::step::broken)
    close(client);
  else
    park(client, wait::close);
}

// Closes a connection whose client reads too slowly, and keeps none of what it has not read.
COMMENTS_INLINE void event_loop::close_with_reset(connection& client) {
  context_.late_total.add();
  client.reset_on_close();
  close(client);
}

// Closes a connection at once. No worker has it, so no mail for it is to come but wake-ups.
COMMENTS_INLINE void event_loop::close(connection& client) {
  assert(!client.is_lent());
  forget(client);
}

COMMENTS_INLINE void event_loop::forget(connection& client) {
  if (client.held.handle) {
    context_.memory.forget(client.held);
    client.held.handle->client = nullptr;
  }
  context_.shares.leave(*client.held.share);
  --load_;
  if (client.is_refused)
    --context_.refused;
  else
    --context_.connections;
  context_.open.add(-1);
  among(client.where).erase(client.self);
}

// Does the next step of a stop. Called until `is_over`.
COMMENTS_INLINE void event_loop::drain() {
  if (!stopped_at_) {
    stopped_at_ = now_;
    if (newcomers_) newcomers_->refuse_newcomers();
    // An idle client may be about to send a request, and does not know yet that the server stops.
    for (connection& idle : among(wait::request)) idle.since = now_;
  }
  // Clients that were connecting when the stop came are served; where others listen, too, by them.
  const bool is_late = now_ - *stopped_at_ >= context_.limits.arrival_wait;
  if (newcomers_ && (newcomers_->is_shared() || (newcomers_->accept() && is_late))) {
    newcomers_.reset();
    context_.is_closed = true;
  }
  // Streams that have ended send their last chunk; those that wait are broken off.
  read_mail();
  take_turns();
  break_off_streams(wait::stream);
  break_off_streams(wait::reader);
}

COMMENTS_INLINE void event_loop::break_off_streams(wait where) {
  auto& clients = among(where);
  for (auto at = clients.begin(); at != clients.end();) {
    connection& client = *at++;
    if (client.has_stream() && client.is_waiting()) close(client);
  }
}

COMMENTS_INLINE bool event_loop::is_over() const {
  if (!stopped_at_) return false;
  if (now_ - *stopped_at_ >= context_.limits.drain_wait) return true;
  return context_.is_closed && load_ == 0;
}

}  // namespace comments::inline v0::http::epoll

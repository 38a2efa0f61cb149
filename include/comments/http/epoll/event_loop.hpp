#pragma once
// http/epoll/event_loop.hpp - a thread that owns connections and waits for all of them at once.
//
// The loop itself answers what stands ready in memory, which is a copy; workers do all the rest, so
// that nothing holds up the loop. Each connection stands in the list of those that wait for the
// same thing. All in a list may wait equally long and stand in the order in which they began, so
// the first is the next whose time is up, and moving a connection to another list costs no memory.
//
// Threads: `run` and all private functions belong to the loop's thread, and so do the connections,
// but for what a worker may use of one that it was lent (connection.hpp). A connection is lent from
// the moment it stands among those that wait for a worker until the worker's mail has been read,
// and is neither moved nor closed in between. Other threads reach the loop through its mailbox.

#include <comments/config.hpp>
#include <comments/http/client_address.hpp>
#include <comments/http/epoll/acceptor.hpp>
#include <comments/http/epoll/connection.hpp>
#include <comments/http/epoll/late_answer.hpp>
#include <comments/http/epoll/listening.hpp>
#include <comments/http/epoll/loop_context.hpp>
#include <comments/http/epoll/mailbox.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/wire.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace comments::inline v0::http::epoll {

class event_loop final {
 public:
  // `context` must outlive the loop.
  explicit event_loop(loop_context& context);
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  // Closes the connections. If some are lent, the workers of the context must be over.
  ~event_loop();

  // Has this loop accept connections, and hand each to the loop of `all` that has the fewest.
  // Before any of them runs. `all` must outlive the loop.
  void accept_from(listening from, std::vector<std::unique_ptr<event_loop>>& all);

  // Takes the one connection of `made` over. Any thread, also while the loop runs.
  void adopt(std::list<connection> made);
  // Returns how many connections the loop has. Any thread.
  std::size_t load() const { return load_; }

  // Serves until the flags of the context say stop, and then until all connections are closed or
  // `drain_wait` has passed. Once.
  void run();

  // Closes the connections that no worker has. Once `run` is over, from any thread.
  void close_unlent() {
    for (auto& clients : waiting_)
      while (&clients != &among(wait::worker) && !clients.empty()) forget(clients.front());
  }

 private:
  using clock = std::chrono::steady_clock;

  // Waiting. `park` keeps the start of a wait that has begun already; `park_anew` begins another.
  // Both take note of what the client holds meanwhile. `move` is for a client that goes on at once.
  std::list<connection>& among(wait where) { return waiting_[static_cast<std::size_t>(where)]; }
  void park(connection& client, wait where);
  void park_anew(connection& client, wait where);
  void move(connection& client, wait where);
  void hold(connection& client, bool is_lent);
  std::optional<std::chrono::milliseconds> time_limit(wait where) const;
  std::chrono::milliseconds time_left() const;
  void expire();
  void expire(connection& client);
  void take_turns();

  // Serving. Those that return bool say whether there is more to do for the client now; false once
  // it waits, is lent or is closed.
  void on_event(void* state, std::uint32_t events);
  template <typename Step>
  void attempt(connection& client, Step&& step);
  void advance(connection& client);
  bool advance_once(connection& client);
  bool send_stream(connection& client);
  void pull(connection& client);
  bool serve(connection& client);
  bool read_more(connection& client);
  bool respond(connection& client);
  bool respond_on_worker(connection& client, effort effort);
  void refuse(connection& client, const request_error& why);
  bool may_be_ready(const wire_request& asked) const;
  std::string name_of(const wire_request& asked) const {
    return client_key(asked.bytes, asked.peer, context_.limits.trusted_proxies);
  }
  worker_pool& workers_for(const wire_request& asked) const;
  wire_request request_of(const connection& client, effort effort) const;

  // Streams, and mail of other threads.
  void wait_for_stream(connection& client);
  void wake(connection& client);
  void read_mail();
  void welcome(std::list<connection>& newcomers);
  void finish(connection& client, slot& made);
  void finish_later(connection& client, slot& made);
  const connection_handle& handle_of(connection& client);

  // Closing.
  void linger(connection& client);
  void close_with_reset(connection& client);
  void close(connection& client);
  void forget(connection& client);
  void drain();
  void break_off_streams(wait where);
  bool is_over() const;

  loop_context& context_;
  std::shared_ptr<mailbox> mailbox_{std::make_shared<mailbox>()};  // any thread
  std::atomic<std::size_t> load_{};                                // any thread

  // The loop's thread only.
  poller events_{};
  std::array<std::list<connection>, waits> waiting_{};
  receive_buffer buffer_{};
  clock::time_point now_{clock::now()};
  std::optional<clock::time_point> stopped_at_{};
  std::optional<acceptor> newcomers_{};  // of the loop that accepts
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/event_loop.ipp>
#endif

#pragma once
// http/epoll/acceptor.hpp - takes new connections, one event loop's part for all.
//
// A connection over a limit, of all or of its client, gets 503. Where the system has no descriptor
// or no memory to spare, accepting pauses for a moment, because the poller would report the same
// connection again and again.
//
//   registry metrics;
//   httplib_in_memory api;
//   const epoll_limits limits;
//   epoll::shutdown_flags flags;
//   epoll::loop_context context{api, metrics, limits, flags};
//   epoll::poller events;
//   const auto give = [](std::list<epoll::connection> made) { std::cout << made.size(); };
//   epoll::acceptor newcomers{context, events, epoll::listen_on("::1", 0), &events, give};
//   newcomers.accept();

#include <comments/config.hpp>
#include <comments/http/epoll/connection.hpp>
#include <comments/http/epoll/listening.hpp>
#include <comments/http/epoll/loop_context.hpp>
#include <comments/http/epoll/sockets.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <optional>
#include <string>

namespace comments::inline v0::http::epoll {

// One thread's. What the constructor is given must outlive it.
class acceptor final {
 public:
  using clock = std::chrono::steady_clock;
  // Takes the one connection of the list over. Must not throw.
  using taker = std::function<void(std::list<connection>)>;

  // How long a pause is.
  static constexpr std::chrono::milliseconds pause_wait{20};

  // `events` reports the listening socket with `state`.
  acceptor(loop_context& context, poller& events, listening from, void* state, taker give);
  ~acceptor();
  acceptor(const acceptor&) = delete;
  acceptor& operator=(const acceptor&) = delete;

  // Accepts some connections. Returns whether all that arrived are accepted.
  bool accept();

  // Whether accepting pauses, and must be resumed.
  bool is_paused() const { return paused_at_.has_value(); }
  // Ends a pause whose time is over.
  void resume(clock::time_point now);

  // See `listening`.
  void refuse_newcomers() { listening_.refuse_newcomers(); }
  bool is_shared() const { return listening_.is_shared(); }

 private:
  bool accept_one();
  void admit(descriptor socket, const std::string& peer);
  void pause();

  loop_context& context_;
  poller& events_;
  listening listening_;
  void* state_;
  taker give_;
  std::optional<clock::time_point> paused_at_{};
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/acceptor.ipp>
#endif

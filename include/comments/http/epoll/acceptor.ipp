#pragma once
// http/epoll/acceptor.ipp - definitions of http/epoll/acceptor.hpp.

#include <comments/http/epoll/acceptor.hpp>

#include <comments/http/httplib_in_memory.hpp>

#include <cerrno>
#include <new>
#include <utility>

namespace comments::inline v0::http::epoll {

COMMENTS_INLINE acceptor::acceptor(loop_context& context, poller& events, listening from,
                                   void* state, taker give)
    : context_{context},
      events_{events},
      listening_{std::move(from)},
      state_{state},
      give_{std::move(give)} {
  events_.add(*listening_.socket(), state_, EPOLLIN);
}

// Closing a socket that others have, too, does not take it out of the poller.
COMMENTS_INLINE acceptor::~acceptor() { events_.remove(*listening_.socket()); }

COMMENTS_INLINE bool acceptor::accept() {
  constexpr std::size_t burst = 64;  // then others get their turn
  for (std::size_t i = 0; i < burst; ++i) {
    try {
      if (accept_one()) continue;
    } catch (const std::bad_alloc&) {  // that client is closed
      continue;
    }
    const int code = errno;
    if (code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM) pause();
    return code == EAGAIN || code == EWOULDBLOCK;
  }
  return false;
}

// Returns false if there is none, for the reason that errno tells.
COMMENTS_INLINE bool acceptor::accept_one() {
  std::string peer;
  descriptor socket = accept_on(listening_.socket(), peer);
  if (!socket) return false;
  admit(std::move(socket), peer);
  return true;
}

// Nothing is counted before the last call that may throw.
COMMENTS_INLINE void acceptor::admit(descriptor socket, const std::string& peer) {
  const epoll_limits& limits = context_.limits;
  std::list<connection> made;
  connection& client = made.emplace_back(std::move(socket), peer, limits.frames);
  const bool has_place = context_.connections < limits.connections_max;
  if (has_place) client.held.share = context_.shares.admit(peer);
  client.is_refused = !client.held.share;
  if (client.is_refused) {
    context_.refused_total.add();
    if (context_.refused >= limits.refused_max) return;
    const request_error why{request_errc::overloaded, has_place
                                                          ? "Your address has too many connections."
                                                          : "There are too many connections."};
    client.take_response(context_.api.handle(client.refused_request(why)));
    client.held.share = context_.shares.admit_anyway(peer);
  }
  ++(client.is_refused ? context_.refused : context_.connections);
  context_.open.add(1);
  give_(std::move(made));
}

COMMENTS_INLINE void acceptor::pause() {
  events_.remove(*listening_.socket());
  paused_at_ = clock::now();
}

COMMENTS_INLINE void acceptor::resume(clock::time_point now) {
  if (!paused_at_ || now - *paused_at_ < pause_wait) return;
  paused_at_.reset();
  events_.add(*listening_.socket(), state_, EPOLLIN);
}

}  // namespace comments::inline v0::http::epoll

#pragma once
// http/epoll/sockets.hpp - Linux's sockets and epoll: descriptors that close themselves, a poller,
// a wakeup for it, and listening sockets that stop without losing a client.
//
//   epoll::poller events;
//   epoll::wakeup news;
//   int state = 0;
//   events.add(news.socket(), &state, EPOLLIN | EPOLLET);
//   news.notify();
//   events.wait(std::chrono::milliseconds{100}, [](void* of, std::uint32_t) { std::cout << of; });

#include <comments/config.hpp>

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace comments::inline v0::http::epoll {

// Owns a file descriptor, or none.
class descriptor final {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_{number} {}
  descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  // Swaps the two: what was owned here is closed when `other` ends.
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor();

  explicit operator bool() const { return number_ >= 0; }
  int operator*() const { return number_; }

 private:
  int number_{-1};
};

// Waits for many sockets at once, in one thread. By default a socket is reported once when
// something about it changes (EPOLLET), so that no request needs a call to change what is waited
// for.
class poller final {
 public:
  poller();

  // Reports `socket` with `state` from now on. Returns false if the system refuses, for example
  // because it has no memory. Closing the socket removes it.
  bool add(int socket, void* state,
           std::uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  void remove(int socket);

  // Calls `on_event(state, events)` for each socket that has something to report, or returns after
  // `at_most`. A socket is reported at most once in a call.
  template <typename OnEvent>
  void wait(std::chrono::milliseconds at_most, OnEvent&& on_event);

 private:
  int wait_for_some(std::chrono::milliseconds at_most);

  descriptor epoll_;
  std::array<epoll_event, 256> events_{};
};

// Wakes the pollers that it is added to with EPOLLIN | EPOLLET: each once, however often it was
// notified before the poller looked.
class wakeup final {
 public:
  wakeup();

  int socket() const { return *event_; }
  // Any thread.
  void notify();

 private:
  descriptor event_;
};

// Returns a socket that listens on `host` and `port`, or none if the address cannot be had. `host`
// is a name or an address; "::" stands for every address of IPv6 and IPv4. Port 0 takes a free one.
// The kernel queues as many connections as it is allowed to.
descriptor listen_on(const std::string& host, int port);

// Returns the port that a socket listens on: 0 at a path, and -1 if it is no socket.
int port_of(const descriptor& listening);

// Returns the next connection, or none, for the reason that errno tells. Sets `peer` to the address
// of its client, without the port; one of IPv4 looks the same on a socket for both. Who connects at
// a path is on this machine: 127.0.0.1.
descriptor accept_on(const descriptor& listening, std::string& peer);

// Returns how many bytes were written to `socket` and not confirmed by the other end.
std::size_t unsent_bytes(int socket);

// Makes closing `socket` discard its unsent bytes and send a reset, instead of keeping the bytes
// for a client that may never take them.
void reset_on_close(int socket);

// Has the kernel drop new connections, while those that have begun still arrive. Closing the socket
// would reset these: for their clients they are open, and a request may be on its way. A client
// that is dropped tries again, until the socket is closed or belongs to another server. Returns
// false if the kernel does not do it.
bool refuse_newcomers(const descriptor& listening);

// --- definitions ---

template <typename OnEvent>
void poller::wait(std::chrono::milliseconds at_most, OnEvent&& on_event) {
  const int count = wait_for_some(at_most);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    on_event(event.data.ptr, event.events);
  }
}

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/sockets.ipp>
#endif

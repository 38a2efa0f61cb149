#pragma once
// http/epoll/sockets.hpp - Linux's sockets and epoll as C++ wants them: descriptors that close themselves,
// a poller, a bell that another thread rings, and listening sockets that end without losing anyone.
//
//   poller events;
//   events.add(socket, &its_state);
//   events.wait(100ms, [](void* state, std::uint32_t what) { … });

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace comments::http {

class descriptor final {
 public:
  descriptor() = default;
  explicit descriptor(int number) : number_{number} {}
  descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  explicit operator bool() const { return number_ >= 0; }
  int operator*() const { return number_; }

 private:
  int number_{-1};
};

// Watches sockets for one thread. Each is told of once, when something about it changes (EPOLLET),
// with the `state` that it was added with; so nothing has to be said to the kernel per request.
class poller final {
 public:
  poller() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {}

  bool add(int socket, void* state,
           std::uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) {
    epoll_event wanted{};
    wanted.events = events;
    wanted.data.ptr = state;
    return ::epoll_ctl(*epoll_, EPOLL_CTL_ADD, socket, &wanted) == 0;
  }
  void remove(int socket) { ::epoll_ctl(*epoll_, EPOLL_CTL_DEL, socket, nullptr); }

  // Calls `on_event` for whatever happened, or returns after `at_most`.
  template <typename OnEvent>
  void wait(std::chrono::milliseconds at_most, OnEvent&& on_event) {
    const int count = ::epoll_wait(*epoll_, events_.data(), static_cast<int>(events_.size()),
                                   static_cast<int>(at_most.count()));
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<std::size_t>(i)];
      on_event(event.data.ptr, event.events);
    }
  }

 private:
  descriptor epoll_;
  std::array<epoll_event, 256> events_{};
};

// Rung by any thread, heard once by each poller that it is added to with EPOLLET.
class bell final {
 public:
  bell() : event_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

  int socket() const { return *event_; }
  void ring() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(*event_, &one, sizeof one);
  }

 private:
  descriptor event_;
};

// A socket that listens on `host` (a name or an address; "::" is every address of both kinds) and
// `port` (0: a free one), or none. Connections queue in the kernel as far as it allows.
inline descriptor listen_on(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all{found, ::freeaddrinfo};
  for (const addrinfo* at = found; at; at = at->ai_next) {
    descriptor made{::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!made) continue;
    const int yes = 1, no = 0;
    ::setsockopt(*made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (at->ai_family == AF_INET6) ::setsockopt(*made, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    ::setsockopt(*made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // what it accepts has it too
    if (::bind(*made, at->ai_addr, at->ai_addrlen) == 0 && ::listen(*made, SOMAXCONN) == 0)
      return made;
  }
  return {};
}

inline int port_of(const descriptor& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(*listening, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// The next connection, or none, and who it comes from, without the port.
inline descriptor accept_on(const descriptor& listening, std::string& peer) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  descriptor made{::accept4(*listening, reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!made) return made;
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
      ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &v6, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text,
                sizeof text);
  }
  peer = text;
  return made;
}

// What was written to `socket` and its other end has not confirmed.
inline std::size_t unsent_bytes(int socket) {
  int count = 0;
  ::ioctl(socket, SIOCOUTQ, &count);
  return static_cast<std::size_t>(count);
}

// When `socket` is closed, what is unsent is dropped, and the other end hears a reset.
inline void forget_unsent(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// Takes no new connection any more, but those that have begun still arrive. Closing the socket
// would reset them: to their clients they are open, and may have sent a request. So the kernel is
// told to drop packets that begin a connection (SYN without ACK; byte 13 of a TCP header has the
// flags). Their clients try again, and find the socket closed or somebody else's.
inline bool refuse_newcomers(const descriptor& listening) {
  sock_filter program[] = {
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},     // the flags
      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x12},  // SYN and ACK of them
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x02},  // SYN alone:
      {BPF_RET | BPF_K, 0, 0, 0},               // drop
      {BPF_RET | BPF_K, 0, 0, 0xffffffff},      // else keep all of it
  };
  const sock_fprog filter{sizeof program / sizeof *program, program};
  return ::setsockopt(*listening, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

}  // namespace comments::http

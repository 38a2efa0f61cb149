#pragma once
// http/epoll/sockets.ipp - definitions of http/epoll/sockets.hpp.

#include <comments/http/epoll/sockets.hpp>

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace comments::inline v0::http::epoll {

COMMENTS_INLINE descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

// --- poller and wakeup ---------------------------------------------------------------------------

COMMENTS_INLINE poller::poller() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {}

COMMENTS_INLINE bool poller::add(int socket, void* state, std::uint32_t events) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.ptr = state;
  return ::epoll_ctl(*epoll_, EPOLL_CTL_ADD, socket, &wanted) == 0;
}

COMMENTS_INLINE void poller::remove(int socket) {
  ::epoll_ctl(*epoll_, EPOLL_CTL_DEL, socket, nullptr);
}

COMMENTS_INLINE int poller::wait_for_some(std::chrono::milliseconds at_most) {
  return ::epoll_wait(*epoll_, events_.data(), static_cast<int>(events_.size()),
                      static_cast<int>(at_most.count()));
}

COMMENTS_INLINE wakeup::wakeup() : event_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

COMMENTS_INLINE void wakeup::notify() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(*event_, &one, sizeof one);
}

// --- listening -----------------------------------------------------------------------------------

COMMENTS_INLINE descriptor listen_on(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses{found, ::freeaddrinfo};
  const int yes = 1;
  const int no = 0;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    descriptor made{::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!made) continue;
    ::setsockopt(*made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (at->ai_family == AF_INET6) ::setsockopt(*made, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    // The connections that it accepts inherit this.
    ::setsockopt(*made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (::bind(*made, at->ai_addr, at->ai_addrlen) == 0 && ::listen(*made, SOMAXCONN) == 0)
      return made;
  }
  return {};
}

COMMENTS_INLINE int port_of(const descriptor& listening) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(*listening, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  if (address.ss_family == AF_UNIX) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

COMMENTS_INLINE descriptor accept_on(const descriptor& listening, std::string& peer) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  descriptor made{::accept4(*listening, reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!made) return made;
  char text[INET6_ADDRSTRLEN] = "127.0.0.1";
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6))
      ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
    else
      ::inet_ntop(AF_INET6, &v6, text, sizeof text);
  } else if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    ::inet_ntop(AF_INET, &v4, text, sizeof text);
  }
  peer = text;
  return made;
}

// A SYN without ACK begins a connection. Byte 13 of a TCP header has the flags.
COMMENTS_INLINE bool refuse_newcomers(const descriptor& listening) {
  sock_filter program[] = {
      {BPF_LD | BPF_B | BPF_ABS, 0, 0, 13},     // load the flags
      {BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x12},  // keep SYN and ACK of them
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x02},  // if it is SYN alone:
      {BPF_RET | BPF_K, 0, 0, 0},               //   drop the packet
      {BPF_RET | BPF_K, 0, 0, 0xffffffff},      // else let all of it pass
  };
  const sock_fprog filter{sizeof program / sizeof *program, program};
  return ::setsockopt(*listening, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

// --- what was sent -------------------------------------------------------------------------------

COMMENTS_INLINE std::size_t unsent_bytes(int socket) {
  int count = 0;
  ::ioctl(socket, SIOCOUTQ, &count);
  return static_cast<std::size_t>(count);
}

COMMENTS_INLINE void reset_on_close(int socket) {
  const ::linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace comments::inline v0::http::epoll

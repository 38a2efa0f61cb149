// raw_epoll.cpp - the limit of an HTTP server: `raw_epoll PORT THREADS FILE`.
//
// It finds the end of a request and sends bytes that lie ready: FILE as the body of every answer.
// No parsing, no routing, no limits, no deadlines. It is not for serving; it shows what the
// machine and its system calls cost, which no server can save.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

struct connection {
  int fd{};
  std::size_t size{};
  std::array<char, 8192> bytes{};
};

std::string to_answer(const char* path) {
  std::ifstream file{path, std::ios::binary};
  const std::string body{std::istreambuf_iterator<char>{file}, {}};
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\nETag: \"50\"\r\nCache-Control: no-cache\r\n\r\n" + body;
}

// Each thread listens on the same port; the kernel deals the connections out.
int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);  // what it accepts inherits it
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(fd, 1024) == 0)
    return fd;
  std::cerr << "raw_epoll: the port cannot be served\n";
  std::exit(1);
}

void watch(int epoll, int fd, connection* whose) {
  epoll_event events{};
  events.events = EPOLLIN;
  events.data.ptr = whose;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &events);
}

void accept_all(int epoll, int listener) {
  for (int fd = 0; (fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
    watch(epoll, fd, new connection{.fd = fd});
}

// Whether the connection goes on. Requests have no bodies here.
bool answer(connection& one, const std::string& ready) {
  const ssize_t size = ::recv(one.fd, one.bytes.data() + one.size, one.bytes.size() - one.size, 0);
  if (size <= 0) return false;
  one.size += static_cast<std::size_t>(size);
  const bool is_whole = std::string_view{one.bytes.data(), one.size}.ends_with("\r\n\r\n");
  if (!is_whole) return one.size < one.bytes.size();
  one.size = 0;
  return ::send(one.fd, ready.data(), ready.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(ready.size());
}

void serve(std::uint16_t port, const std::string& ready) {
  const int listener = listen_on(port);
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener, nullptr);
  std::array<epoll_event, 256> events;
  while (true) {
    const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      auto* one = static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!one) {
        accept_all(epoll, listener);
      } else if (!answer(*one, ready)) {
        ::close(one->fd);
        delete one;
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: raw_epoll PORT THREADS FILE\n";
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const std::string ready = to_answer(argv[3]);
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(argv[2]); ++i) threads.emplace_back([&] { serve(port, ready); });
}

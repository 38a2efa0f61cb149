#include <comments/http/epoll/sockets.hpp>

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using namespace comments::http::epoll;
using namespace std::chrono_literals;

namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) >= 0; }

// A client's end of a connection to a port of this machine, or none.
descriptor connect_to(int port, bool is_v6 = false) {
  descriptor made{::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  v6.sin6_addr = in6addr_loopback;
  const int code = is_v6 ? ::connect(*made, reinterpret_cast<const sockaddr*>(&v6), sizeof v6)
                         : ::connect(*made, reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  if (code != 0 && errno != EINPROGRESS) return {};
  return made;
}

// Whether the connection is made, within some time.
bool is_made(const descriptor& client, int milliseconds) {
  pollfd waiting{*client, POLLOUT, 0};
  return ::poll(&waiting, 1, milliseconds) == 1 && !(waiting.revents & (POLLERR | POLLHUP));
}

descriptor accept_within(const descriptor& listening, std::string& peer) {
  pollfd waiting{*listening, POLLIN, 0};
  REQUIRE(::poll(&waiting, 1, 10'000) == 1);
  return accept_on(listening, peer);
}

// What `events` has to say within `at_most`.
std::vector<std::pair<void*, std::uint32_t>> heard(poller& events,
                                                   std::chrono::milliseconds at_most) {
  std::vector<std::pair<void*, std::uint32_t>> all;
  events.wait(at_most, [&](void* state, std::uint32_t what) { all.emplace_back(state, what); });
  return all;
}

}  // namespace

TEST_CASE("a descriptor closes itself, once, wherever it was moved") {
  int number = -1;
  {
    descriptor first{::eventfd(0, 0)};
    number = *first;
    REQUIRE(first);
    descriptor second{std::move(first)};
    CHECK_FALSE(first);
    descriptor third{::eventfd(0, 0)};
    const int other = *third;
    third = std::move(second);
    CHECK(*third == number);
    CHECK(*second == other);
    second = {};
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
  CHECK_FALSE(descriptor{});
}

TEST_CASE("a wakeup wakes each poller once, however often it was notified before") {
  wakeup news;
  poller first, second;
  int state = 0;
  REQUIRE(first.add(news.socket(), &state, EPOLLIN | EPOLLET));
  CHECK(heard(first, 0ms).empty());
  std::thread notifier{[&] { news.notify(); }};
  const auto woken = heard(first, 10s);
  notifier.join();
  REQUIRE(woken.size() == 1);
  CHECK(woken.front().first == &state);
  CHECK(heard(first, 0ms).empty());  // or it would never sleep again
  news.notify();
  news.notify();
  CHECK(heard(first, 0ms).size() == 1);
  REQUIRE(second.add(news.socket(), &state, EPOLLIN | EPOLLET));  // notified before it came
  CHECK(heard(second, 0ms).size() == 1);
  news.notify();
  CHECK(heard(first, 0ms).size() == 1);
  CHECK(heard(second, 0ms).size() == 1);
}

TEST_CASE("a poller tells of a connection once, when something about it changes") {
  const descriptor listening = listen_on("127.0.0.1", 0);
  const descriptor client = connect_to(port_of(listening));
  std::string peer;
  const descriptor served = accept_within(listening, peer);
  REQUIRE(served);
  poller events;
  int state = 0;
  REQUIRE(events.add(*served, &state));
  const auto at_first = heard(events, 10s);
  REQUIRE(at_first.size() == 1);
  CHECK(at_first.front() == std::pair<void*, std::uint32_t>{&state, EPOLLOUT});
  CHECK(heard(events, 0ms).empty());
  REQUIRE(::send(*client, "a", 1, MSG_NOSIGNAL) == 1);
  const auto then = heard(events, 10s);
  REQUIRE(then.size() == 1);
  CHECK((then.front().second & EPOLLIN));
  CHECK_FALSE((then.front().second & EPOLLRDHUP));
  CHECK(heard(events, 0ms).empty());
  ::shutdown(*client, SHUT_WR);
  const auto at_last = heard(events, 10s);
  REQUIRE(at_last.size() == 1);
  CHECK((at_last.front().second & EPOLLRDHUP));
  events.remove(*served);
  REQUIRE(::send(*served, "a", 1, MSG_NOSIGNAL) == 1);
  CHECK(heard(events, 0ms).empty());
  CHECK_FALSE(events.add(-1, &state));
}

TEST_CASE("a poller waits no longer than it may") {
  poller events;
  CHECK(heard(events, 0ms).empty());
  CHECK(heard(events, 1ms).empty());
}

TEST_CASE("a port is free or asked for, and belongs to one socket alone") {
  const descriptor first = listen_on("127.0.0.1", 0);
  REQUIRE(first);
  const int port = port_of(first);
  CHECK(port > 0);
  CHECK(port <= 65'535);
  CHECK_FALSE(listen_on("127.0.0.1", port));
  CHECK_FALSE(listen_on("203.0.113.1", 0));  // none of this machine's (RFC 5737)
  CHECK_FALSE(listen_on("no such host", 0));
  CHECK(port_of(descriptor{}) == -1);
  descriptor named = listen_on("localhost", 0);
  CHECK(named);
}

TEST_CASE("a port is free again as soon as its socket is closed, even with connections open") {
  descriptor first = listen_on("127.0.0.1", 0);
  const int port = port_of(first);
  const descriptor client = connect_to(port);
  std::string peer;
  descriptor served = accept_within(first, peer);
  served = {};
  first = {};
  CHECK(listen_on("127.0.0.1", port));
}

TEST_CASE("a connection knows the address of its client") {
  const descriptor v4 = listen_on("127.0.0.1", 0);
  std::string peer = "none";
  CHECK_FALSE(accept_on(v4, peer));
  const descriptor client = connect_to(port_of(v4));
  const descriptor served = accept_within(v4, peer);
  CHECK(peer == "127.0.0.1");
  CHECK((::fcntl(*served, F_GETFL) & O_NONBLOCK));
  CHECK((::fcntl(*served, F_GETFD) & FD_CLOEXEC));
  int yes = 0;
  socklen_t size = sizeof yes;
  CHECK(::getsockopt(*served, IPPROTO_TCP, TCP_NODELAY, &yes, &size) == 0);
  CHECK(yes != 0);
}

TEST_CASE("one socket takes both kinds of address, and writes the old ones in the old way") {
  const descriptor both = listen_on("::", 0);
  if (!both) {
    MESSAGE("skipped: this machine has no IPv6");
    return;
  }
  std::string peer;
  const descriptor v4 = connect_to(port_of(both));
  REQUIRE(accept_within(both, peer));
  CHECK(peer == "127.0.0.1");
  const descriptor v6 = connect_to(port_of(both), true);
  if (!v6) {
    MESSAGE("skipped: this machine has no ::1");
    return;
  }
  REQUIRE(accept_within(both, peer));
  CHECK(peer == "::1");
}

TEST_CASE("after newcomers are refused, connections that came before are accepted, and no other") {
  const descriptor listening = listen_on("127.0.0.1", 0);
  const descriptor early = connect_to(port_of(listening));
  REQUIRE(is_made(early, 10'000));
  REQUIRE(refuse_newcomers(listening));
  const descriptor late = connect_to(port_of(listening));
  REQUIRE(late);
  std::string peer;
  const descriptor served = accept_within(listening, peer);
  REQUIRE(served);
  CHECK_FALSE(accept_on(listening, peer));
  CHECK_FALSE(is_made(late, 0));
  REQUIRE(::send(*early, "a", 1, MSG_NOSIGNAL) == 1);
  pollfd waiting{*served, POLLIN, 0};
  CHECK(::poll(&waiting, 1, 10'000) == 1);
  char byte = 0;
  CHECK(::recv(*served, &byte, 1, 0) == 1);
  CHECK_FALSE(is_made(late, 0));
}

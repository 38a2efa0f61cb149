#pragma once
// load_worker.hpp - one thread of the load generator: an epoll loop over its connections.
//
// Closed loop: each connection asks again as soon as it is answered, which finds the most that a
// server can do. Open loop (`rate`): requests are due at fixed times, whatever became of the ones
// before. A request that is due while all connections wait for answers is sent late, and its
// latency still counts from the time it was due; so a server that stalls cannot hide the requests
// that would have come meanwhile ("coordinated omission").

#include "answer_reader.hpp"
#include "histogram.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace bench {

using std::chrono::nanoseconds;
using steady = std::chrono::steady_clock;

// One kind of request: its bytes, in as many variants as it has targets, and what to expect.
struct asking {
  std::vector<std::string> variants{};
  int status{200};
};

struct plan {
  std::uint16_t port{};
  std::size_t connections{64};  // of all threads
  std::size_t threads{2};
  double rate{};        // requests a second, of all threads; 0: closed loop
  bool is_each_once{};  // each variant is sent once, in order, by whichever thread is next
  bool is_fresh{};      // a new connection for each request, which its latency includes
  std::uint32_t post_percent{};
  asking get{};
  asking post{};
  steady::time_point start{};
  steady::time_point begin{};  // what is due from here to the end is counted
  steady::time_point end{};
  steady::duration patience{std::chrono::seconds{10}};  // after the end, for the last answers
};

// A connected socket to the loopback, or -1.
inline int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

struct tally {
  histogram get{};  // nanoseconds
  histogram post{};
  std::uint64_t answered{};  // with the status that was expected, before `begin` too
  std::uint64_t errors{};    // another status, no answer, no connection
  std::uint64_t reconnects{};

  void add(const tally& other) {
    get.add(other.get);
    post.add(other.post);
    answered += other.answered;
    errors += other.errors;
    reconnects += other.reconnects;
  }
};

class load_worker final {
 public:
  load_worker(const plan& plan, std::size_t number)
      : plan_{plan},
        random_{static_cast<std::minstd_rand::result_type>(number + 1)},
        interval_{plan.rate > 0 ? nanoseconds{static_cast<std::int64_t>(
                                      1e9 * static_cast<double>(plan.threads) / plan.rate)}
                                : nanoseconds{0}},
        due_{plan.start + interval_ * number / plan.threads} {
    const std::size_t share = plan.connections / plan.threads;
    for (std::size_t i = 0; i < share + (number < plan.connections % plan.threads); ++i)
      connections_.push_back(std::make_unique<connection>());
  }
  load_worker(const load_worker&) = delete;
  load_worker& operator=(const load_worker&) = delete;
  ~load_worker() {
    for (auto& one : connections_) disconnect(*one);
    ::close(epoll_);
  }

  tally run() {
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // else every wait is 50 us longer than asked for
    for (auto& one : connections_) idle_.push_back(one.get());
    while (true) {
      const auto now = steady::now();
      send_what_is_due(now);
      if (due_ >= plan_.end && waiting_ == 0) break;
      if (now > plan_.end + plan_.patience) break;
      wait(now);
    }
    tally_.errors += waiting_;
    return tally_;
  }

 private:
  struct connection {
    int fd{-1};
    bool is_post{};
    bool is_used{};  // has answered before: the server may close it at any time
    const std::string* sent{};
    steady::time_point due{};
    answer_reader answer{};
  };

  // In a closed loop everything is due now, as long as there is a connection to send it on.
  void send_what_is_due(steady::time_point now) {
    if (interval_ == nanoseconds{0}) due_ = now;
    // Each connection once: one that fails at once is idle again, and waits its turn.
    for (std::size_t left = idle_.size(); left > 0 && due_ <= now && due_ < plan_.end; --left) {
      connection& free = *idle_.back();
      idle_.pop_back();
      start(free, due_);
      due_ += interval_;
    }
  }

  void start(connection& on, steady::time_point due) {
    on.is_post = random_() % 100 < plan_.post_percent;
    const auto& variants = (on.is_post ? plan_.post : plan_.get).variants;
    on.sent =
        &variants[plan_.is_each_once ? next_++ % variants.size() : random_() % variants.size()];
    on.due = due;
    ++waiting_;
    send(on);
  }

  void send(connection& on) {
    on.answer.reset();
    const bool is_open = on.fd >= 0 || connect(on);
    const auto size = static_cast<ssize_t>(on.sent->size());
    if (is_open && ::send(on.fd, on.sent->data(), on.sent->size(), MSG_NOSIGNAL) == size) return;
    lose(on);
  }

  bool connect(connection& on) {
    on.fd = connect_to(plan_.port);
    on.is_used = false;
    if (on.fd < 0) return false;
    epoll_event events{};
    events.events = EPOLLIN;
    events.data.ptr = &on;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, on.fd, &events);
    return true;
  }

  void disconnect(connection& on) {
    if (on.fd >= 0) ::close(on.fd);
    on.fd = -1;
  }

  // A server may close a connection between two requests; then this one goes out on a new one.
  void lose(connection& on) {
    const bool may_retry = on.fd >= 0 && on.is_used;
    disconnect(on);
    if (!may_retry) return finish(on, false);
    ++tally_.reconnects;
    send(on);
  }

  void wait(steady::time_point now) {
    const bool is_next_known = due_ < plan_.end && !idle_.empty();
    const auto until = is_next_known ? due_ : plan_.end + plan_.patience;
    const auto left = std::max(nanoseconds{0}, nanoseconds{until - now}).count();
    const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
    std::array<epoll_event, 256> ready;
    const int count = ::epoll_pwait2(epoll_, ready.data(), ready.size(), &timeout, nullptr);
    for (int i = 0; i < count; ++i)
      receive(*static_cast<connection*>(ready[static_cast<std::size_t>(i)].data.ptr));
  }

  void receive(connection& on) {
    const ssize_t size = ::recv(on.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (!on.sent) return disconnect(on);  // closed while it was idle
    if (size <= 0) return lose(on);
    if (!on.answer.take({buffer_.data(), static_cast<std::size_t>(size)})) return;
    on.is_used = true;
    const int wanted = (on.is_post ? plan_.post : plan_.get).status;
    const bool is_last = plan_.is_fresh || on.answer.closes();
    if (is_last) disconnect(on);
    finish(on, on.answer.status() == wanted);
  }

  void finish(connection& on, bool is_good) {
    --waiting_;
    on.sent = nullptr;
    idle_.push_back(&on);
    ++(is_good ? tally_.answered : tally_.errors);
    if (!is_good || on.due < plan_.begin) return;
    const auto took = nanoseconds{steady::now() - on.due}.count();
    (on.is_post ? tally_.post : tally_.get).add(static_cast<std::uint64_t>(took));
  }

  const plan& plan_;
  std::minstd_rand random_;
  static inline std::atomic<std::size_t> next_{};  // of all threads
  const nanoseconds interval_;
  steady::time_point due_;
  const int epoll_{::epoll_create1(EPOLL_CLOEXEC)};
  std::vector<std::unique_ptr<connection>> connections_{};
  std::vector<connection*> idle_{};
  std::size_t waiting_{};
  std::array<char, 65536> buffer_{};
  tally tally_{};
};

}  // namespace bench

#pragma once
// http/epoll_server.hpp - an HTTP server on Linux's epoll that no client can hold up.
//
// cpp-httplib gives each connection a thread, so a hundred idle browsers or slow senders stop it.
// Here a few watchers own all connections; cpp-httplib's `engine` meets only requests that the
// framer found whole and well-formed. A connection that waits costs its socket and some bytes. What
// only reads is answered by the watcher itself, everything else by workers, so nothing that can
// block runs where others wait. Every wait ends at a deadline that a byte now and then does not
// move. Where epoll is missing, the same API is mounted on a plain httplib::Server.
//
//   engine answers;
//   answers.serve(routes(service));
//   event_server server;
//   if (!server.bind("127.0.0.1", 8000)) return fail();
//   server.run(answers, service.metrics());  // until another thread calls stop()

#include <comments/http/epoll/event_loop.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/httplib_in_memory.hpp>
#include <comments/metrics.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace comments::http {

class epoll_server final {
 public:
  // `watchers` and `workers_max` are 1 or more.
  explicit epoll_server(event_limits limits = {}) : limits_{limits} {}
  epoll_server(const epoll_server&) = delete;
  epoll_server& operator=(const epoll_server&) = delete;

  // Listens, on `port` or a free one if that is 0; connections wait until `run`. Answers the port,
  // or nothing if the address is in use or not one of this machine.
  std::optional<int> bind(const std::string& host, int port) {
    listening_ = listen_on(host, port);
    if (!listening_) return std::nullopt;
    return port_of(listening_);
  }

  // Serves until `stop`, and then until every request that arrived is answered, or `drain_wait` has
  // passed. Once, after `bind`.
  void run(engine& answers, registry& metrics) {
    detail::front shared{answers, metrics, limits_, told_};
    std::vector<std::unique_ptr<detail::watcher>> watchers;
    for (std::size_t i = 0; i < limits_.watchers; ++i)
      watchers.push_back(std::make_unique<detail::watcher>(shared));
    watchers.front()->accept_from(std::move(listening_), watchers);
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < watchers.size(); ++i)
      others.emplace_back([one = watchers[i].get()] { one->run(); });
    watchers.front()->run();
    for (std::thread& each : others) each.join();
    shared.workers.reset();  // they use the watchers' connections
  }

  // From now on each answer is the last on its connection, so clients go elsewhere. Any thread.
  void drain() { told_.is_draining = true; }

  // Ends `run`, now or as soon as it is called. Whoever got a connection and sends a request in
  // time gets the answer. Any thread.
  void stop() {
    told_.is_draining = true;
    told_.is_stopping = true;
    told_.stop.ring();
  }

 private:
  const event_limits limits_;
  detail::orders told_{};
  descriptor listening_{};
};

}  // namespace comments::http

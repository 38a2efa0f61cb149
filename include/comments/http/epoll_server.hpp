#pragma once
// http/epoll_server.hpp - the HTTP server to use on Linux: no client can hold up the others.
//
// cpp-httplib's own server gives each connection a thread, so a hundred idle browsers or slow
// senders stop it. Here a few threads own all connections, by epoll, and a connection that waits
// costs its socket and some bytes. cpp-httplib meets only requests that arrived whole and
// well-formed. Requests that only read are answered by these threads themselves, all others by
// workers, so nothing that can block runs where others wait. Each wait has a deadline that a byte
// now and then does not move. Where there is no epoll, mount the API on a plain httplib::Server
// (http/httplib.hpp). The parts of this server stand in http/epoll/ and are private.
//
//   memory_store store;
//   service comments{store};
//   httplib_in_memory api;
//   api.mount(routes(comments));
//   epoll_server server;
//   if (!server.bind("127.0.0.1", 8000)) return 1;
//   server.run(api, comments.metrics());  // until another thread calls stop()

#include <comments/config.hpp>
#include <comments/http/epoll/limits.hpp>
#include <comments/result.hpp>

#include <memory>
#include <optional>
#include <string>

namespace comments::inline v0 {

class registry;

namespace http {

class httplib_in_memory;

class epoll_server final {
 public:
  explicit epoll_server(epoll_limits limits = {});
  epoll_server(const epoll_server&) = delete;
  epoll_server& operator=(const epoll_server&) = delete;
  ~epoll_server();

  // Listens on `host` (a name or an address; "::" stands for all addresses of this machine) and
  // `port`, or a free port if that is 0. Connections wait until `run`. Returns the port, or nothing
  // if the address is in use or not one of this machine.
  std::optional<int> bind(const std::string& host, int port);

  // Listens at a path instead, with these rights, as http/epoll/listening.hpp says.
  result<done> bind_path(const std::string& path, unsigned int rights);

  // Takes over a socket that listens already, for as long as it serves. Returns its port, or 0 if
  // it has none; `unavailable` if `number` is not one.
  result<int> adopt(int number);

  // Serves until `stop`, and then until every request that arrived has its response, or
  // `drain_wait` has passed. Then closes what is left, and returns once the workers have finished
  // what they have begun; what still waits for one is not done. Call it once, after `bind`. The
  // calling thread is one of the event loops. Both arguments must outlive the call. If the system
  // has no thread for an event loop, or no memory for a connection, the program ends; if it has no
  // thread for a worker, requests get 503.
  void run(httplib_in_memory& api, registry& metrics);

  // From now on each response is the last on its connection, so that clients go elsewhere. New
  // connections are still served. Any thread.
  void drain();

  // Ends `run`, now or as soon as it is called. Clients that are connected, or were connecting, and
  // send a request in time get the response. Any thread.
  void stop();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace http

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll_server.ipp>
#endif

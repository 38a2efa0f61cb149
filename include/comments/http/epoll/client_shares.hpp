#pragma once
// http/epoll/client_shares.hpp - what each client has of a server: connections and memory.
//
// One client can open as many connections as there may be, and let none be read; so each has a
// share. A client is an IPv4 address or an IPv6 /64, and the /48 around it, of which one customer
// may have all, has a share as well. Trusted proxies bring the connections of others and have no
// limit.
//
//   epoll::client_shares shares{{.client_connections_max = 2}};
//   epoll::client_share* const first = shares.admit("192.0.2.1");
//   shares.admit("192.0.2.1");
//   assert(!shares.admit("192.0.2.1"));  // it has two already
//   shares.leave(*first);

#include <comments/config.hpp>
#include <comments/http/epoll/limits.hpp>
#include <comments/mutex.hpp>

#include <atomic>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace comments::inline v0::http::epoll {

// What one client has. It lives as long as one of its connections.
struct client_share {
  std::string_view name{};           // its address, or the first address of its network
  client_share* network{};           // that it is in; null for IPv4 and for a network
  std::size_t connections{};         // the table's, under its lock
  std::atomic<std::size_t> bytes{};  // that are held for it; any thread
};

class client_shares final {
 public:
  // `limits` must outlive the table.
  explicit client_shares(const epoll_limits& limits) : limits_{limits} {}
  client_shares(const client_shares&) = delete;
  client_shares& operator=(const client_shares&) = delete;

  // Returns the share of a new connection from `peer`, which it then counts; null if the client or
  // its network has as many as it may have. Any thread. Throws std::bad_alloc, and then has counted
  // nothing.
  client_share* admit(std::string_view peer) COMMENTS_EXCLUDES(mutex_);
  // The same whatever it has, for a connection that only gets a refusal.
  client_share* admit_anyway(std::string_view peer) COMMENTS_EXCLUDES(mutex_);
  // One of the share's connections is closed. Any thread.
  void leave(client_share& of) COMMENTS_EXCLUDES(mutex_);

 private:
  using table = std::map<std::string, client_share, std::less<>>;

  client_share* find_or_add(const std::string& name) COMMENTS_REQUIRES(mutex_);
  client_share* count(std::string_view peer, bool is_limited) COMMENTS_EXCLUDES(mutex_);
  void drop(client_share& of) COMMENTS_REQUIRES(mutex_);

  const epoll_limits& limits_;
  mutex mutex_{};
  table all_ COMMENTS_GUARDED_BY(mutex_){};
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/client_shares.ipp>
#endif

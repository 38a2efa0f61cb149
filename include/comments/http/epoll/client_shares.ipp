#pragma once
// http/epoll/client_shares.ipp - definitions of http/epoll/client_shares.hpp.

#include <comments/http/epoll/client_shares.hpp>

#include <algorithm>

namespace comments::inline v0::http::epoll {

COMMENTS_INLINE client_share* client_shares::admit(std::string_view peer) {
  return count(peer, true);
}

COMMENTS_INLINE client_share* client_shares::admit_anyway(std::string_view peer) {
  return count(peer, false);
}

COMMENTS_INLINE client_share* client_shares::count(std::string_view peer, bool is_limited) {
  const auto from = parse_address(peer);
  const std::string name = client_key("", peer, {});
  const std::string network = network_key(name);
  const bool is_proxy = from && std::ranges::any_of(limits_.trusted_proxies, [&](const auto& one) {
                          return contains(one, *from);
                        });
  const mutex_lock lock{mutex_};
  client_share& own = *find_or_add(name);
  try {
    if (!network.empty() && !own.network) own.network = find_or_add(network);
  } catch (...) {
    drop(own);
    throw;
  }
  const bool is_full = own.connections >= limits_.client_connections_max ||
                       (own.network && own.network->connections >= limits_.network_connections_max);
  if (is_limited && !is_proxy && is_full) {
    drop(own);
    return nullptr;
  }
  ++own.connections;
  if (own.network) ++own.network->connections;
  return &own;
}

COMMENTS_INLINE void client_shares::leave(client_share& of) {
  const mutex_lock lock{mutex_};
  --of.connections;
  if (of.network) --of.network->connections;
  drop(of);
}

COMMENTS_INLINE client_share* client_shares::find_or_add(const std::string& name) {
  const auto [known, is_new] = all_.try_emplace(name);
  if (is_new) known->second.name = known->first;
  return &known->second;
}

// Forgets the share, and that of its network, if they have no connection.
COMMENTS_INLINE void client_shares::drop(client_share& of) {
  client_share* const network = of.network;
  if (of.connections == 0) all_.erase(all_.find(of.name));
  if (network && network->connections == 0) all_.erase(all_.find(network->name));
}

}  // namespace comments::inline v0::http::epoll

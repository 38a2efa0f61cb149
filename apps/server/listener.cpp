#include "listener.hpp"

// COMMENTS_WITHOUT_EPOLL has the second half compiled on Linux, where it is tested.
#if defined(__linux__) && !defined(COMMENTS_WITHOUT_EPOLL)
#define COMMENTS_WITH_EPOLL
#endif

#ifdef COMMENTS_WITH_EPOLL
#include <comments/http/epoll_server.hpp>
#include <comments/http/httplib_in_memory.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <thread>
#else
#include <comments/http/httplib.hpp>

#include <httplib.h>

#include <atomic>
#include <thread>
#endif

#include <string>
#include <utility>

namespace server {

using namespace comments;

namespace {

error in_use(const std::string& what, const std::string& why) {
  return {errc::unavailable, what + ": " + why};
}

result<std::string> no_address(const options& chosen) {
  return in_use("--listen " + to_address(chosen.host, chosen.port),
                "the address is in use, or not one of this machine");
}

}  // namespace

#ifdef COMMENTS_WITH_EPOLL

namespace {

// Each connection is a descriptor. A process may have few at first, for the sake of programs that
// call select(), and may ask for more. Returns how many it has then.
std::size_t ask_for_descriptors(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, std::min<rlim_t>(wanted, limit.rlim_max));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit beyond{wanted, wanted};  // which only a privileged process may have
  return ::setrlimit(RLIMIT_NOFILE, &beyond) == 0 ? wanted : limit.rlim_cur;
}

http::epoll_limits to_limits(const options& chosen) {
  // For the store, the log, connections that are refused, and each thread's random numbers.
  constexpr std::size_t refused_max = 64;
  http::epoll_limits limits;
  limits.reads_wait = is_postgres(chosen.store);
  limits.event_loops = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
  const std::size_t readers = limits.reads_wait ? chosen.threads : limits.readers_max;
  const std::size_t others = refused_max + chosen.threads + readers + limits.event_loops + 64;
  const std::size_t descriptors = ask_for_descriptors(chosen.connections_max + others);
  limits.held_bytes_max = chosen.memory_bytes - chosen.cache_bytes;
  limits.client_held_bytes_max = limits.held_bytes_max / 2;
  // What a connection takes that holds nothing is not in that sum; all may take a quarter of it.
  constexpr std::size_t connection_bytes = 2'048;
  limits.connections_max =
      std::min({chosen.connections_max, std::max(descriptors, others + 1) - others,
                limits.held_bytes_max / 4 / connection_bytes});
  limits.client_connections_max = chosen.client_connections_max > 0
                                      ? chosen.client_connections_max
                                      : (limits.connections_max + 1) / 2;
  limits.network_connections_max = limits.client_connections_max / 2 * 3;
  limits.refused_max = refused_max;
  limits.workers_max = chosen.threads;
  limits.trusted_proxies = chosen.rates.trusted_proxies;
  return limits;
}

}  // namespace

struct listener::parts {
  explicit parts(const options& given) : chosen{given}, limits{to_limits(given)}, server{limits} {}

  options chosen;
  http::epoll_limits limits;
  http::epoll_server server;
};

result<std::string> listener::bind(std::optional<int> passed) {
  const options& chosen = parts_->chosen;
  if (passed) {
    const auto port = parts_->server.adopt(*passed);
    if (!port) return in_use("LISTEN_FDS", port.error().message);
    return *port > 0 ? "passed:" + std::to_string(*port) : "passed";
  }
  if (!chosen.path.empty()) {
    const auto made = parts_->server.bind_path(chosen.path, chosen.socket_mode);
    if (!made) return in_use("--listen unix:" + chosen.path, made.error().message);
    return "unix:" + chosen.path;
  }
  const auto port = parts_->server.bind(chosen.host, chosen.port);
  return port ? result{to_address(chosen.host, *port)} : no_address(chosen);
}

std::size_t listener::connections_max() const { return parts_->limits.connections_max; }

bool listener::run(http::handler api, registry& metrics) {
  http::httplib_in_memory in_memory;
  in_memory.mount(std::move(api));
  parts_->server.run(in_memory, metrics);
  return true;
}

void listener::drain() { parts_->server.drain(); }
void listener::stop() { parts_->server.stop(); }

#else

struct listener::parts {
  explicit parts(const options& given) : chosen{given} {
    http::configure(server, {.threads = chosen.threads});
  }

  options chosen;
  httplib::Server server{};
  std::atomic<bool> is_stopping{};
  std::atomic<bool> is_over{};
};

result<std::string> listener::bind(std::optional<int> passed) {
  const options& chosen = parts_->chosen;
  if (passed || !chosen.path.empty())
    return in_use("--listen", "only a HOST:PORT can be served on this system");
  if (chosen.port != 0)
    return parts_->server.bind_to_port(chosen.host, chosen.port)
               ? result{to_address(chosen.host, chosen.port)}
               : no_address(chosen);
  const int free = parts_->server.bind_to_any_port(chosen.host);
  return free < 0 ? no_address(chosen) : result{to_address(chosen.host, free)};
}

std::size_t listener::connections_max() const { return parts_->chosen.threads; }

bool listener::run(http::handler api, registry&) {
  http::mount(parts_->server, api);
  http::mount_refusals(parts_->server, api);
  const bool is_served = parts_->is_stopping || parts_->server.listen_after_bind();
  parts_->is_over = true;
  return is_served;
}

void listener::drain() {}
void listener::stop() {
  parts_->is_stopping = true;
  // cpp-httplib ignores a stop before it runs.
  while (!parts_->server.is_running() && !parts_->is_over) std::this_thread::yield();
  parts_->server.stop();
}

#endif

listener::listener(const options& chosen) : parts_{std::make_unique<parts>(chosen)} {}
listener::~listener() = default;

}  // namespace server

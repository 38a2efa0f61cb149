#pragma once
// http/epoll_server.ipp - definitions of http/epoll_server.hpp.

#include <comments/http/epoll_server.hpp>

#include <comments/http/epoll/event_loop.hpp>
#include <comments/http/epoll/listening.hpp>
#include <comments/http/epoll/loop_context.hpp>
#include <comments/http/epoll/sockets.hpp>

#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

struct epoll_server::parts {
  const epoll_limits limits{};
  epoll::shutdown_flags flags{};
  epoll::listening listening{};
};

COMMENTS_INLINE epoll_server::epoll_server(epoll_limits limits)
    : parts_{new parts{.limits = limits}} {}

COMMENTS_INLINE epoll_server::~epoll_server() = default;

COMMENTS_INLINE std::optional<int> epoll_server::bind(const std::string& host, int port) {
  parts_->listening = epoll::listening{epoll::listen_on(host, port)};
  if (!parts_->listening) return std::nullopt;
  return epoll::port_of(parts_->listening.socket());
}

COMMENTS_INLINE result<done> epoll_server::bind_path(const std::string& path, unsigned int rights) {
  auto made = epoll::listen_at_path(path, rights);
  if (!made) return std::move(made).error();
  parts_->listening = std::move(*made);
  return ok();
}

COMMENTS_INLINE result<int> epoll_server::adopt(int number) {
  auto taken = epoll::adopt_listening(number);
  if (!taken) return std::move(taken).error();
  parts_->listening = std::move(*taken);
  return epoll::port_of(parts_->listening.socket());
}

COMMENTS_INLINE void epoll_server::run(httplib_in_memory& api, registry& metrics) {
  epoll::loop_context context{api, metrics, parts_->limits, parts_->flags};
  std::vector<std::unique_ptr<epoll::event_loop>> loops;
  for (std::size_t i = 0; i < parts_->limits.event_loops; ++i)
    loops.push_back(std::make_unique<epoll::event_loop>(context));
  loops.front()->accept_from(std::move(parts_->listening), loops);
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < loops.size(); ++i)
    threads.emplace_back([loop = loops[i].get()] { loop->run(); });
  loops.front()->run();
  for (std::thread& thread : threads) thread.join();
  context.workers->drop_waiting();  // nobody would hear of it
  for (const auto& loop : loops) loop->close_unlent();
  context.workers.reset();  // before the loops end, because workers use their connections
}

COMMENTS_INLINE void epoll_server::drain() { parts_->flags.is_draining = true; }

COMMENTS_INLINE void epoll_server::stop() {
  parts_->flags.is_draining = true;
  parts_->flags.is_stopping = true;
  parts_->flags.stop.notify();
}

}  // namespace comments::inline v0::http

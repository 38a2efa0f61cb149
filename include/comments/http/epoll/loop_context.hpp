#pragma once
// http/epoll/loop_context.hpp - what the event loops of one server share.
//
//   registry metrics;
//   httplib_in_memory api;
//   const epoll_limits limits;
//   epoll::shutdown_flags flags;
//   epoll::loop_context context{api, metrics, limits, flags};
//   epoll::event_loop loop{context};

#include <comments/http/epoll/client_shares.hpp>
#include <comments/http/epoll/held_memory.hpp>
#include <comments/http/epoll/limits.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/epoll/worker_pool.hpp>
#include <comments/metrics.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

namespace comments::inline v0::http {

class httplib_in_memory;

namespace epoll {

// What other threads want of the server. Both flags only ever become true.
struct shutdown_flags {
  std::atomic<bool> is_draining{};  // each response is the last on its connection
  std::atomic<bool> is_stopping{};  // and no connection is new any more
  wakeup stop{};                    // notified once `is_stopping` is set
};

// Who answers what a loop does not.
struct worker_groups {
  explicit worker_groups(const epoll_limits& all) : limits{all} {}

  void drop_waiting() {
    for (worker_pool* each : {&readers, &writers, &probes}) each->drop_waiting();
  }

  const epoll_limits& limits;
  const worker_limits waiting{limits.workers_max, limits.jobs_max, limits.client_jobs_max};
  // Those that only use the processors are few. A connection has one job at most.
  const worker_limits computing{limits.readers_max, limits.connections_max, limits.connections_max,
                                limits.readers_nice};
  worker_pool readers{limits.reads_wait ? waiting : computing};
  worker_pool writers{waiting};
  worker_pool probes{{.threads_max = 1}};  // of /metrics: it waits for no store, whatever it does
};

// Every member may be used from any thread, but `workers` is reset only when no loop runs. What the
// constructor is given must outlive it.
struct loop_context {
  loop_context(httplib_in_memory& answers, registry& series, const epoll_limits& all,
               shutdown_flags& shared)
      : api{answers},
        limits{all},
        flags{shared},
        metrics{series},
        open{metrics.gauge_of("comments_http_connections", "Connections that are open.")},
        refused_total{metrics.counter_of("comments_http_connections_refused_total",
                                         "Connections over the limit.")},
        late_total{metrics.counter_of("comments_http_timeouts_total",
                                      "Connections closed because their client was too slow.")} {}

  httplib_in_memory& api;
  const epoll_limits& limits;
  shutdown_flags& flags;
  client_shares shares{limits};
  registry& metrics;
  held_memory memory{limits, metrics};
  gauge& open;
  counter& refused_total;
  counter& late_total;
  std::atomic<std::size_t> connections{};  // that are open, without those refused
  std::atomic<std::size_t> refused{};      // that are open only to get 503
  std::atomic<bool> is_closed{};  // the listening socket is closed: no client can come any more
  std::optional<worker_groups> workers{std::in_place, limits};
};

}  // namespace epoll

}  // namespace comments::inline v0::http

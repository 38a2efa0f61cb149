#pragma once
// http/epoll/loop_context.hpp - what the watchers of one server share, and how other threads reach one of them.
//
//   detail::front shared{answers, metrics, limits, told};
//   box->leave([&](detail::inbox& to) { to.woken.push_back(handle); });

#include <comments/http/epoll/connection.hpp>
#include <comments/http/epoll/framing.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/epoll/worker_pool.hpp>
#include <comments/http/httplib_in_memory.hpp>
#include <comments/metrics.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace comments::http {

struct event_limits {
  frame_limits frames{};
  std::size_t connections_max{20'000};  // one more is told 503 and closed
  std::size_t refused_max{1'000};       // of those; one more is closed without a word
  std::size_t watchers{2};              // threads that own connections and answer what only reads
  std::size_t workers_max{64};          // threads that answer the rest
  std::size_t jobs_max{4'096};          // requests that wait for a worker; one more is told 503
  std::size_t turn_max{16};             // answers to one client before it is others' turn
  std::size_t progress_bytes{65'536};   // a client takes so much in `reader_wait`, or all there is
  std::size_t unsent_bytes_max{268'435'456};  // written for clients that do not take it, in all
  std::size_t discard_bytes_max{1'048'576};   // read from a client after its last answer
  std::chrono::milliseconds request_wait{60'000};   // for the first byte of the next request
  std::chrono::milliseconds head_wait{5'000};       // from there to the end of its head
  std::chrono::milliseconds body_wait{10'000};      // from there to the end of its body
  std::chrono::milliseconds reader_wait{10'000};    // see `progress_bytes`
  std::chrono::milliseconds event_wait{heartbeat};  // for a stream to have more, then it is asked
  std::chrono::milliseconds end_wait{2'000};        // for the client to close after its last answer
  std::chrono::milliseconds idle_drain_wait{1'000};  // instead of `request_wait`, from a stop on
  std::chrono::milliseconds drain_wait{10'000};      // for everything, when stopping
  std::chrono::milliseconds arrival_wait{100};       // for connections that began before the stop
  bool reads_wait{};  // what only reads may wait too, so workers answer it; but not probes
};

namespace detail {

// What other threads have told the server.
struct orders {
  std::atomic<bool> is_draining{};  // every answer is the last on its connection
  std::atomic<bool> is_stopping{};  // and nobody new comes
  bell stop{};
};

// What all watchers share.
struct front {
  front(engine& engine, registry& metrics, const event_limits& all, orders& given)
      : answers{engine},
        limits{all},
        told{given},
        open{metrics.gauge_of("comments_http_connections", "Connections that are open.")},
        refused{metrics.counter_of("comments_http_connections_refused_total",
                                   "Connections over the limit.")},
        late{metrics.counter_of("comments_http_timeouts_total",
                                "Connections closed because their client was too slow.")} {}

  engine& answers;
  const event_limits& limits;
  orders& told;
  gauge& open;
  counter& refused;
  counter& late;
  std::atomic<std::size_t> connections{};  // without those turned away
  std::atomic<std::size_t> turned_away{};  // that are told so now
  std::atomic<std::size_t> unsent{};       // bytes that connections hold
  std::atomic<bool> is_closed{};           // nobody new can come any more, even who was on the way
  std::optional<worker_pool> workers{std::in_place, limits.workers_max, limits.jobs_max};
};

// Where other threads leave what a watcher has to know. Outlives it, because streams hold it.
struct inbox {
  using finished = std::pair<std::shared_ptr<connection*>, wire_answer>;
  using pulled = std::pair<std::shared_ptr<connection*>, chunk>;

  template <typename Leave>
  void leave(Leave&& what) {
    {
      const std::lock_guard lock{mutex};
      what(*this);
      if (std::exchange(is_rung, true)) return;
    }
    alarm.ring();
  }

  std::mutex mutex{};
  std::list<connection> newcomers{};
  std::vector<finished> answers{};
  std::vector<pulled> pieces{};
  std::vector<std::shared_ptr<connection*>> woken{};
  bool is_rung{};
  bell alarm{};
};

}  // namespace detail

}  // namespace comments::http

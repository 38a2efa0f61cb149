#pragma once
// http/epoll/limits.hpp - every limit of epoll_server, with its default.
//
// A value that equals its limit is accepted. A wait that reaches its limit ends.
//
//   const epoll_limits limits{.connections_max = 1'000, .workers_max = 8};

#include <comments/http/client_address.hpp>
#include <comments/http/message.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

namespace comments::inline v0::http {

// What a request may have. Over `body_bytes_max` or `chunked_bytes_max` the response is 413, over
// `target_bytes_max` 414, over the other limits 431 or 400.
struct frame_limits {
  std::size_t head_bytes_max{32'768};  // request line and headers, with the empty line behind them
  // cpp-httplib reads lines of 8,192 bytes, so these two stay below that.
  std::size_t target_bytes_max{8'000};
  std::size_t header_bytes_max{8'000};  // a name, its colon and its value
  std::size_t headers_max{100};
  std::size_t body_bytes_max{65'536};
  std::size_t chunked_bytes_max{524'288};  // a chunked body with its size lines
  std::size_t chunk_line_bytes_max{256};   // the size of a chunk, and extensions behind it
};

struct epoll_limits {
  frame_limits frames{};

  // Connections. One over `connections_max` gets 503 and is closed. Of such connections
  // `refused_max` may be open; one more is closed at once, without a response.
  std::size_t connections_max{20'000};
  std::size_t refused_max{1'000};
  // Of one client's connections at once, and of those of an IPv6 /48, which one customer may have.
  // One more gets 503. Trusted proxies, which bring the connections of others, have no such limit.
  std::size_t client_connections_max{10'000};
  std::size_t network_connections_max{15'000};

  // Threads. Each event loop is one, and so is each worker; workers start when there is work. Those
  // that read may be few, because they seldom wait; those that write wait for the disk.
  std::size_t event_loops{2};   // 1 or more
  std::size_t readers_max{4};   // workers that read, make and pack responses; 1 or more
  std::size_t workers_max{64};  // workers for everything else; 1 or more
  std::size_t jobs_max{4'096};  // requests that wait for the disk or a database; one more gets 503
  std::size_t client_jobs_max{2'048};         // of these, one client's; one more gets 503
  std::chrono::microseconds turn_max{1'000};  // for one client before others get their turn
  int readers_nice{5};  // by how much loops go before workers that read (setpriority(2))

  // Whose X-Forwarded-For tells clients apart (http/client_address.hpp).
  std::vector<network> trusted_proxies{};

  // Memory and traffic. Over the first two, connections are closed: those of the clients that hold
  // most, and that move nothing (http/epoll/held_memory.hpp). Requests that wait for workers may
  // have half of it; one more gets 503.
  std::size_t held_bytes_max{268'435'456};         // for all clients: requests and responses
  std::size_t client_held_bytes_max{134'217'728};  // of these, for one
  std::size_t progress_bytes{65'536};        // a client must read so much in each `reader_wait`
  std::size_t discard_bytes_max{1'048'576};  // read and ignored behind the last response

  // How long a connection waits for its client.
  std::chrono::milliseconds request_wait{60'000};    // for the first byte of the next request
  std::chrono::milliseconds head_wait{5'000};        // from there to the end of the head
  std::chrono::milliseconds body_wait{10'000};       // from there to the end of the body
  std::chrono::milliseconds reader_wait{10'000};     // for `progress_bytes` to be read
  std::chrono::milliseconds stream_wait{heartbeat};  // then a stream that waits is asked again
  std::chrono::milliseconds close_wait{2'000};  // for the client to close, after its last response

  // How long a stop takes.
  std::chrono::milliseconds idle_drain_wait{1'000};  // replaces `request_wait`, if that is longer
  std::chrono::milliseconds drain_wait{4'000};       // for everything
  std::chrono::milliseconds arrival_wait{100};       // for connections that began before the stop

  // Whether reading waits, as for a database elsewhere. Then workers answer all requests but
  // probes, and `workers_max` of them read.
  bool reads_wait{};
};

}  // namespace comments::inline v0::http

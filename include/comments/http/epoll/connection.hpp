#pragma once
// http/epoll/connection.hpp - one client's connection: bytes in, requests; responses, bytes out.
//
// A connection never blocks. Each call does what is possible now and says what is missing. The
// event loop that owns the connection keeps it among those that wait for the same thing, and calls
// again when that has happened or took too long.
//
// Threads: all calls come from the loop's thread, with two exceptions. While the loop has lent the
// connection to a worker (`is_lent`), the worker alone calls `request` and `next_chunk`, and the
// loop calls only what does not touch the members that these use: `notice` and `go_on`. So each
// member is used by one thread at a time without a lock. Which these are stands beside the members;
// assertions hold the loop to it.

#include <comments/config.hpp>
#include <comments/http/epoll/framing.hpp>
#include <comments/http/epoll/limits.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/message.hpp>
#include <comments/http/wire.hpp>

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace comments::inline v0::http::epoll {

// What a connection waits for.
enum class wait {
  turn,     // other connections, because it had its share
  request,  // the first byte of a request
  head,     // the rest of a request's head
  body,     // the rest of a request's body
  worker,   // a worker, to which it is lent
  reader,   // the client, to read what was written
  stream,   // a stream, to have more
  close,    // the client, to close
  count_    // how many of these there are
};
inline constexpr std::size_t waits = static_cast<std::size_t>(wait::count_);

// One reading of the socket goes here first. One buffer serves all connections of a loop.
using receive_buffer = std::array<char, 65'536>;

// How much a connection holds for its client.
struct held_bytes {
  std::size_t received{};  // of requests
  std::size_t unsent{};    // of responses
  std::size_t followed{};  // by a stream, roughly

  std::size_t total() const { return received + unsent + followed; }
  friend bool operator==(const held_bytes&, const held_bytes&) = default;
};

struct client_share;
class mailbox;
struct slot;

// A connection as those see it who must not touch it (held_memory.hpp, mailbox.hpp).
struct holder {
  // Set once by its loop.
  std::shared_ptr<slot> handle{};
  mailbox* box{};
  client_share* share{};

  // Those of `held_memory`, under its lock.
  held_bytes bytes{};
  std::chrono::steady_clock::time_point moved_at{};  // when it last came to hold less
  std::size_t place{};                               // among those that can give way
  bool is_listed{};                                  // it is among these
  bool is_lent{};
};

class connection final {
 public:
  enum class step {
    done,     // it happened
    blocked,  // not yet: the client, or the stream, must do something first
    broken,   // it will not happen any more
  };

  // `limits` must outlive the connection. `peer` is the client's address.
  connection(descriptor socket, std::string peer, const frame_limits& limits);

  int socket() const { return *socket_; }

  // Takes note of what the poller reported.
  void notice(std::uint32_t events);
  // Whether the client has closed its side or the connection is broken. Once true, it stays so.
  bool is_ending() const { return is_ending_; }

  // --- reading ---

  // Reads once from the socket. `blocked`: nothing has come. `broken`: nothing more will come.
  step receive(receive_buffer& buffer);
  // Reads on in the next request, as far as it has come.
  framer::state read();
  // Whether there are bytes that belong to no answered request.
  bool has_bytes() const { return taken_ < in_.size(); }
  const framer& frame() const { return frame_; }
  std::string_view method() const { return frame_.method(bytes()); }
  std::string_view target() const { return frame_.target(bytes()); }
  // Queues "100 Continue", once for each request, if the client waits for that before it sends the
  // body. HTTP/1.0 has no such thing (RFC 9110, section 10.1.1).
  void invite_body();

  // Returns the request that `read` found complete. Its views hold until `take_response`. A worker
  // may call this while the connection is lent.
  wire_request request() const;
  // Returns a request that stands for the one that is refused for `why`. Nothing behind it is read.
  wire_request refused_request(const request_error& why) const;

  // --- writing ---

  // Queues the response and discards the request. The response is sent once `flush` is done and
  // there is no `has_stream`.
  void take_response(wire_response made);
  // Whether the connection ends behind the response that was taken last.
  bool is_last() const { return is_last_; }
  // Sends what is queued. `blocked`: the client takes no more now. `broken`: it is gone.
  step flush();
  // Returns how many bytes are queued and not sent.
  std::size_t unsent() const { return out_.size() + body().size() - sent_; }
  // Returns how many bytes the client took since the last call. Bytes that wait in the kernel,
  // which may be megabytes, do not count.
  std::size_t take_progress();
  // Returns what it holds. Not while it is lent.
  held_bytes holds() const;

  // --- the stream of a response ---

  bool has_stream() const { return static_cast<bool>(stream_); }
  // Whether the stream had nothing more when it was asked last. `go_on` ends that.
  bool is_waiting() const { return is_waiting_; }
  void go_on() { is_waiting_ = false; }
  // Asks the stream for its next chunk. That may block, and must not throw (`with_guard` sees to
  // it). A worker may call this while the connection is lent.
  chunk next_chunk(const std::function<void()>& wake) const {
    return http::next_chunk(stream_, wake);
  }
  // Queues the chunk. `blocked`: it is empty, and the stream waits. `broken`: the rest cannot be
  // had.
  step take_chunk(const chunk& next);

  // --- the end ---

  // Tells the client that nothing more will be sent, and leaves the connection open for reading.
  // Closing with bytes unread would reset it, and the client might lose the last response.
  void shut_down_writing();
  // Reads and ignores what still comes. `blocked`: the client has not closed yet. `broken`: it has,
  // or more than `bytes_max` bytes came, in all calls together.
  step discard(receive_buffer& buffer, std::size_t bytes_max);
  // Makes closing discard what the client did not take (see epoll::reset_on_close).
  void reset_on_close();

  // --- what the event loop notes; its thread only ---

  std::list<connection>::iterator self{};  // in the list of those that wait for `where`
  wait where{wait::request};
  std::chrono::steady_clock::time_point since{};  // when it began to wait for `where`
  std::string name{};                             // of the client, for workers to be fair
  holder held{};                                  // streams and workers keep its handle
  held_bytes noted{};                             // what `held_memory` was told last
  bool is_noted_lent{};                           // and whether it was lent then
  bool is_refused{};                              // over the limit: gets 503 and is closed
  bool was_woken{};  // its stream was, since a worker was asked for the next chunk

  // Whether a worker has the connection.
  bool is_lent() const { return where == wait::worker; }

 private:
  std::string_view bytes() const { return std::string_view{in_}.substr(taken_); }
  std::string_view body() const { return shared_body_ ? *shared_body_ : body_; }
  ssize_t send_some();

  // Lent: while `is_lent`, only the worker uses these, and the loop does not.
  const frame_limits* limits_;
  std::string peer_;
  framer frame_;
  std::string in_{};
  std::size_t taken_{};  // bytes of `in_` that belong to answered requests
  stream stream_{};

  // The loop's thread only, also while the connection is lent. No worker uses these.
  descriptor socket_;
  std::string out_{};
  std::string body_{};                                // is sent behind `out_`
  std::shared_ptr<const std::string> shared_body_{};  // in its place, if there is one
  std::size_t sent_{};                                // bytes of these two
  std::size_t written_{};                             // bytes sent in all
  std::size_t taken_by_client_{};  // bytes of `written_` that `take_progress` has counted
  std::size_t discarded_{};
  bool is_waiting_{};
  bool is_chunked_{};
  bool is_last_{};
  bool is_invited_{};
  bool can_read_{true};
  bool is_ending_{};
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/connection.ipp>
#endif

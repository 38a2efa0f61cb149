#pragma once
// http/epoll/connection.hpp - one client's connection: bytes in, requests; answers, bytes out.
//
// It never waits: each call does what can be done now and says what is missing. The watcher that
// owns it puts it among those that wait for the same thing, and calls again when that happened or
// took too long.

#include <comments/http/epoll/framing.hpp>
#include <comments/http/epoll/sockets.hpp>
#include <comments/http/httplib_in_memory.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

// What a connection can wait for.
enum class wait {
  turn,     // others, after it had its share
  request,  // the first byte of a request
  head,     // the rest of a request's head
  body,     // the rest of its body
  worker,   // somebody to answer
  reader,   // the client, to take what was written
  event,    // a stream, to have more
  end,      // the client, to close
};
inline constexpr std::size_t waits = 8;

class connection final {
 public:
  connection(descriptor socket, std::string peer, const frame_limits& limits)
      : limits_{&limits}, socket_{std::move(socket)}, peer_{std::move(peer)}, frame_{limits} {}

  enum class step { done, blocked, broken };

  int socket() const { return *socket_; }

  // What the poller saw. The end of what a client sends is seen once and stays.
  void notice(std::uint32_t events) {
    if (events & ~std::uint32_t{EPOLLOUT}) can_read_ = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) is_ending_ = true;
  }
  bool is_ending() const { return is_ending_; }

  // Sends what is written and not sent: all of it, as much as the client takes now, or it is gone.
  step flush() {
    while (sent_ < out_.size() + body_.size()) {
      const ssize_t count = send_some();
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? step::blocked : step::broken;
      sent_ += static_cast<std::size_t>(count);
      written_ += static_cast<std::size_t>(count);
    }
    sent_ = 0;
    keep_small(out_);
    keep_small(body_);
    return step::done;
  }
  // How many bytes are written and not sent.
  std::size_t unsent() const { return out_.size() + body_.size() - sent_; }
  // How many bytes the client took since it was asked last. What waits in the kernel, which may be
  // megabytes, is not taken.
  std::size_t take_progress() {
    const std::size_t taken = written_ - unsent_bytes(*socket_);
    return taken - std::exchange(taken_by_client_, taken);
  }
  // Closing will forget what the client did not take, instead of keeping it for a client that may
  // never take it.
  void abandon() { forget_unsent(*socket_); }

  // Reads what has come. `blocked`: nothing. `broken`: nothing will.
  step receive(std::array<char, 65'536>& buffer) {
    while (can_read_) {
      const ssize_t count = ::recv(*socket_, buffer.data(), buffer.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) return step::broken;
      const bool is_all = count < static_cast<ssize_t>(buffer.size());
      if (is_all && !is_ending_) can_read_ = false;  // the poller says when there is more
      if (count < 0) {
        can_read_ = false;
        return errno == EAGAIN || errno == EWOULDBLOCK ? step::blocked : step::broken;
      }
      in_.erase(0, std::exchange(taken_, 0));
      in_.append(buffer.data(), static_cast<std::size_t>(count));
      return step::done;
    }
    return step::blocked;
  }

  // The next request, as far as it has come.
  framer::verdict read() {
    // Empty lines in front of a request are let pass (RFC 9112, section 2.2).
    while (!frame_.has_head() && bytes().starts_with("\r\n")) taken_ += 2;
    return frame_.read(bytes());
  }
  bool has_bytes() const { return taken_ < in_.size(); }
  const framer& frame() const { return frame_; }
  std::string_view method() const { return frame_.method(bytes()); }
  std::string_view target() const { return frame_.target(bytes()); }

  // The request that `read` found whole; it stands until `take_answer`.
  wire_request request() const {
    return {.bytes = bytes().substr(0, frame_.size()),
            .method = method(),
            .target = target(),
            .body = frame_.body(bytes()),
            .peer = peer_,
            .has_body = frame_.has_body(),
            .is_http_1_0 = frame_.is_http_1_0(),
            .is_last = frame_.is_last()};
  }
  // What stands in for one that is refused for `why`, after which nothing is read any more.
  wire_request refused(const request_error& why) const {
    const bool has_head = frame_.has_head() && !method().empty();
    return {.bytes = has_head ? bytes().substr(0, bytes().find("\r\n\r\n") + 4) : "",
            .method = method(),
            .target = target(),
            .peer = peer_,
            .is_http_1_0 = frame_.is_http_1_0(),
            .is_last = true,
            .refusal = why};
  }

  // Asks a client that waits for it to send the body.
  void invite() {
    if (frame_.is_http_1_0()) return;  // which does not have that (RFC 9110, section 10.1.1)
    if (frame_.wants_continue() && !std::exchange(is_invited_, true))
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }

  // Writes the answer to the request, and forgets that. It is written once `flush` is done and
  // there is no `has_stream`.
  void take_answer(wire_answer made) {
    taken_ += frame_.size();
    if (made.is_last) taken_ = in_.size();
    if (taken_ == in_.size()) {
      taken_ = 0;
      keep_small(in_);
    }
    std::destroy_at(&frame_);  // assigning would keep the memory of a body
    std::construct_at(&frame_, *limits_);
    is_invited_ = false;
    is_last_ = made.is_last;
    stream_ = std::move(made.rest);
    is_waiting_ = false;
    is_chunked_ = made.is_chunked;
    if (out_.empty())
      out_ = std::move(made.head);
    else
      out_ += made.head;  // behind an invitation
    body_ = std::move(made.body);
  }
  bool is_last() const { return is_last_; }

  bool has_stream() const { return static_cast<bool>(stream_); }
  // Whether the stream has nothing more before it is woken or asked again: until `go_on`.
  bool is_waiting() const { return is_waiting_; }
  void go_on() { is_waiting_ = false; }
  // Asks the stream for its next piece, which may take a while. By whatever thread, if no other
  // uses the connection's stream meanwhile.
  chunk next_chunk(const std::function<void()>& wake) const { return stream_(wake); }
  // Writes that. `blocked`: there is none yet. `broken`: it will not be whole.
  step take_chunk(const chunk& next) {
    if (next.then == chunk::state::broken) return step::broken;
    if (is_chunked_)
      detail::append_chunk(out_, next.bytes);
    else
      out_ += next.bytes;
    is_waiting_ = next.then == chunk::state::waiting;
    if (is_waiting_ && next.bytes.empty()) return step::blocked;
    if (next.then == chunk::state::over) {
      if (is_chunked_) out_ += "0\r\n\r\n";
      stream_ = nullptr;
    }
    return step::done;
  }

  // Says that nothing more will be sent, and lets what still comes fall on the floor: closing with
  // bytes unread would reset the connection, and the client might lose our last answer.
  void finish() { ::shutdown(*socket_, SHUT_WR); }
  step discard(std::array<char, 65'536>& buffer, std::size_t bytes_max) {
    for (;;) {
      const ssize_t count = ::recv(*socket_, buffer.data(), buffer.size(), 0);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return count < 0 && errno == EAGAIN ? step::blocked : step::broken;
      discarded_ += static_cast<std::size_t>(count);
      if (discarded_ > bytes_max) return step::broken;
    }
  }

  // Where the watcher has it: among those that wait for `where`, `since` when.
  std::list<connection>::iterator self{};
  wait where{wait::request};
  std::chrono::steady_clock::time_point since{};
  std::size_t held{};                     // of `unsent`, that the watchers have counted
  bool is_turned_away{};                  // one too many, here to be told so
  bool was_woken{};                       // since a worker was asked for the next piece
  std::shared_ptr<connection*> handle{};  // what streams and workers hold, emptied at its end

 private:
  std::string_view bytes() const { return std::string_view{in_}.substr(taken_); }

  // One call for both texts, or for what is left of them.
  ssize_t send_some() {
    const std::size_t head = std::min(sent_, out_.size());
    const std::size_t body = sent_ - head;
    iovec parts[] = {{out_.data() + head, out_.size() - head},
                     {body_.data() + body, body_.size() - body}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    return ::sendmsg(*socket_, &message, MSG_NOSIGNAL);
  }

  // Empties a buffer, and gives the memory of a large one back: most connections only wait.
  static void keep_small(std::string& buffer) {
    constexpr std::size_t kept_bytes = 1024;
    buffer.clear();
    if (buffer.capacity() > kept_bytes) std::string{}.swap(buffer);  // assigning would keep it
  }

  const frame_limits* limits_;
  descriptor socket_;
  std::string peer_;
  framer frame_;
  std::string in_{};
  std::size_t taken_{};  // bytes of `in_` that belong to answered requests
  std::string out_{};
  std::string body_{};  // goes out behind `out_`
  std::size_t sent_{};
  std::size_t written_{};  // ever, as taken_by_client_
  std::size_t taken_by_client_{};
  std::size_t discarded_{};
  stream stream_{};
  bool is_waiting_{};
  bool is_chunked_{};
  bool is_last_{};
  bool is_invited_{};
  bool can_read_{true};
  bool is_ending_{};
};

}  // namespace comments::http

#pragma once
// http/epoll/connection.ipp - definitions of http/epoll/connection.hpp.

#include <comments/http/epoll/connection.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace comments::inline v0::http::epoll {

namespace detail {

// Empties a buffer, and frees the memory of a large one: most connections only wait.
inline void clear_buffer(std::string& buffer) {
  constexpr std::size_t kept_bytes = 1024;
  buffer.clear();
  if (buffer.capacity() > kept_bytes) std::string{}.swap(buffer);  // assigning would keep it
}

// What a stream keeps of its own, roughly: its place in the content, and its turn to be woken.
inline constexpr std::size_t stream_bytes = 2'048;

// How much memory a buffer has beside the object itself.
inline std::size_t memory_of(const std::string& buffer) {
  static const std::size_t inside = std::string{}.capacity();
  return buffer.capacity() > inside ? buffer.capacity() : 0;
}

inline bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK; }

}  // namespace detail

COMMENTS_INLINE connection::connection(descriptor socket, std::string peer,
                                       const frame_limits& limits)
    : limits_{&limits}, peer_{std::move(peer)}, frame_{limits}, socket_{std::move(socket)} {}

// The loop may call this while the connection is lent.
COMMENTS_INLINE void connection::notice(std::uint32_t events) {
  if (events & ~std::uint32_t{EPOLLOUT}) can_read_ = true;
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) is_ending_ = true;
}

// --- reading -------------------------------------------------------------------------------------

COMMENTS_INLINE connection::step connection::receive(receive_buffer& buffer) {
  assert(!is_lent());
  while (can_read_) {
    const ssize_t count = ::recv(*socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) return step::broken;
    const bool is_all = count < static_cast<ssize_t>(buffer.size());
    if (is_all && !is_ending_) can_read_ = false;  // the poller says when there is more
    if (count < 0) {
      can_read_ = false;
      return detail::would_block(errno) ? step::blocked : step::broken;
    }
    in_.erase(0, std::exchange(taken_, 0));
    in_.append(buffer.data(), static_cast<std::size_t>(count));
    return step::done;
  }
  return step::blocked;
}

COMMENTS_INLINE framer::state connection::read() {
  assert(!is_lent());
  // Empty lines in front of a request are ignored (RFC 9112, section 2.2).
  while (!frame_.has_head() && bytes().starts_with("\r\n")) taken_ += 2;
  return frame_.read(bytes());
}

COMMENTS_INLINE void connection::invite_body() {
  assert(!is_lent());
  if (!frame_.wants_continue() || frame_.is_http_1_0() || is_invited_) return;
  is_invited_ = true;
  out_ += "HTTP/1.1 100 Continue\r\n\r\n";
}

COMMENTS_INLINE wire_request connection::request() const {
  return {.bytes = bytes().substr(0, frame_.size()),
          .method = method(),
          .target = target(),
          .body = frame_.body(bytes()),
          .peer = peer_,
          .has_body = frame_.has_body(),
          .is_http_1_0 = frame_.is_http_1_0(),
          .is_last = frame_.is_last()};
}

COMMENTS_INLINE wire_request connection::refused_request(const request_error& why) const {
  assert(!is_lent());
  const bool has_head = frame_.has_head() && !method().empty();
  return {.bytes = has_head ? bytes().substr(0, bytes().find("\r\n\r\n") + 4) : "",
          .method = method(),
          .target = target(),
          .peer = peer_,
          .is_http_1_0 = frame_.is_http_1_0(),
          .is_last = true,
          .refusal = why};
}

// --- writing -------------------------------------------------------------------------------------

COMMENTS_INLINE void connection::take_response(wire_response made) {
  assert(!is_lent());
  taken_ += frame_.size();
  if (made.is_last) taken_ = in_.size();
  if (taken_ == in_.size()) {
    taken_ = 0;
    detail::clear_buffer(in_);
  }
  std::destroy_at(&frame_);  // assigning would keep the memory of a decoded body
  std::construct_at(&frame_, *limits_);
  is_invited_ = false;
  is_last_ = made.is_last;
  stream_ = std::move(made.rest);
  is_waiting_ = false;
  is_chunked_ = made.is_chunked;
  if (out_.empty())
    out_ = std::move(made.head);
  else
    out_ += made.head;  // behind "100 Continue"
  body_ = std::move(made.body);
  shared_body_ = std::move(made.shared_body);
}

COMMENTS_INLINE connection::step connection::flush() {
  while (unsent() > 0) {
    const ssize_t count = send_some();
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return detail::would_block(errno) ? step::blocked : step::broken;
    sent_ += static_cast<std::size_t>(count);
    written_ += static_cast<std::size_t>(count);
  }
  sent_ = 0;
  detail::clear_buffer(out_);
  detail::clear_buffer(body_);
  shared_body_ = nullptr;
  return step::done;
}

// Sends head and body, or the rest of them, in one call.
COMMENTS_INLINE ssize_t connection::send_some() {
  const std::size_t head = std::min(sent_, out_.size());
  const std::string_view rest = body().substr(sent_ - head);
  iovec parts[] = {{out_.data() + head, out_.size() - head},
                   {const_cast<char*>(rest.data()), rest.size()}};  // only read
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  return ::sendmsg(*socket_, &message, MSG_NOSIGNAL);
}

COMMENTS_INLINE std::size_t connection::take_progress() {
  const std::size_t taken = written_ - unsent_bytes(*socket_);
  return taken - std::exchange(taken_by_client_, taken);
}

COMMENTS_INLINE held_bytes connection::holds() const {
  assert(!is_lent());
  return {.received = detail::memory_of(in_) + frame_.decoded_bytes(),
          .unsent = unsent(),
          .followed = stream_ ? detail::stream_bytes : 0};
}

COMMENTS_INLINE connection::step connection::take_chunk(const chunk& next) {
  assert(!is_lent());
  if (next.then == chunk::state::broken) return step::broken;
  if (is_chunked_)
    append_chunked(out_, next.bytes);
  else
    out_ += next.bytes;
  is_waiting_ = next.then == chunk::state::waiting;
  if (is_waiting_ && next.bytes.empty()) return step::blocked;
  if (next.then == chunk::state::over) {
    if (is_chunked_) out_ += end_of_chunks;
    stream_ = nullptr;
  }
  return step::done;
}

// --- the end -------------------------------------------------------------------------------------

COMMENTS_INLINE void connection::shut_down_writing() { ::shutdown(*socket_, SHUT_WR); }

COMMENTS_INLINE connection::step connection::discard(receive_buffer& buffer,
                                                     std::size_t bytes_max) {
  for (;;) {
    const ssize_t count = ::recv(*socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? step::blocked : step::broken;
    if (count == 0) return step::broken;
    discarded_ += static_cast<std::size_t>(count);
    if (discarded_ > bytes_max) return step::broken;
  }
}

COMMENTS_INLINE void connection::reset_on_close() { epoll::reset_on_close(*socket_); }

}  // namespace comments::inline v0::http::epoll

#pragma once
// http/epoll/framing.hpp - where one request ends and the next begins.
//
// If two servers on the way of a request disagree about that, an attacker can make the second take
// a part of one client's request for a request of another client ("request smuggling", RFC 9112,
// section 11.2). So the framer follows RFC 9112 to the letter and refuses whatever the RFC lets a
// lenient server guess about: bare line feeds, folded lines, blanks before a colon, two lengths, a
// length beside a coding, a coding other than chunked, trailers. It has no socket and never waits.
// However slowly the bytes arrive, it looks at each of them once.
//
//   const std::string_view bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
//   const frame_limits limits;
//   epoll::framer frame{limits};
//   if (frame.read(bytes) == epoll::framer::state::complete) std::puts("a request");

#include <comments/config.hpp>
#include <comments/http/epoll/limits.hpp>
#include <comments/http/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace comments::inline v0::http::epoll {

// Reads one request; the next needs a framer of its own. For one thread at a time.
class framer final {
 public:
  enum class state {
    incomplete,  // more bytes are needed
    complete,    // the request is there; other bytes may follow it
    refused,     // it is no request, or over a limit; the bytes behind it mean nothing
  };

  // `limits` must outlive the framer.
  explicit framer(const frame_limits& limits) : limits_{&limits} {}

  // Reads on in the request that `bytes` begin with. While the state is `incomplete`, call it again
  // with the same bytes and more behind them; they may have moved in memory.
  state read(std::string_view bytes);

  // Why the request is refused.
  const request_error& refusal() const { return refusal_; }

  // --- once the head is there ---
  // `bytes` are those that `read` was given.

  bool has_head() const { return head_size_ > 0; }
  std::string_view method(std::string_view bytes) const { return bytes.substr(0, method_size_); }
  std::string_view target(std::string_view bytes) const {
    return target_size_ > 0 ? bytes.substr(method_size_ + 1, target_size_) : "";
  }
  bool has_body() const { return is_chunked_ || length_ > 0; }
  // Whether the client waits for "100 Continue" before it sends the body.
  bool wants_continue() const { return wants_continue_; }
  bool is_http_1_0() const { return is_http_1_0_; }
  // Whether the client wants the connection to end behind the response. "close" prevails over other
  // options.
  bool is_last() const { return wants_close_ || (is_http_1_0_ && !wants_keep_alive_); }

  // --- once the request is complete ---

  // How many bytes of a decoded body the framer holds, also before.
  std::size_t decoded_bytes() const { return decoded_.size(); }
  // How many of the bytes belong to the request.
  std::size_t size() const { return size_; }
  // The body, decoded if it is chunked. The view points into `bytes` or into the framer.
  std::string_view body(std::string_view bytes) const {
    return is_chunked_ ? std::string_view{decoded_} : bytes.substr(head_size_, size_ - head_size_);
  }

 private:
  enum class phase { head, length, chunks, whole, refused };
  struct header_counts {
    int hosts{};
    int lengths{};
    int codings{};
  };

  void read_head(std::string_view bytes);
  void read_unfinished_head(std::string_view bytes);
  void read_request_line(std::string_view line);
  void read_headers(std::string_view lines);
  void read_header(std::string_view name, std::string_view value, header_counts& counts);
  void read_host(std::string_view value, header_counts& counts);
  void read_connection(std::string_view value);
  void read_length(std::string_view value, header_counts& counts);
  void read_coding(std::string_view value, header_counts& counts);
  void check_combination(const header_counts& counts);
  void read_chunks(std::string_view bytes);
  bool read_chunk(std::string_view rest);

  void refuse(request_errc code, std::string message, std::string field, std::string fault);
  void refuse_line(std::string message);
  void refuse_target();
  void refuse_header();
  void refuse_body();
  void refuse_chunk();
  void refuse_chunks();

  std::size_t line_bytes_max() const;

  const frame_limits* limits_;
  phase phase_{phase::head};
  request_error refusal_{};
  std::size_t searched_{};    // bytes of an unfinished head that need no second look
  bool has_line_{};           // a line of the unfinished head has ended
  std::size_t chunks_end_{};  // bytes up to the first chunk that is not whole
  std::size_t head_size_{};
  std::size_t size_{};
  std::size_t method_size_{};
  std::size_t target_size_{};
  std::uint64_t length_{};
  std::string decoded_{};  // the body so far, if it is chunked
  bool is_chunked_{};
  bool wants_continue_{};
  bool is_http_1_0_{};
  bool wants_close_{};
  bool wants_keep_alive_{};
};

}  // namespace comments::inline v0::http::epoll

#ifndef COMMENTS_COMPILED
#include <comments/http/epoll/framing.ipp>
#endif

#pragma once
// http/wire.hpp - a request and its response as bytes of a connection.
//
// epoll_server finds where a request ends; httplib_in_memory makes the bytes of the response. These
// values go between the two, and neither needs to know the other.
//
//   const wire_request asked{.bytes = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
//                            .method = "GET",
//                            .target = "/healthz"};
//   const wire_response made{.head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", .body = "ok"};

#include <comments/http/message.hpp>

#include <charconv>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// A request that arrived whole, or one that is refused. Its views point into memory of the caller.
struct wire_request {
  // From the method to the end; of a refused request its head, or nothing.
  std::string_view bytes{};
  std::string_view method{};
  std::string_view target{};
  std::string_view body{};  // decoded, if it came in the chunked coding
  std::string_view peer{};  // the client's address, without the port
  bool has_body{};          // has a Transfer-Encoding, or a Content-Length over 0
  bool is_http_1_0{};
  bool is_last{};                          // the connection ends behind the response
  std::optional<request_error> refusal{};  // why the request is refused
  http::effort effort{};
  std::function<void()> on_ready{};  // see `http::request`
};

// A response, to be sent in this order: `head`, `body` or the `shared_body`, and the chunks of
// `rest` if there is one.
// Without a head nothing can be sent, and the connection must be closed.
struct wire_response {
  std::string head{};  // with the empty line that ends it
  std::string body{};  // in the chunked coding already, if `is_chunked`
  std::shared_ptr<const std::string> shared_body{};
  stream rest{};
  bool is_chunked{};      // the chunks of `rest` must be sent in the chunked coding
  bool is_last{};         // the connection ends behind this response
  bool is_deferred{};     // not answered: see `effort::memory`
  late_response later{};  // see `http::response`
};

// Returns the headers of a request, byte by byte as they were sent. `bytes` begin with its head, or
// are empty.
inline fields headers_in(std::string_view bytes) {
  constexpr std::string_view line_end = "\r\n";
  fields found;
  std::string_view left = bytes.substr(0, bytes.find("\r\n\r\n"));
  for (std::size_t end = left.find(line_end); end != left.npos; end = left.find(line_end)) {
    left.remove_prefix(end + line_end.size());
    const std::string_view line = left.substr(0, left.find(line_end));
    const std::size_t colon = line.find(':');
    if (colon != line.npos) found.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return found;
}

// The end of a body in the chunked coding (RFC 9112, section 7.1).
inline constexpr std::string_view end_of_chunks = "0\r\n\r\n";

// Appends `text` to `to` in the chunked coding. Appends nothing if `text` is empty, because a chunk
// of no bytes would end the body.
inline void append_chunked(std::string& to, std::string_view text) {
  if (text.empty()) return;
  char size[24];
  const auto written = std::to_chars(size, size + sizeof size, text.size(), 16);
  to.append(size, written.ptr).append("\r\n").append(text).append("\r\n");
}

}  // namespace comments::inline v0::http

#pragma once
// wire.hpp - one connection of a client to a server on this machine, over which any bytes may go.
//
//   testing::wire client{port};
//   CHECK(client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);

#include <comments/http/message.hpp>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace testing {

// How long a test waits for what should happen. Long, because machines that run tests are busy.
inline constexpr int patience_seconds = 60;

// Whether `condition` becomes true within that time.
template <typename Condition>
bool eventually(const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{patience_seconds};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::poll(nullptr, 0, 1);
  }
  return true;
}

class wire final {
 public:
  // With a small `window` the server cannot send far ahead of what is read here.
  explicit wire(int port, int window = 0) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    const timeval patience{patience_seconds, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (window > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_made_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  wire(wire&& other) noexcept
      : socket_{std::exchange(other.socket_, -1)},
        is_made_{other.is_made_},
        read_{std::move(other.read_)} {}
  wire& operator=(wire&&) = delete;
  ~wire() {
    if (socket_ >= 0) ::close(socket_);
  }

  bool is_made() const { return is_made_; }

  // Whether all of `text` went out; a server may stop listening before.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void half_close() const { ::shutdown(socket_, SHUT_WR); }
  // Vanishes, as a client does whose machine is reset.
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(std::exchange(socket_, -1));
  }

  // The next answer; status 0 if none comes whole. A body in chunks is joined.
  comments::http::response receive(bool has_body = true) {
    if (!has("\r\n\r\n")) return {.status = 0};
    const std::size_t head_size = read_.find("\r\n\r\n") + 4;
    comments::http::response answer{.status = std::atoi(read_.c_str() + 9)};
    for (std::size_t at = read_.find("\r\n") + 2; at + 2 < head_size;) {
      const std::size_t end = read_.find("\r\n", at), colon = read_.find(": ", at);
      answer.headers.emplace_back(read_.substr(at, colon - at),
                                  read_.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    read_.erase(0, head_size);
    if (!has_body) return answer;
    if (comments::http::find_header(answer.headers, "Transfer-Encoding")) {
      if (!receive_chunks(answer.body)) answer.status = 0;
      return answer;
    }
    const auto length = comments::http::find_header(answer.headers, "Content-Length").value_or("0");
    if (!take(std::strtoul(std::string{length}.c_str(), nullptr, 10), answer.body))
      answer.status = 0;
    return answer;
  }
  comments::http::response ask(std::string_view text, bool has_body = true) {
    send(text);
    return receive(has_body);
  }

  // Whether `text` comes. What stands before it stays too.
  bool has(std::string_view text) {
    while (read_.find(text) == read_.npos)
      if (!read_more()) return false;
    return true;
  }
  // Returns all that comes until the server closes.
  std::string rest() {
    while (read_more()) {
    }
    return std::exchange(read_, {});
  }
  // Returns what comes next; nothing if the server has closed.
  std::string some() {
    if (read_.empty()) read_more();
    return std::exchange(read_, {});
  }
  // Whether nothing more comes, because the server has closed.
  bool is_closed() {
    if (!read_.empty() || read_more()) return false;
    return !has_waited_;
  }
  // Whether there is something to read, or the end, within so long.
  bool is_readable(int milliseconds) const {
    pollfd waiting{socket_, POLLIN, 0};
    return ::poll(&waiting, 1, milliseconds) == 1;
  }

 private:
  bool read_more() {
    char bytes[16'384];
    const ssize_t size = ::recv(socket_, bytes, sizeof bytes, 0);
    has_waited_ = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (size > 0) read_.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  }
  // Moves the next `size` bytes to the end of `to`.
  bool take(std::size_t size, std::string& to) {
    while (read_.size() < size)
      if (!read_more()) return false;
    to.append(read_, 0, size);
    read_.erase(0, size);
    return true;
  }
  bool receive_chunks(std::string& body) {
    for (;;) {
      if (!has("\r\n")) return false;
      const std::size_t size = std::strtoul(read_.c_str(), nullptr, 16);
      read_.erase(0, read_.find("\r\n") + 2);
      std::string end;
      if (!take(size, body) || !take(2, end) || end != "\r\n") return false;
      if (size == 0) return true;
    }
  }

  int socket_;
  bool is_made_{};
  std::string read_{};
  bool has_waited_{};
};

inline std::string get(std::string_view target, std::string_view headers = "") {
  std::string text = "GET ";
  return text.append(target).append(" HTTP/1.1\r\nHost: a\r\n").append(headers).append("\r\n");
}
inline std::string post(std::string_view target, std::string_view body,
                        std::string_view headers = "") {
  std::string text = "POST ";
  text.append(target).append(" HTTP/1.1\r\nHost: a\r\nContent-Length: ");
  text.append(std::to_string(body.size())).append("\r\n").append(headers).append("\r\n");
  return text.append(body);
}

}  // namespace testing

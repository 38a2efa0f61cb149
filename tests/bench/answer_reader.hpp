#pragma once
// answer_reader.hpp - finds the end of an HTTP answer, however it is cut into parts.
//
// It reads the status, the length and whether the server means to close; the body is only counted,
// so that a load generator costs as little as it can.

#include <strings.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

class answer_reader final {
 public:
  // Takes the bytes that came. Whether the answer is complete.
  bool take(std::string_view bytes) {
    if (has_head_) {
      left_ -= static_cast<std::int64_t>(bytes.size());
      return left_ <= 0;
    }
    head_ += bytes;
    const std::size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    has_head_ = true;
    read_head(std::string_view{head_}.substr(0, end + 2));
    left_ -= static_cast<std::int64_t>(head_.size() - end - 4);
    return left_ <= 0;
  }

  // 0 if the answer makes no sense, or had more bytes than it said.
  int status() const { return left_ == 0 ? status_ : 0; }
  bool closes() const { return closes_; }

  void reset() {
    head_.clear();
    has_head_ = closes_ = false;
    left_ = 0;
    status_ = 0;
  }

 private:
  void read_head(std::string_view head) {
    bool is_framed = false;
    if (head.starts_with("HTTP/1.1 ")) read(head.substr(9, 3), status_);
    for (std::size_t at = head.find('\n') + 1; at < head.size(); at = head.find('\n', at) + 1) {
      const std::string_view line = head.substr(at);
      if (is_named(line, "content-length: ")) is_framed = read(line.substr(16), left_);
      if (is_named(line, "connection: close")) closes_ = true;
    }
    if (!is_framed && status_ != 304 && status_ != 204) status_ = 0;
    if (status_ == 304) left_ = 0;
  }

  static bool is_named(std::string_view line, std::string_view start) {
    return line.size() >= start.size() && strncasecmp(line.data(), start.data(), start.size()) == 0;
  }

  template <typename Number>
  static bool read(std::string_view text, Number& number) {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
  }

  std::string head_{};
  std::int64_t left_{};
  int status_{};
  bool has_head_{};
  bool closes_{};
};

}  // namespace bench

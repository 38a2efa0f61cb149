#pragma once
// http/epoll/framing.hpp - where one request ends and the next begins, decided before anyone reads
// either.
//
// Two servers that disagree about that can be made to take one person's bytes for another person's
// request ("smuggling", RFC 9112, section 11.2). So this reads by the letter of RFC 9112 and
// refuses whatever the RFC lets a lenient server guess about: bare line feeds, folded lines, blanks
// before a colon, a length twice, a length beside a coding, a coding other than chunked. No socket,
// no wait: bytes in, a verdict out, and each byte is looked at once however slowly it came.
//
//   framer next{limits};
//   if (next.read(bytes) == framer::verdict::complete) serve(next.method(bytes), next.body(bytes));

#include <comments/http/message.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

// Equal is accepted, one more is not.
struct frame_limits {
  std::size_t head_bytes_max{32'768};   // request line and headers, with the empty line behind them
  std::size_t target_bytes_max{8'000};  // cpp-httplib takes lines of 8,192 bytes, of both kinds
  std::size_t header_bytes_max{8'000};  // a name, its colon and its value
  std::size_t headers_max{100};
  std::size_t body_bytes_max{65'536};
  std::size_t chunked_bytes_max{
      524'288};                           // a body with its chunks' lines, which wait in memory too
  std::size_t chunk_line_bytes_max{256};  // a chunk's size and whatever extensions stand behind it
};

class framer final {
 public:
  enum class verdict { incomplete, complete, refused };

  explicit framer(const frame_limits& limits) : limits_{&limits} {}

  // The verdict on the request that `bytes` begin with. While it is incomplete, the next call's
  // bytes begin with this call's; once it is refused, nothing behind it can be trusted.
  verdict read(std::string_view bytes) {
    if (phase_ == phase::head) read_head(bytes);
    if (phase_ == phase::chunks) read_chunks(bytes);
    if (phase_ == phase::length && bytes.size() >= size_) phase_ = phase::whole;
    if (phase_ == phase::refused) return verdict::refused;
    return phase_ == phase::whole ? verdict::complete : verdict::incomplete;
  }

  // Why it is refused.
  const request_error& refusal() const { return refusal_; }

  // Whether the head is known, and so everything below but `size` and `body`, which need all of it.
  // `bytes` begin with what `read` was given.
  bool has_head() const { return head_size_ > 0; }
  std::string_view method(std::string_view bytes) const { return bytes.substr(0, method_size_); }
  std::string_view target(std::string_view bytes) const {
    return target_size_ > 0 ? bytes.substr(method_size_ + 1, target_size_) : "";
  }
  bool has_body() const { return is_chunked_ || length_ > 0; }
  bool wants_continue() const { return wants_continue_; }  // "100 Continue", before its body
  bool is_http_1_0() const { return is_http_1_0_; }
  // On its connection, as the client wants it. "close" is heard beside whatever else.
  bool is_last() const { return wants_close_ || (is_http_1_0_ && !wants_keep_alive_); }

  std::size_t size() const { return size_; }
  std::string_view body(std::string_view bytes) const {
    return is_chunked_ ? std::string_view{chunks_} : bytes.substr(head_size_, size_ - head_size_);
  }

 private:
  enum class phase { head, length, chunks, whole, refused };

  void refuse(request_errc code, std::string message, std::string where, std::string how) {
    phase_ = phase::refused;
    refusal_ = {code, std::move(message), {{std::move(where), std::move(how)}}};
  }
  void refuse_line(std::string message) {
    refuse(request_errc::malformed, std::move(message), "headers", "format");
  }

  static constexpr auto token_characters = [] {
    std::array<bool, 256> is{};
    for (const char c : std::string_view{"!#$%&'*+-.^_`|~0123456789"})
      is[static_cast<unsigned char>(c)] = true;
    for (std::size_t c = 'a'; c <= 'z'; ++c) is[c] = is[c - 'a' + 'A'] = true;
    return is;
  }();

  static bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
      return token_characters[static_cast<unsigned char>(c)];
    });
  }
  static bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

  void read_head(std::string_view bytes) {
    const std::string_view room = bytes.substr(0, limits_->head_bytes_max);
    const std::size_t end = room.find("\r\n\r\n", seen_ < 3 ? 0 : seen_ - 3);
    if (end == room.npos) return read_unfinished(room);
    const std::size_t line = room.find("\r\n");
    head_size_ = end + 4;
    read_request_line(room.substr(0, line));
    if (phase_ == phase::head) read_headers(room.substr(line + 2, end + 2 - (line + 2)));
    if (phase_ != phase::head) return;
    size_ = head_size_ + static_cast<std::size_t>(length_);
    walked_ = head_size_;
    phase_ = is_chunked_ ? phase::chunks : phase::length;
  }

  // What will not become a head is refused as soon as that can be told.
  void read_unfinished(std::string_view bytes) {
    for (std::size_t i = seen_; i < bytes.size(); ++i) {
      if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
        return refuse_line("Lines must end in CR LF.");
      has_line_ |= bytes[i] == '\n';
      if (!has_line_ && i > line_bytes_max()) return refuse_target();
    }
    seen_ = bytes.size();
    if (bytes.size() >= limits_->head_bytes_max)
      refuse(request_errc::headers_too_large,
             "A request's head may have " + std::to_string(limits_->head_bytes_max) + " bytes.",
             "headers", "too_long");
  }

  void refuse_target() {
    refuse(request_errc::target_too_long,
           "A target may have " + std::to_string(limits_->target_bytes_max) + " bytes.", "target",
           "too_long");
  }

  void refuse_header() {
    refuse(request_errc::headers_too_large,
           "A header may have " + std::to_string(limits_->header_bytes_max) + " bytes.", "headers",
           "too_long");
  }

  // METHOD SP TARGET SP HTTP/1.x
  void read_request_line(std::string_view line) {
    if (line.size() > line_bytes_max()) return refuse_target();
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    const bool has_parts = first != line.npos && last > first + 1;
    if (!has_parts || !is_token(line.substr(0, first)))
      return refuse_line("The request line must be METHOD TARGET HTTP/1.1.");
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
      return refuse_line("The version must be HTTP/1.1 or HTTP/1.0.");
    if (target.size() > limits_->target_bytes_max) return refuse_target();
    if (std::ranges::any_of(target, [](char c) { return c == ' ' || c == '#' || is_control(c); }))
      return refuse(request_errc::malformed,
                    "The target has characters that must be percent-encoded.", "target", "format");
    method_size_ = first;
    target_size_ = target.size();
    is_http_1_0_ = version == "HTTP/1.0";
  }

  struct counts {
    int hosts{};
    int lengths{};
    int codings{};
  };

  void read_headers(std::string_view lines) {
    counts seen;
    for (std::size_t count = 1; !lines.empty(); ++count) {
      const std::string_view line = lines.substr(0, lines.find("\r\n"));
      lines.remove_prefix(line.size() + 2);
      if (count > limits_->headers_max)
        return refuse(request_errc::headers_too_large,
                      "A request may have " + std::to_string(limits_->headers_max) + " headers.",
                      "headers", "too_many");
      if (line.size() > limits_->header_bytes_max) return refuse_header();
      const std::size_t colon = line.find(':');
      const std::string_view name = line.substr(0, colon);
      if (colon == line.npos || !is_token(name))
        return refuse_line("Each header must be NAME: VALUE on a line of its own.");
      const std::string_view value = trim(line.substr(colon + 1));
      if (std::ranges::any_of(value, [](char c) { return c != '\t' && is_control(c); }))
        return refuse(request_errc::malformed, "A header has control characters.",
                      std::string{name}, "format");
      read_header(name, value, seen);
      if (phase_ == phase::refused) return;
    }
    check(seen);
  }

  void read_header(std::string_view name, std::string_view value, counts& seen) {
    switch (name.size()) {  // most headers are none of these, and told apart by their length
      case 4:
        if (is_same_name(name, "Host")) read_host(value, seen);
        break;
      case 6:
        if (is_same_name(name, "Expect")) wants_continue_ |= is_same_name(value, "100-continue");
        break;
      case 10:
        if (is_same_name(name, "Connection")) read_connection(value);
        break;
      case 14:
        if (is_same_name(name, "Content-Length")) read_length(value, seen);
        break;
      case 17:
        if (is_same_name(name, "Transfer-Encoding")) read_coding(value, seen);
        break;
    }
  }

  void read_host(std::string_view value, counts& seen) {
    ++seen.hosts;
    if (value.find_first_of(" \t/?#@\\\"<>{}|^`,") != value.npos)
      refuse(request_errc::malformed, "The Host is not a host.", "Host", "format");
  }

  void read_connection(std::string_view value) {
    while (!value.empty()) {
      const std::string_view option = value.substr(0, value.find(','));
      value.remove_prefix(std::min(value.size(), option.size() + 1));
      wants_close_ |= is_same_name(trim(option), "close");
      wants_keep_alive_ |= is_same_name(trim(option), "keep-alive");
    }
  }

  void read_length(std::string_view value, counts& seen) {
    ++seen.lengths;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), length_);
    if (value.empty() || end != value.data() + value.size() || value.front() == '-')
      return refuse(request_errc::malformed, "The Content-Length must be one number.",
                    "Content-Length", "format");
    if (code != std::errc{} || length_ > limits_->body_bytes_max) refuse_body();
  }

  void refuse_body() {
    refuse(request_errc::too_large,
           "A body may have " + std::to_string(limits_->body_bytes_max) + " bytes.", "",
           "too_long");
  }

  void read_coding(std::string_view value, counts& seen) {
    ++seen.codings;
    is_chunked_ = true;
    if (!is_same_name(value, "chunked"))
      refuse(request_errc::malformed, "The Transfer-Encoding must be chunked, or none.",
             "Transfer-Encoding", "unsupported");
  }

  // What must not stand beside each other.
  void check(const counts& seen) {
    if (seen.hosts > 1 || (seen.hosts == 0 && !is_http_1_0_))
      return refuse(request_errc::malformed, "There must be one Host.", "Host",
                    seen.hosts > 1 ? "too_many" : "required");
    if (seen.lengths > 1)
      return refuse(request_errc::malformed, "There must be one Content-Length.", "Content-Length",
                    "too_many");
    if (seen.codings > 1 || (seen.codings > 0 && (seen.lengths > 0 || is_http_1_0_)))
      refuse(request_errc::malformed, "A Transfer-Encoding must stand alone, in HTTP/1.1.",
             "Transfer-Encoding", "conflict");
  }

  void refuse_chunks() {
    refuse(request_errc::too_large,
           "A body in chunks may have " + std::to_string(limits_->chunked_bytes_max) +
               " bytes with their sizes.",
           "", "too_long");
  }
  void refuse_chunk() { refuse(request_errc::malformed, "A chunk is broken.", "", "format"); }

  // Takes every chunk that is there. Trailers, which nobody here needs, are refused.
  void read_chunks(std::string_view bytes) {
    while (phase_ == phase::chunks) {
      const std::string_view rest = bytes.substr(walked_);
      const std::size_t end = rest.substr(0, limits_->chunk_line_bytes_max + 2).find("\r\n");
      const std::string_view line = rest.substr(0, end);
      if (end == rest.npos) {
        // A line feed that comes alone, or too late, will not become the end of the line.
        if (rest.size() >= limits_->chunk_line_bytes_max + 2 || line.find('\n') != line.npos)
          refuse_chunk();
        return;
      }
      std::uint64_t size = 0;
      if (!read_chunk_line(line, size)) return refuse_chunk();
      if (size > limits_->body_bytes_max - chunks_.size()) return refuse_body();
      const std::size_t start = end + 2;
      if (walked_ + start + size + 2 > head_size_ + limits_->chunked_bytes_max)
        return refuse_chunks();
      if (rest.size() < start + size + 2) return;
      if (rest.substr(start + size, 2) != "\r\n") return refuse_chunk();
      chunks_.append(rest.substr(start, size));
      walked_ += start + size + 2;
      size_ = walked_;
      if (size == 0) phase_ = phase::whole;
    }
  }

  // 1*HEXDIG, then nothing or extensions (";name=value"), which are ignored.
  static bool read_chunk_line(std::string_view line, std::uint64_t& size) {
    if (std::ranges::any_of(line, [](char c) { return c != '\t' && is_control(c); })) return false;
    const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
    const std::string_view behind = line.substr(static_cast<std::size_t>(end - line.data()));
    return code == std::errc{} && line.front() != '-' && (behind.empty() || behind.front() == ';');
  }

  // The longest method that is somebody's honest mistake, two blanks, and "HTTP/1.1".
  static constexpr std::size_t line_bytes_around_target = 64;
  std::size_t line_bytes_max() const {
    return limits_->target_bytes_max + line_bytes_around_target;
  }

  const frame_limits* limits_;
  phase phase_{phase::head};
  request_error refusal_{};
  std::size_t seen_{};    // bytes of an unfinished head that need no second look
  bool has_line_{};       // whether a line of it has ended
  std::size_t walked_{};  // bytes up to the first chunk that is not whole
  std::size_t head_size_{};
  std::size_t size_{};
  std::size_t method_size_{};
  std::size_t target_size_{};
  std::uint64_t length_{};
  std::string chunks_{};
  bool is_chunked_{};
  bool wants_continue_{};
  bool is_http_1_0_{};
  bool wants_close_{};
  bool wants_keep_alive_{};
};

}  // namespace comments::http

#pragma once
// http/epoll/framing.ipp - definitions of http/epoll/framing.hpp.

#include <comments/http/epoll/framing.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace comments::inline v0::http::epoll {

namespace detail {

// The characters of a token (RFC 9110, section 5.6.2).
inline constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view{"!#$%&'*+-.^_`|~0123456789"})
    table[static_cast<unsigned char>(c)] = true;
  for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = true;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) table[c] = true;
  return table;
}();

inline bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

inline bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

inline bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c != '\t' && is_control(c); });
}

// Reads 1*HEXDIG with nothing behind it, or with extensions (";name=value"), which are ignored.
// Returns false if the line is anything else.
inline bool read_chunk_size(std::string_view line, std::uint64_t& size) {
  if (has_control(line)) return false;
  const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  const std::string_view behind = line.substr(static_cast<std::size_t>(end - line.data()));
  return code == std::errc{} && line.front() != '-' && (behind.empty() || behind.front() == ';');
}

}  // namespace detail

COMMENTS_INLINE framer::state framer::read(std::string_view bytes) {
  if (phase_ == phase::head) read_head(bytes);
  if (phase_ == phase::chunks) read_chunks(bytes);
  if (phase_ == phase::length && bytes.size() >= size_) phase_ = phase::whole;
  if (phase_ == phase::refused) return state::refused;
  return phase_ == phase::whole ? state::complete : state::incomplete;
}

// --- the head ------------------------------------------------------------------------------------

COMMENTS_INLINE void framer::read_head(std::string_view bytes) {
  const std::string_view allowed = bytes.substr(0, limits_->head_bytes_max);
  const std::size_t end = allowed.find("\r\n\r\n", searched_ < 3 ? 0 : searched_ - 3);
  if (end == allowed.npos) {
    read_unfinished_head(allowed);
    return;
  }
  head_size_ = end + 4;
  const std::size_t line_size = allowed.find("\r\n");
  read_request_line(allowed.substr(0, line_size));
  const std::size_t headers_start = line_size + 2;
  if (phase_ == phase::head) read_headers(allowed.substr(headers_start, end + 2 - headers_start));
  if (phase_ != phase::head) return;
  size_ = head_size_ + static_cast<std::size_t>(length_);
  chunks_end_ = head_size_;
  phase_ = is_chunked_ ? phase::chunks : phase::length;
}

// Refuses what cannot become a head any more, as soon as that is certain.
COMMENTS_INLINE void framer::read_unfinished_head(std::string_view bytes) {
  for (std::size_t i = searched_; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) {
      refuse_line("Lines must end in CR LF.");
      return;
    }
    has_line_ |= bytes[i] == '\n';
    if (!has_line_ && i > line_bytes_max()) {
      refuse_target();
      return;
    }
  }
  searched_ = bytes.size();
  if (bytes.size() >= limits_->head_bytes_max)
    refuse(request_errc::headers_too_large,
           "A request's head may have " + std::to_string(limits_->head_bytes_max) + " bytes.",
           "headers", "too_long");
}

// METHOD SP TARGET SP HTTP/1.x
COMMENTS_INLINE void framer::read_request_line(std::string_view line) {
  if (line.size() > line_bytes_max()) {
    refuse_target();
    return;
  }
  const std::size_t first_blank = line.find(' ');
  const std::size_t last_blank = line.rfind(' ');
  const bool has_parts = first_blank != line.npos && last_blank > first_blank + 1;
  if (!has_parts || !detail::is_token(line.substr(0, first_blank))) {
    refuse_line("The request line must be METHOD TARGET HTTP/1.1.");
    return;
  }
  const std::string_view target = line.substr(first_blank + 1, last_blank - first_blank - 1);
  const std::string_view version = line.substr(last_blank + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    refuse_line("The version must be HTTP/1.1 or HTTP/1.0.");
    return;
  }
  if (target.size() > limits_->target_bytes_max) {
    refuse_target();
    return;
  }
  const auto must_be_encoded = [](char c) { return c == ' ' || c == '#' || detail::is_control(c); };
  if (std::ranges::any_of(target, must_be_encoded)) {
    refuse(request_errc::malformed, "The target has characters that must be percent-encoded.",
           "target", "format");
    return;
  }
  method_size_ = first_blank;
  target_size_ = target.size();
  is_http_1_0_ = version == "HTTP/1.0";
}

// Each of `lines` ends in CR LF.
COMMENTS_INLINE void framer::read_headers(std::string_view lines) {
  header_counts counts;
  for (std::size_t count = 1; !lines.empty(); ++count) {
    const std::string_view line = lines.substr(0, lines.find("\r\n"));
    lines.remove_prefix(line.size() + 2);
    if (count > limits_->headers_max) {
      refuse(request_errc::headers_too_large,
             "A request may have " + std::to_string(limits_->headers_max) + " headers.", "headers",
             "too_many");
      return;
    }
    if (line.size() > limits_->header_bytes_max) {
      refuse_header();
      return;
    }
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == line.npos || !detail::is_token(name)) {
      refuse_line("Each header must be NAME: VALUE on a line of its own.");
      return;
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (detail::has_control(value)) {
      refuse(request_errc::malformed, "A header has control characters.", std::string{name},
             "format");
      return;
    }
    read_header(name, value, counts);
    if (phase_ == phase::refused) return;
  }
  check_combination(counts);
}

// Most headers are none of these. The length of the name tells that fastest.
COMMENTS_INLINE void framer::read_header(std::string_view name, std::string_view value,
                                         header_counts& counts) {
  switch (name.size()) {
    case 4:
      if (is_same_name(name, "Host")) read_host(value, counts);
      break;
    case 6:
      if (is_same_name(name, "Expect")) wants_continue_ |= is_same_name(value, "100-continue");
      break;
    case 10:
      if (is_same_name(name, "Connection")) read_connection(value);
      break;
    case 14:
      if (is_same_name(name, "Content-Length")) read_length(value, counts);
      break;
    case 17:
      if (is_same_name(name, "Transfer-Encoding")) read_coding(value, counts);
      break;
  }
}

COMMENTS_INLINE void framer::read_host(std::string_view value, header_counts& counts) {
  ++counts.hosts;
  if (!value.empty() && !is_authority(value))
    refuse(request_errc::malformed, "The Host is not a host.", "Host", "format");
}

COMMENTS_INLINE void framer::read_connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view option = value.substr(0, value.find(','));
    value.remove_prefix(std::min(value.size(), option.size() + 1));
    wants_close_ |= is_same_name(trim(option), "close");
    wants_keep_alive_ |= is_same_name(trim(option), "keep-alive");
  }
}

COMMENTS_INLINE void framer::read_length(std::string_view value, header_counts& counts) {
  ++counts.lengths;
  const char* const last = value.data() + value.size();
  const auto [end, code] = std::from_chars(value.data(), last, length_);
  if (value.empty() || end != last || value.front() == '-') {
    refuse(request_errc::malformed, "The Content-Length must be one number.", "Content-Length",
           "format");
    return;
  }
  if (code != std::errc{} || length_ > limits_->body_bytes_max) refuse_body();
}

COMMENTS_INLINE void framer::read_coding(std::string_view value, header_counts& counts) {
  ++counts.codings;
  is_chunked_ = true;
  if (!is_same_name(value, "chunked"))
    refuse(request_errc::malformed, "The Transfer-Encoding must be chunked, or none.",
           "Transfer-Encoding", "unsupported");
}

// Refuses headers that must not stand beside each other, and a missing Host.
COMMENTS_INLINE void framer::check_combination(const header_counts& counts) {
  const bool is_host_missing = counts.hosts == 0 && !is_http_1_0_;
  if (counts.hosts > 1 || is_host_missing) {
    refuse(request_errc::malformed, "There must be one Host.", "Host",
           is_host_missing ? "required" : "too_many");
    return;
  }
  if (counts.lengths > 1) {
    refuse(request_errc::malformed, "There must be one Content-Length.", "Content-Length",
           "too_many");
    return;
  }
  const bool has_conflict = counts.codings > 0 && (counts.lengths > 0 || is_http_1_0_);
  if (counts.codings > 1 || has_conflict)
    refuse(request_errc::malformed, "A Transfer-Encoding must stand alone, in HTTP/1.1.",
           "Transfer-Encoding", "conflict");
}

// --- a chunked body (RFC 9112, section 7.1) ------------------------------------------------------

COMMENTS_INLINE void framer::read_chunks(std::string_view bytes) {
  while (phase_ == phase::chunks && read_chunk(bytes.substr(chunks_end_))) {
  }
}

// Takes the chunk that `rest` begins with. Returns false if it is not whole yet, or is refused. The
// last chunk must end the body: no route needs trailers, so they are refused.
COMMENTS_INLINE bool framer::read_chunk(std::string_view rest) {
  const std::size_t line_bytes = limits_->chunk_line_bytes_max + 2;
  const std::size_t line_size = rest.substr(0, line_bytes).find("\r\n");
  const std::string_view line = rest.substr(0, line_size);
  if (line_size == rest.npos) {
    // No line can end behind a bare line feed, or this late.
    if (rest.size() >= line_bytes || line.find('\n') != line.npos) refuse_chunk();
    return false;
  }
  std::uint64_t size = 0;
  if (!detail::read_chunk_size(line, size)) {
    refuse_chunk();
    return false;
  }
  if (size > limits_->body_bytes_max - decoded_.size()) {
    refuse_body();
    return false;
  }
  const std::size_t start = line_size + 2;
  const std::size_t end = start + static_cast<std::size_t>(size) + 2;
  if (chunks_end_ + end > head_size_ + limits_->chunked_bytes_max) {
    refuse_chunks();
    return false;
  }
  if (rest.size() < end) return false;
  if (rest.substr(end - 2, 2) != "\r\n") {
    refuse_chunk();
    return false;
  }
  decoded_.append(rest.substr(start, static_cast<std::size_t>(size)));
  chunks_end_ += end;
  size_ = chunks_end_;
  if (size == 0) phase_ = phase::whole;
  return true;
}

// --- refusals ------------------------------------------------------------------------------------

COMMENTS_INLINE void framer::refuse(request_errc code, std::string message, std::string field,
                                    std::string fault) {
  phase_ = phase::refused;
  refusal_ = {code, std::move(message), {{std::move(field), std::move(fault)}}};
}

COMMENTS_INLINE void framer::refuse_line(std::string message) {
  refuse(request_errc::malformed, std::move(message), "headers", "format");
}

COMMENTS_INLINE void framer::refuse_target() {
  refuse(request_errc::target_too_long,
         "A target may have " + std::to_string(limits_->target_bytes_max) + " bytes.", "target",
         "too_long");
}

COMMENTS_INLINE void framer::refuse_header() {
  refuse(request_errc::headers_too_large,
         "A header may have " + std::to_string(limits_->header_bytes_max) + " bytes.", "headers",
         "too_long");
}

COMMENTS_INLINE void framer::refuse_body() {
  refuse(request_errc::too_large,
         "A body may have " + std::to_string(limits_->body_bytes_max) + " bytes.", "", "too_long");
}

COMMENTS_INLINE void framer::refuse_chunk() {
  refuse(request_errc::malformed, "A chunk is broken.", "", "format");
}

COMMENTS_INLINE void framer::refuse_chunks() {
  refuse(request_errc::too_large,
         "A body in chunks may have " + std::to_string(limits_->chunked_bytes_max) +
             " bytes with their sizes.",
         "", "too_long");
}

// The target, and beside it the longest method that an honest client may mistake for one of HTTP's,
// two blanks and the version.
COMMENTS_INLINE std::size_t framer::line_bytes_max() const {
  constexpr std::size_t bytes_around_target = 64;
  return limits_->target_bytes_max + bytes_around_target;
}

}  // namespace comments::inline v0::http::epoll

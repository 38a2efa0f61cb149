#pragma once
// http/gzip.hpp - answers in a third of their bytes, for clients that take gzip (RFC 9110, 8.4.1).
//
// zlib.h lives here only. It is done here and not by the HTTP library, because packing a page takes
// longer than all else about it: a page that is kept is packed once.
//
//   if (takes_gzip(header) && text.size() >= gzip_bytes_min) text = gzip(text);

#include <comments/http/message.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

// A shorter text fits into one packet as it is.
inline constexpr std::size_t gzip_bytes_min = 1'024;

// Whether an Accept-Encoding header has gzip, or "*", and not at q=0 (RFC 9110, section 12.5.3).
inline bool takes_gzip(std::string_view header) {
  bool is_any = false;
  while (!header.empty()) {
    std::string_view one = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), one.size() + 1));
    const std::size_t mark = std::min(one.find(';'), one.size());
    std::string_view weight = one.substr(mark);
    one = trim(one.substr(0, mark));
    const std::size_t value = weight.find('=');
    weight = value == weight.npos ? "1" : weight.substr(value + 1);
    const bool is_taken = weight.find_first_of("123456789") != weight.npos;
    if (is_same_name(one, "gzip") || is_same_name(one, "x-gzip")) return is_taken;
    if (one == "*") is_any = is_taken;
  }
  return is_any;
}

// `text` as one gzip member (RFC 1952). Empty if there is no memory for it.
inline std::string gzip(std::string_view text) {
  constexpr int window_bits = 15, gzip_header = 16, memory = 8;
  z_stream state{};
  if (::deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits + gzip_header, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string packed(::deflateBound(&state, text.size()), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(packed.data());
  state.avail_out = static_cast<uInt>(packed.size());
  const bool is_whole = ::deflate(&state, Z_FINISH) == Z_STREAM_END;
  packed.resize(is_whole ? state.total_out : 0);
  ::deflateEnd(&state);
  return packed;
}

// Packs the bodies of answers that are worth it and not packed yet. Streams stay as they are: what
// is live must not wait for more to pack.
inline handler with_gzip(handler next) {
  return [next = std::move(next)](request&& asked) {
    const bool is_taken = takes_gzip(find_header(asked.headers, "Accept-Encoding").value_or(""));
    response answer = next(std::move(asked));
    if (is_taken && !answer.rest && answer.body.size() >= gzip_bytes_min &&
        !find_header(answer.headers, "Content-Encoding")) {
      if (std::string packed = gzip(answer.body); !packed.empty()) {
        answer.body = std::move(packed);
        answer.headers.emplace_back("Content-Encoding", "gzip");
      }
    }
    answer.headers.emplace_back("Vary", "Accept-Encoding");
    return answer;
  };
}

}  // namespace comments::http

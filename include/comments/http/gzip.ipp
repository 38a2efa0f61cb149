#pragma once
// http/gzip.ipp - definitions of http/gzip.hpp.

#include <comments/http/gzip.hpp>

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace comments::inline v0::http {

COMMENTS_INLINE bool takes_gzip(std::string_view header) {
  bool is_any = false;
  while (!header.empty()) {
    const std::string_view item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(header.size(), item.size() + 1));
    const std::size_t mark = std::min(item.find(';'), item.size());
    const std::string_view coding = trim(item.substr(0, mark));
    const std::string_view parameter = item.substr(mark);
    const std::size_t value = parameter.find('=');
    const std::string_view weight =
        value == parameter.npos ? std::string_view{"1"} : parameter.substr(value + 1);
    const bool is_taken = weight.find_first_of("123456789") != weight.npos;
    if (is_same_name(coding, "gzip") || is_same_name(coding, "x-gzip")) return is_taken;
    if (coding == "*") is_any = is_taken;
  }
  return is_any;
}

COMMENTS_INLINE std::string gzip(std::string_view text) {
  if (text.size() > gzip_bytes_max) return {};
  constexpr int window_bits = 15, gzip_header = 16, memory = 8;
  z_stream state{};
  if (::deflateInit2(&state, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits + gzip_header, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  const std::unique_ptr<z_stream, decltype(&::deflateEnd)> ends_with_scope{&state, &::deflateEnd};
  std::string packed(::deflateBound(&state, static_cast<uLong>(text.size())), '\0');
  state.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = reinterpret_cast<Bytef*>(packed.data());
  state.avail_out = static_cast<uInt>(packed.size());
  const bool is_whole = ::deflate(&state, Z_FINISH) == Z_STREAM_END;
  packed.resize(is_whole ? state.total_out : 0);
  return packed;
}

namespace detail {

inline bool has_to_pack(const response& answer, bool is_taken) {
  return is_taken && !answer.rest && answer.body.size() >= gzip_bytes_min &&
         !find_header(answer.headers, "Content-Encoding");
}

// Returns the response as the client takes it; deferred, if it would have to be packed in memory.
inline response pack(response answer, bool is_taken, bool is_head, bool is_ready) {
  if (has_to_pack(answer, is_taken)) {
    if (is_ready && !is_head) return {.is_deferred = true, .route = answer.route};
    answer.is_length_unknown = is_head;
    std::string packed = is_head ? answer.body : gzip(answer.body);
    if (!packed.empty()) {
      answer.body = std::move(packed);
      answer.headers.emplace_back("Content-Encoding", "gzip");
    }
  }
  answer.headers.emplace_back("Vary", "Accept-Encoding");
  return answer;
}

// The same of a response that comes later, which none to HEAD does.
inline response pack_later(response answer, bool is_taken) {
  late_response made = std::exchange(answer.later, nullptr);
  answer.later = [made = std::move(made), is_taken](effort now) {
    response next = made(now);
    if (next.later) return pack_later(std::move(next), is_taken);
    if (now != effort::memory || !has_to_pack(next, is_taken))
      return pack(std::move(next), is_taken, false, false);
    response rest{.is_deferred = true};
    rest.later = [next = std::move(next)](effort) { return pack(next, true, false, false); };
    return rest;
  };
  return answer;
}

}  // namespace detail

COMMENTS_INLINE handler with_gzip(handler next) {
  return [next = std::move(next)](request&& asked) {
    const auto accepted = find_header(asked.headers, "Accept-Encoding");
    const bool is_taken = accepted && takes_gzip(*accepted);
    const bool is_head = asked.method == "HEAD";
    const bool is_ready = asked.effort == effort::memory;
    response answer = next(std::move(asked));
    if (!answer.later) return detail::pack(std::move(answer), is_taken, is_head, is_ready);
    return detail::pack_later(std::move(answer), is_taken);
  };
}

}  // namespace comments::inline v0::http

#pragma once
// http/gzip.hpp - responses in a third of their bytes, for clients that accept gzip (RFC 9110,
// 8.4.1).
//
// The library packs and not the HTTP library, because packing a page takes longer than all else
// about it: a page that is kept in memory is packed once. Only the definitions include zlib.h.
//
//   using namespace comments;
//   std::string text(2'000, 'a');
//   if (http::takes_gzip("br, gzip") && text.size() >= http::gzip_bytes_min)
//     text = http::gzip(text);

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// A shorter text fits into one packet as it is.
inline constexpr std::size_t gzip_bytes_min = 1'024;

// zlib counts in 32 bits on some systems. A longer text is sent as it is.
inline constexpr std::size_t gzip_bytes_max = 2'147'483'647;

// Returns whether an Accept-Encoding header has gzip, or "*", and not with q=0 (RFC 9110, section
// 12.5.3).
bool takes_gzip(std::string_view header);

// Returns `text` as one gzip member (RFC 1952); empty if zlib finds no memory for its state,
// or if that are more than `gzip_bytes_max`.
std::string gzip(std::string_view text);

// Packs the body of a response that is long enough and not packed yet; with `effort::memory` it
// defers such a response. For HEAD it packs nothing and leaves the length unknown. Streams stay as
// they are: a live event must not wait until there is more to pack.
handler with_gzip(handler next);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/gzip.ipp>
#endif

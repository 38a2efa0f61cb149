#pragma once
// http/httplib/request.ipp - definitions of http/httplib/request.hpp.

#include <comments/http/httplib/request.hpp>

#include <comments/http/middleware.hpp>
#include <comments/http/problem.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace comments::inline v0::http::detail {

// Whether cpp-httplib put a header in (it does up to 0.15), and no client sent it.
inline bool is_from_httplib(std::string_view name) {
  return name == "REMOTE_ADDR" || name == "REMOTE_PORT" || name == "LOCAL_ADDR" ||
         name == "LOCAL_PORT";
}

// Whether headers of one name come in the wrong order. From 0.16 on cpp-httplib keeps headers in a
// hash table, and the standard library decides in which order equal names come out of it.
inline bool is_order_reversed() {
  static const bool is_reversed = [] {
    httplib::Headers two;
    two.emplace("A", "1");
    two.emplace("A", "2");
    return two.begin()->second == "2";
  }();
  return is_reversed;
}

inline request_error body_not_whole() {
  return {request_errc::malformed, "The body did not arrive whole."};
}

COMMENTS_INLINE std::string to_prefix(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text.empty() || text.front() == '/' ? text : "/" + text;
}

COMMENTS_INLINE void cut_prefix(request& asked, const std::string& prefix) {
  settle_target(asked);
  asked.prefix = prefix;
  if (prefix.empty() || !asked.target.starts_with(prefix)) return;
  asked.target.erase(0, prefix.size());
  if (!asked.target.starts_with('/'))
    asked.target.insert(0, "/");  // the prefix itself was asked for
}

COMMENTS_INLINE request to_request(const httplib::Request& from, const std::string& prefix) {
  request asked{.method = from.method, .target = from.target, .peer = from.remote_addr};
  for (const auto& [name, value] : from.headers) {
    if (is_from_httplib(name)) continue;
    if (has_control(value, "\t"))
      asked.refusal = request_error{
          request_errc::malformed, "A header has control characters.", {{name, "format"}}};
    asked.headers.emplace_back(name, value);
  }
  if (is_order_reversed()) std::ranges::reverse(asked.headers);
  cut_prefix(asked, prefix);
  return asked;
}

// --- bodies --------------------------------------------------------------------------------------

COMMENTS_INLINE body_framing read_framing(const httplib::Request& from) {
  const std::size_t lengths = from.get_header_value_count("Content-Length");
  const std::size_t encodings = from.get_header_value_count("Transfer-Encoding");
  body_framing found{.is_chunked = encodings > 0};
  // "Content-Length : 5". A proxy on the way may have read a length there.
  const auto has_blank = [](const auto& header) {
    return header.first.find_first_of(" \t") != std::string::npos;
  };
  found.is_broken =
      lengths + encodings > 1 || std::ranges::any_of(from.headers, has_blank) ||
      (found.is_chunked && !is_same_name(from.get_header_value("Transfer-Encoding"), "chunked"));
  if (lengths == 0) return found;
  const std::string text = from.get_header_value("Content-Length");
  const char* const last = text.data() + text.size();
  const auto [end, code] = std::from_chars(text.data(), last, found.length);
  if (code != std::errc{} || end != last) found.is_broken = true;
  return found;
}

COMMENTS_INLINE bool read_body(const httplib::Request& from, const httplib::ContentReader& reader,
                               std::size_t bytes_max, std::size_t discard_bytes_max,
                               request& asked) {
  const body_framing framing = read_framing(from);
  if (framing.is_broken) {
    asked.refusal = body_not_whole();
    return false;
  }
  if (!framing.has_body()) return true;
  // A coded body is not read, so that it need not be unpacked. The routes refuse it.
  const std::string coding = from.get_header_value("Content-Encoding");
  if (!coding.empty() && !is_same_name(coding, "identity")) return false;
  // The request is a local variable of cpp-httplib's and not const there. 0.41 does not know
  // "identity".
  const_cast<httplib::Request&>(from).headers.erase("Content-Encoding");
  const std::size_t read_bytes_max = bytes_max + discard_bytes_max;
  if (framing.length > read_bytes_max) {
    asked.refusal = body_too_large(bytes_max);
    return false;
  }
  std::size_t seen = 0;
  const auto take = [&](const char* bytes, std::size_t size) {
    seen += size;
    const std::size_t room = bytes_max + 1 - asked.body.size();
    asked.body.append(bytes, std::min(size, room));
    return seen <= read_bytes_max;
  };
  // The routes refuse forms, but a form must be read past, and cpp-httplib has a way of its own to
  // read one.
  if (from.is_multipart_form_data()) return reader([](const auto&) { return true; }, take);
  const bool is_whole = reader(take);
  if (!is_whole && seen <= read_bytes_max) asked.refusal = body_not_whole();
  if (seen > bytes_max) asked.refusal = body_too_large(bytes_max);
#ifndef CPPHTTPLIB_VERSION_NUM
  if (framing.is_chunked) return false;  // 0.11 takes a chunk with a wrong end for the last one
#endif
  return is_whole;
}

// --- refusals ------------------------------------------------------------------------------------

COMMENTS_INLINE std::optional<request_error> check_method(std::string_view method, bool has_body) {
  const auto is_one_of = [&](auto... methods) { return ((method == methods) || ...); };
  if (is_one_of("POST", "PUT", "PATCH", "DELETE")) return std::nullopt;
  if (!is_one_of("GET", "HEAD", "OPTIONS"))
    return request_error{request_errc::method_not_allowed, "Nothing here takes that method."};
  if (has_body) return request_error{request_errc::malformed, "A body was not expected."};
  return std::nullopt;
}

COMMENTS_INLINE std::optional<request_error> check_method(const httplib::Request& from) {
  return check_method(from.method, read_framing(from).has_body());
}

COMMENTS_INLINE request_error error_of_status(int status) {
  auto code = status >= 500 ? request_errc::overloaded : request_errc::malformed;
  const auto* kind =
      std::ranges::find(request_error_kinds, status, &problem_kind<request_errc>::status);
  if (kind != std::end(request_error_kinds)) code = kind->code;
  return {code, "The request could not be read."};
}

}  // namespace comments::inline v0::http::detail

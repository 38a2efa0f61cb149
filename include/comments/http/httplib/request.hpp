#pragma once
// http/httplib/request.hpp - reads a request of cpp-httplib's into one of ours.
//
// Private: http/httplib.hpp and http/httplib_in_memory.hpp are for programs. cpp-httplib's versions
// differ in what they let through; what they would get wrong is refused here.

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <httplib.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::http::detail {

// The methods that some route takes, for an Allow header.
inline constexpr const char* allowed_methods = "GET, HEAD, OPTIONS, POST";

// Returns `text` as a prefix of paths: "/something" or "".
std::string to_prefix(std::string text);

// Settles the target and cuts `prefix` off its front. A target that hides the prefix by an encoding
// stays whole, and no route answers to it.
void cut_prefix(request& asked, const std::string& prefix);

// Returns the request without its body. cpp-httplib percent-decodes the values of headers, most of
// its versions but for some names, and the sent bytes cannot be had from it: "%41" comes as "A". A
// value that has control characters afterwards was sent with a hidden one, and is refused.
request to_request(const httplib::Request& from, const std::string& prefix);

// How long a body is (RFC 9112, section 6), as far as cpp-httplib shows that.
struct body_framing {
  bool is_broken{};  // the length is in doubt, so nothing behind the head can be trusted
  bool is_chunked{};
  std::uint64_t length{};

  bool has_body() const { return is_broken || is_chunked || length > 0; }
};
body_framing read_framing(const httplib::Request& from);

// Reads the body into `asked`, but at most one byte over `bytes_max`; what is longer is refused.
// `discard_bytes_max` more are read and ignored, so that the client hears the refusal instead of a
// reset; of a body that says that it is longer still, nothing is read. Sets `asked.refusal` if
// there is a reason. Returns whether the whole body has been taken off the connection.
bool read_body(const httplib::Request& from, const httplib::ContentReader& reader,
               std::size_t bytes_max, std::size_t discard_bytes_max, request& asked);

// Returns why a request with this method is refused before a route sees it, if there is a reason. A
// body where none belongs is one: cpp-httplib would take it for the next request.
std::optional<request_error> check_method(std::string_view method, bool has_body);
// The same for a request of cpp-httplib's. Of methods without routes it would read the body into
// memory, however long.
std::optional<request_error> check_method(const httplib::Request& from);

// Returns the error that stands for a refusal of cpp-httplib's, of which only the status is known.
request_error error_of_status(int status);

}  // namespace comments::inline v0::http::detail

#ifndef COMMENTS_COMPILED
#include <comments/http/httplib/request.ipp>
#endif

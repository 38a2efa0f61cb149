#pragma once
// http/problem.hpp - errors as responses: the only tables from error codes to HTTP statuses.
//
// Responses are application/problem+json (RFC 9457). What cannot be done now says in Retry-After
// when to try again. A write whose outcome is unknown has the code of a refused one, "unavailable",
// and `"in_doubt": true` beside it: the client repeats it with the same key.
//
//   using namespace comments;
//   const http::request asked{.target = "/api/v1/comments/17"};
//   http::response answer = http::problem({errc::not_found, "There is no such comment."}, asked);
//   answer = http::problem({http::request_errc::unsupported_media, "Send JSON."}, asked);

#include <comments/config.hpp>
#include <comments/http/message.hpp>

#include <string_view>

namespace comments::inline v0::http {

// The status, stable word and title of an error code.
template <typename Code>
struct problem_kind {
  Code code{};
  int status{};
  std::string_view name{};
  std::string_view title{};
};

// Of the domain's errors. Each code has one row.
inline constexpr problem_kind<errc> error_kinds[]{
    {errc::malformed, 400, "malformed", "Bad Request"},
    {errc::invalid, 422, "validation", "Unprocessable Content"},
    {errc::unauthenticated, 401, "unauthenticated", "Unauthorized"},
    {errc::forbidden, 403, "forbidden", "Forbidden"},
    {errc::edit_window_closed, 403, "edit_window_closed", "Forbidden"},
    {errc::content_locked, 403, "content_locked", "Forbidden"},
    {errc::not_found, 404, "not_found", "Not Found"},
    {errc::conflict, 409, "conflict", "Conflict"},
    {errc::version_mismatch, 412, "version_mismatch", "Precondition Failed"},
    {errc::key_reused, 422, "idempotency_reuse", "Unprocessable Content"},
    {errc::rate_limited, 429, "rate_limited", "Too Many Requests"},
    {errc::unavailable, 503, "unavailable", "Service Unavailable"},
    {errc::in_doubt, 503, "unavailable", "Service Unavailable"},
};

// Of HTTP's own errors. Each code has one row.
inline constexpr problem_kind<request_errc> request_error_kinds[]{
    {request_errc::malformed, 400, "malformed", "Bad Request"},
    {request_errc::not_found, 404, "not_found", "Not Found"},
    {request_errc::method_not_allowed, 405, "method_not_allowed", "Method Not Allowed"},
    {request_errc::timed_out, 408, "timed_out", "Request Timeout"},
    {request_errc::too_large, 413, "too_large", "Content Too Large"},
    {request_errc::target_too_long, 414, "target_too_long", "URI Too Long"},
    {request_errc::unsupported_media, 415, "unsupported_media", "Unsupported Media Type"},
    {request_errc::headers_too_large, 431, "headers_too_large", "Request Header Fields Too Large"},
    {request_errc::overloaded, 503, "unavailable", "Service Unavailable"},
};

// Returns the stable word for an error.
std::string_view code_of(const error& why);

// Returns `why` as the response to `asked`, whose path and id it names. Responses with 429 and 503
// have Retry-After, those with 401 WWW-Authenticate. Text that is not UTF-8 is written with U+FFFD.
response problem(const error& why, const request& asked);
response problem(const request_error& why, const request& asked);

// Returns the error that a response tells, for programs that ask the API: the counterpart of
// `problem`. What a proxy or another program answered instead is `unavailable` from 500 on, and
// `malformed` below.
error decode_problem(const response& refused);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/problem.ipp>
#endif

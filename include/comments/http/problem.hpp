#pragma once
// http/problem.hpp - an error as a response: the only table from error codes to HTTP statuses.
//
// Responses are application/problem+json (RFC 9457). What cannot be done now says in Retry-After
// when to try again. A write whose outcome is unknown has the code of a refused one, "unavailable",
// and `"in_doubt": true` beside it: the client repeats it with the same key.

#include <comments/http/message.hpp>
#include <comments/json/encode.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace comments::http {

struct problem_kind {
  errc code{};
  int status{};
  std::string_view name{};
  std::string_view title{};
};

inline constexpr std::array problem_kinds{
    problem_kind{errc::malformed, 400, "malformed", "Bad Request"},
    problem_kind{errc::invalid, 422, "validation", "Unprocessable Content"},
    problem_kind{errc::unauthenticated, 401, "unauthenticated", "Unauthorized"},
    problem_kind{errc::forbidden, 403, "forbidden", "Forbidden"},
    problem_kind{errc::edit_window_closed, 403, "edit_window_closed", "Forbidden"},
    problem_kind{errc::content_locked, 403, "content_locked", "Forbidden"},
    problem_kind{errc::not_found, 404, "not_found", "Not Found"},
    problem_kind{errc::method_not_allowed, 405, "method_not_allowed", "Method Not Allowed"},
    problem_kind{errc::conflict, 409, "conflict", "Conflict"},
    problem_kind{errc::version_mismatch, 412, "version_mismatch", "Precondition Failed"},
    problem_kind{errc::key_reused, 422, "idempotency_reuse", "Unprocessable Content"},
    problem_kind{errc::too_large, 413, "too_large", "Content Too Large"},
    problem_kind{errc::headers_too_large, 431, "headers_too_large",
                 "Request Header Fields Too Large"},
    problem_kind{errc::target_too_long, 414, "target_too_long", "URI Too Long"},
    problem_kind{errc::timed_out, 408, "timed_out", "Request Timeout"},
    problem_kind{errc::unsupported_media, 415, "unsupported_media", "Unsupported Media Type"},
    problem_kind{errc::rate_limited, 429, "rate_limited", "Too Many Requests"},
    problem_kind{errc::unavailable, 503, "unavailable", "Service Unavailable"},
    problem_kind{errc::in_doubt, 503, "unavailable", "Service Unavailable"},
};

// The stable word for an error.
inline std::string_view code_of(const error& why) {
  return std::ranges::find(problem_kinds, why.code, &problem_kind::code)->name;
}

// `why` as the answer to `asked`.
inline response problem(const error& why, const request& asked) {
  const auto* kind = std::ranges::find(problem_kinds, why.code, &problem_kind::code);
  const std::string path = asked.target.substr(0, asked.target.find('?'));
  response answer{
      .status = kind->status,
      .headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}},
      .body = json::encode(json::problem{.title = std::string{kind->title},
                                         .status = kind->status,
                                         .detail = why.message,
                                         .instance = asked.prefix + path,
                                         .code = std::string{kind->name},
                                         .errors = why.violations,
                                         .request_id = asked.id,
                                         .is_in_doubt = why.code == errc::in_doubt})};
  if (kind->status == 503 || kind->status == 429)
    answer.headers.emplace_back("Retry-After", std::to_string(why.retry_after_seconds));
  if (why.code == errc::unauthenticated) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace comments::http

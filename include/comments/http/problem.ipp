#pragma once
// http/problem.ipp - definitions of http/problem.hpp.

#include <comments/http/problem.hpp>
#include <comments/json/encode.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace comments::http {

namespace detail {

// Returns the body and the headers that every problem has.
template <typename Code>
response make_problem(const problem_kind<Code>& kind, json::problem body, int retry_after_seconds,
                      const request& asked) {
  body.title = kind.title;
  body.status = kind.status;
  body.instance = asked.prefix + asked.target.substr(0, asked.target.find('?'));
  body.code = kind.name;
  body.request_id = asked.id;
  response answer{
      .status = kind.status,
      .headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}},
      .body = json::encode(body)};
  if (kind.status == 503 || kind.status == 429)
    answer.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  if (kind.status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace detail

COMMENTS_INLINE std::string_view code_of(const error& why) {
  return std::ranges::find(error_kinds, why.code, &problem_kind<errc>::code)->name;
}

COMMENTS_INLINE response problem(const error& why, const request& asked) {
  const auto* kind = std::ranges::find(error_kinds, why.code, &problem_kind<errc>::code);
  json::problem body{
      .detail = why.message, .errors = why.violations, .is_in_doubt = why.code == errc::in_doubt};
  return detail::make_problem(*kind, std::move(body), why.retry_after_seconds, asked);
}

COMMENTS_INLINE response problem(const request_error& why, const request& asked) {
  const auto* kind =
      std::ranges::find(request_error_kinds, why.code, &problem_kind<request_errc>::code);
  json::problem body{.detail = why.message, .errors = why.violations};
  constexpr int retry_after_seconds = 1;
  return detail::make_problem(*kind, std::move(body), retry_after_seconds, asked);
}

}  // namespace comments::http

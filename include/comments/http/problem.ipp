#pragma once
// http/problem.ipp - definitions of http/problem.hpp.

#include <comments/http/problem.hpp>

#include <comments/json/encode.hpp>
#include <comments/json/typed_fields.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace comments::inline v0::http {

namespace detail {

template <typename Code, std::size_t Size>
const problem_kind<Code>& find_kind(const problem_kind<Code> (&kinds)[Size], Code code) {
  return *std::ranges::find(kinds, code, &problem_kind<Code>::code);
}

// An error as RFC 9457 has it, with what this API adds.
template <typename Code>
std::string encode_problem(const problem_kind<Code>& kind, const std::string& message,
                           const std::vector<violation>& violations, const request& asked,
                           bool is_in_doubt) {
  std::string text = R"({"type":"about:blank","title":)";
  json::append_text(text, kind.title);
  json::append_number(text += R"(,"status":)", kind.status);
  json::append_text(text += R"(,"detail":)", message);
  json::append_text(text += R"(,"instance":)",
                    asked.prefix + asked.target.substr(0, asked.target.find('?')));
  json::append_text(text += R"(,"code":)", kind.name);
  text += R"(,"errors":[)";
  for (const violation& broken : violations) {
    if (&broken != &violations.front()) text += ",";
    const bool is_key = broken.pointer == "key";
    json::append_text(text += R"({"pointer":)", is_key ? "Idempotency-Key" : broken.pointer);
    json::append_text(text += R"(,"code":)", broken.code);
    text += "}";
  }
  json::append_text(text += R"(],"request_id":)", asked.id);
  if (is_in_doubt) text += R"(,"in_doubt":true)";
  return text += "}";
}

template <typename Code>
response respond(const problem_kind<Code>& kind, std::string body, int retry_after_seconds) {
  response answer{
      .status = kind.status,
      .headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}},
      .body = std::move(body)};
  if (kind.status == 503 || kind.status == 429)
    answer.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  if (kind.status == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

}  // namespace detail

COMMENTS_INLINE std::string_view code_of(const error& why) {
  return detail::find_kind(error_kinds, why.code).name;
}

COMMENTS_INLINE response problem(const error& why, const request& asked) {
  const auto& kind = detail::find_kind(error_kinds, why.code);
  std::string body =
      detail::encode_problem(kind, why.message, why.violations, asked, why.code == errc::in_doubt);
  return detail::respond(kind, std::move(body), why.retry_after_seconds);
}

COMMENTS_INLINE response problem(const request_error& why, const request& asked) {
  constexpr int retry_after_seconds = 1;
  const auto& kind = detail::find_kind(request_error_kinds, why.code);
  std::string body = detail::encode_problem(kind, why.message, why.violations, asked, false);
  return detail::respond(kind, std::move(body), retry_after_seconds);
}

COMMENTS_INLINE error decode_problem(const response& refused) {
  error why{refused.status < 500 ? errc::malformed : errc::unavailable,
            "The server refused it with the status " + std::to_string(refused.status) + "."};
  if (const auto wait = find_header(refused.headers, "Retry-After"))
    std::from_chars(wait->data(), wait->data() + wait->size(), why.retry_after_seconds);
  const auto parsed = json::parse_object(refused.body, 4);
  if (!parsed) return why;
  std::string code;
  bool is_in_doubt = false;
  std::vector<violation> ignored;
  json::typed_fields said{*parsed, "/", ignored};
  said.read("code", code);
  said.read("detail", why.message);
  said.read_optional("in_doubt", is_in_doubt);
  for (const auto& kind : error_kinds)
    if (kind.name == code && kind.status == refused.status && kind.code != errc::in_doubt)
      why.code = is_in_doubt ? errc::in_doubt : kind.code;
  for (json::typed_fields& broken : said.each("errors")) {
    broken.read("pointer", why.violations.emplace_back().pointer);
    broken.read("code", why.violations.back().code);
  }
  return why;
}

}  // namespace comments::inline v0::http

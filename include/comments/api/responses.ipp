#pragma once
// api/responses.ipp - definitions of api/responses.hpp.

#include <comments/api/responses.hpp>

#include <comments/http/problem.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::http {

COMMENTS_INLINE std::optional<response> refuse_media(const request& asked) {
  const auto encoding = find_header(asked.headers, "Content-Encoding");
  if (encoding && !is_same_name(*encoding, "identity"))
    return problem({request_errc::unsupported_media,
                    "The body must not be compressed.",
                    {{"Content-Encoding", "unsupported"}}},
                   asked);
  const std::string_view header = find_header(asked.headers, "Content-Type").value_or("");
  std::string_view type = header.substr(0, header.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  if (is_same_name(type, "application/json")) return std::nullopt;
  return problem({request_errc::unsupported_media,
                  "The body must be application/json.",
                  {{"Content-Type", type.empty() ? "required" : "unsupported"}}},
                 asked);
}

COMMENTS_INLINE std::string idempotency_key(const request& asked) {
  return std::string{find_header(asked.headers, "Idempotency-Key").value_or("")};
}

COMMENTS_INLINE std::string_view if_none_match(const request& asked) {
  return find_header(asked.headers, "If-None-Match").value_or("");
}

COMMENTS_INLINE std::vector<std::int64_t> expected_versions(const request& asked) {
  constexpr std::int64_t no_version = -1;
  const auto header = find_header(asked.headers, "If-Match");
  if (!header) return {};
  std::vector<std::int64_t> versions;
  for (std::string_view rest = *header; !rest.empty();) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::string_view tag = trim(item);
    if (tag == "*") return {};
    if (tag.size() < 3) continue;
    const std::string_view inside = tag.substr(1, tag.size() - 2);
    const std::string_view number = inside.substr(0, inside.find('-'));
    const auto version = parse_number<std::int64_t>(number);
    if (!version || tag.front() != '"' || tag.back() != '"') continue;
    if (std::to_string(*version) == number) versions.push_back(*version);
  }
  if (versions.empty()) versions.push_back(no_version);
  return versions;
}

COMMENTS_INLINE response json_response(std::string body) {
  return {.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

COMMENTS_INLINE response tagged_response(const std::string& etag, std::string body) {
  return {.headers = {{"ETag", etag},
                      {"Cache-Control", "no-cache"},
                      {"Content-Type", "application/json"}},
          .body = std::move(body)};
}

COMMENTS_INLINE response private_response(std::string body) {
  return {.headers = {{"Content-Type", "application/json"},
                      {"Cache-Control", "private, no-store"},
                      {"Vary", "Comments-Browser"}},
          .body = std::move(body)};
}

COMMENTS_INLINE response without_body(response answer) {
  answer.is_length_unknown = true;
  return answer;
}

COMMENTS_INLINE response not_modified(const std::string& etag) {
  return {.status = 304, .headers = {{"ETag", etag}, {"Cache-Control", "no-cache"}}};
}

COMMENTS_INLINE error bad_cursor() {
  return {errc::malformed,
          "The cursor is not one of ours, or of another list.",
          {{"cursor", "unknown"}}};
}

}  // namespace comments::inline v0::http

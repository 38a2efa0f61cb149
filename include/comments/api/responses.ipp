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

namespace detail {

// Reads "7", "7-plain", "7-0123456789abcdef" and "7-0123456789abcdef-plain". A tag without an epoch
// is of the present one.
inline std::optional<stamp> stamp_of_tag(std::string_view inside) {
  const std::size_t number = std::min(inside.find('-'), inside.size());
  const std::size_t end =
      std::min(inside.find('-', std::min(number + 1, inside.size())), inside.size());
  if (auto whole = parse_stamp(inside.substr(0, end))) return whole;
  return parse_stamp(inside.substr(0, number));
}

}  // namespace detail

COMMENTS_INLINE std::vector<std::int64_t> expected_versions(const request& asked,
                                                            const service& of) {
  constexpr std::int64_t no_version = -1;
  const auto header = find_header(asked.headers, "If-Match");
  if (!header) return {};
  std::vector<std::int64_t> versions;
  std::optional<result<std::uint64_t>> epoch;  // asked for when it is needed
  for (std::string_view rest = *header; !rest.empty();) {
    const std::string_view item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    const std::string_view tag = trim(item);
    if (tag == "*") return {};
    if (tag.size() < 3) continue;
    if (tag.front() != '"' || tag.back() != '"') continue;
    const auto named = detail::stamp_of_tag(tag.substr(1, tag.size() - 2));
    if (!named) continue;
    if (named->epoch != 0 && !epoch) epoch = of.epoch();
    if (named->epoch != 0 && (!*epoch || named->epoch != **epoch)) continue;
    versions.push_back(named->version);
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

COMMENTS_INLINE std::string to_payload(const cursor& next, std::uint64_t epoch) {
  std::string payload = std::to_string(next.position) + " " + std::to_string(next.votes);
  return epoch == 0 ? payload : payload + " " + epoch_text(epoch);
}

COMMENTS_INLINE std::optional<cursor> parse_payload(std::string_view text) {
  const auto next_word = [&text] {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
  };
  const auto position = parse_number<std::int64_t>(next_word());
  const auto votes = parse_number<std::int64_t>(next_word());
  if (!position || !votes) return std::nullopt;
  cursor found{*position, *votes};
  if (text.empty()) return found;
  const auto epoch = parse_epoch(text);
  if (!epoch) return std::nullopt;
  found.epoch = *epoch;
  return found;
}

COMMENTS_INLINE bool is_of_epoch(const std::optional<cursor>& after, const content& of) {
  return !after || after->epoch == 0 || after->epoch == of.epoch;
}

COMMENTS_INLINE error bad_cursor() {
  return {errc::malformed,
          "The cursor is not one of ours, or of another list.",
          {{"cursor", "unknown"}}};
}

COMMENTS_INLINE error outdated_cursor() {
  return {
      errc::malformed,
      "The comments were restored since this cursor was made. Read the list from its beginning.",
      {{"cursor", "outdated"}}};
}

}  // namespace comments::inline v0::http

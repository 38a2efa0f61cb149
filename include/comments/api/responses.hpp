#pragma once
// api/responses.hpp - what the routes have in common: the headers that they read, and how they
// respond.
//
//   const http::request asked{.headers = {{"If-None-Match", "\"7\""}}};
//   const std::string etag = http::to_etag({.version = 7});
//   http::response answer = http::tagged_response(etag, R"({"version":7})");
//   if (http::has_etag(http::if_none_match(asked), etag)) answer = http::not_modified(etag);

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/result.hpp>
#include <comments/service.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

// Returns the problem 415 if the request's body is not JSON by its Content-Type, or is compressed;
// nothing if the body can be read.
std::optional<response> refuse_media(const request& asked);

// Returns the number that the whole text is in decimal digits; nothing for other text, and for a
// number that does not fit.
template <typename Number>
std::optional<Number> parse_number(std::string_view text);

// Returns the value of Idempotency-Key, and of If-None-Match: empty without the header.
std::string idempotency_key(const request& asked);
std::string_view if_none_match(const request& asked);

// Returns the versions that If-Match names (RFC 9110, section 13.1.1); a change is made only at one
// of these. Empty, which allows any version, without the header and for "*". A header that names no
// version allows none: the result is then a version that does not exist. A weak tag names none; of
// a tag such as "7-plain" the version counts, whatever the representation. A tag of another epoch
// than the store's names none, and neither does any that names one if the store cannot be asked.
// One without an epoch is of the present one.
std::vector<std::int64_t> expected_versions(const request& asked, const service& of);

// Returns a response with this JSON, which caches must not keep.
response json_response(std::string body);

// Returns a response with this JSON and tag, which caches may keep but ask about each time.
response tagged_response(const std::string& etag, std::string body);

// Returns a response with this JSON, which is for the one who asked alone.
response private_response(std::string body);

// Returns the response to HEAD where the body is not made.
response without_body(response answer);

// Returns the response 304: the client has the representation with this tag.
response not_modified(const std::string& etag);

// The payload of a cursor's token: its place in a list, and the epoch whose versions it counts by.
std::string to_payload(const cursor& next, std::uint64_t epoch);
// Returns the cursor in a payload; nothing if it is not one. One without an epoch has 0.
std::optional<cursor> parse_payload(std::string_view text);
// Whether a list of this content can go on behind the cursor: if it is of the same epoch, or says
// none.
bool is_of_epoch(const std::optional<cursor>& after, const content& of);

// The error for a cursor that this API did not make, or made for another list.
error bad_cursor();
// The error for one of another epoch: the list must be read from its beginning.
error outdated_cursor();

// --- definitions ---

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/responses.ipp>
#endif

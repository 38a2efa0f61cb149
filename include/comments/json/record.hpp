#pragma once
// json/record.hpp - comments, events and deployments as JSON that loses nothing.
//
// A record has every field of its value, those too that no reader may see: addresses, origins, what
// an edit replaced. So it is for keeping and moving, and never for a response. It is one line, in
// UTF-8; text that is not UTF-8 is written with U+FFFD. What `encode_record` makes, the function
// that decodes it gives back as it was.
//
// A text that is not JSON is `malformed`. A record that lacks a field, has an unknown one, or has
// one of the wrong kind is `invalid`, with a violation for each: an unknown field would be lost
// without a word. Nothing here throws, except std::bad_alloc.
//
//   using namespace comments;
//   const comment kept{.content_id = "1", .body = "Oi"};
//   const auto again = json::decode_comment_record(json::encode_record(kept));
//   assert(*again == kept);

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/event.hpp>
#include <comments/result.hpp>

#include <string>
#include <string_view>

namespace comments::inline v0::json {

std::string encode_record(const comment& value);
std::string encode_record(const event& value);
std::string encode_record(const deployment& value);

result<comment> decode_comment_record(std::string_view text);
result<event> decode_event_record(std::string_view text);
result<deployment> decode_deployment_record(std::string_view text);

}  // namespace comments::inline v0::json

#ifndef COMMENTS_COMPILED
#include <comments/json/record.ipp>
#endif

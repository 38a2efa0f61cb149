#pragma once
// json/answer.hpp - what the API answers, as values: for programs that ask it.
//
// json/encode.hpp writes these bodies, and here they are read back. A body has what its reader may
// see, so members that the API does not tell (origins, e-mail addresses, positions) keep their
// defaults. Fields that are not known here are ignored: the server may be newer than this program.
// A body that is not JSON is `malformed`; one that lacks a field, or has it in the wrong shape, is
// `invalid`, with a violation for each. Nothing here throws, except std::bad_alloc.
//
//   using namespace comments;
//   const auto list = json::decode_page_answer(
//       R"({"items":[],"next":null,)"
//       R"("content":{"content_id":"1","version":0,"comments":0,"status":"open"}})");
//   assert(list && list->next.empty());

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/event.hpp>
#include <comments/result.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::json {

// A comment as its reader, or its author, sees it.
struct comment_answer {
  comments::comment comment{};
  std::string author_key{};  // the same for comments of the same author
  std::string body_html{};
  std::string edit_token{};  // to the one who posted it: opens its changes
  std::string browser{};     // the browser's proof, to be kept and sent along
};

struct page_answer {
  std::vector<comment_answer> items{};
  std::string next{};  // the cursor of the next page; empty: this is the last one
  comments::content content{};
};

result<comment_answer> decode_comment_answer(std::string_view text);
result<page_answer> decode_page_answer(std::string_view text);
result<content> decode_content_answer(std::string_view text);
// {"counts":{"a":2}}: of each content its id and `comments`, in the order of the text.
result<std::vector<content>> decode_counts_answer(std::string_view text);
// The data of an event of /api/v1/events.
result<event> decode_event_answer(std::string_view text);

}  // namespace comments::inline v0::json

#ifndef COMMENTS_COMPILED
#include <comments/json/answer.ipp>
#endif

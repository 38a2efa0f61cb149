#pragma once
// json/decode.hpp - the bodies of requests: untrusted JSON to a value, or all reasons why not.
//
// Text that is not JSON is `malformed`, as json/document.hpp has it. JSON of the wrong shape is
// `invalid`: one error has all violations, of shape ("type", "required") and of `check` together.
// So are fields that the object does not have ("unknown"): a mistyped "parent_id" must not go
// unnoticed. The legacy API ignores them, as it always has.
// Nothing here throws, except std::bad_alloc.
//
//   using namespace comments;
//   const auto said = json::decode_draft(R"({"content_id":"1","body":"Oi"})", "key-1", limits{});
//   if (!said) std::puts(said.error().message.c_str());

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/moderation.hpp>
#include <comments/result.hpp>
#include <comments/validation.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::json {

// What a form sends beside a draft.
struct form_fields {
  std::string token{};        // "form": a proof of when it was shown (`auth::make_form_token`)
  bool is_honeypot_filled{};  // "trap": a field that people do not see
};

// {"content_id", "body", "parent_id"?, "author"?: {"name"?, "email"?, "url"?}, "form"?, "trap"?}
// Returns the draft, with `key`; what a form sent beside it is in `form`.
result<draft> decode_draft(std::string_view text, std::string key, const limits& limits,
                           form_fields& form);
// The same for callers that have no use for a form's fields.
result<draft> decode_draft(std::string_view text, std::string key, const limits& limits);

// {"email", "comment", "content_id"} of the legacy API, all three required. Its list may show the
// e-mail address.
result<draft> decode_legacy_draft(std::string_view text, std::string key, const limits& limits);

// {"body"}. The caller checks the text itself, here and below.
result<std::string> decode_body(std::string_view text, const limits& limits);

// {"reason"}
result<std::string> decode_reason(std::string_view text, const limits& limits);

// {"status", "reason"?}: how a content is to be; null gives it the default back.
struct content_change {
  std::optional<content_status> status{};
  std::string reason{};
};
result<content_change> decode_content_change(std::string_view text, const limits& limits);

// {"ids", "action", "reason"?}: what a moderator decides about comments.
struct decision_request {
  std::vector<comment_id> ids{};
  decision action{};
  std::string reason{};
};
result<decision_request> decode_decision(std::string_view text, const limits& limits);

// {"component", "version", "responsible", "status", "run"?}: a step of a deployment. A "date" is
// ignored: the log's own clock sets it.
result<deployment> decode_deployment(std::string_view text, const limits& limits,
                                     const deployment_limits& most);

}  // namespace comments::inline v0::json

#ifndef COMMENTS_COMPILED
#include <comments/json/decode.ipp>
#endif

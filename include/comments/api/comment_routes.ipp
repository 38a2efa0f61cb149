#pragma once
// api/comment_routes.ipp - definitions of api/comment_routes.hpp.

#include <comments/api/comment_routes.hpp>

#include <comments/api/responses.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/decode.hpp>
#include <comments/json/encode.hpp>

#include <optional>
#include <string>
#include <utility>

namespace comments::inline v0::http {

namespace detail {

// The comment that the path names; nothing if that is not an id.
inline std::optional<comment_id> id_in(const request& asked) {
  return parse_comment_id(*find_field(asked.path, "id"));
}

}  // namespace detail

COMMENTS_INLINE response comment_routes::post_legacy(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto caller = identify(asked);
  if (!caller) return problem(caller.error(), asked);
  auto written = json::decode_legacy_draft(asked.body, idempotency_key(asked), shared_.limits());
  if (!written) return problem(written.error(), asked);
  auto answer = [this](const post_result& posted, const request&) {
    response made = json_response(json::encode_legacy_posted(posted.stored.content_id));
    made.headers.emplace_back("ETag", to_etag(shared_.stamp_of(posted.stored)));
    if (posted.replayed) made.headers.emplace_back("Idempotency-Replayed", "true");
    return made;
  };
  return store(std::move(*written), *caller, {.is_legacy = true}, std::move(asked),
               std::move(answer));
}

COMMENTS_INLINE response comment_routes::post(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto caller = identify(asked);
  if (!caller) return problem(caller.error(), asked);
  json::form_fields form;
  auto written = json::decode_draft(asked.body, idempotency_key(asked), shared_.limits(), form);
  if (!written) return problem(written.error(), asked);
  arrival how{.is_honeypot_filled = form.is_honeypot_filled};
  if (!form.token.empty()) {
    how.form_shown_at = auth::form_time(shared_.sign(), form.token);
    if (!how.form_shown_at) return problem(to_error({{"/form", "unknown"}}), asked);
  }
  auto answer = [this, by = *caller](const post_result& posted, const request& from) {
    response made = posted_response(posted, by);
    made.headers.emplace_back("Location",
                              from.prefix + "/api/v1/comments/" + to_string(posted.stored.id));
    return made;
  };
  return store(std::move(*written), *caller, std::move(how), std::move(asked), std::move(answer));
}

COMMENTS_INLINE response comment_routes::find(request asked) const {
  const auto id = detail::id_in(asked);
  const auto caller = shared_.identify(asked, id);
  if (!caller) return problem(caller.error(), asked);
  // Before the comment is read: a version must not be taken for one of a later epoch.
  const auto epoch = shared_.service().epoch();
  if (!epoch) return problem(epoch.error(), asked);
  const auto found = id ? shared_.service().find(*id, *caller) : comment_not_found();
  if (!found) return problem(found.error(), asked);
  const auto reason = shared_.service().find_reason(*found, *caller);
  if (!reason) return problem(reason.error(), asked);
  const std::string etag = shared_.etag_of({found->version, *epoch});
  // With a reason it is not what this version may be known as, so it is always sent.
  const bool is_known = reason->empty() && has_etag(if_none_match(asked), etag);
  response answer =
      is_known ? not_modified(etag)
               : tagged_response(etag, reason->empty()
                                           ? json::encode(*found, shared_.style())
                                           : json::encode_hidden(*found, shared_.style(), *reason));
  // Its author may see more of a comment, and the browser that it came from.
  answer.headers.emplace_back("Vary", "Authorization, Comments-Browser");
  const bool is_hidden = !is_visible(*found) && !found->body.empty();
  for (auto& [name, value] : answer.headers)
    if (is_hidden && name == "Cache-Control") value = "private, no-store";
  return answer;
}

COMMENTS_INLINE response comment_routes::edit(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto id = detail::id_in(asked);
  const auto caller = shared_.identify(asked, id);
  if (!caller) return problem(caller.error(), asked);
  auto body = json::decode_body(asked.body, shared_.limits());
  if (!body) return problem(body.error(), asked);
  if (!id) return problem(comment_not_found(), asked);
  const change_options options{.any_of = expected_versions(asked, shared_.service()),
                               .encode = shared_.encoder()};
  return changed_response(shared_.service().edit(*id, std::move(*body), *caller, options), asked);
}

COMMENTS_INLINE response comment_routes::remove(request asked) const {
  const auto id = detail::id_in(asked);
  const auto caller = shared_.identify(asked, id);
  if (!caller) return problem(caller.error(), asked);
  if (!id) return problem(comment_not_found(), asked);
  const change_options options{.any_of = expected_versions(asked, shared_.service())};
  const auto removed = shared_.service().remove(*id, *caller, options);
  return removed ? response{.status = 204} : problem(removed.error(), asked);
}

COMMENTS_INLINE response comment_routes::vote(request asked) const { return put_vote(asked, true); }

COMMENTS_INLINE response comment_routes::withdraw_vote(request asked) const {
  return put_vote(asked, false);
}

COMMENTS_INLINE response comment_routes::report(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto id = detail::id_in(asked);
  const auto caller = shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  const auto reason = json::decode_reason(asked.body, shared_.limits());
  if (!reason) return problem(reason.error(), asked);
  const auto reported = id ? shared_.service().report(*id, *reason, *caller) : comment_not_found();
  return reported ? response{.status = 204} : problem(reported.error(), asked);
}

COMMENTS_INLINE response comment_routes::preview(request asked) const {
  if (auto refused = refuse_media(asked)) return std::move(*refused);
  const auto body = json::decode_body(asked.body, shared_.limits());
  if (!body) return problem(body.error(), asked);
  if (auto broken = check_body(*body, shared_.limits()); !broken.empty())
    return problem(to_error(std::move(broken)), asked);
  return json_response(json::encode_fields({{"body_html", shared_.style().to_html(*body)}}));
}

COMMENTS_INLINE response comment_routes::form(request) const {
  const std::string token = auth::make_form_token(shared_.sign(), shared_.now());
  return json_response(json::encode_form(token, shared_.limits().body_bytes_max));
}

// Returns who posts or votes, with a new name for a browser that proves none.
COMMENTS_INLINE result<principal> comment_routes::identify(const request& asked) const {
  auto caller = shared_.identify(asked);
  if (caller && caller->browser.empty()) caller->browser = auth::make_browser_name();
  return caller;
}

COMMENTS_INLINE std::string comment_routes::proof_of(const principal& caller) const {
  return auth::make_browser_proof(shared_.sign(), caller.browser, shared_.now());
}

// Answers once the draft is stored: later, if the adapter can wait for that without a thread.
COMMENTS_INLINE response comment_routes::store(draft written, const principal& caller, arrival how,
                                               request asked, post_answer answer) const {
  how.is_client_shared = asked.is_client_shared;
  const principal counted = shared_.rates()->is_counted(asked) ? caller : principal{};
  post_options options{.how = std::move(how),
                       .allowances = allowances_of(shared_.options().rates, counted),
                       .encode = shared_.encoder()};
  asked.body.clear();
  auto on_ready = std::exchange(asked.on_ready, nullptr);
  auto respond = [asked = std::move(asked),
                  answer = std::move(answer)](const result<post_result>& posted) {
    return posted ? answer(*posted, asked) : problem(posted.error(), asked);
  };
  if (!on_ready)
    return respond(shared_.service().post(std::move(written), caller, std::move(options)));
  auto begun = shared_.service().begin_post(std::move(written), caller, std::move(options),
                                            std::move(on_ready));
  return answer_later(std::move(begun), std::move(respond));
}

COMMENTS_INLINE response comment_routes::answer_later(std::shared_ptr<begun_post> begun,
                                                      to_response respond) const {
  return {.later = [this, begun = std::move(begun), respond = std::move(respond)](effort now) {
    service& from = shared_.service();
    if (now != effort::memory || from.ends_at_once(*begun)) return respond(from.end_post(*begun));
    response rest = answer_later(begun, respond);
    rest.is_deferred = true;
    return rest;
  }};
}

// With the token by which its author may change it: in the first response alone, not in a replay,
// because a replay may come from another client.
COMMENTS_INLINE response comment_routes::posted_response(const post_result& posted,
                                                         const principal& caller) const {
  const comment& made = posted.stored;
  const instant until = made.created_at + shared_.service().options().edit_window;
  const std::string token =
      posted.replayed ? "" : auth::make_edit_token(shared_.sign(), made.id, until);
  const json::proofs handed_out{.edit_token = token, .browser = proof_of(caller)};
  response answer = json_response(json::encode(made, shared_.style(), handed_out));
  answer.status = 201;
  answer.headers.emplace_back("ETag", shared_.etag_of(shared_.stamp_of(made)));
  if (posted.replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
  return answer;
}

COMMENTS_INLINE response comment_routes::changed_response(const result<comment>& changed,
                                                          const request& asked,
                                                          const json::proofs& handed_out) const {
  if (!changed) return problem(changed.error(), asked);
  response answer = json_response(json::encode(*changed, shared_.style(), handed_out));
  answer.headers.emplace_back("ETag", shared_.etag_of(shared_.stamp_of(*changed)));
  return answer;
}

// A vote that is taken back needs no new proof.
COMMENTS_INLINE response comment_routes::put_vote(const request& asked, bool is_there) const {
  const auto id = detail::id_in(asked);
  const auto caller = is_there ? identify(asked) : shared_.identify(asked);
  if (!caller) return problem(caller.error(), asked);
  if (!id) return problem(comment_not_found(), asked);
  const auto voted = shared_.service().vote(*id, *caller, is_there);
  return changed_response(voted, asked, {.browser = is_there ? proof_of(*caller) : ""});
}

}  // namespace comments::inline v0::http

#pragma once
// api/comment_routes.hpp - one comment at a time: posting, reading, changing, voting, reporting.
//
//   table.add("POST /api/v1/comments", [&](request asked) { return one.post(std::move(asked)); });

#include <comments/api/context.hpp>
#include <comments/json/decode.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace comments::http {

class comment_routes final {
 public:
  explicit comment_routes(const context& shared) : shared_{shared} {}

  // POST /api/comment/new
  response post_original(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    auto written = json::decode_legacy_draft(asked.body, key_of(asked), shared_.limits());
    if (!written) return problem(written.error(), asked);
    const std::string content_id = written->content_id;
    const auto posted = store(std::move(*written), *who, {});
    if (!posted) return problem(posted.error(), asked);
    response answer = answer_with(json::encode_legacy_posted(content_id));
    answer.headers.emplace_back("ETag", to_etag(posted->stored.version));
    if (posted->replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
    return answer;
  }

  // POST /api/v1/comments
  response post(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    json::form_fields form;
    auto written = json::decode_draft(asked.body, key_of(asked), shared_.limits(), form);
    if (!written) return problem(written.error(), asked);
    arrival how{.is_honeypot_filled = form.is_honeypot_filled};
    if (!form.token.empty()) {
      how.form_shown_at = auth::form_time(shared_.sign(), form.token);
      if (!how.form_shown_at) return problem(to_error({{"/form", "unknown"}}), asked);
    }
    const auto posted = store(std::move(*written), *who, std::move(how));
    if (!posted) return problem(posted.error(), asked);
    response answer = answer_posted(*posted);
    answer.headers.emplace_back("Location",
                                asked.prefix + "/api/v1/comments/" + to_string(posted->stored.id));
    return answer;
  }

  // GET /api/v1/comments/{id}
  response find(request asked) const {
    const auto id = id_of(asked);
    const auto who = shared_.identify(asked, id);
    if (!who) return problem(who.error(), asked);
    const auto found = id ? shared_.service().find(*id, *who) : comment_not_found();
    if (!found) return problem(found.error(), asked);
    const std::string etag = to_etag(found->version);
    response answer = has_etag(asked_etags(asked), etag)
                          ? not_modified(etag)
                          : fresh(etag, json::encode(*found, shared_.style()));
    answer.headers.emplace_back("Vary", "Authorization");  // a version looks different to some
    return answer;
  }

  // PATCH /api/v1/comments/{id}
  response edit(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto id = id_of(asked);
    const auto who = shared_.identify(asked, id);
    if (!who) return problem(who.error(), asked);
    auto body = json::decode_body(asked.body, shared_.limits());
    if (!body) return problem(body.error(), asked);
    const change_options options{.any_of = expected_versions(asked), .encode = shared_.encoder()};
    const auto changed =
        id ? shared_.service().edit(*id, std::move(*body), *who, options) : comment_not_found();
    return answer_changed(changed, asked);
  }

  // DELETE /api/v1/comments/{id}
  response remove(request asked) const {
    const auto id = id_of(asked);
    const auto who = shared_.identify(asked, id);
    if (!who) return problem(who.error(), asked);
    const auto gone = id ? shared_.service().remove(*id, *who, {.any_of = expected_versions(asked)})
                         : comment_not_found();
    return gone ? response{.status = 204} : problem(gone.error(), asked);
  }

  // PUT, DELETE /api/v1/comments/{id}/vote
  response vote(request asked) const { return put_vote(asked, true); }
  response withdraw_vote(request asked) const { return put_vote(asked, false); }

  // POST /api/v1/comments/{id}/reports
  response report(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto id = id_of(asked);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    const auto reason = json::decode_reason(asked.body, shared_.limits());
    if (!reason) return problem(reason.error(), asked);
    const auto told = id ? shared_.service().report(*id, *reason, *who) : comment_not_found();
    return told ? response{.status = 204} : problem(told.error(), asked);
  }

  // POST /api/v1/previews
  response preview(request asked) const {
    if (auto refused = refuse_media(asked)) return std::move(*refused);
    const auto body = json::decode_body(asked.body, shared_.limits());
    if (!body) return problem(body.error(), asked);
    if (auto broken = check_body(*body, shared_.limits()); !broken.empty())
      return problem(to_error(std::move(broken)), asked);
    return answer_with(json::encode_fields({{"body_html", shared_.style().to_html(*body)}}));
  }

  // GET /api/v1/form
  response form(request) const {
    return answer_with(json::encode_form(auth::make_form_token(shared_.sign(), shared_.now()),
                                         shared_.limits().body_bytes_max));
  }

 private:
  static std::optional<comment_id> id_of(const request& asked) {
    return parse_comment_id(*find_field(asked.path, "id"));
  }

  result<post_result> store(draft written, const principal& who, arrival how) const {
    return shared_.service().post(
        std::move(written), who,
        {.how = std::move(how),
         .allowances = allowances_of(shared_.rates()->options(), who.client),
         .encode = shared_.encoder()});
  }

  // With the token by which its author may change it: this once, and to nobody who repeats it.
  response answer_posted(const post_result& posted) const {
    const comment& made = posted.stored;
    const instant until = made.created_at + shared_.service().options().edit_window;
    const std::string token =
        posted.replayed ? "" : auth::make_edit_token(shared_.sign(), made.id, until);
    response answer = answer_with(json::encode(made, shared_.style(), token));
    answer.status = 201;
    answer.headers.emplace_back("ETag", to_etag(made.version));
    if (posted.replayed) answer.headers.emplace_back("Idempotency-Replayed", "true");
    return answer;
  }

  response answer_changed(const result<comment>& changed, const request& asked) const {
    if (!changed) return problem(changed.error(), asked);
    response answer = answer_with(json::encode(*changed, shared_.style()));
    answer.headers.emplace_back("ETag", to_etag(changed->version));
    return answer;
  }

  response put_vote(const request& asked, bool is_there) const {
    const auto id = id_of(asked);
    const auto who = shared_.identify(asked);
    if (!who) return problem(who.error(), asked);
    return answer_changed(id ? shared_.service().vote(*id, *who, is_there) : comment_not_found(),
                          asked);
  }

  const context& shared_;
};

}  // namespace comments::http

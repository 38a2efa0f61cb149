#pragma once
// admission.hpp - whether a text may stand, and as what: the mode of its content, the rules, and
// who wrote it.
//
// Nothing here changes anything: it is asked before the store is.
//
//   const admission gate{store, options};
//   auto judged = gate.judge_text(draft, who, how);  // published, pending, spam; or why not
//   judged = gate.judge_place(draft, who, *judged);  // and what its content says

#include <comments/moderation.hpp>
#include <comments/principal.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>
#include <comments/validation.hpp>

#include <optional>
#include <string>
#include <utility>

namespace comments {

// What the rules and the content's mode make of a text.
struct judgement {
  comments::status status{};
  std::string reason{};
  std::optional<content_status> mode{};  // the content's own that it rests on
};

// Moderators alone may do what asks for this.
inline result<done> need_moderator(const principal& who) {
  if (is_moderator(who)) return ok();
  if (who.role == principal::role::anyone)
    return error{errc::unauthenticated, "This is for moderators."};
  return error{errc::forbidden, "This is for moderators."};
}

// The store and the options outlive it. Safe from any thread.
class admission final {
 public:
  admission(const store& store, const service_options& options)
      : store_{store}, options_{options} {}

  // What the rules make of a valid draft: asked once for each, because rules may remember it.
  // `invalid` if one refuses it. No rule is asked about what a moderator writes.
  result<judgement> judge_text(const draft& written, const principal& who,
                               const arrival& how) const {
    if (is_moderator(who)) return judgement{};
    verdict found = judge(options_.rules, written, how);
    const auto status = to_status(found.outcome);
    if (!status) return to_error(std::move(found.violations));
    return judgement{*status, std::move(found.reason)};
  }

  // What the content as it is now makes of a draft that the rules have judged. `content_locked`.
  // What a moderator writes is published in any.
  result<judgement> judge_place(const draft& written, const principal& who, judgement found) const {
    const auto home = store_.contents({&written.content_id, 1});
    if (!home) return home.error();
    found.mode = home->front().status;
    const content_status mode = found.mode.value_or(options_.mode);
    if (is_moderator(who)) return found;
    if (mode == content_status::locked) return locked();
    if (found.status != status::published) return found;
    if (mode == content_status::premoderated) return held(std::move(found), "premoderated");
    if (mode == content_status::first_comment) {
      const auto known = is_known(written.author);
      if (!known) return known.error();
      if (!*known) return held(std::move(found), "first comment");
    }
    return found;
  }

  // What a comment becomes whose author gives it another text: never better than it was. The
  // errors of both, and `conflict` past `edits_max`.
  result<judgement> judge_edit(const comment& stands, const std::string& body, const principal& who,
                               instant now) const {
    if (auto broken = check_body(body, options_.limits); !broken.empty())
      return to_error(std::move(broken));
    const auto past = store_.history(stands.id, 0, options_.edits_max + 1);
    if (!past) return past.error();
    if (past->size() > options_.edits_max && !is_moderator(who))
      return error{errc::conflict, "It was changed too often."};
    const draft written{.content_id = stands.content_id,
                        .parent = stands.reply_to,
                        .author = stands.author,
                        .body = body,
                        .key = to_string(stands.id)};
    auto found = judge_text(written, who, {.now = now, .client = who.client, .is_edit = true});
    if (!found) return found;
    return judge_place(written, who, std::move(*found));
  }

  // Whether `who` may change a comment now. `not_found` if it is not there for them, else
  // `unauthenticated`, `forbidden` or `edit_window_closed`.
  result<done> may_change(const principal& who, const comment& stands, instant now) const {
    if (stands.status == status::removed) return comment_not_found();
    if (is_moderator(who)) return ok();
    if (!is_author(who, stands)) {
      if (!is_visible(stands)) return comment_not_found();
      if (who.role == principal::role::anyone)
        return error{errc::unauthenticated, "Only its author and moderators may do that."};
      return error{errc::forbidden, "Only its author and moderators may do that."};
    }
    const bool is_over = now > stands.created_at + options_.edit_window;
    if (is_over) return error{errc::edit_window_closed, "The time to change it is over."};
    return ok();
  }

 private:
  // Whether something of this author is published: by their account, else by their address.
  result<bool> is_known(const author& by) const {
    if (!by.verified && by.email.empty()) return false;
    const auto found = store_.find_all({.status = status::published,
                                        .subject = by.verified ? by.subject : "",
                                        .email = by.verified ? "" : by.email,
                                        .verified = by.verified,
                                        .limit = 1});
    if (!found) return found.error();
    return !found->items.empty();
  }

  static judgement held(judgement found, std::string reason) {
    found.status = status::pending;
    found.reason = std::move(reason);
    return found;
  }
  static error locked() { return {errc::content_locked, "The content takes no comments now."}; }

  const store& store_;
  const service_options& options_;
};

}  // namespace comments

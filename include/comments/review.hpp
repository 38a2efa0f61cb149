#pragma once
// review.hpp - whether a text may stand, and with which status: the rules and the content's mode.
//
// A review changes nothing. The service asks for it before it asks the store to write.
//
//   const service_options chosen{.mode = content_status::premoderated};
//   const reviewer reviews{store, chosen};
//   result<review> found = reviews.review_text(written, who, {.now = now});
//   if (found) found = reviews.review_place(written, who, *found);
//   if (found) assert(is_moderator(who) || found->status != status::published);

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/guarded.hpp>
#include <comments/moderation.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>

#include <functional>
#include <optional>
#include <string>

namespace comments::inline v0 {

// What the rules and the content's mode make of a text.
struct review {
  comments::status status{};
  std::string reason{};                  // why it is not simply published
  std::function<void()> forget{};        // for the rules, if it is not stored (`verdict::forget`)
  std::optional<content_status> mode{};  // the content's own, on which `status` rests
};

// Returns what became of a text, and lets the rules forget it if it was not stored. After a write
// in doubt it may have been. What a rule throws while it forgets is lost.
template <typename Stored>
result<Stored> settle(const review& found, result<Stored> stored) {
  const bool is_stored = stored || stored.error().code == errc::in_doubt;
  if (!is_stored && found.forget) guarded(found.forget);
  return stored;
}

// The store and the options must outlive it. Any thread may use it.
class reviewer final {
 public:
  reviewer(const store& store, const service_options& options) : store_{store}, options_{options} {}

  // Returns what the rules make of a valid draft of the caller's. Ask once for each draft, because
  // rules may remember it, and tell them the end of it (`settle`). What a moderator writes is
  // published, and no rule sees it. `invalid` with the violations if a rule refuses the draft;
  // `unavailable` if a rule fails.
  result<review> review_text(const draft& written, const principal& caller,
                             const arrival& how) const;

  // Returns what the content, as it is now, makes of a draft that the rules have judged. What a
  // moderator writes is published in any content. `content_locked`, or an error of the store.
  result<review> review_place(const draft& written, const principal& caller, review found) const;

  // Returns what a published comment becomes if its text becomes `body`. `invalid` if the body
  // cannot be one, `conflict` if the comment has been changed `edits_max` times, or the errors of
  // the other two.
  result<review> review_edit(const comment& stands, const std::string& body,
                             const principal& caller, instant now) const;

 private:
  // Whether moderators know the author: a comment of the account is published, or they published
  // one of this browser. What the author only claims, such as an e-mail address, proves nothing.
  result<bool> is_known(const author& by, const std::string& browser) const;

  const store& store_;
  const service_options& options_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/review.ipp>
#endif

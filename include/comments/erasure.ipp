#pragma once
// erasure.ipp - definitions of erasure.hpp.

#include <comments/erasure.hpp>
#include <comments/principal.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE amendment to_removal(const comment& stands, std::string by, std::string reason) {
  amendment removal{to_tombstone(stands),
                    {.kind = event_kind::removed,
                     .by = std::move(by),
                     .reason = std::move(reason),
                     .status = std::string{to_text(status::removed)}}};
  removal.changed.status = status::removed;
  removal.changed.reports = 0;
  return removal;
}

COMMENTS_INLINE result<erasure> eraser::erase(const person& whose, const std::string& by,
                                              instant now) {
  if (auto erased = erase_account(whose.subject, now); !erased) return std::move(erased).error();
  if (auto erased = erase_comments(whose, by, now); !erased) return std::move(erased).error();
  return sum_;
}

COMMENTS_INLINE result<done> eraser::erase_comments(const person& whose, const std::string& by,
                                                    instant now) {
  search wanted{.subject = whose.subject, .email = whose.email, .limit = page_max_};
  for (;;) {
    const auto found = store_.find_all(wanted);
    if (!found) return found.error();
    for (const comment& erased : found->items)
      if (auto gone = erase_comment(erased, by, now); !gone) return gone;
    if (!found->next) return ok();
    wanted.after = found->next;
  }
}

// Erases the author's votes and reports before the comment: the comment is the only record of who
// the author was, so a retry after a failure could not find them.
COMMENTS_INLINE result<done> eraser::erase_comment(const comment& erased, const std::string& by,
                                                   instant now) {
  if (auto votes = erase_account(erased.author.subject, now); !votes) return votes;
  const auto removed = store_.amend(
      erased.id,
      [&](const comment& stands) -> result<amendment> {
        if (stands.status == status::removed) return comment_not_found();
        return to_removal(stands, by, "erased");
      },
      now);
  if (!removed && removed.error().code == errc::not_found) return ok();  // another call was faster
  if (!removed) return removed.error();
  news_.announce(removed->content_id);
  ++sum_.comments;
  return ok();
}

// At most once per account. Authors without an account have no votes.
COMMENTS_INLINE result<done> eraser::erase_account(const std::string& subject, instant now) {
  if (subject.empty() || std::count(accounts_.begin(), accounts_.end(), subject) > 0) return ok();
  accounts_.push_back(subject);
  const std::string voter = voter_of_user(subject);
  for (std::optional<comment_id> after;;) {
    const auto found = store_.votes_of(voter, after, page_max_);
    if (!found) return found.error();
    if (found->empty()) return store_.forget_reporter(voter);
    for (const vote& cast : *found) {
      const auto taken = store_.vote(cast.comment, {voter}, false, now);
      if (!taken) return taken.error();
      news_.announce(cast.content_id);
      ++sum_.votes;
    }
    after = found->back().comment;
  }
}

}  // namespace comments::inline v0

#pragma once
// service.ipp - definitions of service.hpp.

#include <comments/service.hpp>

#include <comments/guarded.hpp>
#include <comments/validation.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace comments {

namespace detail {

inline error no_voter() { return {errc::unauthenticated, "Neither user nor address is known."}; }

}  // namespace detail

COMMENTS_INLINE service::service(store& store, service_options options)
    : store_{store},
      options_{std::move(options)},
      posted_total_{metrics_.counter_of("comments_posted_total", "Comments accepted and stored.")},
      replayed_total_{
          metrics_.counter_of("comments_replayed_total", "Posts answered by their key.")},
      refused_total_{metrics_.counter_of("comments_refused_total", "Posts that were not stored.")},
      held_total_{metrics_.counter_of("comments_held_total", "Posts stored, and not published.")},
      writable_{metrics_.gauge_of("comments_store_writable", "Whether the store takes writes.")},
      others_{store_.listen(
          {.followed = [this] { return news_.followed(); },
           .announce = [this](std::string_view content_id) { news_.announce(content_id); }})} {
  if (others_) news_.when_followed([this] { others_->wake(); });
}

COMMENTS_INLINE result<post_result> service::post(draft written, const principal& who,
                                                  post_options options) {
  auto posted = try_post(std::move(written), who, std::move(options));
  if (!posted)
    refused_total_.add();
  else if (posted->replayed)
    replayed_total_.add();
  else
    posted_total_.add();
  if (posted && !posted->replayed && !is_visible(posted->stored)) held_total_.add();
  return posted;
}

COMMENTS_INLINE result<comment> service::edit(const comment_id& id, std::string body,
                                              const principal& who, const change_options& options) {
  if (auto broken = check_reason(options.reason, options_.limits); !broken.empty())
    return to_error(std::move(broken));
  auto found = store_.find(id);
  if (!found) return found;
  const instant now = options_.clock();
  if (auto allowed = gate_.may_change(who, *found, now); !allowed)
    return std::move(allowed).error();
  auto judged = gate_.judge_edit(*found, body, who, now);
  if (!judged) return std::move(judged).error();
  const auto encoded = encode(options.encode, found->author, body);
  if (!encoded) return encoded.error();
  return amend(id, now, [&](const comment& stands) -> result<amendment> {
    if (auto allowed = gate_.may_change(who, stands, now); !allowed)
      return std::move(allowed).error();
    if (!is_expected(stands.version, options)) return version_moved();
    amendment wanted{stands, {.kind = event_kind::edited, .by = to_actor(who)}};
    wanted.cause.before = stands.body;
    wanted.cause.reason = judged->reason.empty() ? options.reason : judged->reason;
    wanted.changed.body = body;
    wanted.changed.encoded = *encoded;
    wanted.changed.edited_at = now;
    if (is_visible(stands)) wanted.changed.status = judged->status;
    wanted.cause.status = to_text(wanted.changed.status);
    return wanted;
  });
}

COMMENTS_INLINE result<comment> service::remove(const comment_id& id, const principal& who,
                                                const change_options& options) {
  if (auto broken = check_reason(options.reason, options_.limits); !broken.empty())
    return to_error(std::move(broken));
  const instant now = options_.clock();
  return amend(id, now, [&](const comment& stands) -> result<amendment> {
    if (auto allowed = gate_.may_change(who, stands, now); !allowed)
      return std::move(allowed).error();
    if (!is_expected(stands.version, options)) return version_moved();
    return to_removal(stands, to_actor(who), options.reason);
  });
}

COMMENTS_INLINE result<comment> service::vote(const comment_id& id, const principal& who,
                                              bool is_there) {
  const std::string voter = voter_of(who);
  if (voter.empty()) return detail::no_voter();
  auto voted = store_.vote(id, voter, is_there, options_.clock());
  if (voted) news_.announce(voted->content_id);
  if (voted && !is_visible(*voted)) return comment_not_found();
  return voted;
}

COMMENTS_INLINE result<comment> service::report(const comment_id& id, const std::string& reason,
                                                const principal& who) {
  const std::string reporter = voter_of(who);
  if (reporter.empty()) return detail::no_voter();
  auto broken = check_reason(reason, options_.limits);
  if (broken.empty() && is_blank(reason)) broken.push_back({"/reason", "required"});
  if (!broken.empty()) return to_error(std::move(broken));
  const instant now = options_.clock();
  auto told = store_.report(id, {reporter, reason, now});
  if (!told || options_.reports_max == 0 || told->reports < options_.reports_max) return told;
  auto held = amend(id, now, [&](const comment& stands) -> result<amendment> {
    if (!is_visible(stands) || stands.reports < options_.reports_max)
      return error{errc::conflict, "A moderator has decided about it meanwhile."};
    amendment wanted{stands, to_decision("reports", "reported", status::pending)};
    wanted.changed.status = status::pending;
    return wanted;
  });
  if (!held && held.error().code == errc::conflict) return told;
  return held;
}

COMMENTS_INLINE result<std::vector<ruling>> service::moderate(std::span<const comment_id> ids,
                                                              decision what, const principal& who,
                                                              const change_options& options) {
  if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  auto broken = check_reason(options.reason, options_.limits);
  if (ids.empty()) broken.push_back({"/ids", "required"});
  if (ids.size() > options_.decisions_max) broken.push_back({"/ids", "too_many"});
  if (!broken.empty()) return to_error(std::move(broken));
  std::vector<ruling> rulings;
  for (const comment_id& id : ids) rulings.push_back({id, decide(id, what, who, options)});
  return rulings;
}

COMMENTS_INLINE result<content> service::set_status(const std::string& content_id,
                                                    std::optional<content_status> status,
                                                    const principal& who,
                                                    const change_options& options) {
  if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  auto broken = check_content_id(content_id, options_.limits);
  std::ranges::move(check_reason(options.reason, options_.limits), std::back_inserter(broken));
  if (!broken.empty()) return to_error(std::move(broken));
  const auto expected = expected_version(content_id, options);
  if (!expected) return expected.error();
  const event cause{.kind = event_kind::moderated,
                    .by = to_actor(who),
                    .reason = options.reason,
                    .status = std::string{to_text(status.value_or(options_.mode))}};
  auto set = store_.set_status(content_id, status, *expected, cause, options_.clock());
  if (!set) return set;
  news_.announce(content_id);
  return with_mode(std::move(*set));
}

COMMENTS_INLINE result<comment> service::find(const comment_id& id, const principal& who) const {
  auto found = store_.find(id);
  if (!found || is_visible(*found) || is_moderator(who)) return found;
  if (is_author(who, *found) && found->status != status::removed) return found;
  if (!is_listed(*found)) return comment_not_found();
  return to_tombstone(std::move(*found));
}

COMMENTS_INLINE result<page> service::list(query wanted) const {
  if (wanted.parent) wanted.scope = scope::replies;
  auto violations = check_content_id(wanted.content_id, options_.limits);
  if (wanted.limit < 1 || wanted.limit > options_.page_max)
    violations.push_back({"limit", "out_of_range"});
  if (!violations.empty()) return to_error(std::move(violations));
  auto page = store_.list(wanted);
  if (!page) return page;
  page->content = with_mode(std::move(page->content));
  for (comment& item : page->items)
    if (!is_visible(item)) item = to_tombstone(std::move(item));
  return page;
}

COMMENTS_INLINE result<std::vector<content>> service::contents(
    std::span<const std::string> ids) const {
  std::vector<violation> violations;
  if (ids.empty()) violations.push_back({"content_id", "required"});
  if (ids.size() > options_.contents_max) violations.push_back({"content_id", "too_many"});
  for (const std::string& id : ids) {
    if (!violations.empty()) break;
    violations = check_content_id(id, options_.limits);
  }
  if (!violations.empty()) return to_error(std::move(violations));
  auto found = store_.contents(ids);
  if (found)
    for (content& one : *found) one = with_mode(std::move(one));
  return found;
}

COMMENTS_INLINE result<content> service::find_content(const std::string& content_id) const {
  auto found = contents({&content_id, 1});
  if (!found) return std::move(found).error();
  if (found->front().version == 0) return error{errc::not_found, "There is no such content."};
  return std::move(found->front());
}

COMMENTS_INLINE result<std::vector<event>> service::events(std::string_view content_id,
                                                           std::int64_t after,
                                                           std::size_t limit) const {
  return store_.events(content_id, after, std::min(limit, options_.page_max));
}

COMMENTS_INLINE result<std::vector<event>> service::history(const comment_id& id,
                                                            std::int64_t after, std::size_t limit,
                                                            const principal& who) const {
  if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  if (auto found = store_.find(id); !found) return std::move(found).error();
  return store_.history(id, after, std::min(limit, options_.page_max));
}

COMMENTS_INLINE result<std::vector<comments::report>> service::reports_of(
    const comment_id& id, const principal& who) const {
  if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  return store_.reports_of(id, options_.page_max);
}

COMMENTS_INLINE result<search_result> service::find_all(const search& wanted,
                                                        const principal& who) const {
  const bool is_own = is_user(who) && wanted.subject == who.subject;
  if (!is_own)
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  if (wanted.limit < 1 || wanted.limit > options_.page_max)
    return to_error({{"limit", "out_of_range"}});
  return store_.find_all(wanted);
}

COMMENTS_INLINE result<std::vector<comments::vote>> service::votes_of(
    const std::string& subject, std::optional<comment_id> after, const principal& who) const {
  if (!(is_user(who) && who.subject == subject))
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  return store_.votes_of(std::string{user_prefix} + subject, after, options_.page_max);
}

COMMENTS_INLINE result<erasure> service::erase(const person& whose, const principal& who) {
  const bool is_own = is_user(who) && whose.subject == who.subject && whose.email.empty();
  if (!is_own)
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
  if (whose.subject.empty() && whose.email.empty()) return to_error({{"email", "required"}});
  erasure sum;
  std::set<std::string> subjects;
  if (auto erased = erase_account(whose.subject, sum, subjects); !erased)
    return std::move(erased).error();
  if (auto erased = erase_comments(whose, who, sum, subjects); !erased)
    return std::move(erased).error();
  return sum;
}

COMMENTS_INLINE result<std::size_t> service::forget_origins() {
  constexpr std::size_t at_once = 1000;  // so that writers do not wait long
  std::size_t sum = 0;
  for (;;) {
    auto some = store_.forget_origins(options_.clock() - options_.origins_kept, at_once);
    if (!some) return some;
    if (*some == 0) return sum;
    sum += *some;
  }
}

COMMENTS_INLINE void service::probe_store() {
  const bool is_writable = store_.is_writable();
  writable_.set(is_writable);
  if (!is_writable) recovery_.begin([this] { store_.recover(); });
}

COMMENTS_INLINE content service::with_mode(content found) const {
  if (!found.status) found.status = options_.mode;
  return found;
}

// A moderator may change the status of the content between the look at it and the insert. Then the
// service looks again.
COMMENTS_INLINE result<post_result> service::place(insertion& wanted, const principal& who,
                                                   const judgement& judged, instant now) {
  constexpr int looks_max = 4;
  for (int looks = 1;; ++looks) {
    auto placed = gate_.judge_place(wanted.said, who, judged);
    if (!placed) return std::move(placed).error();
    wanted.status = placed->status;
    wanted.reason = placed->reason;
    wanted.expected = {.is_checked = true, .mode = placed->mode};
    auto posted = store_.insert(wanted, now);
    if (posted || posted.error().code != errc::version_mismatch) return posted;
    if (looks == looks_max)
      return error{errc::unavailable, "The content is being changed all the time."};
  }
}

COMMENTS_INLINE result<post_result> service::try_post(draft written, const principal& who,
                                                      post_options options) {
  sign(written, who);
  auto checked = validate(std::move(written), options_.limits);
  if (!checked) return std::move(checked).error();
  arrival how = std::move(options.how);
  how.now = options_.clock();
  how.client = who.client;
  const auto judged = gate_.judge_text(*checked, who, how);
  if (!judged) return judged.error();
  auto encoded = encode(options.encode, checked->author, checked->body);
  if (!encoded) return std::move(encoded).error();
  insertion wanted{.said = std::move(*checked),
                   .origin = who.client,
                   .depth_max = options_.depth_max,
                   .encoded = std::move(*encoded),
                   .allowances = std::move(options.allowances)};
  auto posted = place(wanted, who, *judged, how.now);
  if (posted && !posted->replayed) news_.announce(posted->stored.content_id);
  return posted;
}

COMMENTS_INLINE bool service::is_expected(std::int64_t version, const change_options& options) {
  if (options.expected && *options.expected != version) return false;
  return options.any_of.empty() ||
         std::ranges::find(options.any_of, version) != options.any_of.end();
}

// Returns the version that the store is to expect; none: any version. `version_mismatch` if the
// content's version is not one that `options` allow.
COMMENTS_INLINE result<std::optional<std::int64_t>> service::expected_version(
    const std::string& content_id, const change_options& options) const {
  if (options.any_of.empty()) return options.expected;
  const auto found = store_.contents({&content_id, 1});
  if (!found) return found.error();
  const std::int64_t version = found->front().version;
  if (!is_expected(version, options)) return version_moved();
  return std::optional{version};
}

// Returns what `encode` makes of a text, or `unavailable` if it throws.
COMMENTS_INLINE result<std::string> service::encode(const encoder& encode, const author& by,
                                                    std::string_view body) {
  if (!encode) return std::string{};
  auto encoded = guarded([&] { return encode(by, body); });
  if (!encoded) return error{errc::unavailable, "The text could not be encoded."};
  return std::move(*encoded);
}

COMMENTS_INLINE event service::to_decision(std::string by, std::string reason, status to) {
  const auto kind = to == status::removed ? event_kind::removed : event_kind::moderated;
  return {.kind = kind,
          .by = std::move(by),
          .reason = std::move(reason),
          .status = std::string{to_text(to)}};
}

COMMENTS_INLINE amendment service::to_removal(comment stands, std::string by,
                                              const std::string& reason) {
  stands = to_tombstone(std::move(stands));
  stands.status = status::removed;
  stands.reports = 0;
  return {std::move(stands), to_decision(std::move(by), reason, status::removed)};
}

// Changes a comment as `store::amend` does, and announces that.
COMMENTS_INLINE result<comment> service::amend(const comment_id& id, instant now,
                                               const decider& decide) {
  auto changed = store_.amend(id, decide, now);
  if (changed) news_.announce(changed->content_id);
  return changed;
}

COMMENTS_INLINE result<comment> service::decide(const comment_id& id, decision what,
                                                const principal& who,
                                                const change_options& options) {
  return amend(id, options_.clock(), [&](const comment& stands) -> result<amendment> {
    if (!is_expected(stands.version, options)) return version_moved();
    const auto to = move(stands.status, what);
    if (!to)
      return error{errc::conflict, "A comment that is " + std::string{to_text(stands.status)} +
                                       " does not take that decision."};
    if (*to == status::removed) return to_removal(stands, to_actor(who), options.reason);
    amendment wanted{stands, to_decision(to_actor(who), options.reason, *to)};
    wanted.changed.status = *to;
    wanted.changed.reports = 0;
    return wanted;
  });
}

// Erases the votes and reports of each comment's author before the comment: the comment is the only
// record of who the author was, so a retry after a failure could not find them.
COMMENTS_INLINE result<done> service::erase_comments(const person& whose, const principal& who,
                                                     erasure& sum,
                                                     std::set<std::string>& subjects) {
  search wanted{.subject = whose.subject, .email = whose.email, .limit = options_.page_max};
  for (;;) {
    const auto found = store_.find_all(wanted);
    if (!found) return found.error();
    for (const comment& one : found->items) {
      if (auto erased = erase_account(one.author.subject, sum, subjects); !erased) return erased;
      const auto gone = amend(one.id, options_.clock(), [&](const comment& stands) {
        if (stands.status == status::removed) return result<amendment>{comment_not_found()};
        return result<amendment>{to_removal(stands, to_actor(who), "erased")};
      });
      if (!gone && gone.error().code != errc::not_found) return gone.error();
      sum.comments += gone.has_value();
    }
    if (!found->next) return ok();
    wanted.after = found->next;
  }
}

// At most once per account. Authors without an account have no votes.
COMMENTS_INLINE result<done> service::erase_account(const std::string& subject, erasure& sum,
                                                    std::set<std::string>& done_with) {
  if (subject.empty() || !done_with.insert(subject).second) return ok();
  return erase_votes(subject, sum);
}

COMMENTS_INLINE result<done> service::erase_votes(const std::string& subject, erasure& sum) {
  const std::string voter = std::string{user_prefix} + subject;
  for (std::optional<comment_id> after;;) {
    const auto found = store_.votes_of(voter, after, options_.page_max);
    if (!found) return found.error();
    if (found->empty()) return store_.forget_reporter(voter);
    for (const comments::vote& one : *found) {
      const auto gone = store_.vote(one.comment, voter, false, options_.clock());
      if (!gone) return gone.error();
      news_.announce(one.content_id);
      ++sum.votes;
    }
    after = found->back().comment;
  }
}

}  // namespace comments

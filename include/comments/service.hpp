#pragma once
// service.hpp - the use cases: what the world may ask of comments, in the order of their steps.
//
// A post is validated, judged, stored and announced; a change is authorised and decided while the
// store holds the comment still; a reading is checked, answered from the store, and shows nothing
// that is hidden. Whoever speaks to it (HTTP, a program that embeds it, a test) gets the same
// rules. It owns nothing but its metrics; the store outlives it. Safe to call from any thread.
//
//   memory_store store;
//   service api{store};
//   auto posted = api.post({.content_id = "1", .body = "Primeiro post!"});
//   auto page = api.list({.content_id = "1"});

#include <comments/admission.hpp>
#include <comments/background.hpp>
#include <comments/broadcast.hpp>
#include <comments/guarded.hpp>
#include <comments/metrics.hpp>
#include <comments/moderation.hpp>
#include <comments/principal.hpp>
#include <comments/service_options.hpp>
#include <comments/store.hpp>
#include <comments/validation.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments {

// Makes what a comment keeps as `encoded`. Empty: it keeps nothing.
using encoder = std::function<std::string(const author&, std::string_view body)>;

// What a post needs beside the draft and its writer.
struct post_options {
  arrival how{};  // how the draft came, for the rules; the service adds time and client
  std::vector<allowance> allowances{};  // each must have something left
  encoder encode{};
};

// What a change of a comment or a content needs beside the change and who makes it.
struct change_options {
  std::optional<std::int64_t> expected{};  // the version that must stand now; none: any will do
  std::vector<std::int64_t> any_of{};      // one of these must stand now; empty: any will do
  std::string reason{};                    // for moderators: stands in the history
  encoder encode{};                        // for an edit
};

// What became of one comment that was decided about.
struct ruling {
  comment_id id{};
  result<comment> outcome{error{}};
};

// Whose everything is meant: a signed-in user, or all who gave an e-mail address.
struct person {
  std::string subject{};
  std::string email{};
};

// How much of it was erased.
struct erasure {
  std::size_t comments{};
  std::size_t votes{};
};

class service final {
 public:
  explicit service(store& store, service_options options = {})
      : store_{store},
        options_{std::move(options)},
        posted_{metrics_.counter_of("comments_posted_total", "Comments accepted and stored.")},
        replayed_{metrics_.counter_of("comments_replayed_total", "Posts answered by their key.")},
        refused_{metrics_.counter_of("comments_refused_total", "Posts that were not stored.")},
        held_{metrics_.counter_of("comments_held_total", "Posts stored, and not published.")},
        writable_{metrics_.gauge_of("comments_store_writable", "Whether the store takes writes.")} {
    if (others_) news_.when_followed([this] { others_->wake(); });
  }
  service(const service&) = delete;
  service& operator=(const service&) = delete;

  // Validates, judges and stores a comment of `who`; `how` says how it came, and is asked for
  // nothing but what its writer could tell. `invalid` with every violation, `content_locked`, what
  // a rule refuses, else what `store::insert` answers. Whether it is published, its status says.
  // Durable as the store is. Retrying with the same `draft.key` is safe.
  result<post_result> post(draft written, const principal& who = {}, post_options options = {}) {
    auto posted = try_post(std::move(written), who, std::move(options));
    (!posted ? refused_ : posted->replayed ? replayed_ : posted_).add();
    if (posted && !posted->replayed && !is_visible(posted->stored)) held_.add();
    return posted;
  }

  // Gives a comment another text. For its author within the edit window, and moderators: else
  // `unauthenticated`, `forbidden` or `edit_window_closed`. `not_found` if it is not there for
  // `who`, `version_mismatch` if `expected` says so, `content_locked` and `invalid` as for a post,
  // `conflict` past `edits_max`. The rules judge it again: it may leave publication, never enter
  // it.
  result<comment> edit(const comment_id& id, std::string body, const principal& who,
                       const change_options& options = {}) {
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

  // Removes and erases a comment. Who may, and the errors, as for `edit`.
  result<comment> remove(const comment_id& id, const principal& who,
                         const change_options& options = {}) {
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

  // Makes the vote of `who` for a comment be there, or not. `not_found`; `unauthenticated` if
  // nobody can tell who that is.
  result<comment> vote(const comment_id& id, const principal& who, bool is_there) {
    const std::string voter = voter_of(who);
    if (voter.empty()) return nobody();
    auto voted = store_.vote(id, voter, is_there, options_.clock());
    if (voted) news_.announce(voted->content_id);
    if (voted && !is_visible(*voted)) return comment_not_found();
    return voted;
  }

  // Tells the moderators of a comment, once for each reporter. At `reports_max` it becomes pending,
  // until a moderator decides. `not_found` if readers cannot see it, `invalid` without a reason.
  result<comment> report(const comment_id& id, const std::string& reason, const principal& who) {
    const std::string reporter = voter_of(who);
    if (reporter.empty()) return nobody();
    auto broken = check_reason(reason, options_.limits);
    if (broken.empty() && is_blank(reason)) broken.push_back({"/reason", "required"});
    if (!broken.empty()) return to_error(std::move(broken));
    const instant now = options_.clock();
    auto told = store_.report(id, {reporter, reason, now});
    if (!told || options_.reports_max == 0 || told->reports < options_.reports_max) return told;
    auto held = amend(id, now, [&](const comment& stands) -> result<amendment> {
      if (!is_visible(stands) || stands.reports < options_.reports_max)
        return error{errc::conflict, "Somebody has decided about it meanwhile."};
      amendment wanted{stands, to_decision("reports", "reported", status::pending)};
      wanted.changed.status = status::pending;
      return wanted;
    });
    if (!held && held.error().code == errc::conflict) return told;
    return held;
  }

  // Decides about 1 to `decisions_max` comments, each by itself: `not_found`, `version_mismatch`,
  // or `conflict` where the table in `moderation.hpp` has no such move. For moderators.
  result<std::vector<ruling>> moderate(std::span<const comment_id> ids, decision what,
                                       const principal& who, const change_options& options = {}) {
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
    auto broken = check_reason(options.reason, options_.limits);
    if (ids.empty()) broken.push_back({"/ids", "required"});
    if (ids.size() > options_.decisions_max) broken.push_back({"/ids", "too_many"});
    if (!broken.empty()) return to_error(std::move(broken));
    std::vector<ruling> rulings;
    for (const comment_id& id : ids) rulings.push_back({id, decide(id, what, who, options)});
    return rulings;
  }

  // Gives a content that status; none: the default again. For moderators. `invalid` for an id that
  // is not acceptable, `version_mismatch`.
  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             const principal& who, const change_options& options = {}) {
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

  // The comment if `who` may see it, else `not_found`. What holds visible replies and is hidden
  // itself is a tombstone; its author and moderators see it as it is.
  result<comment> find(const comment_id& id, const principal& who = {}) const {
    auto found = store_.find(id);
    if (!found || is_visible(*found) || is_moderator(who)) return found;
    if (is_author(who, *found) && found->status != status::removed) return found;
    if (!is_listed(*found)) return comment_not_found();
    return to_tombstone(std::move(*found));
  }

  // A page of listed comments, as `store::list` has it; with a parent, of its replies. `invalid`
  // if the content's id or the limit (1 to `page_max`) is not acceptable.
  result<page> list(query wanted) const {
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

  // The contents of these ids, in their order; unknown ones are empty. `invalid` for an id that is
  // not acceptable, no id, or more than `contents_max`.
  result<std::vector<content>> contents(std::span<const std::string> ids) const {
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

  // One content that somebody has commented on, else `not_found`.
  result<content> find_content(const std::string& content_id) const {
    auto found = contents({&content_id, 1});
    if (!found) return std::move(found).error();
    if (found->front().version == 0) return error{errc::not_found, "There is no such content."};
    return std::move(found->front());
  }

  // At most `page_max` events of a content behind a version, as readers may know them.
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const {
    return store_.events(content_id, after, std::min(limit, options_.page_max));
  }

  // What happened to a comment, `not_found` if there is none. For moderators.
  result<std::vector<event>> history(const comment_id& id, std::int64_t after, std::size_t limit,
                                     const principal& who) const {
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
    if (auto found = store_.find(id); !found) return std::move(found).error();
    return store_.history(id, after, std::min(limit, options_.page_max));
  }

  // The latest words of readers against a comment. For moderators.
  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   const principal& who) const {
    if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
    return store_.reports_of(id, options_.page_max);
  }

  // Comments of all contents, as `store::find_all` has it. For moderators, and for users what is
  // theirs.
  result<search_result> find_all(const search& wanted, const principal& who) const {
    const bool is_own = is_user(who) && wanted.subject == who.subject;
    if (!is_own)
      if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
    if (wanted.limit < 1 || wanted.limit > options_.page_max)
      return to_error({{"limit", "out_of_range"}});
    return store_.find_all(wanted);
  }

  // The votes of a user, at most `page_max` of them. For that user and moderators.
  result<std::vector<comments::vote>> votes_of(const std::string& subject,
                                               std::optional<comment_id> after,
                                               const principal& who) const {
    if (!(is_user(who) && who.subject == subject))
      if (auto allowed = need_moderator(who); !allowed) return std::move(allowed).error();
    return store_.votes_of("u:" + subject, after, options_.page_max);
  }

  // Erases all that is of `whose`: comments as `remove` does, votes, and words against others. A
  // user may do that to what is theirs, a moderator to anybody's. Not one change but many: what was
  // done when it fails stays done, and doing it again goes on.
  result<erasure> erase(const person& whose, const principal& who) {
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

  // Forgets from which addresses things came that are older than `origins_kept`. To be called now
  // and then; how many were forgotten.
  result<std::size_t> forget_origins() {
    constexpr std::size_t at_once = 1000;  // so that writers do not wait long
    std::size_t sum = 0;
    for (;;) {
      auto some = store_.forget_origins(options_.clock() - options_.origins_kept, at_once);
      if (!some) return some;
      if (*some == 0) return sum;
      sum += *some;
    }
  }

  // Who follows contents is told of each of their changes, and reads `events` then. Close it right
  // before the server stops: a browser that is refused a connection tries again, one that is told
  // 503 does not.
  broadcast& news() { return news_; }

  // From now on `is_draining` holds, and readiness probes say so; everything else works on.
  void drain() { draining_ = true; }
  bool is_draining() const { return draining_; }

  // Whether the store takes writes, which the metrics then show too. Where it does not, it is told
  // to recover, beside the caller, who never waits.
  bool is_writable() {
    const bool is = store_.is_writable();
    writable_.set(is);
    if (!is) recovery_.begin([this] { store_.recover(); });
    return is;
  }

  const service_options& options() const { return options_; }
  registry& metrics() const { return metrics_; }
  std::string_view signing_key() const { return store_.signing_key(); }

 private:
  static error nobody() { return {errc::unauthenticated, "Nobody can tell who this is from."}; }
  content with_mode(content found) const {
    if (!found.status) found.status = options_.mode;
    return found;
  }

  // A moderator may give the content another status between the look at it and the insert; then it
  // is looked at again.
  result<post_result> place(insertion& wanted, const principal& who, const judgement& judged,
                            instant now) {
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

  result<post_result> try_post(draft written, const principal& who, post_options options) {
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

  static bool is_expected(std::int64_t version, const change_options& options) {
    if (options.expected && *options.expected != version) return false;
    return options.any_of.empty() ||
           std::ranges::find(options.any_of, version) != options.any_of.end();
  }

  // Returns the version at which alone a content may be changed; none: at any. `version_mismatch`
  // if its version is not one that `options` expect.
  result<std::optional<std::int64_t>> expected_version(const std::string& content_id,
                                                       const change_options& options) const {
    if (options.any_of.empty()) return options.expected;
    const auto found = store_.contents({&content_id, 1});
    if (!found) return found.error();
    const std::int64_t version = found->front().version;
    if (!is_expected(version, options)) return version_moved();
    return std::optional{version};
  }

  // Returns what `encode` makes of a text, or `unavailable` if it throws.
  static result<std::string> encode(const encoder& encode, const author& by,
                                    std::string_view body) {
    if (!encode) return std::string{};
    auto encoded = guarded([&] { return encode(by, body); });
    if (!encoded) return error{errc::unavailable, "The text could not be encoded."};
    return std::move(*encoded);
  }

  static event to_decision(std::string by, std::string reason, status to) {
    const auto kind = to == status::removed ? event_kind::removed : event_kind::moderated;
    return {.kind = kind,
            .by = std::move(by),
            .reason = std::move(reason),
            .status = std::string{to_text(to)}};
  }

  static amendment to_removal(comment stands, std::string by, const std::string& reason) {
    stands = to_tombstone(std::move(stands));
    stands.status = status::removed;
    stands.reports = 0;
    return {std::move(stands), to_decision(std::move(by), reason, status::removed)};
  }

  // As `store::amend`, and told to who listens.
  result<comment> amend(const comment_id& id, instant now, const decider& decide) {
    auto changed = store_.amend(id, decide, now);
    if (changed) news_.announce(changed->content_id);
    return changed;
  }

  result<comment> decide(const comment_id& id, decision what, const principal& who,
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

  // Before each comment goes what is its author's account's: afterwards nothing would tell whose
  // that was, and who tries again after a failure could not go on.
  result<done> erase_comments(const person& whose, const principal& who, erasure& sum,
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

  // Once for each account; nobody without one has any.
  result<done> erase_account(const std::string& subject, erasure& sum,
                             std::set<std::string>& done_with) {
    if (subject.empty() || !done_with.insert(subject).second) return ok();
    return erase_votes(subject, sum);
  }

  result<done> erase_votes(const std::string& subject, erasure& sum) {
    const std::string voter = "u:" + subject;
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

  store& store_;
  const service_options options_;
  const admission gate_{store_, options_};
  mutable registry metrics_{};
  broadcast news_{metrics_, options_.followers};
  std::atomic<bool> draining_{};
  counter& posted_;
  counter& replayed_;
  counter& refused_;
  counter& held_;
  gauge& writable_;
  background recovery_{};  // its end is waited for, before the rest goes
  std::unique_ptr<change_listener> others_{store_.listen(
      {.followed = [this] { return news_.followed(); },
       .announce = [this](std::string_view content_id) { news_.announce(content_id); }})};
};

}  // namespace comments

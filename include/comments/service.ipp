#pragma once
// service.ipp - definitions of service.hpp.

#include <comments/service.hpp>

#include <comments/guarded.hpp>
#include <comments/permissions.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace comments::inline v0 {

namespace detail {

inline error unknown_caller() {
  return {errc::unauthenticated, "It is not known who this is from."};
}

// Returns the options with the clock that all processes share which write to the store.
inline service_options with_shared_clock(service_options options, const store& shared) {
  if (options.clock)
    options.clock = [own = std::move(options.clock), &shared] { return shared.shared_time(own()); };
  return options;
}

// Whether the options of a change allow this version.
inline bool is_expected(std::int64_t version, const change_options& options) {
  if (options.expected && *options.expected != version) return false;
  return options.any_of.empty() ||
         std::find(options.any_of.begin(), options.any_of.end(), version) != options.any_of.end();
}

// Returns whether the limit of a query is one. The default is never too much: then it becomes the
// most that there may be.
template <typename Query>
bool settle_limit(Query& wanted, const service_options& options) {
  if (wanted.limit == Query{}.limit) wanted.limit = std::min(wanted.limit, options.page_max);
  return wanted.limit >= 1 && wanted.limit <= options.page_max;
}

// Returns the amendment that gives a comment another status by a decision, and settles the reports
// against it.
inline amendment to_decided(const comment& stands, status to, std::string by, std::string reason) {
  if (to == status::removed) return to_removal(stands, std::move(by), std::move(reason));
  amendment decided{stands,
                    {.kind = event_kind::moderated,
                     .by = std::move(by),
                     .reason = std::move(reason),
                     .status = std::string{to_text(to)}}};
  decided.changed.status = to;
  decided.changed.reports = 0;
  return decided;
}

}  // namespace detail

COMMENTS_INLINE service::service(store& store, service_options options)
    : store_{store},
      options_{detail::with_shared_clock(std::move(options), store)},
      metrics_{options_.metrics ? registry{*options_.metrics, options_.labels}
                                : registry{registry{}, options_.labels}},
      writable_{metrics_.gauge_of("comments_store_writable", "Whether the store takes writes.")},
      others_{store_.listen(
          {.followed = [this] { return news_.followed(); },
           .announce = [this](std::string_view content_id) { news_.announce(content_id); }})} {
  if (others_) news_.when_followed([this] { others_->wake(); });
}

// --- writing ---

COMMENTS_INLINE result<post_result> service::post(draft written, const principal& caller,
                                                  post_options options) {
  return posts_.post(std::move(written), caller, std::move(options));
}

COMMENTS_INLINE std::shared_ptr<begun_post> service::begin_post(draft written,
                                                                const principal& caller,
                                                                post_options options,
                                                                std::function<void()> on_end) {
  return posts_.begin(std::move(written), caller, std::move(options), std::move(on_end));
}

COMMENTS_INLINE result<post_result> service::end_post(begun_post& begun) {
  return posts_.end(begun);
}

COMMENTS_INLINE bool service::ends_at_once(const begun_post& begun) const {
  return posts_.ends_at_once(begun);
}

COMMENTS_INLINE result<comment> service::edit(const comment_id& id, std::string body,
                                              const principal& caller,
                                              const change_options& options) {
  if (auto broken = check_reason(options.reason, options_.limits); !broken.empty())
    return to_error(std::move(broken));
  const auto moment = now();
  if (!moment) return moment.error();
  auto found = store_.find(id);
  if (!found) return found;
  const auto may = [&](const comment& stands) {
    return may_change(caller, stands, *moment, options_.edit_window);
  };
  if (auto allowed = may(*found); !allowed) return std::move(allowed).error();
  const auto reviewed = reviews_.review_edit(*found, body, caller, *moment);
  if (!reviewed) return reviewed.error();
  found->body = body;
  const auto encoded = encode(options.encode, *found);
  if (!encoded) return settle<comment>(*reviewed, encoded.error());
  auto changed = amend(id, *moment, [&](const comment& stands) -> result<amendment> {
    if (auto allowed = may(stands); !allowed) return std::move(allowed).error();
    if (!detail::is_expected(stands.version, options)) return version_moved();
    amendment edited{stands, {.kind = event_kind::edited, .by = to_actor(caller)}};
    edited.cause.before = stands.body;
    edited.cause.reason = reviewed->reason.empty() ? options.reason : reviewed->reason;
    edited.changed.body = body;
    edited.changed.encoded = *encoded;
    edited.changed.edited_at = std::max(*moment, stands.created_at);
    if (is_visible(stands)) edited.changed.status = reviewed->status;
    edited.cause.status = to_text(edited.changed.status);
    return edited;
  });
  return settle(*reviewed, std::move(changed));
}

COMMENTS_INLINE result<comment> service::remove(const comment_id& id, const principal& caller,
                                                const change_options& options) {
  if (auto broken = check_reason(options.reason, options_.limits); !broken.empty())
    return to_error(std::move(broken));
  const auto moment = now();
  if (!moment) return moment.error();
  return amend(id, *moment, [&](const comment& stands) -> result<amendment> {
    if (auto allowed = may_change(caller, stands, *moment, options_.edit_window); !allowed)
      return std::move(allowed).error();
    if (!detail::is_expected(stands.version, options)) return version_moved();
    return to_removal(stands, to_actor(caller), options.reason);
  });
}

COMMENTS_INLINE result<comment> service::vote(const comment_id& id, const principal& caller,
                                              bool is_there) {
  const voter by{voter_of(caller), caller.browser, options_.network_votes_max};
  const bool is_known = !by.name.empty() || (!is_there && !by.browser.empty());
  if (!is_known) return detail::unknown_caller();
  const auto moment = now();
  if (!moment) return moment.error();
  auto voted = store_.vote(id, by, is_there, *moment);
  if (!voted) return voted;
  news_.announce(voted->content_id);
  if (!is_visible(*voted)) return comment_not_found();
  return voted;
}

COMMENTS_INLINE result<comment> service::report(const comment_id& id, const std::string& reason,
                                                const principal& caller) {
  const voter by{.name = voter_of(caller), .network_max = options_.network_reports_max};
  if (by.name.empty()) return detail::unknown_caller();
  auto broken = check_reason(reason, options_.limits);
  if (broken.empty() && is_blank(reason)) broken.push_back({"/reason", "required"});
  if (!broken.empty()) return to_error(std::move(broken));
  const auto moment = now();
  if (!moment) return moment.error();
  auto reported = store_.report(id, by, reason, *moment);
  const std::int64_t most = options_.reports_max;
  if (!reported || most == 0 || reported->reports < most) return reported;
  auto held = amend(id, *moment, [&](const comment& stands) -> result<amendment> {
    if (!is_visible(stands) || stands.reports < most)
      return error{errc::conflict, "A decision was made about it meanwhile."};
    amendment wanted = detail::to_decided(stands, status::pending, "reports", "reported");
    wanted.changed.reports = stands.reports;  // they are not settled yet
    return wanted;
  });
  if (!held && held.error().code == errc::conflict) return reported;
  return held;
}

// --- moderating ---

COMMENTS_INLINE result<std::vector<std::pair<comment_id, result<comment>>>> service::moderate(
    std::span<const comment_id> ids, decision made, const principal& caller,
    const change_options& options) {
  if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
  auto broken = check_reason(options.reason, options_.limits);
  if (ids.empty()) broken.push_back({"/ids", "required"});
  if (ids.size() > options_.decisions_max) broken.push_back({"/ids", "too_many"});
  if (!broken.empty()) return to_error(std::move(broken));
  const auto moment = now();
  if (!moment) return moment.error();
  std::vector<std::pair<comment_id, result<comment>>> decided;
  for (const comment_id& id : ids)
    decided.emplace_back(id, decide(id, made, caller, options, *moment));
  return decided;
}

COMMENTS_INLINE result<content> service::set_status(const std::string& content_id,
                                                    std::optional<content_status> status,
                                                    const principal& caller,
                                                    const change_options& options) {
  if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
  auto broken = check_content_id(content_id, options_.limits);
  for (violation& one : check_reason(options.reason, options_.limits))
    broken.push_back(std::move(one));
  if (!broken.empty()) return to_error(std::move(broken));
  const auto moment = now();
  if (!moment) return moment.error();
  const auto expected = expected_version(content_id, options);
  if (!expected) return expected.error();
  const event cause{.kind = event_kind::moderated,
                    .by = to_actor(caller),
                    .reason = options.reason,
                    .status = std::string{to_text(status.value_or(options_.mode))}};
  auto set = store_.set_status(content_id, status, *expected, cause, *moment);
  if (!set) return set;
  news_.announce(content_id);
  return with_mode(std::move(*set));
}

COMMENTS_INLINE result<std::vector<event>> service::history(const comment_id& id,
                                                            std::int64_t after, std::size_t limit,
                                                            const principal& caller) const {
  if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
  if (auto found = store_.find(id); !found) return std::move(found).error();
  return store_.history(id, after, std::min(limit, options_.page_max));
}

COMMENTS_INLINE result<decision_page> service::decisions(const decision_query& wanted,
                                                         const principal& caller) const {
  if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
  decision_query asked = wanted;
  if (!detail::settle_limit(asked, options_)) return to_error({{"limit", "out_of_range"}});
  return store_.decisions(asked);
}

COMMENTS_INLINE result<std::vector<comments::report>> service::reports_of(
    const comment_id& id, const principal& caller) const {
  if (auto allowed = need_moderator(caller); !allowed) return std::move(allowed).error();
  return store_.reports_of(id, options_.page_max);
}

// --- everything of one person ---

COMMENTS_INLINE result<search_result> service::find_all(const search& wanted,
                                                        const principal& caller) const {
  if (auto allowed = need_user(caller, wanted.subject); !allowed) return std::move(allowed).error();
  search asked = wanted;
  if (!detail::settle_limit(asked, options_)) return to_error({{"limit", "out_of_range"}});
  return store_.find_all(asked);
}

COMMENTS_INLINE result<std::vector<comments::vote>> service::votes_of(
    const std::string& subject, std::optional<comment_id> after, const principal& caller) const {
  if (auto allowed = need_user(caller, subject); !allowed) return std::move(allowed).error();
  return store_.votes_of(voter_of_user(subject), after, options_.page_max);
}

COMMENTS_INLINE result<std::vector<made_report>> service::reports_by(
    const std::string& subject, std::optional<comment_id> after, const principal& caller) const {
  if (auto allowed = need_user(caller, subject); !allowed) return std::move(allowed).error();
  return store_.reports_by(voter_of_user(subject), after, options_.page_max);
}

COMMENTS_INLINE result<erasure> service::erase(const person& whose, const principal& caller) {
  auto allowed = whose.email.empty() ? need_user(caller, whose.subject) : need_moderator(caller);
  if (!allowed) return std::move(allowed).error();
  if (whose.subject.empty() && whose.email.empty()) return to_error({{"email", "required"}});
  const auto moment = now();
  if (!moment) return moment.error();
  return eraser{store_, news_, options_.page_max}.erase(whose, to_actor(caller), *moment);
}

COMMENTS_INLINE result<std::size_t> service::forget_origins(const std::function<bool()>& is_over) {
  constexpr std::size_t at_once = 250;      // so that writers do not wait long, nor who ends this
  constexpr std::chrono::minutes lease{1};  // a part takes less; who dies in it is waited for
  const auto moment = now();
  if (!moment) return moment.error();
  std::size_t sum = 0;
  bool is_ours = false;
  while (!is_over || !guarded(is_over).value_or(true)) {
    const auto leased = store_.lease_chores(lease);
    if (!leased) return leased.error();
    is_ours = *leased;
    if (!is_ours) return sum;
    const auto erased = store_.forget_origins(*moment - options_.origins_kept, at_once);
    if (!erased) return erased;
    if (*erased == 0) break;
    sum += *erased;
  }
  if (is_ours) static_cast<void>(store_.lease_chores({}));  // else it ends by itself
  return sum;
}

// --- reading ---

COMMENTS_INLINE result<comment> service::find(const comment_id& id, const principal& caller) const {
  auto found = store_.find(id);
  if (!found || is_visible(*found) || is_moderator(caller)) return found;
  if (is_author(caller, *found) && found->status != status::removed) return found;
  const bool is_own = !caller.browser.empty() && caller.browser == found->browser;
  if (is_own && found->status == status::pending) return found;
  if (!is_listed(*found)) return comment_not_found();
  return to_tombstone(std::move(*found));
}

COMMENTS_INLINE result<std::string> service::find_reason(const comment& hidden,
                                                         const principal& caller) const {
  const bool may_know = is_moderator(caller) || is_author(caller, hidden);
  std::string reason;
  if (!may_know || is_visible(hidden) || hidden.status == status::removed) return reason;
  bool was_hidden = false;
  for (std::int64_t after = 0;;) {
    const auto happened = store_.history(hidden.id, after, options_.page_max);
    if (!happened) return happened.error();
    for (const event& change : *happened) {
      const bool is_hidden = change.status != to_text(status::published);
      const bool is_decision = change.kind == event_kind::moderated;
      if (is_decision || is_hidden != was_hidden)
        reason = is_hidden && is_decision && is_moderators(change.by) ? change.reason : "";
      was_hidden = is_hidden;
      after = change.version;
    }
    if (happened->size() < options_.page_max) return reason;
  }
}

COMMENTS_INLINE result<page> service::list(query wanted) const {
  if (wanted.parent) wanted.scope = scope::replies;
  auto broken = check_content_id(wanted.content_id, options_.limits);
  if (!detail::settle_limit(wanted, options_)) broken.push_back({"limit", "out_of_range"});
  if (!broken.empty()) return to_error(std::move(broken));
  wanted.bytes_max = options_.page_bytes_max;
  auto page = store_.list(wanted);
  if (!page) return page;
  page->content = with_mode(std::move(page->content));
  for (comment& item : page->items)
    if (!is_visible(item)) item = to_tombstone(std::move(item));
  return page;
}

COMMENTS_INLINE result<std::optional<page>> service::list_with_own(query wanted,
                                                                   const principal& caller) const {
  std::optional<page> found;
  if (caller.browser.empty()) return found;
  auto own = store_.find_all({.status = status::pending,
                              .content_id = wanted.content_id,
                              .browser = caller.browser,
                              .limit = options_.page_max});
  if (!own) return std::move(own).error();
  if (own->items.empty()) return found;
  auto listed = list(wanted);
  if (!listed) return std::move(listed).error();
  bool has_own = false;
  for (comment& item : own->items)
    has_own |= item.parent == wanted.parent ? insert_own(*listed, wanted, std::move(item))
                                            : count_own_reply(*listed, item);
  if (has_own) found = std::move(*listed);
  return found;
}

COMMENTS_INLINE result<std::vector<content>> service::contents(
    std::span<const std::string> ids) const {
  std::vector<violation> broken;
  if (ids.empty()) broken.push_back({"content_id", "required"});
  if (ids.size() > options_.contents_max) broken.push_back({"content_id", "too_many"});
  for (const std::string& id : ids) {
    if (!broken.empty()) break;
    broken = check_content_id(id, options_.limits);
  }
  if (!broken.empty()) return to_error(std::move(broken));
  auto found = store_.contents(ids);
  if (!found) return found;
  for (content& item : *found) item = with_mode(std::move(item));
  return found;
}

COMMENTS_INLINE std::optional<content> service::known_content(const std::string& content_id) const {
  if (!check_content_id(content_id, options_.limits).empty()) return std::nullopt;
  auto known = store_.known_content(content_id);
  if (known) known = with_mode(std::move(*known));
  return known;
}

COMMENTS_INLINE result<std::uint64_t> service::epoch() const {
  if (!store_.is_remote()) return store_.epoch();
  const std::string any{"-"};
  const auto found = store_.contents({&any, 1});
  if (!found) return found.error();
  return found->front().epoch;
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

// --- running ---

COMMENTS_INLINE void service::probe_store() {
  const bool is_well = is_writable();
  writable_.set(is_well);
  count(store_.activity());
  if (!is_well) recovery_.begin([this] { store_.recover(); });
}

// --- private ---

COMMENTS_INLINE void service::count(const store_activity& seen) {
  for (const auto& [kind, failures] : seen.failures)
    metrics_
        .counter_of("comments_store_failures_total", "What the storage failed to do.",
                    std::string{"kind=\""}.append(kind).append("\""))
        .raise(failures);
  if (!seen.last_success) return;
  metrics_
      .gauge_of("comments_store_last_success_seconds",
                "When the storage last did what it was asked for, in seconds since 1970.")
      .set(to_milliseconds(*seen.last_success) / 1000);
  const auto connections = [&](std::string_view labels) -> gauge& {
    return metrics_.gauge_of("comments_store_connections", "Connections to the storage.", labels);
  };
  connections("state=\"open\"").set(static_cast<std::int64_t>(seen.connections_open));
  connections("state=\"used\"").set(static_cast<std::int64_t>(seen.connections_used));
}

// Returns the moment of the call, or `unavailable` if the clock throws or is empty.
COMMENTS_INLINE result<instant> service::now() const {
  const auto moment = guarded([&] { return options_.clock(); });
  if (!moment) return error{errc::unavailable, "The clock failed."};
  return *moment;
}

COMMENTS_INLINE content service::with_mode(content found) const {
  if (!found.status) found.status = options_.mode;
  return found;
}

COMMENTS_INLINE result<comment> service::decide(const comment_id& id, decision made,
                                                const principal& caller,
                                                const change_options& options, instant now) {
  return amend(id, now, [&](const comment& stands) -> result<amendment> {
    if (!detail::is_expected(stands.version, options)) return version_moved();
    const auto to = move(stands.status, made);
    if (!to)
      return error{errc::conflict, "A comment that is " + std::string{to_text(stands.status)} +
                                       " does not take that decision."};
    return detail::to_decided(stands, *to, to_actor(caller), options.reason);
  });
}

// Like `store::amend`, and announces the change.
COMMENTS_INLINE result<comment> service::amend(const comment_id& id, instant now,
                                               const decider& decide) {
  auto changed = store_.amend(id, decide, now);
  if (changed) news_.announce(changed->content_id);
  return changed;
}

// Returns the only version at which a content may be changed; none: any version. `version_mismatch`
// if the options do not allow the present one.
COMMENTS_INLINE result<std::optional<std::int64_t>> service::expected_version(
    const std::string& content_id, const change_options& options) const {
  if (options.any_of.empty()) return options.expected;
  const auto found = store_.contents({&content_id, 1});
  if (!found) return found.error();
  const std::int64_t version = found->front().version;
  if (!detail::is_expected(version, options)) return version_moved();
  return std::optional{version};
}

}  // namespace comments::inline v0

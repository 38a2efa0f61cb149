#pragma once
// store/algorithms.ipp - definitions of store/algorithms.hpp.

#include <comments/store/algorithms.hpp>

#include <comments/guarded.hpp>

#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE comment to_comment(const insertion& wanted, const comment_id& id,
                                   std::int64_t version, instant now) {
  return {.id = id,
          .content_id = wanted.said.content_id,
          .reply_to = wanted.said.parent,
          .position = version,
          .status = wanted.status,
          .author = wanted.said.author,
          .body = wanted.said.body,
          .created_at = now,
          .version = version,
          .origin = wanted.origin,
          .browser = wanted.browser,
          .held = wanted.status != status::published,
          .encoded = wanted.encoded};
}

COMMENTS_INLINE event to_event(const insertion& wanted) {
  return {.kind = event_kind::posted,
          .by = wanted.reason.empty() ? "" : "rules",
          .reason = wanted.reason,
          .status = std::string{to_text(wanted.status)}};
}

COMMENTS_INLINE bool is_by(const voter& voter, std::string_view name) {
  return name == voter.name || (!name.empty() && name == former_name_of(voter.name));
}

COMMENTS_INLINE bool is_by(const voter& voter, std::string_view name, std::string_view browser) {
  return is_by(voter, name) || (!browser.empty() && browser == voter.browser);
}

COMMENTS_INLINE bool may_take_back(const voter& voter, std::string_view name,
                                   std::string_view browser) {
  return browser.empty() ? is_by(voter, name) : browser == voter.browser;
}

COMMENTS_INLINE std::string browser_of_vote(const voter& by) {
  return by.name.starts_with(user_prefix) ? "" : by.browser;
}

COMMENTS_INLINE result<comment_id> new_id(instant now) {
  const auto made = guarded([&] { return make_comment_id(now); });
  if (!made) return error{errc::unavailable, "There are no random bytes for an id."};
  return *made;
}

COMMENTS_INLINE result<comment_id> new_id(const insertion& wanted, instant now) {
  if (wanted.id) return *wanted.id;
  return new_id(now);
}

namespace detail {

inline std::string bucket_key(const allowance& of, const insertion& wanted) {
  return of.client.empty() ? "content " + wanted.said.content_id : "client " + of.client;
}

inline void give_back(bucket_table& to, const insertion& wanted,
                      std::span<const allowance> taken) noexcept {
  for (const allowance& given : taken)
    guarded([&] { to.give_back(bucket_key(given, wanted), token_rate{given.allowed}); });
}

}  // namespace detail

COMMENTS_INLINE result<done> take_tokens(bucket_table& from, const insertion& wanted, instant now) {
  const std::span all{wanted.allowances};
  // A refused draft takes no token, and its keys are not remembered.
  for (const allowance& asked : all) {
    const quota left = from.peek(detail::bucket_key(asked, wanted), token_rate{asked.allowed}, now);
    if (!left.is_allowed) return too_often(left);
  }
  std::size_t taken = 0;
  quota last;
  const bool has_memory = guarded([&] {
    for (const allowance& asked : all) {
      last = from.take(detail::bucket_key(asked, wanted), token_rate{asked.allowed}, now);
      if (!last.is_allowed) return;
      ++taken;
    }
  });
  if (taken == all.size()) return ok();
  detail::give_back(from, wanted, all.first(taken));
  return has_memory ? too_often(last) : unavailable();
}

COMMENTS_INLINE void give_back_tokens(bucket_table& to, const insertion& wanted) noexcept {
  detail::give_back(to, wanted, wanted.allowances);
}

COMMENTS_INLINE comment amend(comment stands, const comment& wanted) {
  stands.held = stands.held || !is_visible(stands) || !is_visible(wanted);
  stands.status = wanted.status;
  stands.author = wanted.author;
  stands.body = wanted.body;
  stands.encoded = wanted.encoded;
  stands.edited_at = wanted.edited_at;
  stands.reports = wanted.reports;
  return stands;
}

COMMENTS_INLINE void erase_text(comment& removed) noexcept {
  removed.author = {};
  removed.body.clear();
  removed.encoded.clear();
  removed.origin.clear();
  removed.browser.clear();
}

COMMENTS_INLINE bool matches(const comment& searched, const search& wanted) {
  const author& by = searched.author;
  if (wanted.status && searched.status != *wanted.status) return false;
  if (!wanted.subject.empty() && by.subject != wanted.subject) return false;
  if (!wanted.email.empty() && to_lower_ascii(by.email) != to_lower_ascii(wanted.email))
    return false;
  if (wanted.verified && by.verified != *wanted.verified) return false;
  if (!wanted.content_id.empty() && searched.content_id != wanted.content_id) return false;
  if (!wanted.browser.empty() && !(searched.held && searched.browser == wanted.browser))
    return false;
  const std::string text = to_lower_ascii(wanted.text);
  return to_lower_ascii(searched.body).find(text) != std::string::npos ||
         to_lower_ascii(by.name).find(text) != std::string::npos;
}

COMMENTS_INLINE bool add(search_result& to, const comment& next, const search& wanted) {
  if (!matches(next, wanted)) return true;
  if (to.items.size() == wanted.limit) {
    if (!to.items.empty()) to.next = to.items.back().id;
    return false;
  }
  to.items.push_back(next);
  return true;
}

COMMENTS_INLINE bool matches(const comment& listed, const query& wanted) {
  if (listed.content_id != wanted.content_id) return false;
  if (wanted.scope == scope::all ? !is_visible(listed) : !is_listed(listed)) return false;
  if (wanted.scope == scope::roots && listed.parent) return false;
  if (wanted.scope == scope::replies && listed.parent != wanted.parent) return false;
  return !wanted.after || rank(wanted.sort, *wanted.after) < rank(wanted.sort, listed);
}

namespace detail {

inline decision_place place_of(const event& done) {
  return {done.at, done.content_id, done.version};
}

}  // namespace detail

COMMENTS_INLINE bool matches(const event& done, const decision_query& wanted) {
  if (!wanted.content_id.empty() && done.content_id != wanted.content_id) return false;
  return is_decision(done) && (!wanted.after || detail::place_of(done) < *wanted.after);
}

COMMENTS_INLINE void add(decision_page& to, event done, const decision_query& wanted) {
  if (!matches(done, wanted)) return;
  auto place = to.items.end();
  while (place != to.items.begin() && detail::place_of(*std::prev(place)) < detail::place_of(done))
    --place;
  to.items.insert(place, std::move(done));
  if (to.items.size() <= wanted.limit) return;
  to.items.pop_back();
  if (!to.items.empty()) to.next = detail::place_of(to.items.back());
}

COMMENTS_INLINE std::size_t bytes_of(const comment& listed) {
  return listed.body.size() + listed.encoded.size() + listed.author.name.size();
}

COMMENTS_INLINE bool page_filler::add(comment next) {
  auto& items = to_.items;
  bytes_ += bytes_of(next);
  if (items.size() == wanted_.limit || (!items.empty() && bytes_ > wanted_.bytes_max)) {
    to_.next = cursor{items.back().position, items.back().votes};
    return false;
  }
  items.push_back(std::move(next));
  return true;
}

namespace detail {

inline thread_local bool is_deciding = false;  // each thread has its own

}  // namespace detail

COMMENTS_INLINE bool is_deciding() { return detail::is_deciding; }

COMMENTS_INLINE error called_back() {
  return {errc::unavailable, "A decision about a comment must not call the store."};
}

COMMENTS_INLINE result<amendment> ask(const decider& decide, const comment& stands) {
  const bool was = std::exchange(detail::is_deciding, true);
  auto decided = guarded([&] { return decide(stands); });
  detail::is_deciding = was;
  if (!decided) return error{errc::unavailable, "A decision about the comment failed."};
  return std::move(*decided);
}

}  // namespace comments::inline v0

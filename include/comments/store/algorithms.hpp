#pragma once
// store/algorithms.hpp - what every store needs to keep the promises of `store.hpp`.
//
// A store that derives from `comments::store` makes comments and events of insertions, asks
// deciders, and takes from allowances with these functions, so that all stores agree.
//
//   insertion wanted{.said = {.content_id = "1", .body = "Oi"}};
//   const comment made = to_comment(wanted, make_comment_id(now), 1, now);
//   const result<amendment> decided = ask([](const comment& stands) {
//     return amendment{stands, {.kind = event_kind::edited}};
//   }, made);

#include <comments/config.hpp>
#include <comments/id.hpp>
#include <comments/principal.hpp>
#include <comments/rate_limit.hpp>
#include <comments/store.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0 {

// Returns the comment that `wanted` becomes when it is the change that makes `version`. Its parent
// and its depth are left to the store.
comment to_comment(const insertion& wanted, const comment_id& id, std::int64_t version,
                   instant now);

// Returns the event of a post. Its content, version, comment and time are left to the store.
event to_event(const insertion& wanted);

// Whether a content has the status that a write expects.
inline bool is_met(const mode_check& expected, const content& stands) {
  return !expected.is_checked || expected.mode == stands.status;
}

// Whether a vote or a report under this name is the voter's.
bool is_by(const voter& voter, std::string_view name);
// Whether a vote under this name, from this browser, is the voter's.
bool is_by(const voter& voter, std::string_view name, std::string_view browser);
// Whether the voter may take such a vote back.
bool may_take_back(const voter& voter, std::string_view name, std::string_view browser);
// Returns the browser that is kept with a vote: none if an account gave it, which is proof enough.
std::string browser_of_vote(const voter& by);

// Counts those of a voter's network who have voted for a comment already, or reported it.
class network_count final {
 public:
  explicit network_count(const voter& of)
      : network_{network_of(of.name)}, most_{network_.empty() ? 0 : of.network_max} {}

  void add(std::string_view name) { count_ += most_ > 0 && name.starts_with(network_); }
  // Whether one more must not count.
  bool is_full() const { return most_ > 0 && count_ >= most_; }

 private:
  const std::string network_;
  const std::size_t most_;
  std::size_t count_{};
};

// Returns a new id for a comment made at `now`; `unavailable` if the system has no random bytes.
result<comment_id> new_id(instant now);
// Returns the id that is wanted, or else a new one.
result<comment_id> new_id(const insertion& wanted, instant now);

// Takes from all allowances of `wanted`, or from none: `rate_limited` if one has nothing left,
// `unavailable` if memory is short. For a store that one process alone writes to; one thread at a
// time.
result<done> take_tokens(bucket_table& from, const insertion& wanted, instant now);

// Gives back what `take_tokens` took, because the comment was not stored.
void give_back_tokens(bucket_table& to, const insertion& wanted) noexcept;

// Returns `stands` with all that an amendment may change as it is in `wanted`.
comment amend(comment stands, const comment& wanted);

// Erases what a removed comment must not keep: its author, text and origin.
void erase_text(comment& removed) noexcept;

// Whether a search asks for the comment, its limit and `after` aside.
bool matches(const comment& searched, const search& wanted);

// Adds the comment with the next larger id, if the search asks for it. Returns false, and adds
// nothing but the id to go on after, if that is one too many.
bool add(search_result& to, const comment& next, const search& wanted);

// Whether a page asks for the comment, its limit aside: by scope, parent and `after`.
bool matches(const comment& listed, const query& wanted);

// Whether a query asks for the event, its limit aside.
bool matches(const event& done, const decision_query& wanted);

// Adds an event to a page, in its place there, if the query asks for it. One more than its limit is
// cut off, whichever comes last.
void add(decision_page& to, event done, const decision_query& wanted);

// Returns how much text a comment has, as the limit of a page counts it.
std::size_t bytes_of(const comment& listed);

// Fills a page up to the limits of its query. Both outlive it.
class page_filler final {
 public:
  page_filler(page& to, const query& wanted) : to_{to}, wanted_{wanted} {}

  // Adds the next comment that the query asks for, in its order. Returns false, and adds nothing
  // but the cursor, if that is one too many.
  bool add(comment next);

 private:
  page& to_;
  const query& wanted_;
  std::size_t bytes_{};
};

// Returns what `decide` returns about `stands`, or `unavailable` if it throws or is empty.
result<amendment> ask(const decider& decide, const comment& stands);

// Whether this thread is inside of `ask`. A store that is called then must refuse, with the error
// `called_back`: it could wait for a lock that this thread holds.
bool is_deciding();
error called_back();

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/store/algorithms.ipp>
#endif

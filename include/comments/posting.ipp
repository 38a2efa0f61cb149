#pragma once
// posting.ipp - definitions of posting.hpp.

#include <comments/posting.hpp>

#include <comments/guarded.hpp>
#include <comments/validation.hpp>

#include <utility>

namespace comments::inline v0 {

namespace detail {

// Whether a moderator has given the content another status since it was looked at.
inline bool is_misplaced(const result<post_result>& made) {
  return !made && made.error().code == errc::version_mismatch;
}

}  // namespace detail

COMMENTS_INLINE result<std::string> encode(const encoder& encode, const comment& written) {
  if (!encode) return std::string{};
  auto encoded = guarded([&] { return encode(written); });
  if (!encoded) return error{errc::unavailable, "The text could not be encoded."};
  return std::move(*encoded);
}

COMMENTS_INLINE poster::poster(store& store, const service_options& options, registry& metrics,
                               broadcast& news)
    : store_{store},
      options_{options},
      news_{news},
      posted_total_{metrics.counter_of("comments_posted_total", "Comments accepted and stored.")},
      replayed_total_{
          metrics.counter_of("comments_replayed_total", "Posts answered by their key.")},
      refused_total_{metrics.counter_of("comments_refused_total", "Posts that were not stored.")},
      held_total_{metrics.counter_of("comments_held_total", "Posts stored, and not published.")} {}

COMMENTS_INLINE result<post_result> poster::post(draft written, const principal& caller,
                                                 post_options options) {
  auto reviewed = examine(std::move(written), caller, std::move(options));
  if (!reviewed) return count(std::move(reviewed).error());
  return settle(*reviewed, place_and_insert(*reviewed));
}

COMMENTS_INLINE std::shared_ptr<begun_post> poster::begin(draft written, const principal& caller,
                                                          post_options options,
                                                          std::function<void()> on_end) {
  const auto begun = std::make_shared<begun_post>();
  // What it throws would end writes of others, which the store tells from the same thread.
  const auto tell = [on_end = std::move(on_end)] {
    if (on_end) guarded(on_end);
  };
  auto reviewed = examine(std::move(written), caller, std::move(options));
  if (reviewed) *begun = std::move(*reviewed);
  auto placed = reviewed ? place(*begun) : std::move(reviewed).error();
  if (!placed) {
    begun->outcome = std::move(placed).error();
    tell();
    return begun;
  }
  // The store may be through with it only after the caller has given up.
  store_.begin_insert(begun->wanted, begun->now,
                      [begun, tell](std::optional<result<post_result>> made) {
                        begun->outcome = std::move(made);
                        tell();
                      });
  return begun;
}

COMMENTS_INLINE result<post_result> poster::end(begun_post& begun) {
  if (!begun.outcome) return settle(begun, insert(begun));
  if (detail::is_misplaced(*begun.outcome)) return settle(begun, place_and_insert(begun));
  return settle(begun, std::move(*begun.outcome));
}

COMMENTS_INLINE bool poster::ends_at_once(const begun_post& begun) const {
  return begun.outcome && !detail::is_misplaced(*begun.outcome) &&
         !news_.is_followed(begun.wanted.said.content_id);
}

COMMENTS_INLINE result<begun_post> poster::examine(draft written, const principal& caller,
                                                   post_options options) const {
  sign(written, caller);
  auto checked = validate(std::move(written), options_.limits);
  if (!checked) return std::move(checked).error();
  const auto moment = guarded([&] { return options_.clock(); });
  if (!moment) return error{errc::unavailable, "The clock failed."};
  options.how.now = *moment;
  auto found = reviews_.review_text(*checked, caller, options.how);
  if (!found) return std::move(found).error();
  auto encoded = encode(options.encode, {.content_id = checked->content_id,
                                         .author = checked->author,
                                         .body = checked->body,
                                         .browser = caller.browser});
  if (!encoded) return comments::settle<begun_post>(*found, std::move(encoded).error());
  std::optional<comment_id> id;
  if (options_.ids) id = guarded([&] { return options_.ids(*moment); });
  if (options_.ids && !id)
    return comments::settle<begun_post>(*found, error{errc::unavailable, "No id could be made."});
  // Member by member: of an aggregate within one gcc 12 destroys what it has made twice, where the
  // next member finds no memory.
  begun_post reviewed;
  reviewed.wanted.said = std::move(*checked);
  reviewed.wanted.origin = caller.client;
  reviewed.wanted.browser = caller.browser;
  reviewed.wanted.depth_max = options_.depth_max;
  reviewed.wanted.encoded = std::move(*encoded);
  reviewed.wanted.id = id;
  reviewed.wanted.allowances = std::move(options.allowances);
  reviewed.caller = caller;
  reviewed.found = std::move(*found);
  reviewed.now = *moment;
  return reviewed;
}

// Has the content, as it is now, say what becomes of the comment.
COMMENTS_INLINE result<done> poster::place(begun_post& reviewed) const {
  insertion& wanted = reviewed.wanted;
  auto placed = reviews_.review_place(wanted.said, reviewed.caller, reviewed.found);
  if (!placed) return std::move(placed).error();
  wanted.status = placed->status;
  wanted.reason = std::move(placed->reason);
  wanted.expected = {.is_checked = true, .mode = placed->mode};
  return ok();
}

COMMENTS_INLINE result<post_result> poster::place_and_insert(begun_post& reviewed) {
  if (auto placed = place(reviewed); !placed) return std::move(placed).error();
  return insert(reviewed);
}

// Stores what was placed. Between the look at the content and the insert a moderator may give the
// content another status; then the content is looked at again.
COMMENTS_INLINE result<post_result> poster::insert(begun_post& placed) {
  constexpr int tries_max = 4;
  for (int tries = 1;; ++tries) {
    auto posted = store_.insert(placed.wanted, placed.now);
    if (!detail::is_misplaced(posted)) return posted;
    if (tries == tries_max)
      return error{errc::unavailable, "The content is being changed all the time."};
    if (auto again = place(placed); !again) return std::move(again).error();
  }
}

// Tells the rules, counts and announces what became of a post.
COMMENTS_INLINE result<post_result> poster::settle(const begun_post& of,
                                                   result<post_result> posted) {
  return count(comments::settle(of.found, std::move(posted)));
}

COMMENTS_INLINE result<post_result> poster::count(result<post_result> posted) {
  if (!posted) {
    refused_total_.add();
  } else if (posted->replayed) {
    replayed_total_.add();
  } else {
    posted_total_.add();
    if (!is_visible(posted->stored)) held_total_.add();
    news_.announce(posted->stored.content_id);
  }
  return posted;
}

}  // namespace comments::inline v0

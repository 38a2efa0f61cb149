#pragma once
// permissions.hpp - whether the caller of a use case may do that.
//
//   const principal visitor{};
//   assert(need_moderator(visitor).error().code == errc::unauthenticated);
//   const comment published{.created_at = now};
//   assert(!may_change(visitor, published, now, 15min));

#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>

#include <chrono>
#include <string_view>

namespace comments {

// Returns ok for moderators; `unauthenticated` for a caller without any proof, else `forbidden`.
result<done> need_moderator(const principal& who);

// Returns ok for the user `subject` and for moderators; else as `need_moderator` does.
result<done> need_user(const principal& who, std::string_view subject);

// Returns ok if `who` may change the comment at this moment: its author within the edit window, and
// moderators. `not_found` if `who` cannot see the comment or it was removed; else
// `unauthenticated`, `forbidden` or `edit_window_closed`.
result<done> may_change(const principal& who, const comment& stands, instant now,
                        std::chrono::milliseconds edit_window);

}  // namespace comments

#ifndef COMMENTS_COMPILED
#include <comments/permissions.ipp>
#endif

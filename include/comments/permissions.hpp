#pragma once
// permissions.hpp - what the caller of a use case may do.
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

namespace comments::inline v0 {

// Returns ok for moderators; `unauthenticated` for a caller without any proof, else `forbidden`.
result<done> need_moderator(const principal& caller);

// Returns ok for the user `subject` and for moderators; else as `need_moderator` does.
result<done> need_user(const principal& caller, std::string_view subject);

// Returns ok if the caller may change the comment at this moment: its author within the edit
// window, and moderators. `not_found` if the caller cannot see the comment or it was removed; else
// `unauthenticated`, `forbidden` or `edit_window_closed`.
result<done> may_change(const principal& caller, const comment& stands, instant now,
                        std::chrono::milliseconds edit_window);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/permissions.ipp>
#endif

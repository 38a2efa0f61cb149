#pragma once
// permissions.ipp - definitions of permissions.hpp.

#include <comments/permissions.hpp>
#include <comments/store.hpp>

namespace comments::inline v0 {

COMMENTS_INLINE result<done> need_moderator(const principal& caller) {
  if (is_moderator(caller)) return ok();
  if (caller.role == principal::role::anyone)
    return error{errc::unauthenticated, "This is for moderators."};
  return error{errc::forbidden, "This is for moderators."};
}

COMMENTS_INLINE result<done> need_user(const principal& caller, std::string_view subject) {
  if (is_user(caller) && caller.subject == subject) return ok();
  return need_moderator(caller);
}

COMMENTS_INLINE result<done> may_change(const principal& caller, const comment& stands, instant now,
                                        std::chrono::milliseconds edit_window) {
  if (stands.status == status::removed) return comment_not_found();
  if (is_moderator(caller)) return ok();
  if (!is_author(caller, stands)) {
    if (!is_visible(stands)) return comment_not_found();
    if (caller.role == principal::role::anyone)
      return error{errc::unauthenticated, "Only its author and moderators may do that."};
    return error{errc::forbidden, "Only its author and moderators may do that."};
  }
  if (now > stands.created_at + edit_window)
    return error{errc::edit_window_closed, "The time to change it is over."};
  return ok();
}

}  // namespace comments::inline v0

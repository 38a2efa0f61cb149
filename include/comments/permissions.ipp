#pragma once
// permissions.ipp - definitions of permissions.hpp.

#include <comments/permissions.hpp>
#include <comments/store.hpp>

namespace comments {

COMMENTS_INLINE result<done> need_moderator(const principal& who) {
  if (is_moderator(who)) return ok();
  if (who.role == principal::role::anyone)
    return error{errc::unauthenticated, "This is for moderators."};
  return error{errc::forbidden, "This is for moderators."};
}

COMMENTS_INLINE result<done> need_user(const principal& who, std::string_view subject) {
  if (is_user(who) && who.subject == subject) return ok();
  return need_moderator(who);
}

COMMENTS_INLINE result<done> may_change(const principal& who, const comment& stands, instant now,
                                        std::chrono::milliseconds edit_window) {
  if (stands.status == status::removed) return comment_not_found();
  if (is_moderator(who)) return ok();
  if (!is_author(who, stands)) {
    if (!is_visible(stands)) return comment_not_found();
    if (who.role == principal::role::anyone)
      return error{errc::unauthenticated, "Only its author and moderators may do that."};
    return error{errc::forbidden, "Only its author and moderators may do that."};
  }
  if (now > stands.created_at + edit_window)
    return error{errc::edit_window_closed, "The time to change it is over."};
  return ok();
}

}  // namespace comments

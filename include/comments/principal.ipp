#pragma once
// principal.ipp - definitions of principal.hpp.

#include <comments/principal.hpp>

namespace comments {

COMMENTS_INLINE bool is_author(const principal& caller, const comment& written) {
  if (caller.role == principal::role::editor) return caller.comment == written.id;
  return is_user(caller) && written.author.verified && written.author.subject == caller.subject;
}

COMMENTS_INLINE std::string voter_of_user(std::string_view subject) {
  return std::string{user_prefix}.append(subject);
}

COMMENTS_INLINE std::string voter_of(const principal& caller) {
  if (is_user(caller)) return voter_of_user(caller.subject);
  return caller.client.empty() ? "" : std::string{address_prefix}.append(caller.client);
}

COMMENTS_INLINE std::string to_actor(const principal& caller) {
  if (!is_moderator(caller)) return "author";
  return caller.subject.empty() ? "moderator" : "moderator " + caller.subject;
}

COMMENTS_INLINE bool is_moderators(std::string_view actor) {
  return actor == "moderator" || actor.starts_with("moderator ");
}

COMMENTS_INLINE void sign(draft& written, const principal& caller) {
  written.author.verified = is_user(caller);
  written.author.subject = is_user(caller) ? caller.subject : "";
  if (!is_user(caller)) return;
  author& by = written.author;
  by.email_shown = by.email_shown && by.email == caller.email;
  by.name = caller.name;
  by.email = caller.email;
}

}  // namespace comments

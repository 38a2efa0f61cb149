#pragma once
// principal.ipp - definitions of principal.hpp.

#include <comments/principal.hpp>

namespace comments {

COMMENTS_INLINE bool is_author(const principal& who, const comment& written) {
  if (who.role == principal::role::editor) return who.comment == written.id;
  return is_user(who) && written.author.verified && written.author.subject == who.subject;
}

COMMENTS_INLINE std::string voter_of_user(std::string_view subject) {
  return std::string{user_prefix}.append(subject);
}

COMMENTS_INLINE std::string voter_of(const principal& who) {
  if (is_user(who)) return voter_of_user(who.subject);
  return who.client.empty() ? "" : std::string{address_prefix}.append(who.client);
}

COMMENTS_INLINE std::string to_actor(const principal& who) {
  if (!is_moderator(who)) return "author";
  return who.subject.empty() ? "moderator" : "moderator " + who.subject;
}

COMMENTS_INLINE void sign(draft& written, const principal& who) {
  written.author.verified = is_user(who);
  written.author.subject = is_user(who) ? who.subject : "";
  if (!is_user(who)) return;
  written.author.name = who.name;
  written.author.email = who.email;
}

}  // namespace comments

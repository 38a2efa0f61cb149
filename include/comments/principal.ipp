#pragma once
// principal.ipp - definitions of principal.hpp.

#include <comments/principal.hpp>

namespace comments::inline v0 {

COMMENTS_INLINE bool is_author(const principal& caller, const comment& written) {
  if (caller.role == principal::role::editor) return caller.comment == written.id;
  return is_user(caller) && written.author.verified && written.author.subject == caller.subject;
}

COMMENTS_INLINE std::string voter_of_user(std::string_view subject) {
  return std::string{user_prefix}.append(subject);
}

COMMENTS_INLINE std::string voter_of(const principal& caller) {
  if (is_user(caller)) return voter_of_user(caller.subject);
  if (caller.client.empty()) return "";
  std::string name{address_prefix};
  if (!caller.network.empty()) name.append(caller.network).append(":");
  return name.append(caller.client);
}

COMMENTS_INLINE std::string_view network_of(std::string_view voter) {
  if (!voter.starts_with(address_prefix)) return {};
  const std::size_t end = voter.find(':', address_prefix.size());
  return end == voter.npos ? std::string_view{} : voter.substr(0, end + 1);
}

COMMENTS_INLINE std::string former_name_of(std::string_view voter) {
  const std::string_view network = network_of(voter);
  if (network.empty()) return "";
  return std::string{address_prefix}.append(voter.substr(network.size()));
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

}  // namespace comments::inline v0

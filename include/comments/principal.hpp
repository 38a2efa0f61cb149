#pragma once
// principal.hpp - who is asking, as far as that has been proved, and what they may do.
//
// Whoever reads a request (HTTP, a program that embeds the library) makes a principal of what the
// request proves; the service asks nothing else. Everybody is at least somebody: their address,
// hashed with a key, tells voters and reporters without an account apart.
//
//   const principal moderator{.role = principal::role::moderator, .subject = "ana"};
//   api.moderate(ids, decision::approve, moderator);

#include <comments/comment.hpp>
#include <comments/id.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace comments {

struct principal {
  // `editor`: holds the edit token of one comment. `user`: signed in at the host's site.
  enum class role { anyone, editor, user, moderator, pipeline };

  principal::role role{};
  std::optional<comment_id> comment{};  // an editor's
  std::string subject{};                // the host site's own name for a user, and perhaps for a
  std::string name{};                   // moderator; what it says of their name
  std::string email{};                  // and address
  std::string client{};                 // a keyed hash of the client's address; empty: not known

  friend bool operator==(const principal&, const principal&) = default;
};

inline bool is_moderator(const principal& who) { return who.role == principal::role::moderator; }
inline bool is_pipeline(const principal& who) { return who.role == principal::role::pipeline; }
inline bool is_user(const principal& who) {
  return !who.subject.empty() &&
         (who.role == principal::role::user || who.role == principal::role::moderator);
}

// Whether `who` wrote `written`, or holds its edit token.
inline bool is_author(const principal& who, const comment& written) {
  if (who.role == principal::role::editor) return who.comment == written.id;
  return is_user(who) && written.author.verified && written.author.subject == who.subject;
}

// The names of voters and reporters begin with one of these: behind the first stands the subject of
// a user, behind the second the keyed hash of an address. Names of the second kind are erased
// together with `comment::origin`.
inline constexpr std::string_view user_prefix = "u:";
inline constexpr std::string_view address_prefix = "a:";

// Returns the name under which `who` votes and reports: one for each user, else for each address.
// Empty if neither is known.
inline std::string voter_of(const principal& who) {
  if (is_user(who)) return std::string{user_prefix} + who.subject;
  return who.client.empty() ? "" : std::string{address_prefix} + who.client;
}

// How moderators see who did something: "author", "moderator", "moderator ana".
inline std::string to_actor(const principal& who) {
  if (!is_moderator(who)) return "author";
  return who.subject.empty() ? "moderator" : "moderator " + who.subject;
}

// Puts the name of a signed-in user under a draft; nobody else gets to be verified.
inline void sign(draft& written, const principal& who) {
  written.author.verified = is_user(who);
  written.author.subject = is_user(who) ? who.subject : "";
  if (!is_user(who)) return;
  written.author.name = who.name;
  written.author.email = who.email;
}

}  // namespace comments

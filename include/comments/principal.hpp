#pragma once
// principal.hpp - the caller of a use case, as far as the request proves their identity.
//
// The code that reads a request (HTTP, or a program that embeds the library) makes a principal of
// what the request proves, and the service decides by nothing else. A principal without an account
// still has the keyed hash of its address, which tells one voter or reporter from another, and may
// prove that its browser was here before. That opens what this browser left, and adds no voter.
//
//   const principal moderator{.role = principal::role::moderator, .subject = "ana"};
//   auto decided = api.moderate(ids, decision::approve, moderator);

#include <comments/comment.hpp>
#include <comments/config.hpp>
#include <comments/id.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0 {

struct principal {
  // An `editor` holds the edit token of one comment; a `user` is signed in at the host's site; a
  // `pipeline` records deployments.
  enum class role { anyone, editor, user, moderator, pipeline };

  principal::role role{};
  std::optional<comment_id> comment{};  // of an editor: the comment that it may change
  std::string subject{};  // how the host's site names a user; a moderator may have one, too
  std::string name{};     // a user's name and e-mail address, by the host's site
  std::string email{};
  std::string client{};   // a keyed hash of the client's address; empty: not known
  std::string network{};  // a keyed hash of the IPv6 /48 that this address is in; empty: none
  std::string browser{};  // the random name that the browser proves to have; empty: none

  friend bool operator==(const principal&, const principal&) = default;
};

inline bool is_moderator(const principal& caller) {
  return caller.role == principal::role::moderator;
}
inline bool is_pipeline(const principal& caller) {
  return caller.role == principal::role::pipeline;
}
// Whether the caller has an account at the host's site.
inline bool is_user(const principal& caller) {
  return !caller.subject.empty() &&
         (caller.role == principal::role::user || caller.role == principal::role::moderator);
}

// Whether the caller wrote the comment or holds its edit token.
bool is_author(const principal& caller, const comment& written);

// Voters and reporters have names: this prefix and an account, or this prefix and the keyed hash of
// an address: "a:ADDRESS", and for IPv6 "a:NETWORK:ADDRESS", so that the names of one /48 begin
// alike. Names of the second kind are forgotten together with `comment::origin`.
inline constexpr std::string_view user_prefix = "u:";
inline constexpr std::string_view address_prefix = "a:";

// Returns the name under which the account `subject` votes and reports.
std::string voter_of_user(std::string_view subject);

// Returns the name under which the caller votes and reports: that of the account, else that of the
// address, else an empty one.
std::string voter_of(const principal& caller);

// Returns what the names of all voters of the same network begin with; empty if it has none.
std::string_view network_of(std::string_view voter);
// Returns the name that the same voter had before names said the network; empty: no other one.
std::string former_name_of(std::string_view voter);

// Returns how moderators see the caller in a history: "author", "moderator", "moderator ana".
std::string to_actor(const principal& caller);

// Whether `actor`, as `to_actor` made it, is a moderator.
bool is_moderators(std::string_view actor);

// Makes a signed-in user the verified author of a draft. For all others the author keeps what they
// wrote and is not verified. The account's address is shown only if the draft gave the same.
void sign(draft& written, const principal& caller);

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/principal.ipp>
#endif

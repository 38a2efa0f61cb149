#pragma once
// auth/bearer.hpp - from a request's Authorization header to its principal.
//
// Tokens that cannot be guessed are always compared: those that the server or the host's site
// signed (edit tokens, JWTs), and tokens of 16 bytes and more. So a client that tries tokens locks
// no other client out. A shorter token is compared only while the client has guesses left. What is
// not configured is switched off.
//
//   using namespace comments;
//   const auth::signer sign{"a key of 32 random bytes, kept secret"};
//   const auth::bearer proofs{sign, {.moderator_token = "a token of 16 bytes"}, system_clock()};
//   const auto caller = proofs.authenticate({.header = "Bearer a token", .client = "192.0.2.1"});
//   if (!caller) std::puts(caller.error().message.c_str());

#include <comments/auth/jwt.hpp>
#include <comments/auth/signer.hpp>
#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/id.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::auth {

// A shorter token can be found by trying.
inline constexpr std::size_t shared_secret_bytes_min{16};

// The secrets by which a request proves who sent it. An empty one proves nothing.
struct secrets {
  std::string moderator_token{};
  std::string deploy_token{};
  jwt_options site{};
};

// Returns the names of those that are so short that they can be found by trying. They are not
// refused, because only their owner knows what they protect; the caller should warn.
std::vector<std::string_view> weak_secrets(const secrets& chosen);

// `invalid`, with a sentence that shows no secret, if a token looks like a JWT, has what no header
// can carry, or if the two tokens are the same. Empty ones are fine.
result<done> check_secrets(const secrets& chosen);

// The parts of a request that prove who sent it.
struct credentials {
  std::string_view header{};            // the value of Authorization; empty: there was none
  std::string client{};                 // a keyed hash of the caller's address
  std::string network{};                // a keyed hash of its IPv6 /48; empty: none
  std::optional<comment_id> comment{};  // that the request is about: its edit token counts
  std::function<bool()> may_guess{};    // whether the client has guesses left; none: always
};

// Safe to use from any thread. Has hashes of the tokens, not the tokens.
class bearer final {
 public:
  // `sign` outlives it.
  bearer(const signer& sign, const secrets& chosen, clock clock);

  // Returns who sent the request: without a header, anyone. A header of another scheme than Bearer
  // is no proof of ours and counts as none: a proxy that guards a whole site with a password, say,
  // passes on what browsers send it. `unauthenticated`, always in the same
  // words, if the header proves nothing; `edit_window_closed` if it is the comment's edit
  // token and too old; `rate_limited` if it can be guessed and the client has no guesses left.
  result<principal> authenticate(const credentials& from) const;

 private:
  result<principal> as_user(std::string_view token, principal caller) const;
  result<principal> as_holder(std::string_view token, const credentials& from,
                              principal caller) const;
  std::optional<std::string> hash_of(std::string_view token) const;

  const signer& sign_;
  const std::optional<std::string> moderator_;
  const std::optional<std::string> pipeline_;
  const bool is_guessable_;
  const jwt_options site_;
  const clock clock_;
};

}  // namespace comments::inline v0::auth

#ifndef COMMENTS_COMPILED
#include <comments/auth/bearer.ipp>
#endif

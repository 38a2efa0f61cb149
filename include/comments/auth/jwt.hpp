#pragma once
// auth/jwt.hpp - users whom the host's site signed in: JSON Web Tokens (RFC 7519), HS256 only.
//
// The signature comes first: what the secret did not sign is not parsed, whatever its header says.
// Then, after RFC 8725: `alg` must be "HS256", and `typ` absent or "JWT". Refused are `crit` (this
// understands no extension), `b64` (RFC 7797, one of those), `zip` and `cty` (what is signed is
// JSON itself, neither compressed nor another token). Ignored are `kid`, `jwk`, `jku`, `x5c` and
// `x5u`, which only say where a key might be: there is one key, and none is fetched.
//
//   using namespace comments;
//   const auth::jwt_options site{.secret = "32 bytes or more, shared with the site"};
//   const result<auth::claims> user = auth::verify_jwt("eyJhbGciOiJ...", site, system_clock()());

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/validation.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace comments::inline v0::auth {

// A shorter secret is warned about, not refused (RFC 7518, section 3.2).
inline constexpr std::size_t jwt_secret_bytes_min{32};
// How far the host's clock may be off.
inline constexpr std::chrono::milliseconds jwt_skew_max{std::chrono::seconds{60}};

struct jwt_options {
  std::string secret{};    // shared with the host's site; empty: no token is good
  std::string issuer{};    // what `iss` must be; empty: anything, or nothing
  std::string audience{};  // what `aud` must be or have among others; empty: anything, or nothing
  comments::limits limits{};
};

// What the host's site says about its user.
struct claims {
  std::string subject{};
  std::string name{};   // may be empty
  std::string email{};  // may be empty
  std::string role{};   // may be empty; "moderator" makes its bearer one

  friend bool operator==(const claims&, const claims&) = default;
};

// Returns what the host's site says about the bearer of `token`, at `now`. Whatever is wrong with
// the token, the error is the same `unauthenticated`: details would only help a forger. A token is
// good from 60 s before its `nbf` and `iat` until 60 s after its `exp`, and not at that moment any
// more; one without `exp` is never good. Safe to call from any thread.
result<claims> verify_jwt(std::string_view token, const jwt_options& options, instant now);

}  // namespace comments::inline v0::auth

#ifndef COMMENTS_COMPILED
#include <comments/auth/jwt.ipp>
#endif

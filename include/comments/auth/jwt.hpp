#pragma once
// auth/jwt.hpp - users whom the host's site signed in: JSON Web Tokens (RFC 7519), HS256 only.
//
// The signature comes first: nothing that the secret did not sign is parsed, whatever its header
// says. Then, after RFC 8725: `alg` must be "HS256" and `typ` nothing or "JWT". Refused are `crit`
// (we understand no extension), `b64` (RFC 7797, one of those), `zip` and `cty` (what is signed is
// JSON itself, neither compressed nor another token). Ignored are `kid`, `jwk`, `jku`, `x5c` and
// `x5u`, which only say where a key might be: there is one key, it is ours, and nothing is fetched.
//
//   const jwt_options site{.secret = secret};        // of 32 bytes or more
//   const result<claims> user = verify_jwt(token, site, clock());

#include <comments/auth/signer.hpp>
#include <comments/clock.hpp>
#include <comments/json/decode.hpp>
#include <comments/result.hpp>
#include <comments/validation.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace comments::auth {

inline constexpr std::size_t jwt_secret_bytes_min{32};  // RFC 7518, section 3.2: a weaker one warns
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
  std::string role{};   // may be empty; "moderator" means something

  friend bool operator==(const claims&, const claims&) = default;
};

// HMAC-SHA-256, all of it.
inline std::string hs256(std::string_view secret, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

// Whether this is the header of a token that we read.
inline bool is_our_header(const nlohmann::json& header) {
  if (!header.is_object()) return false;
  for (const char* name : {"crit", "b64", "zip", "cty"})
    if (header.contains(name)) return false;
  std::vector<violation> found;
  json::fields in{header, "", found};
  const bool is_jwt = !header.contains("typ") || to_lower_ascii(in.text("typ", true)) == "jwt";
  return in.text("alg", true) == "HS256" && is_jwt && found.empty();
}

// A NumericDate (RFC 7519, section 2) in milliseconds, to the nearest, as large as it is written;
// `absent` if it is not there. No number: NaN, which is neither before nor after anything.
inline double numeric_date(const nlohmann::json& payload, const char* name, double absent) {
  const auto at = payload.find(name);
  if (at == payload.end()) return absent;
  return at->is_number() ? std::round(at->get<double>() * 1000) : std::nan("");
}

// Whether `now` is within the times of a payload, give or take `jwt_skew_max`. A token with no
// `exp` would be good for ever: it never is.
inline bool is_in_time(const nlohmann::json& payload, instant now) {
  constexpr double always = -std::numeric_limits<double>::infinity();
  const auto at = static_cast<double>(to_milliseconds(now));
  const auto skew = static_cast<double>(jwt_skew_max.count());
  return at < numeric_date(payload, "exp", std::nan("")) + skew &&
         at >= numeric_date(payload, "nbf", always) - skew &&
         at >= numeric_date(payload, "iat", always) - skew;
}

// Whether the token is from and for whom it must be (RFC 7519, sections 4.1.1 and 4.1.3).
inline bool is_for_us(const nlohmann::json& payload, const jwt_options& options) {
  const auto issuer = payload.find("iss"), audience = payload.find("aud"), none = payload.end();
  if (!options.issuer.empty() && (issuer == none || *issuer != options.issuer)) return false;
  if (options.audience.empty()) return true;
  if (audience == none || !audience->is_array())
    return audience != none && *audience == options.audience;
  return std::any_of(audience->begin(), audience->end(),
                     [&](const auto& one) { return one == options.audience; });
}

// Whether what the site says about its user can be kept: as for any draft, and with a subject.
inline bool is_acceptable(const claims& user, const limits& limits) {
  std::vector<violation> found = check(
      {.content_id = "-", .author = {.name = user.name, .email = user.email}, .body = "-"}, limits);
  check_text(found, "sub", user.subject, limits.subject_bytes_max);
  return found.empty() && !is_blank(user.subject);
}

// Who the bearer of `token` is, at `now`, on the word of the host's site. Everything that is wrong
// with a token is the same `unauthenticated`: what exactly would only tell a forger how far he got.
// Good until 60 s after `exp`, not at that moment any more, and from 60 s before `nbf` and `iat`,
// for clocks that differ. Safe to call from any thread.
inline result<claims> verify_jwt(std::string_view token, const jwt_options& options, instant now) {
  const error refused{errc::unauthenticated, "The token is not valid.", {}};
  if (token.size() > options.limits.jwt_bytes_max) return refused;
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first == token.npos ? first : first + 1);
  if (second == token.npos || options.secret.empty()) return refused;

  const auto signature = parse_base64url(token.substr(second + 1));
  const std::string expected = hs256(options.secret, token.substr(0, second));
  if (!signature || signature->size() != expected.size() ||
      CRYPTO_memcmp(signature->data(), expected.data(), expected.size()) != 0)
    return refused;

  const auto header = parse_base64url(token.substr(0, first));
  const auto payload = parse_base64url(token.substr(first + 1, second - first - 1));
  if (!header || !payload) return refused;
  const auto described = json::parse(*header, options.limits.json_depth_max);
  const auto said = json::parse(*payload, options.limits.json_depth_max);
  if (!described || !said || !is_our_header(*described) || !said->is_object()) return refused;

  std::vector<violation> found;
  json::fields in{*said, "", found};
  claims user{in.text("sub", true), in.text("name", false), in.text("email", false),
              in.text("role", false)};
  const bool is_good = found.empty() && is_in_time(*said, now) && is_for_us(*said, options) &&
                       is_acceptable(user, options.limits);
  if (!is_good) return refused;
  return user;
}

}  // namespace comments::auth

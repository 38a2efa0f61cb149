#pragma once
// auth/jwt.ipp - definitions of auth/jwt.hpp.

#include <comments/auth/jwt.hpp>

#include <comments/auth/hmac.hpp>
#include <comments/auth/signer.hpp>
#include <comments/json/document.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace comments::inline v0::auth {

namespace detail {

// Whether this is the header of a token that is read here.
inline bool is_our_header(const json::value& header) {
  if (!header.is_object()) return false;
  for (const char* name : {"crit", "b64", "zip", "cty"})
    if (header.find(name)) return false;
  std::vector<violation> found;
  json::field_reader in{header, "", found};
  const bool is_jwt = !header.find("typ") || to_lower_ascii(in.text("typ", true)) == "jwt";
  return in.text("alg", true) == "HS256" && is_jwt && found.empty();
}

// Returns a NumericDate (RFC 7519, section 2) in milliseconds, to the nearest, as large as it is
// written; `absent` if the field is absent. If it is not a number: NaN, which is neither before nor
// after anything.
inline double numeric_date(const json::value& payload, const char* name, double absent) {
  const json::value* const at = payload.find(name);
  if (!at) return absent;
  return at->kind == json::value::kinds::number ? std::round(at->number * 1000) : std::nan("");
}

// Whether `now` is within the times of a payload, give or take `jwt_skew_max`. A token without
// `exp` would be good for ever, so it never is.
inline bool is_in_time(const json::value& payload, instant now) {
  constexpr double always = -std::numeric_limits<double>::infinity();
  const auto at = static_cast<double>(to_milliseconds(now));
  const auto skew = static_cast<double>(jwt_skew_max.count());
  return at < numeric_date(payload, "exp", std::nan("")) + skew &&
         at >= numeric_date(payload, "nbf", always) - skew &&
         at >= numeric_date(payload, "iat", always) - skew;
}

// Whether the token is from and for whom it must be (RFC 7519, sections 4.1.1 and 4.1.3).
inline bool is_for_us(const json::value& payload, const jwt_options& options) {
  const auto is_text = [](const json::value* found, const std::string& wanted) {
    return found && found->as_text() && found->text == wanted;
  };
  if (!options.issuer.empty() && !is_text(payload.find("iss"), options.issuer)) return false;
  if (options.audience.empty()) return true;
  const json::value* const audience = payload.find("aud");
  if (!audience || !audience->is_list()) return is_text(audience, options.audience);
  return std::ranges::any_of(
      audience->items, [&](const json::value& one) { return is_text(&one, options.audience); });
}

// Whether what the site says about its user can be stored: as for any draft, and with a subject.
inline bool is_acceptable(const claims& user, const limits& limits) {
  std::vector<violation> found = check(
      {.content_id = "-", .author = {.name = user.name, .email = user.email}, .body = "-"}, limits);
  check_text(found, "sub", user.subject, limits.subject_bytes_max);
  return found.empty() && !is_blank(user.subject);
}

}  // namespace detail

COMMENTS_INLINE result<claims> verify_jwt(std::string_view token, const jwt_options& options,
                                          instant now) {
  const error refused{errc::unauthenticated, "The token is not valid.", {}};
  if (token.size() > options.limits.jwt_bytes_max) return refused;
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first == token.npos ? first : first + 1);
  if (second == token.npos || options.secret.empty()) return refused;

  const auto signature = parse_base64url(token.substr(second + 1));
  const std::string expected = hmac_sha256(options.secret, token.substr(0, second));
  if (!signature || !is_same_secret(*signature, expected)) return refused;

  const auto header = parse_base64url(token.substr(0, first));
  const auto payload = parse_base64url(token.substr(first + 1, second - first - 1));
  if (!header || !payload) return refused;
  const auto described = json::parse(*header, options.limits.json_depth_max);
  const auto claimed = json::parse(*payload, options.limits.json_depth_max);
  if (!described || !claimed || !detail::is_our_header(*described) || !claimed->is_object())
    return refused;

  std::vector<violation> found;
  json::field_reader in{*claimed, "", found};
  claims user{in.text("sub", true), in.text("name", false), in.text("email", false),
              in.text("role", false)};
  const bool is_good = found.empty() && detail::is_in_time(*claimed, now) &&
                       detail::is_for_us(*claimed, options) &&
                       detail::is_acceptable(user, options.limits);
  if (!is_good) return refused;
  return user;
}

}  // namespace comments::inline v0::auth

#pragma once
// auth/bearer.ipp - definitions of auth/bearer.hpp.

#include <comments/auth/bearer.hpp>

#include <comments/text.hpp>
#include <comments/validation.hpp>

#include <algorithm>
#include <utility>

namespace comments::inline v0::auth {

namespace detail {

inline constexpr std::string_view bearer_scheme = "bearer";

// Whether `token` says of itself that it is a JWT: three parts, the first of which begins an
// object.
inline bool looks_like_jwt(std::string_view token) {
  const std::size_t dot = token.find('.');
  return token.starts_with("ey") && dot != token.npos && token.find('.', dot + 1) != token.npos;
}

inline bool is_guessable(const std::string& token) {
  return !token.empty() && token.size() < shared_secret_bytes_min;
}

inline error refused_token() { return {errc::unauthenticated, "The token is not valid.", {}}; }

// Returns the scheme of an Authorization header (RFC 9110, section 11.6.2) in lower case; empty if
// it has none.
inline std::string scheme_of(std::string_view header) {
  const auto is_of_token = [](char c) {
    return is_ascii_alphanumeric(c) ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
  };
  const auto end = std::ranges::find_if_not(header, is_of_token);
  return to_lower_ascii({header.begin(), end});
}

// Returns the token of "Bearer <token>" (RFC 6750); empty if there is none.
inline std::string_view token_in(std::string_view header) {
  const std::string_view rest = header.substr(bearer_scheme.size());
  const std::size_t start = rest.find_first_not_of(' ');
  return start == rest.npos || start == 0 ? std::string_view{} : rest.substr(start);
}

}  // namespace detail

COMMENTS_INLINE std::vector<std::string_view> weak_secrets(const secrets& chosen) {
  std::vector<std::string_view> weak;
  const auto check = [&](std::string_view name, const std::string& secret, std::size_t bytes_min) {
    if (!secret.empty() && secret.size() < bytes_min) weak.push_back(name);
  };
  check("moderator-token", chosen.moderator_token, shared_secret_bytes_min);
  check("deploy-token", chosen.deploy_token, shared_secret_bytes_min);
  check("sso-secret", chosen.site.secret, jwt_secret_bytes_min);
  return weak;
}

COMMENTS_INLINE result<done> check_secrets(const secrets& chosen) {
  for (const std::string* token : {&chosen.moderator_token, &chosen.deploy_token}) {
    if (token->empty()) continue;
    if (token->find_first_of(" \t") != token->npos || has_control(*token) ||
        detail::looks_like_jwt(*token))
      return error{errc::invalid, "A token is visible characters without spaces, and no JWT.", {}};
  }
  if (!chosen.moderator_token.empty() && chosen.moderator_token == chosen.deploy_token)
    return error{errc::invalid, "The moderators' and the pipeline's tokens must differ.", {}};
  return ok();
}

COMMENTS_INLINE bearer::bearer(const signer& sign, const secrets& chosen, clock clock)
    : sign_{sign},
      moderator_{hash_of(chosen.moderator_token)},
      pipeline_{hash_of(chosen.deploy_token)},
      is_guessable_{detail::is_guessable(chosen.moderator_token) ||
                    detail::is_guessable(chosen.deploy_token)},
      site_{chosen.site},
      clock_{std::move(clock)} {}

COMMENTS_INLINE result<principal> bearer::authenticate(const credentials& from) const {
  principal caller{.client = from.client, .network = from.network};
  if (from.header.empty()) return caller;
  const std::string scheme = detail::scheme_of(from.header);
  if (scheme.empty()) return detail::refused_token();
  if (scheme != detail::bearer_scheme) return caller;
  const std::string_view token = detail::token_in(from.header);
  if (token.empty() || token.size() > site_.limits.jwt_bytes_max) return detail::refused_token();
  if (from.comment) {
    const auto state = check_edit_token(sign_, *from.comment, token, clock_());
    if (state == edit_token_state::expired)
      return error{errc::edit_window_closed, "The time to change this comment is over.", {}};
    if (state == edit_token_state::good) {
      caller.role = principal::role::editor;
      caller.comment = from.comment;
      return caller;
    }
  }
  if (detail::looks_like_jwt(token)) return as_user(token, std::move(caller));
  return as_holder(token, from, std::move(caller));
}

COMMENTS_INLINE result<principal> bearer::as_user(std::string_view token, principal caller) const {
  auto user = verify_jwt(token, site_, clock_());
  if (!user) return std::move(user).error();
  caller.role = user->role == "moderator" ? principal::role::moderator : principal::role::user;
  caller.subject = std::move(user->subject);
  caller.name = std::move(user->name);
  caller.email = std::move(user->email);
  return caller;
}

COMMENTS_INLINE result<principal> bearer::as_holder(std::string_view token, const credentials& from,
                                                    principal caller) const {
  if (!moderator_ && !pipeline_) return detail::refused_token();
  if (is_guessable_ && from.may_guess && !from.may_guess())
    return error{errc::rate_limited, "Too many wrong tokens came from here.", {}};
  const std::string hash = *hash_of(token);
  // Both are compared, whichever it is, so that the time taken does not tell which.
  const bool is_moderator = moderator_ && is_same_secret(*moderator_, hash);
  const bool is_pipeline = pipeline_ && is_same_secret(*pipeline_, hash);
  if (!is_moderator && !is_pipeline) return detail::refused_token();
  caller.role = is_moderator ? principal::role::moderator : principal::role::pipeline;
  return caller;
}

// Hashes are all of one length, so that comparing them tells nothing about the secret's.
COMMENTS_INLINE std::optional<std::string> bearer::hash_of(std::string_view token) const {
  if (token.empty()) return std::nullopt;
  return sign_.keyed_hash("secret", token);
}

}  // namespace comments::inline v0::auth

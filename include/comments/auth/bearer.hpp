#pragma once
// auth/bearer.hpp - from a request's Authorization header to who is calling.
//
// What nobody can guess is always looked at: what we or the host's site signed (edit tokens, JWTs),
// and tokens of 16 bytes and more. So whoever tries tokens keeps nobody else out. A shorter token
// is compared only as long as the client has guesses left. What is not configured is switched off.
//
//   const bearer proofs{sign, {.moderator_token = secret, .site = {.secret = sso_secret}}, clock};
//   const auto who = proofs.authenticate({.header = header, .client = client_hash});
//   if (!who) return problem(who.error());

#include <comments/auth/jwt.hpp>
#include <comments/auth/signer.hpp>
#include <comments/clock.hpp>
#include <comments/id.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/text.hpp>

#include <openssl/crypto.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::auth {

inline constexpr std::size_t shared_secret_bytes_min{16};

// What may prove something here. Empty: it proves nothing.
struct secrets {
  std::string moderator_token{};
  std::string deploy_token{};
  jwt_options site{};
};

// What in `chosen` is so short that somebody may find it by trying: not refused, because what a
// secret is worth is its owner's to know, but to be said.
inline std::vector<std::string_view> weak_secrets(const secrets& chosen) {
  std::vector<std::string_view> weak;
  const auto judge = [&](std::string_view name, const std::string& secret, std::size_t bytes_min) {
    if (!secret.empty() && secret.size() < bytes_min) weak.push_back(name);
  };
  judge("moderator-token", chosen.moderator_token, shared_secret_bytes_min);
  judge("deploy-token", chosen.deploy_token, shared_secret_bytes_min);
  judge("sso-secret", chosen.site.secret, jwt_secret_bytes_min);
  return weak;
}

// Whether `token` says of itself that it is a JWT: three parts, the first of which begins an
// object.
inline bool looks_like_jwt(std::string_view token) {
  const std::size_t dot = token.find('.');
  return token.starts_with("ey") && dot != token.npos && token.find('.', dot + 1) != token.npos;
}

// `invalid`, with a sentence that shows no secret, if a token in `chosen` is what a JWT looks like,
// has what no header can carry, or if the two tokens are the same. Empty ones are fine.
inline result<done> check_secrets(const secrets& chosen) {
  for (const std::string* token : {&chosen.moderator_token, &chosen.deploy_token}) {
    if (token->empty()) continue;
    if (token->find_first_of(" \t") != token->npos || has_control(*token) || looks_like_jwt(*token))
      return error{errc::invalid, "A token is visible characters without spaces, and no JWT.", {}};
  }
  if (!chosen.moderator_token.empty() && chosen.moderator_token == chosen.deploy_token)
    return error{errc::invalid, "The moderators' and the pipeline's tokens must differ.", {}};
  return ok();
}

// What a request brought along.
struct presented {
  std::string_view header{};            // the value of Authorization; empty: there was none
  std::string client{};                 // a keyed hash of the caller's address
  std::optional<comment_id> comment{};  // which it is about: the one whose edit token counts
  std::function<bool()> may_guess{};    // whether the client has guesses left; none: always
};

class bearer final {
 public:
  // Keeps hashes of the tokens, not the tokens. `sign` outlives it.
  bearer(const signer& sign, const secrets& chosen, clock clock)
      : sign_{sign},
        moderator_{hash_of(chosen.moderator_token)},
        pipeline_{hash_of(chosen.deploy_token)},
        is_guessable_{weak(chosen.moderator_token) || weak(chosen.deploy_token)},
        site_{chosen.site},
        clock_{std::move(clock)} {}

  // Who is calling. Without a header: anyone. `unauthenticated` if the header proves nothing,
  // always in the same words; `edit_window_closed` if it is the comment's edit token and too old;
  // `rate_limited` if the client has no guesses left. Safe to call from any thread.
  result<principal> authenticate(const presented& from) const {
    principal who{.client = from.client};
    if (from.header.empty()) return who;
    const std::string_view token = token_in(from.header);
    if (token.empty() || token.size() > site_.limits.jwt_bytes_max) return refused();
    if (from.comment) {
      const auto state = check_edit_token(sign_, *from.comment, token, clock_());
      if (state == edit_token_state::expired)
        return error{errc::edit_window_closed, "The time to change this comment is over.", {}};
      if (state == edit_token_state::good) {
        who.role = principal::role::editor;
        who.comment = from.comment;
        return who;
      }
    }
    if (looks_like_jwt(token)) return as_user(token, std::move(who));
    return as_holder(token, from, std::move(who));
  }

 private:
  static bool weak(const std::string& token) {
    return !token.empty() && token.size() < shared_secret_bytes_min;
  }
  static error refused() { return {errc::unauthenticated, "The token is not valid.", {}}; }

  // The token of "Bearer <token>" (RFC 6750; the scheme in any case); empty if it is anything else.
  static std::string_view token_in(std::string_view header) {
    constexpr std::string_view scheme = "bearer ";
    if (to_lower_ascii(header.substr(0, scheme.size())) != scheme) return {};
    const std::string_view rest = header.substr(scheme.size());
    const std::size_t start = rest.find_first_not_of(' ');
    return start == rest.npos ? std::string_view{} : rest.substr(start);
  }

  result<principal> as_user(std::string_view token, principal who) const {
    auto user = verify_jwt(token, site_, clock_());
    if (!user) return std::move(user).error();
    who.role = user->role == "moderator" ? principal::role::moderator : principal::role::user;
    who.subject = std::move(user->subject);
    who.name = std::move(user->name);
    who.email = std::move(user->email);
    return who;
  }

  result<principal> as_holder(std::string_view token, const presented& from, principal who) const {
    if (!moderator_ && !pipeline_) return refused();
    if (is_guessable_ && from.may_guess && !from.may_guess())
      return error{errc::rate_limited, "Too many wrong tokens came from here.", {}};
    const std::string hash = *hash_of(token);
    const bool is_moderator = is_same(moderator_, hash);  // both are compared, whichever it is
    const bool is_pipeline = is_same(pipeline_, hash);
    if (is_moderator || is_pipeline) {
      who.role = is_moderator ? principal::role::moderator : principal::role::pipeline;
      return who;
    }
    return refused();
  }

  // Hashes are all of one length, so that comparing them tells nothing about the secret's.
  std::optional<std::string> hash_of(std::string_view token) const {
    if (token.empty()) return std::nullopt;
    return sign_.keyed_hash("secret", token);
  }
  static bool is_same(const std::optional<std::string>& secret, const std::string& hash) {
    return secret && CRYPTO_memcmp(secret->data(), hash.data(), hash.size()) == 0;
  }

  const signer& sign_;
  const std::optional<std::string> moderator_;
  const std::optional<std::string> pipeline_;
  const bool is_guessable_;
  const jwt_options site_;
  const clock clock_;
};

}  // namespace comments::auth

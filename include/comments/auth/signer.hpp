#pragma once
// auth/signer.hpp - texts that the server hands out and recognises when they come back.
//
// A token is base64url(payload) "." base64url(mac): anyone can read it, and only the holder of the
// key can make it. The mac is HMAC-SHA-256 (RFC 2104), cut to 128 bits, over the purpose and the
// payload, so a token that was made for one purpose is worthless for another.
//
//   using namespace comments;
//   const auth::signer sign{"a key of 32 random bytes, kept secret"};
//   const std::string token = sign.token("cursor", "17");
//   const auto payload = sign.verify("cursor", token);  // "17"; nothing, if anything was changed

#include <comments/clock.hpp>
#include <comments/config.hpp>
#include <comments/id.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::auth {

// RFC 4648, section 5, without padding.
std::string to_base64url(std::string_view bytes);

// Returns the bytes; nothing if `text` is not exactly what `to_base64url` writes for them.
std::optional<std::string> parse_base64url(std::string_view text);

// Returns whether both are the same bytes. How long that takes depends on their length alone.
bool is_same_secret(std::string_view a, std::string_view b);

// Signs and recognises tokens with one key. Safe to use from any thread.
class signer final {
 public:
  // A longer text is no token.
  static constexpr std::size_t token_bytes_max{512};

  explicit signer(std::string_view key) : key_{key} {}

  // Returns `payload`, signed for `purpose`.
  std::string token(std::string_view purpose, std::string_view payload) const;

  // Returns the payload of a token that this key signed for this purpose; nothing for any other
  // text. The comparison takes as long for a near miss as for nonsense.
  std::optional<std::string> verify(std::string_view purpose, std::string_view token) const;

  // Returns 22 characters, always the same for `text` and this key. Without the key they do not
  // tell `text`.
  std::string keyed_hash(std::string_view purpose, std::string_view text) const;

 private:
  std::string mac(std::string_view purpose, std::string_view payload) const;

  std::string key_;
};

// Returns the proof that its bearer wrote the comment `id`, good until `expires`.
std::string make_edit_token(const signer& sign, const comment_id& id, instant expires);

// `unknown` is a token that is forged, cut short, another comment's or another key's.
enum class edit_token_state { good, expired, unknown };

// Returns what `token` is worth for the comment `id`, at `now`. It is still good at the very moment
// of its expiry.
edit_token_state check_edit_token(const signer& sign, const comment_id& id, std::string_view token,
                                  instant now);

// Returns whether `token` is that proof, and good.
bool is_edit_token(const signer& sign, const comment_id& id, std::string_view token, instant now);

// Returns the proof that a form was shown at `now`. It is not secret and can be used many times.
std::string make_form_token(const signer& sign, instant now);

// Returns `token`, or a new one if it is none of this key.
std::string renew_form_token(const signer& sign, std::string_view token, instant now);

// Returns when the form was shown; nothing if `token` is not a form's token of this key.
std::optional<instant> form_time(const signer& sign, std::string_view token);

// How long a browser's proof is good. Each further one begins anew.
inline constexpr std::chrono::days browser_proof_kept{400};

// Returns a new name for a browser: 16 random characters. Throws as `fill_randomly` does.
std::string make_browser_name();

// Returns the proof that its bearer is the browser `name`, handed out at `now`. It stands for no
// person, and two browsers of one person have two.
std::string make_browser_proof(const signer& sign, std::string_view name, instant now);

// Returns the browser's name; nothing if `proof` is too old, or not a browser's proof of this key.
std::optional<std::string> browser_name(const signer& sign, std::string_view proof, instant now);

}  // namespace comments::inline v0::auth

#ifndef COMMENTS_COMPILED
#include <comments/auth/signer.ipp>
#endif

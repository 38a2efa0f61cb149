#pragma once
// auth/signer.hpp - texts that we hand out and recognise when they come back.
//
// A token is base64url(payload) "." base64url(mac): readable, not secret, and not to be forged. The
// mac is HMAC-SHA-256 (RFC 2104), cut to 128 bits, over the purpose and the payload, so a token
// made for one purpose is worthless for another. OpenSSL lives in auth/ only.
//
//   const signer sign{store.signing_key()};
//   const std::string token = sign.token("cursor", "17");
//   sign.verify("cursor", token);          // "17"; nothing, if anything about it was changed

#include <comments/clock.hpp>
#include <comments/id.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace comments::auth {

// RFC 4648, section 5, without padding.
inline std::string to_base64url(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  while (!text.empty() && text.back() == '=') text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

// Nothing if `text` is not what `to_base64url` writes.
inline std::optional<std::string> parse_base64url(std::string_view text) {
  std::string padded{text};
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  const std::size_t padding = (4 - padded.size() % 4) % 4;
  if (padding == 3) return std::nullopt;
  padded.append(padding, '=');
  std::string bytes(3 * padded.size() / 4, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(padded.data()),
                                   static_cast<int>(padded.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  if (to_base64url(bytes) != text) return std::nullopt;  // one token, one spelling
  return bytes;
}

class signer final {
 public:
  explicit signer(std::string_view key) : key_{key} {}

  // `payload`, signed for `purpose`.
  std::string token(std::string_view purpose, std::string_view payload) const {
    return to_base64url(payload) + "." + to_base64url(mac(purpose, payload));
  }

  // The payload of a token of ours for this purpose, else nothing. Takes as long for a near miss as
  // for nonsense.
  std::optional<std::string> verify(std::string_view purpose, std::string_view token) const {
    const std::size_t dot = token.find('.');
    if (dot == token.npos || token.size() > token_bytes_max) return std::nullopt;
    auto payload = parse_base64url(token.substr(0, dot));
    if (!payload) return std::nullopt;
    const std::string expected = this->token(purpose, *payload);
    if (expected.size() != token.size()) return std::nullopt;
    if (CRYPTO_memcmp(expected.data(), token.data(), token.size()) != 0) return std::nullopt;
    return payload;
  }

  // 22 characters, stable for `text` and this key, from which nobody without the key learns `text`.
  std::string keyed_hash(std::string_view purpose, std::string_view text) const {
    return to_base64url(mac(purpose, text));
  }

  static constexpr std::size_t token_bytes_max{512};

 private:
  std::string mac(std::string_view purpose, std::string_view payload) const {
    // The length first: no purpose and payload run together like another pair.
    std::string message = std::to_string(purpose.size());
    message.append(" ").append(purpose).append(payload);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
         reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
    return {reinterpret_cast<const char*>(digest), 16};
  }

  std::string key_;
};

// The moment that is the payload of a token, if there is one.
inline std::optional<instant> parse_milliseconds(const std::optional<std::string>& payload) {
  if (!payload) return std::nullopt;
  std::int64_t count = 0;
  const char* end = payload->data() + payload->size();
  const auto [stopped, fault] = std::from_chars(payload->data(), end, count);
  if (fault != std::errc{} || stopped != end) return std::nullopt;
  return from_milliseconds(count);
}

// The proof that its bearer wrote the comment `id`, good until `expires`.
inline std::string make_edit_token(const signer& sign, const comment_id& id, instant expires) {
  return sign.token("edit " + to_string(id), std::to_string(to_milliseconds(expires)));
}

// What a text is that claims to be an edit token: good, ours but too old, or unknown: forged, cut
// short, another comment's, another install's.
enum class edit_token_state { good, expired, unknown };

// What `token` is as the proof for the comment `id`, at `now`. Good at the very moment of its
// expiry, not after.
inline edit_token_state check_edit_token(const signer& sign, const comment_id& id,
                                         std::string_view token, instant now) {
  const auto expires = parse_milliseconds(sign.verify("edit " + to_string(id), token));
  if (!expires) return edit_token_state::unknown;
  return now <= *expires ? edit_token_state::good : edit_token_state::expired;
}

// Whether `token` is that proof, and good.
inline bool is_edit_token(const signer& sign, const comment_id& id, std::string_view token,
                          instant now) {
  return check_edit_token(sign, id, token, now) == edit_token_state::good;
}

// The proof that a form was shown at `now`. It is no secret and may be used more than once.
inline std::string make_form_token(const signer& sign, instant now) {
  return sign.token("form", std::to_string(to_milliseconds(now)));
}

// When the form was shown of which `token` is the proof; nothing if it is none of ours.
inline std::optional<instant> form_time(const signer& sign, std::string_view token) {
  return parse_milliseconds(sign.verify("form", token));
}

}  // namespace comments::auth

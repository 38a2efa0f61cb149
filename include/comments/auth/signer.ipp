#pragma once
// auth/signer.ipp - definitions of auth/signer.hpp.

#include <comments/auth/signer.hpp>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace comments::inline v0::auth {

COMMENTS_INLINE std::string to_base64url(std::string_view bytes) {
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

COMMENTS_INLINE std::optional<std::string> parse_base64url(std::string_view text) {
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

COMMENTS_INLINE std::string hmac_sha256(std::string_view key, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

COMMENTS_INLINE bool is_same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

COMMENTS_INLINE std::string signer::token(std::string_view purpose,
                                          std::string_view payload) const {
  return to_base64url(payload) + "." + to_base64url(mac(purpose, payload));
}

COMMENTS_INLINE std::optional<std::string> signer::verify(std::string_view purpose,
                                                          std::string_view token) const {
  const std::size_t dot = token.find('.');
  if (dot == token.npos || token.size() > token_bytes_max) return std::nullopt;
  auto payload = parse_base64url(token.substr(0, dot));
  if (!payload || !is_same_secret(this->token(purpose, *payload), token)) return std::nullopt;
  return payload;
}

COMMENTS_INLINE std::string signer::keyed_hash(std::string_view purpose,
                                               std::string_view text) const {
  return to_base64url(mac(purpose, text));
}

COMMENTS_INLINE std::string signer::mac(std::string_view purpose, std::string_view payload) const {
  // The length comes first: so no purpose and payload run together like another pair.
  std::string message = std::to_string(purpose.size());
  message.append(" ").append(purpose).append(payload);
  return hmac_sha256(key_, message).substr(0, 16);
}

namespace detail {

// Returns the moment that is a token's payload; nothing if it is not one.
inline std::optional<instant> parse_milliseconds(const std::optional<std::string>& payload) {
  if (!payload) return std::nullopt;
  std::int64_t count = 0;
  const char* end = payload->data() + payload->size();
  const auto [stopped, fault] = std::from_chars(payload->data(), end, count);
  if (fault != std::errc{} || stopped != end) return std::nullopt;
  return from_milliseconds(count);
}

}  // namespace detail

COMMENTS_INLINE std::string make_edit_token(const signer& sign, const comment_id& id,
                                            instant expires) {
  return sign.token("edit " + to_string(id), std::to_string(to_milliseconds(expires)));
}

COMMENTS_INLINE edit_token_state check_edit_token(const signer& sign, const comment_id& id,
                                                  std::string_view token, instant now) {
  const auto expires = detail::parse_milliseconds(sign.verify("edit " + to_string(id), token));
  if (!expires) return edit_token_state::unknown;
  return now <= *expires ? edit_token_state::good : edit_token_state::expired;
}

COMMENTS_INLINE bool is_edit_token(const signer& sign, const comment_id& id, std::string_view token,
                                   instant now) {
  return check_edit_token(sign, id, token, now) == edit_token_state::good;
}

COMMENTS_INLINE std::string make_browser_name() {
  const auto bytes = random_bytes<12>();
  return to_base64url({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

COMMENTS_INLINE std::string make_browser_proof(const signer& sign, std::string_view name,
                                               instant now) {
  const auto end = to_milliseconds(now + browser_proof_kept);
  return sign.token("browser", std::to_string(end).append(" ").append(name));
}

COMMENTS_INLINE std::optional<std::string> browser_name(const signer& sign, std::string_view proof,
                                                        instant now) {
  const auto payload = sign.verify("browser", proof);
  if (!payload) return std::nullopt;
  const std::size_t space = payload->find(' ');
  const auto end = detail::parse_milliseconds(payload->substr(0, space));
  if (!end || space == payload->npos || *end < now) return std::nullopt;
  return payload->substr(space + 1);
}

COMMENTS_INLINE std::string make_form_token(const signer& sign, instant now) {
  return sign.token("form", std::to_string(to_milliseconds(now)));
}

COMMENTS_INLINE std::string renew_form_token(const signer& sign, std::string_view token,
                                             instant now) {
  return form_time(sign, token) ? std::string{token} : make_form_token(sign, now);
}

COMMENTS_INLINE std::optional<instant> form_time(const signer& sign, std::string_view token) {
  return detail::parse_milliseconds(sign.verify("form", token));
}

}  // namespace comments::inline v0::auth

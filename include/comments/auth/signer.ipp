#pragma once
// auth/signer.ipp - definitions of auth/signer.hpp.

#include <comments/auth/signer.hpp>

#include <comments/auth/hmac.hpp>

#include <charconv>
#include <cstdint>
#include <system_error>

namespace comments::inline v0::auth {

namespace detail {

inline constexpr std::string_view base64url_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace detail

COMMENTS_INLINE std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;  // the last `count` of them are not written yet
  int count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6)
      text += detail::base64url_digits[bits >> (count - 6) & 63];
  }
  if (count > 0) text += detail::base64url_digits[bits << (6 - count) & 63];
  return text;
}

COMMENTS_INLINE std::optional<std::string> parse_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : text) {
    const std::size_t value = detail::base64url_digits.find(digit);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  if (to_base64url(bytes) != text) return std::nullopt;  // one token, one spelling
  return bytes;
}

// What is volatile is read each time, so that no compiler ends the loop at the first difference.
COMMENTS_INLINE bool is_same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const volatile char* const left = a.data();
  const volatile char* const right = b.data();
  volatile int difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = difference | (left[i] ^ right[i]);
  return difference == 0;
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

#pragma once
// auth/hmac.ipp - definitions of auth/hmac.hpp.

#include <comments/auth/hmac.hpp>

#ifndef COMMENTS_WITHOUT_OPENSSL
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace comments::inline v0::auth {

COMMENTS_INLINE std::string hmac_sha256(std::string_view key, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

}  // namespace comments::inline v0::auth
#endif

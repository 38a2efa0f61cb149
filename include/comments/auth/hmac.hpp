#pragma once
// auth/hmac.hpp - HMAC-SHA-256 (RFC 2104), with which tokens are signed: OpenSSL's, or another.
//
// A program that has another library for it, as on Windows, says COMMENTS_WITHOUT_OPENSSL in all of
// its sources and defines the function itself. Then nothing includes or links OpenSSL.
//
//   using namespace comments;
//   assert(auth::hmac_sha256("a key of 32 random bytes", "a message").size() == 32);

#include <comments/config.hpp>

#include <string>
#include <string_view>

namespace comments::inline v0::auth {

// Returns HMAC-SHA-256 of `message`: 32 bytes. Called from any thread.
std::string hmac_sha256(std::string_view key, std::string_view message);

}  // namespace comments::inline v0::auth

#ifndef COMMENTS_COMPILED
#include <comments/auth/hmac.ipp>
#endif

#pragma once
// version.hpp - which release of the library this is (semantic versioning 2.0).
//
// docs/library.md says what may change with which number. A test holds it against `meson.build`.
//
//   static_assert(COMMENTS_VERSION >= 100);  // 0.1.0 or newer

#include <string_view>

#define COMMENTS_VERSION_MAJOR 0
#define COMMENTS_VERSION_MINOR 1
#define COMMENTS_VERSION_PATCH 0

// One number that grows with each release: 1.2.3 is 10203.
#define COMMENTS_VERSION \
  (COMMENTS_VERSION_MAJOR * 10000 + COMMENTS_VERSION_MINOR * 100 + COMMENTS_VERSION_PATCH)

#define COMMENTS_TEXT_OF(number) #number
#define COMMENTS_VERSION_TEXT(major, minor, patch) \
  COMMENTS_TEXT_OF(major) "." COMMENTS_TEXT_OF(minor) "." COMMENTS_TEXT_OF(patch)

namespace comments::inline v0 {

inline constexpr std::string_view library_version =
    COMMENTS_VERSION_TEXT(COMMENTS_VERSION_MAJOR, COMMENTS_VERSION_MINOR, COMMENTS_VERSION_PATCH);

}  // namespace comments::inline v0

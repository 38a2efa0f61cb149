#pragma once
// version.hpp - which release of the library this is (semantic versioning 2.0).
//
// A test holds it against the number in `meson.build`.

#include <string_view>

namespace comments::inline v0 {

inline constexpr std::string_view library_version = "0.1.0";

}  // namespace comments::inline v0

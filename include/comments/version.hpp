#pragma once
// version.hpp - which release of the library this is (semantic versioning 2.0).
//
// `meson.build` reads the number from here, so it stands in one place.

#include <string_view>

namespace comments {

inline constexpr std::string_view version = "0.1.0";

}  // namespace comments

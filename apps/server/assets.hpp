#pragma once
// assets.hpp - what browsers get of apps/widget, as the build found it there.

#include <span>
#include <string>
#include <string_view>

namespace server {

struct asset {
  std::string_view name{};
  std::string_view hash{};  // of its text: another text has another address
  std::string_view type{};
  std::string_view text{};
};

std::span<const asset> assets();

// The asset of that name, which must be there.
const asset& find_asset(std::string_view name);

// "assets/embed.0123456789abcdef.js": where it lies below the root.
std::string path_of(const asset& one);

}  // namespace server

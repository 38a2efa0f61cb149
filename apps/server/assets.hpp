#pragma once
// assets.hpp - files that are compiled in: those of apps/widget that browsers load, and the sources
// of the server's pages.

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

// Returns the files that are served as they are, below assets/.
std::span<const asset> assets();

// Returns the asset of that name, which must exist.
const asset& find_asset(std::string_view name);

// Returns where a file lies below the server's root: "assets/embed.0123456789abcdef.js".
std::string path_of(const asset& file);

// Returns what pages are made of: the templates of pages/*.html and the words of languages/*.json.
std::span<const asset> page_sources();

// Returns the source of that name, which must exist.
const asset& find_page_source(std::string_view name);

// Returns a text that changes with any of the assets and page sources.
std::string sources_hash();

}  // namespace server

#pragma once
// feed/json_feed.hpp - a feed as JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/).
//
// It has no links, because JSON Feed has no relative ones.
//
//   using namespace comments;
//   const feed::document made{.id = "urn:uuid:17", .title = "Comments on 1"};
//   const std::string text = feed::to_json(made);  // of the type feed::json_type

#include <comments/config.hpp>
#include <comments/feed/document.hpp>

#include <string>
#include <string_view>

namespace comments::inline v0::feed {

inline constexpr std::string_view json_type = "application/feed+json";

// Returns the feed as JSON.
std::string to_json(const document& from);

}  // namespace comments::inline v0::feed

#ifndef COMMENTS_COMPILED
#include <comments/feed/json_feed.ipp>
#endif

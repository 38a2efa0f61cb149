#pragma once
// guard.hpp - what protects a site before its owner has set anything: `--guard standard`.
//
// Its rules are milder than those that an owner sets. They leave the legacy API alone, whose
// clients know no forms and no refusals, and do not take the readers behind a proxy for one person.
// docs/operations.md has the reasons.
//
//   service.rules.push_back(server::guard::repeated_text(std::chrono::minutes{5}));

#include <comments/moderation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace server::guard {

// The values of the options that nobody set.
inline constexpr std::int64_t writes_per_minute = 60;   // of a client
inline constexpr std::int64_t posts_per_minute = 20;    // of a client
inline constexpr std::int64_t content_per_minute = 60;  // posts on a content
inline constexpr std::int64_t newcomer_links_max = 0;
inline constexpr std::chrono::seconds repeat_window{300};
inline constexpr std::chrono::seconds typing_time{1};

// Return the rules of these names, made milder.
comments::rule newcomer_links(std::size_t links_max);
comments::rule repeated_text(std::chrono::seconds window);
comments::rule typing_time_of_forms(std::chrono::seconds least);

}  // namespace server::guard

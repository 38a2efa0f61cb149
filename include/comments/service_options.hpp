#pragma once
// service_options.hpp - what an operator decides about comments: limits, windows, modes, rules.
//
// Every member is an option of the server, too (`docs/operations.md`).
//
//   service api{store, {.edit_window = std::chrono::hours{1}, .rules = {rules::links({.most =
//   2})}}};

#include <comments/broadcast.hpp>
#include <comments/clock.hpp>
#include <comments/moderation.hpp>
#include <comments/validation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace comments {

struct service_options {
  comments::limits limits{};
  std::size_t page_max{200};       // comments on one page, at least 1
  std::size_t contents_max{200};   // contents asked for at once
  std::size_t decisions_max{100};  // comments decided about at once
  std::size_t edits_max{100};      // changes that one comment may see before its author's are over
  std::chrono::milliseconds edit_window{std::chrono::minutes{15}};  // for a comment's author
  std::int64_t depth_max{6};    // replies that answer a deeper comment hang there; at least 1
  content_status mode{};        // of contents that have none of their own
  std::vector<rule> rules{};    // asked about every draft and edit that no moderator wrote
  std::int64_t reports_max{3};  // so many send a comment back to pending; 0: none do
  std::chrono::hours origins_kept{24 * 30};  // how long it is known where something came from
  broadcast_limits followers{};              // of contents, at once
  comments::clock clock{system_clock()};
};

}  // namespace comments

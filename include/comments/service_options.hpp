#pragma once
// service_options.hpp - what an operator decides about comments: limits, times, modes, rules.
//
// Every member is an option of the server, too (`docs/operations.md`).
//
//   const rule no_shouting = [](const draft& written, const arrival&) {
//     return written.body.ends_with("!!!") ? hold("shouting") : accept();
//   };
//   service api{store, {.edit_window = 1h, .rules = {no_shouting}}};

#include <comments/broadcast.hpp>
#include <comments/clock.hpp>
#include <comments/comment.hpp>
#include <comments/id.hpp>
#include <comments/metrics.hpp>
#include <comments/moderation.hpp>
#include <comments/validation.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace comments::inline v0 {

struct service_options {
  comments::limits limits{};
  std::size_t page_max{200};            // comments on one page, at least 1
  std::size_t page_bytes_max{524'288};  // of their text; the first comment of a page may have more
  std::size_t contents_max{200};        // contents that one call asks for
  std::size_t decisions_max{100};       // comments that one call decides about
  std::size_t edits_max{100};           // changes of one comment after which its author's edits end
  std::chrono::milliseconds edit_window{std::chrono::minutes{15}};  // for a comment's author
  std::int64_t depth_max{6};    // a reply that would be deeper hangs at this depth; at least 1
  content_status mode{};        // the status of contents that have none of their own
  std::vector<rule> rules{};    // judge every draft and edit that no moderator wrote
  std::int64_t reports_max{3};  // this many reports make a comment pending again; 0: none do
  // So many clients of one IPv6 /48 may vote for a comment, and report it; 0: any number.
  std::size_t network_votes_max{4};
  std::size_t network_reports_max{1};
  std::chrono::hours origins_kept{24 * 30};  // how long the address of a comment may be known
  broadcast_limits followers{};              // of contents, at once
  // The service takes the store's time instead, if processes on several machines share the store
  // (`store::shared_time`): this clock then says how much of that has passed.
  comments::clock clock{system_clock()};
  // Where the service counts; null: in a registry of its own. It need not outlive the service.
  registry* metrics{};
  std::string labels{};  // of all its series, as text such as `tenant="ana"`
  // Returns the id of a new comment, a new one each time; empty: the store makes it. For tests, or
  // ids from elsewhere.
  std::function<comment_id(instant now)> ids{};
};

}  // namespace comments::inline v0

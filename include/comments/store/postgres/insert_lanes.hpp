#pragma once
// store/postgres/insert_lanes.hpp - callers that post at the same moment share a transaction.
//
// Each content has its lane of a few; a lane inserts all drafts that wait in it in one transaction.
// If the database refuses that, they are tried one by one, so that a bad draft fails alone. A draft
// whose content another transaction has locked goes to a lane of that content's own, so that no
// draft for another content waits along.
//
//   postgres::executor database{options, {}, "this process ", true};
//   postgres::insert_lanes lanes{database, {}};
//   const auto made = lanes.insert({.said = {.content_id = "1", .body = "Hello."}}, now);

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/group_commit.hpp>
#include <comments/store/postgres/executor.hpp>
#include <comments/store/postgres/insert.hpp>
#include <comments/store/postgres/lock_lanes.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace comments::inline v0::postgres {

struct lane_limits {
  std::size_t lanes{4};  // transactions that insert at once; 0 counts as 1
  group_limits group{.batch_max = 128, .queue_max = 4096};  // of each lane
  std::size_t held_queue_max{32};                   // callers that wait for one locked content
  std::chrono::milliseconds statement_wait{5'000};  // for drafts that are tried one by one
  std::chrono::milliseconds long_lock_wait{2'000};  // for a locked content, with a permit
  std::size_t long_waits_max{2};                    // such permits
};

// Safe from any thread.
class insert_lanes final {
 public:
  // `database` must live longer.
  insert_lanes(executor& database, lane_limits limits);
  insert_lanes(const insert_lanes&) = delete;
  insert_lanes& operator=(const insert_lanes&) = delete;

  // As `store::insert`. `unavailable` also if the lane's queue is full. A commit in doubt is tried
  // again, by looking for the comment first; `in_doubt` only if that fails, too.
  result<post_result> insert(const insertion& wanted, instant now);

  // As `store::begin_insert`. Only drafts for a content that is locked have to wait.
  void begin(const insertion& wanted, instant now, insert_receiver ended);

 private:
  class begun_insert;

  using lane = group_commit<pending_insert, result<post_result>>;
  using outcome = insert_batch::outcome;
  using works = std::span<const pending_insert* const>;
  using lock_wait = std::optional<std::chrono::milliseconds>;

  lane& lane_of(const std::string& content_id);
  static result<post_result> to_result(lane::submission ended, const insert_progress& progress);
  std::unique_ptr<lane> make_held_lane();
  void insert_all(works all, std::span<outcome> outcomes, lock_wait wait);
  void insert_each(std::span<const pending_insert> wanted, std::span<outcome> outcomes,
                   lock_wait wait);
  failure insert_together(std::span<const pending_insert> wanted, std::span<outcome> outcomes,
                          lock_wait wait);
  static void refuse(const pending_insert& refused, outcome& to, failure why);

  executor& database_;
  const lane_limits limits_;
  std::vector<std::unique_ptr<lane>> lanes_{};
  permits long_waits_{limits_.long_waits_max};
  held_contents<lane> held_{[this] { return make_held_lane(); }};
};

}  // namespace comments::inline v0::postgres

#ifndef COMMENTS_COMPILED
#include <comments/store/postgres/insert_lanes.ipp>
#endif

#pragma once
// store/postgres/insert_lanes.ipp - definitions of store/postgres/insert_lanes.hpp.

#include <comments/store/postgres/insert_lanes.hpp>

#include <comments/guarded.hpp>
#include <comments/store/algorithms.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace comments::inline v0::postgres {

COMMENTS_INLINE insert_lanes::insert_lanes(executor& database, lane_limits limits)
    : database_{database}, limits_{limits} {
  for (std::size_t i = 0; i < std::max<std::size_t>(limits_.lanes, 1); ++i)
    lanes_.push_back(std::make_unique<lane>(limits_.group, [this](works all, auto outcomes) {
      insert_all(all, outcomes, std::nullopt);
    }));
}

COMMENTS_INLINE result<post_result> insert_lanes::insert(const insertion& wanted, instant now) {
  if (is_deciding()) return called_back();
  const auto id = new_id(wanted, now);
  if (!id) return id.error();
  insert_progress progress;
  const pending_insert pending{&wanted, now, *id, &progress};
  const std::string& content_id = wanted.said.content_id;
  if (!held_.has(content_id)) {
    auto ended = lane_of(content_id).submit(pending);
    if (!progress.is_locked) return to_result(std::move(ended), progress);
  }
  held_contents<lane>::waiter mine{held_, content_id};
  progress.is_locked = false;
  auto ended = mine.lane().submit(pending);
  if (ended.outcome) mine.set_free(!progress.is_locked);
  return to_result(std::move(ended), progress);
}

// An insert that nobody waits for, until it is over.
class insert_lanes::begun_insert final {
 public:
  begun_insert(const insertion& wanted, instant now, const comment_id& id, insert_receiver ended)
      : pending_{&wanted, now, id, &progress_}, ended_{std::move(ended)} {}

  const pending_insert& pending() const { return pending_; }

  // A content that is locked is worth waiting for, unless the comment may be there already.
  void end(lane::submission how) noexcept {
    if (progress_.is_locked && !progress_.may_exist) return tell(std::nullopt);
    const bool is_in_doubt = how.why == refusal::unknown || progress_.may_exist;
    auto made = guarded([&] { return to_result(std::move(how), progress_); });
    // Without memory for a sentence, the code alone has to do.
    const errc code = is_in_doubt ? errc::in_doubt : errc::unavailable;
    tell(made ? std::move(made) : result<post_result>{error{code, {}}});
  }

 private:
  void tell(std::optional<result<post_result>> made) noexcept {
    guarded([&] { ended_(std::move(made)); });
  }

  insert_progress progress_{};
  const pending_insert pending_;
  const insert_receiver ended_;
};

COMMENTS_INLINE void insert_lanes::begin(const insertion& wanted, instant now,
                                         insert_receiver ended) {
  const auto tell = [&](std::optional<result<post_result>> made) {
    guarded([&] { ended(std::move(made)); });
  };
  if (is_deciding()) return tell(called_back());
  const auto id = new_id(wanted, now);
  if (!id) return tell(id.error());
  const std::string& content_id = wanted.said.content_id;
  if (held_.has(content_id)) return tell(std::nullopt);
  auto begun = std::make_unique<begun_insert>(wanted, now, *id, std::move(ended));
  lane_of(content_id).submit(begun->pending(), [own = begun.get()](lane::submission how) {
    const std::unique_ptr<begun_insert> ends_with_scope{own};
    own->end(std::move(how));
  });
  static_cast<void>(begun.release());  // the function above has it, or had it
}

COMMENTS_INLINE insert_lanes::lane& insert_lanes::lane_of(const std::string& content_id) {
  return *lanes_[std::hash<std::string>{}(content_id) % lanes_.size()];
}

COMMENTS_INLINE result<post_result> insert_lanes::to_result(lane::submission ended,
                                                            const insert_progress& progress) {
  if (ended.outcome) return std::move(*ended.outcome);
  return ended.why == refusal::unknown || progress.may_exist ? in_doubt() : unavailable();
}

// With a permit, waits for the content's lock for long. Without one, as long as for any content:
// the machine may only be busy, and then the lock comes in time.
COMMENTS_INLINE std::unique_ptr<insert_lanes::lane> insert_lanes::make_held_lane() {
  const group_limits limits{limits_.group.batch_max,
                            std::min(limits_.held_queue_max, limits_.group.queue_max)};
  return std::make_unique<lane>(limits, [this](works all, auto outcomes) {
    const auto permit = long_waits_.take(limits_.long_lock_wait);
    insert_all(all, outcomes, permit ? lock_wait{limits_.long_lock_wait} : std::nullopt);
  });
}

COMMENTS_INLINE void insert_lanes::insert_all(works all, std::span<outcome> outcomes,
                                              lock_wait wait) {
  std::vector<pending_insert> wanted;
  for (const pending_insert* pending : all) wanted.push_back(*pending);
  const auto is_of_first = [&](const pending_insert& other) {
    return other.wanted->said.content_id == wanted.front().wanted->said.content_id;
  };
  const failure why = insert_together(wanted, outcomes, wait);
  if (why == failure::none) return;
  // Each draft would fail for the same reason alone, so trying them one by one gains nothing.
  const bool is_for_all = wanted.size() == 1 || why == failure::disconnected ||
                          (why == failure::locked && std::ranges::all_of(wanted, is_of_first));
  if (!is_for_all) {
    insert_each(wanted, outcomes, wait);
    return;
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) refuse(wanted[i], outcomes[i], why);
}

// Inserts one by one, so that a draft that the database refuses fails alone, and one whose content
// is locked keeps no others waiting. After any other failure of a content, its other drafts fail,
// too.
COMMENTS_INLINE void insert_lanes::insert_each(std::span<const pending_insert> wanted,
                                               std::span<outcome> outcomes, lock_wait wait) {
  const auto end = std::chrono::steady_clock::now() + limits_.statement_wait;
  std::map<std::string_view, failure> known;  // what stops all drafts of a content
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::string_view content_id = wanted[i].wanted->said.content_id;
    const auto before = known.find(content_id);
    failure why = before != known.end() ? before->second : failure::transient;
    if (before == known.end() && std::chrono::steady_clock::now() < end)
      why = insert_together(wanted.subspan(i, 1), outcomes.subspan(i, 1), wait);
    if (why == failure::none) continue;
    refuse(wanted[i], outcomes[i], why);
    if (why != failure::rejected) known.emplace(content_id, why);
  }
}

COMMENTS_INLINE failure insert_lanes::insert_together(std::span<const pending_insert> wanted,
                                                      std::span<outcome> outcomes, lock_wait wait) {
  for (int tries = 0;; ++tries) {
    const auto lent = database_.take();
    if (!lent) return failure::disconnected;
    insert_batch batch{*lent, wanted, wait};
    const ending end = batch.run(outcomes, database_.to_others());
    if (end.why == failure::none) return end.why;
    if (end.is_in_doubt)
      for (const pending_insert& pending : wanted) pending.progress->may_exist = true;
    if (!database_.prepare_retry(end.why, tries)) return end.why;
  }
}

COMMENTS_INLINE void insert_lanes::refuse(const pending_insert& refused, outcome& to, failure why) {
  refused.progress->is_locked = why == failure::locked;
  to = to_error({why, refused.progress->may_exist});
}

}  // namespace comments::inline v0::postgres

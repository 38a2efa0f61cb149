#pragma once
// store/group_commit.hpp - many callers, one transaction: the cost of durability, shared.
//
// A disk syncs a few thousand times a second, however little is written each time. So whoever comes
// while a sync runs joins the next one: the first of those who wait becomes the leader, takes all
// work up to `batch_max`, carries it out in one go, and tells each follower its own outcome. Nobody
// waits for a timer; alone, a caller is its own leader and pays nothing extra.
//
//   group_commit<draft, result<posting>> writing{limits, [&](auto works, auto outcomes) { … }};
//   result<posting> mine = writing.submit(draft);

#include <comments/result.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace comments {

struct group_limits {
  std::size_t batch_max{256};   // pieces of work in one commit
  std::size_t queue_max{4096};  // callers that wait; one more is refused
};

template <typename Work, typename Outcome>
class group_commit final {
 public:
  // Carries out works[i] and says how it went in outcomes[i], for every i, all in one commit.
  // Called by one thread at a time. Must not throw.
  using commit = std::function<void(std::span<const Work* const> works,
                                    std::span<std::optional<Outcome>> outcomes)>;

  group_commit(group_limits limits, commit commit_all)
      : limits_{limits}, commit_all_{std::move(commit_all)} {}
  group_commit(const group_commit&) = delete;
  group_commit& operator=(const group_commit&) = delete;

  // The outcome of `work` once the commit that holds it is over, or nothing, at once, if
  // `queue_max` callers wait already. Works are carried out in the order they came. Safe from any
  // thread.
  std::optional<Outcome> submit(const Work& work) {
    waiter me{&work};
    std::unique_lock lock{mutex_};
    if (queue_.size() >= limits_.queue_max) return std::nullopt;
    queue_.push_back(&me);
    me.turn.wait(lock, [&] { return me.outcome || (!is_led_ && queue_.front() == &me); });
    if (!me.outcome) lead(lock);
    return std::move(me.outcome);
  }

  std::size_t waiting() const {
    const std::lock_guard lock{mutex_};
    return queue_.size();
  }

 private:
  struct waiter {
    const Work* work{};
    std::optional<Outcome> outcome{};
    std::condition_variable turn{};
  };

  // Works stay in the queue while they are carried out, so that it counts everyone who waits.
  void lead(std::unique_lock<std::mutex>& lock) {
    is_led_ = true;
    const std::size_t size = std::min(queue_.size(), limits_.batch_max);
    std::vector<const Work*> works;
    for (std::size_t i = 0; i < size; ++i) works.push_back(queue_[i]->work);
    std::vector<std::optional<Outcome>> outcomes(size);
    lock.unlock();
    commit_all_(works, outcomes);
    lock.lock();
    for (std::size_t i = 0; i < size; ++i) {
      queue_.front()->outcome = std::move(outcomes[i]);
      queue_.front()->turn.notify_one();
      queue_.pop_front();
    }
    is_led_ = false;
    if (!queue_.empty()) queue_.front()->turn.notify_one();
  }

  const group_limits limits_;
  const commit commit_all_;
  mutable std::mutex mutex_{};
  std::deque<waiter*> queue_{};
  bool is_led_{};
};

}  // namespace comments

#pragma once
// store/group_commit.hpp - many callers, one transaction: the cost of durability, shared.
//
// A disk syncs a few thousand times a second, however little is written each time. So whoever comes
// while a sync runs joins the next one: the first to come starts a batch and leads it, up to
// `batch_max` others join until its turn comes, then the leader carries out all of it in one go and
// wakes its followers at once. Nobody waits for a timer; alone, a caller leads a batch of one.
//
//   group_commit<draft, result<posting>> writing{limits, [&](auto works, auto outcomes) { … }};
//   if (auto mine = writing.submit(draft)) return std::move(*mine);
//   return unavailable();

#include <comments/result.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
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
  // Called by one thread at a time.
  using commit = std::function<void(std::span<const Work* const> works,
                                    std::span<std::optional<Outcome>> outcomes)>;

  group_commit(group_limits limits, commit commit_all)
      : limits_{limits}, commit_all_{std::move(commit_all)} {}
  group_commit(const group_commit&) = delete;
  group_commit& operator=(const group_commit&) = delete;

  // The outcome of `work` once the commit that holds it is over. Nothing, at once, if `queue_max`
  // callers wait already; nothing either if the commit threw: what it did then is unknown. Works
  // are carried out in the order they came. Throws std::bad_alloc where there is no memory to wait
  // in, to this caller alone. Safe from any thread.
  std::optional<Outcome> submit(const Work& work) {
    std::unique_lock lock{mutex_};
    if (waiting_ >= limits_.queue_max) return std::nullopt;
    const auto mine = open_ ? open_ : std::make_shared<batch>();
    const std::size_t place = mine->works.size();
    mine->outcomes.resize(place + 1);
    mine->works.push_back(&work);  // nothing from here on throws
    ++waiting_;
    if (!open_) mine->before = std::exchange(last_, mine->is_over);
    open_ = place + 1 < limits_.batch_max ? mine : nullptr;
    lock.unlock();
    if (place == 0)
      lead(*mine);
    else
      mine->is_over.wait();
    return std::move(mine->outcomes[place]);
  }

  std::size_t waiting() const {
    const std::lock_guard lock{mutex_};
    return waiting_;
  }

 private:
  // Kept alive by each of its members, so that the leader may wake them when it has let go of all
  // else: woken under a lock, or one by one, they would be in its way. A future waits without
  // spinning, as an atomic would: sixty-four that spin are in everybody's way.
  struct batch {
    std::vector<const Work*> works{};
    std::vector<std::optional<Outcome>> outcomes{};
    std::promise<void> end{};
    const std::shared_future<void> is_over{end.get_future()};
    std::shared_future<void> before{};  // the batch whose turn it is first, if there was one
  };

  void lead(batch& mine) {
    if (mine.before.valid()) mine.before.wait();
    mine.before = {};
    {
      const std::lock_guard lock{mutex_};
      if (open_.get() == &mine) open_ = nullptr;
    }
    carry_out(mine);
    {
      const std::lock_guard lock{mutex_};
      waiting_ -= mine.works.size();
    }
    mine.end.set_value();
  }

  // Others wait for this leader, so nothing that is thrown may pass.
  void carry_out(batch& mine) noexcept {
    const std::span outcomes{mine.outcomes.data(), mine.works.size()};
    try {
      commit_all_(mine.works, outcomes);
    } catch (...) {
      for (auto& outcome : outcomes) outcome.reset();
    }
  }

  const group_limits limits_;
  const commit commit_all_;
  mutable std::mutex mutex_{};
  std::shared_ptr<batch> open_{};    // whom newcomers join; none if the last is full or running
  std::size_t waiting_{};            // members of batches that are not over
  std::shared_future<void> last_{};  // of the newest batch
};

}  // namespace comments

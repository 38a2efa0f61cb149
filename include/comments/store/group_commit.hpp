#pragma once
// store/group_commit.hpp - callers that write at the same moment share one transaction.
//
// A disk syncs a few thousand times a second, however little each sync writes. Callers that come
// while a sync runs therefore share the next one: the first of them opens a batch and leads it, up
// to `batch_max` join it, and when the batch before is done the leader carries out all of it in one
// commit and wakes the others. There is no timer: a caller that is alone commits at once.
//
//   group_commit<std::string, std::size_t> writes{{}, [](auto works, auto outcomes) {
//     for (std::size_t i = 0; i < works.size(); ++i) outcomes[i] = works[i]->size();
//   }};
//   const auto [outcome, why] = writes.submit("Hello.");
//   if (!outcome && why == refusal::unknown) show("It may be written, or not.");

#include <comments/mutex.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace comments {

struct group_limits {
  std::size_t batch_max{256};   // works in one commit
  std::size_t queue_max{4096};  // callers that wait; one more is refused
};

// Why a work has no outcome.
enum class refusal {
  full,     // nothing was done: `queue_max` callers wait already
  nested,   // nothing was done: the commit itself called, and would have waited for its own end
  unknown,  // the commit threw, or gave no outcome: the work may have been done
};

// Safe from any thread. Destroy it only when no caller is inside.
template <typename Work, typename Outcome>
class group_commit final {
 public:
  // Carries out works[i] and writes its outcome to outcomes[i], for each i, all in one commit. Runs
  // on the thread of one of the callers, one call at a time. If it throws, all of its callers get
  // `unknown`, whatever it wrote to their outcomes.
  using commit = std::function<void(std::span<const Work* const> works,
                                    std::span<std::optional<Outcome>> outcomes)>;

  struct submission {
    std::optional<Outcome> outcome{};
    refusal why{};  // read it only if there is no outcome
  };

  group_commit(group_limits limits, commit commit_all);
  group_commit(const group_commit&) = delete;
  group_commit& operator=(const group_commit&) = delete;

  // Returns the outcome of `work` once the commit that holds it is over, or why there is none:
  // `full` and `nested` at once, `unknown` when that commit is over. Works are carried out in the
  // order in which they came. Throws only std::bad_alloc, and only before `work` is in a batch:
  // then nothing was done, and other callers do not notice. Outcome's move must not throw.
  submission submit(const Work& work) COMMENTS_EXCLUDES(mutex_);

  // Returns how many callers are inside `submit`.
  std::size_t waiting() const COMMENTS_EXCLUDES(mutex_);

 private:
  // Each of its callers keeps it alive, so that the leader can wake them after it has released the
  // mutex. They wait on a future because that blocks: std::atomic::wait spins first, and 64 threads
  // that spin slow the leader down.
  struct batch {
    std::vector<const Work*> works{};                // guarded by mutex_ while the batch is open,
    std::vector<std::optional<Outcome>> outcomes{};  // then the leader's, then each caller's own
    std::promise<void> end{};
    const std::shared_future<void> is_over{end.get_future()};
    std::shared_future<void> before{};  // the end of the batch before; the leader's
  };

  void lead(batch& led) COMMENTS_EXCLUDES(mutex_);
  void carry_out(batch& led) noexcept COMMENTS_EXCLUDES(mutex_);

  const group_limits limits_;
  const commit commit_all_;
  mutable mutex mutex_{};
  // The batch that callers join; none if the newest is full or its commit has begun.
  std::shared_ptr<batch> open_ COMMENTS_GUARDED_BY(mutex_){};
  std::size_t waiting_ COMMENTS_GUARDED_BY(mutex_){};
  std::shared_future<void> last_ COMMENTS_GUARDED_BY(mutex_){};  // the end of the newest batch
  std::thread::id committing_ COMMENTS_GUARDED_BY(mutex_){};     // runs the commit now; or none
};

// --- definitions ---

template <typename Work, typename Outcome>
group_commit<Work, Outcome>::group_commit(group_limits limits, commit commit_all)
    : limits_{limits}, commit_all_{std::move(commit_all)} {}

template <typename Work, typename Outcome>
auto group_commit<Work, Outcome>::submit(const Work& work) -> submission {
  mutex_lock lock{mutex_};
  if (committing_ == std::this_thread::get_id()) return {std::nullopt, refusal::nested};
  if (waiting_ >= limits_.queue_max) return {std::nullopt, refusal::full};
  const auto joined = open_ ? open_ : std::make_shared<batch>();
  const std::size_t place = joined->works.size();
  joined->outcomes.resize(place + 1);
  joined->works.push_back(&work);  // nothing below throws
  ++waiting_;
  if (!open_) joined->before = std::exchange(last_, joined->is_over);
  open_ = place + 1 < limits_.batch_max ? joined : nullptr;
  lock.unlock();
  if (place == 0)
    lead(*joined);
  else
    joined->is_over.wait();
  return {std::move(joined->outcomes[place]), refusal::unknown};
}

template <typename Work, typename Outcome>
std::size_t group_commit<Work, Outcome>::waiting() const {
  const mutex_lock lock{mutex_};
  return waiting_;
}

// Waits for the batch before, then closes this one, so that it is as full as it can be.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::lead(batch& led) {
  if (led.before.valid()) led.before.wait();
  led.before = {};
  {
    const mutex_lock lock{mutex_};
    if (open_.get() == &led) open_ = nullptr;
    committing_ = std::this_thread::get_id();
  }
  carry_out(led);
  {
    const mutex_lock lock{mutex_};
    committing_ = {};
    waiting_ -= led.works.size();
  }
  led.end.set_value();
}

// Lets no exception pass: other callers wait for this one.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::carry_out(batch& led) noexcept {
  // A work that found no memory may have left an outcome too many.
  const std::span outcomes{led.outcomes.data(), led.works.size()};
  try {
    commit_all_(led.works, outcomes);
  } catch (...) {
    for (auto& outcome : outcomes) outcome.reset();
  }
}

}  // namespace comments

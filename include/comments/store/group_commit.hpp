#pragma once
// store/group_commit.hpp - callers that write at the same moment share one transaction.
//
// A disk syncs a few thousand times a second, however little each sync writes. Callers that come
// while a sync runs therefore share the next one: the first of them opens a batch and leads it, up
// to `batch_max` join it, and when the batch before is done the leader carries out all of it in one
// commit and wakes the others. There is no timer: a caller that is alone commits at once. A caller
// need not wait for the outcome, but can have a function told: then it leads only if no commit
// runs, and what comes meanwhile is led by a thread of the group's own.
//
//   group_commit<std::string, std::size_t> writes{{}, [](auto works, auto outcomes) {
//     for (std::size_t i = 0; i < works.size(); ++i) outcomes[i] = works[i]->size();
//   }};
//   const auto [outcome, why] = writes.submit("Hello.");
//   if (!outcome && why == refusal::unknown) show("It may be written, or not.");
//   static const std::string kept = "Hi.";
//   writes.submit(kept, [](auto ended) { std::cout << ended.outcome.value_or(0); });

#include <comments/guarded.hpp>
#include <comments/mutex.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace comments::inline v0 {

struct group_limits {
  std::size_t batch_max{256};   // works in one commit
  std::size_t queue_max{4096};  // works that wait; one more is refused
};

// Why a work has no outcome.
enum class refusal {
  full,     // nothing was done: `queue_max` works wait already
  nested,   // nothing was done: a commit or a receiver called, and might have waited for itself
  unknown,  // the commit threw, or gave no outcome: the work may have been done
};

namespace detail {
// Whether this thread tells receivers of any group. Each thread has its own.
inline thread_local bool is_telling = false;
}  // namespace detail

// Safe from any thread. Destroy it only when no caller is inside; that waits for all works.
template <typename Work, typename Outcome>
class group_commit final {
 public:
  // Carries out works[i] and writes its outcome to outcomes[i], for each i, all in one commit. Runs
  // on the thread of one of the callers or of the group, one call at a time. If it throws, all of
  // its works get `unknown`, whatever it wrote to their outcomes.
  using commit = std::function<void(std::span<const Work* const> works,
                                    std::span<std::optional<Outcome>> outcomes)>;

  struct submission {
    std::optional<Outcome> outcome{};
    refusal why{};  // read it only if there is no outcome
  };
  // Takes what became of a work, once, on any thread. Others wait for it, so it must neither wait
  // nor call the group, and it must not throw.
  using receiver = std::function<void(submission)>;

  group_commit(group_limits limits, commit commit_all);
  group_commit(const group_commit&) = delete;
  group_commit& operator=(const group_commit&) = delete;
  ~group_commit() { finish(); }

  // Returns the outcome of `work` once the commit that holds it is over, or why there is none:
  // `full` and `nested` at once, `unknown` when that commit is over. Works are carried out in the
  // order in which they came. Throws only std::bad_alloc, and only before `work` is in a batch:
  // then nothing was done, and other callers do not notice. Outcome's move must not throw.
  submission submit(const Work& work) COMMENTS_EXCLUDES(mutex_);

  // The same without waiting for other works; if no commit runs, this call carries the work out.
  // `ended` gets what the other form returns, perhaps before this call is over, and `work` must
  // live until then. Throws as the other form does; then `ended` is never called.
  void submit(const Work& work, receiver ended) COMMENTS_EXCLUDES(mutex_);

  // Waits for all works. No more may be submitted from this call on.
  void finish() COMMENTS_EXCLUDES(mutex_);

  // Returns how many works wait for their commit or are in it.
  std::size_t waiting() const COMMENTS_EXCLUDES(mutex_);

 private:
  // Each of its callers keeps it alive, so that the leader can wake them after it has released the
  // mutex. They wait on a future because that blocks: std::atomic::wait spins first, and 64 threads
  // that spin slow the leader down.
  struct batch {
    std::vector<const Work*> works{};                // guarded by mutex_ while the batch is open,
    std::vector<std::optional<Outcome>> outcomes{};  // then the leader's, then each caller's own
    std::vector<receiver> receivers{};               // empty ones for callers that wait
    std::promise<void> end{};
    const std::shared_future<void> is_over{end.get_future()};
    std::shared_future<void> before{};  // the end of the batch before; the leader's
    // Guarded by mutex_.
    std::shared_ptr<batch> next{};
    bool has_leader{};
  };
  using batch_pointer = std::shared_ptr<batch>;

  std::optional<refusal> refuse() const COMMENTS_REQUIRES(mutex_);
  batch_pointer join(const Work& work) COMMENTS_REQUIRES(mutex_);
  void lead(batch_pointer led) COMMENTS_EXCLUDES(mutex_);
  batch_pointer lead_one(batch& led) COMMENTS_EXCLUDES(mutex_);
  batch_pointer hand_on(batch& led) COMMENTS_REQUIRES(mutex_);
  void carry_out(batch& led) noexcept COMMENTS_EXCLUDES(mutex_);
  static void tell(batch& ended) noexcept;
  void run() COMMENTS_EXCLUDES(mutex_);

  const group_limits limits_;
  const commit commit_all_;
  mutable mutex mutex_{};
  // The batch that callers join; none if the newest is full or its commit has begun.
  batch_pointer open_ COMMENTS_GUARDED_BY(mutex_){};
  batch_pointer newest_ COMMENTS_GUARDED_BY(mutex_){};  // none if its commit is over
  std::size_t waiting_ COMMENTS_GUARDED_BY(mutex_){};
  std::thread::id committing_ COMMENTS_GUARDED_BY(mutex_){};  // runs the commit now; or none
  // The group's own thread, from the first batch on that nobody waits for.
  std::thread own_ COMMENTS_GUARDED_BY(mutex_){};
  condition has_batch_{};
  batch_pointer handed_ COMMENTS_GUARDED_BY(mutex_){};  // which it leads next
  bool is_ending_ COMMENTS_GUARDED_BY(mutex_){};
};

// --- definitions ---

template <typename Work, typename Outcome>
group_commit<Work, Outcome>::group_commit(group_limits limits, commit commit_all)
    : limits_{limits}, commit_all_{std::move(commit_all)} {}

// Its own thread ends once all batches are over: each is handed on before the one ahead of it ends.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::finish() {
  std::thread own;
  {
    const mutex_lock lock{mutex_};
    is_ending_ = true;
    own.swap(own_);
  }
  has_batch_.notify_one();
  if (own.joinable()) own.join();
}

template <typename Work, typename Outcome>
auto group_commit<Work, Outcome>::submit(const Work& work) -> submission {
  // The batch that this work would join may be the next that this very thread is to lead.
  if (detail::is_telling) return {std::nullopt, refusal::nested};
  mutex_lock lock{mutex_};
  if (const auto why = refuse()) return {std::nullopt, *why};
  const batch_pointer joined = join(work);
  const std::size_t place = joined->works.size() - 1;
  const bool is_leader = !std::exchange(joined->has_leader, true);
  lock.unlock();
  if (is_leader)
    lead(joined);
  else
    joined->is_over.wait();
  return {std::move(joined->outcomes[place]), refusal::unknown};
}

template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::submit(const Work& work, receiver ended) {
  mutex_lock lock{mutex_};
  if (const auto why = refuse()) {
    lock.unlock();
    guarded([&] { ended({std::nullopt, *why}); });
    return;
  }
  const batch_pointer joined = join(work);
  joined->receivers.back() = std::move(ended);
  const bool is_alone = !joined->before.valid();
  if (!is_alone || std::exchange(joined->has_leader, true)) return;
  lock.unlock();
  lead(joined);
}

template <typename Work, typename Outcome>
std::size_t group_commit<Work, Outcome>::waiting() const {
  const mutex_lock lock{mutex_};
  return waiting_;
}

template <typename Work, typename Outcome>
std::optional<refusal> group_commit<Work, Outcome>::refuse() const {
  if (committing_ == std::this_thread::get_id()) return refusal::nested;
  if (waiting_ >= limits_.queue_max) return refusal::full;
  return std::nullopt;
}

// Returns the batch whose last work it now is.
template <typename Work, typename Outcome>
auto group_commit<Work, Outcome>::join(const Work& work) -> batch_pointer {
  const batch_pointer joined = open_ ? open_ : std::make_shared<batch>();
  const std::size_t place = joined->works.size();
  joined->outcomes.resize(place + 1);
  joined->receivers.resize(place + 1);
  joined->works.push_back(&work);  // nothing below throws
  ++waiting_;
  if (!open_) {
    if (newest_) {
      newest_->next = joined;
      joined->before = newest_->is_over;
    }
    newest_ = joined;
  }
  open_ = place + 1 < limits_.batch_max ? joined : nullptr;
  return joined;
}

// Leads the batch, and those behind it that the group's own thread cannot lead.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::lead(batch_pointer led) {
  while (led) led = lead_one(*led);
}

// Waits for the batch before, then closes this one, so that it is as full as it can be. Returns the
// next one, if its leader must be this thread.
template <typename Work, typename Outcome>
auto group_commit<Work, Outcome>::lead_one(batch& led) -> batch_pointer {
  if (led.before.valid()) led.before.wait();
  {
    const mutex_lock lock{mutex_};
    if (open_.get() == &led) open_ = nullptr;
    committing_ = std::this_thread::get_id();
  }
  carry_out(led);
  batch_pointer next;
  {
    const mutex_lock lock{mutex_};
    committing_ = {};
    waiting_ -= led.works.size();
    if (newest_.get() == &led) newest_ = nullptr;
    next = hand_on(led);
  }
  led.end.set_value();
  tell(led);
  return next;
}

// Has somebody lead the next batch, if nobody who waits for it does. Returns it if that must be
// this thread.
template <typename Work, typename Outcome>
auto group_commit<Work, Outcome>::hand_on(batch& led) -> batch_pointer {
  batch_pointer next = std::move(led.next);
  if (!next || std::exchange(next->has_leader, true)) return nullptr;
  next->before = {};  // this commit is over
  if (!own_.joinable() && !is_ending_) {
    auto begun = guarded([this] { return std::thread{[this] { run(); }}; });
    if (!begun) return next;  // there is no thread left
    own_ = std::move(*begun);
  }
  if (own_.get_id() == std::this_thread::get_id() || is_ending_) return next;
  handed_ = std::move(next);
  has_batch_.notify_one();
  return nullptr;
}

// Lets no exception pass: other callers wait for this one.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::carry_out(batch& led) noexcept {
  // A work that found no memory may have left an outcome too many.
  const std::span outcomes{led.outcomes.data(), led.works.size()};
  if (!guarded([&] { commit_all_(led.works, outcomes); }))
    for (auto& outcome : outcomes) outcome.reset();
}

// Tells those that do not wait.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::tell(batch& ended) noexcept {
  const bool was_telling = std::exchange(detail::is_telling, true);
  for (std::size_t i = 0; i < ended.works.size(); ++i)
    if (const receiver told = std::exchange(ended.receivers[i], nullptr))
      guarded([&] { told({std::move(ended.outcomes[i]), refusal::unknown}); });
  detail::is_telling = was_telling;
}

// The group's own thread.
template <typename Work, typename Outcome>
void group_commit<Work, Outcome>::run() {
  mutex_lock lock{mutex_};
  for (;;) {
    while (!handed_ && !is_ending_) has_batch_.wait(lock);
    if (!handed_) return;
    batch_pointer led = std::move(handed_);
    lock.unlock();
    lead(std::move(led));
    lock.lock();
  }
}

}  // namespace comments::inline v0

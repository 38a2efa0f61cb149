#pragma once
// background.ipp - definitions of background.hpp.

#include <comments/background.hpp>

#include <comments/guarded.hpp>
#include <comments/mutex.hpp>

#include <atomic>
#include <thread>
#include <utility>

namespace comments::inline v0 {

struct background::state {
  ~state() {
    if (thread.joinable()) thread.join();
  }

  comments::mutex mutex{};
  std::thread thread COMMENTS_GUARDED_BY(mutex){};
  std::atomic<bool> is_working{};  // set under the mutex, and cleared by the thread when it ends
};

COMMENTS_INLINE background::background() : state_{std::make_unique<state>()} {}
COMMENTS_INLINE background::~background() = default;

COMMENTS_INLINE void background::begin(std::function<void()> work) {
  const mutex_lock lock{state_->mutex};
  if (state_->is_working) return;
  if (state_->thread.joinable()) state_->thread.join();  // its work is over
  state_->is_working = true;
  auto run = [&is_working = state_->is_working, work = std::move(work)]() mutable {
    guarded([&] { std::exchange(work, {})(); });  // what it owns is gone before the next may begin
    is_working = false;
  };
  if (auto begun = guarded([&] { return std::thread{std::move(run)}; }))
    state_->thread = std::move(*begun);
  else  // no thread or no memory: the next call tries again
    state_->is_working = false;
}

}  // namespace comments::inline v0

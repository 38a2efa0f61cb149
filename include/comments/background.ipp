#pragma once
// background.ipp - definitions of background.hpp.

#include <comments/background.hpp>

#include <comments/mutex.hpp>

#include <chrono>
#include <exception>
#include <future>
#include <utility>

namespace comments {

struct background::state {
  comments::mutex mutex{};
  std::future<void> running COMMENTS_GUARDED_BY(mutex){};  // its end waits for the work
};

COMMENTS_INLINE background::background() : state_{std::make_unique<state>()} {}
COMMENTS_INLINE background::~background() = default;

COMMENTS_INLINE void background::begin(std::function<void()> work) {
  const mutex_lock lock{state_->mutex};
  const auto is_over = [](const std::future<void>& run) {
    return !run.valid() || run.wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  };
  if (!is_over(state_->running)) return;
  try {
    state_->running = std::async(std::launch::async, std::move(work));
  } catch (const std::exception&) {  // no thread or no memory: the next call tries again
  }
}

}  // namespace comments

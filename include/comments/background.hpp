#pragma once
// background.hpp - something that is done beside its caller, by one thread at a time.
//
//   background recovery;
//   recovery.begin([&] { store.recover(); });  // unless it is under way

#include <chrono>
#include <functional>
#include <future>
#include <mutex>
#include <system_error>
#include <utility>

namespace comments {

// Safe from any thread. Its end waits for the work that is under way.
class background final {
 public:
  // Has `work` done, unless some is under way. Does not wait.
  void begin(std::function<void()> work) {
    const std::lock_guard lock{mutex_};
    if (running_.valid() && running_.wait_for(std::chrono::seconds{0}) != std::future_status::ready)
      return;
    try {
      running_ = std::async(std::launch::async, std::move(work));
    } catch (const std::system_error&) {  // no thread to be had: the next who asks tries again
    }
  }

 private:
  std::mutex mutex_{};
  std::future<void> running_{};
};

}  // namespace comments

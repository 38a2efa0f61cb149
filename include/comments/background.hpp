#pragma once
// background.hpp - work that runs beside its caller, in one thread at a time.
//
//   memory_store store;
//   background recovery;
//   recovery.begin([&] { store.recover(); });  // unless earlier work still runs

#include <comments/config.hpp>

#include <functional>
#include <memory>

namespace comments::inline v0 {

// Safe to call from any thread.
class background final {
 public:
  background();
  background(const background&) = delete;
  background& operator=(const background&) = delete;
  // Waits for the work that runs.
  ~background();

  // Starts a thread that does `work`, unless earlier work still runs, or there is no thread or no
  // memory for it: then it does nothing, and a later call may try again. Does not wait. An
  // exception that `work` throws ends that work and nothing else.
  void begin(std::function<void()> work);

 private:
  struct state;

  std::unique_ptr<state> state_;
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/background.ipp>
#endif

#include <comments/mutex.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <thread>
#include <vector>

using comments::condition;
using comments::mutex;
using comments::mutex_lock;

TEST_CASE("one thread at a time holds a mutex") {
  mutex guard;
  int count = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        const mutex_lock lock{guard};
        ++count;
      }
    });
  for (std::thread& each : threads) each.join();
  CHECK(count == 4000);
}

TEST_CASE("a lock can be released before its end, and taken again") {
  mutex guard;
  mutex_lock lock{guard};
  lock.unlock();
  std::thread other{[&] { const mutex_lock theirs{guard}; }};
  other.join();
  lock.lock();
  bool is_free = false;
  std::thread late{[&] {
    if (guard.try_lock()) {
      is_free = true;
      guard.unlock();
    }
  }};
  late.join();
  CHECK_FALSE(is_free);
}

TEST_CASE("a thread that waits for a condition releases the mutex, and has it again when woken") {
  mutex guard;
  condition changed;
  bool is_ready = false, is_seen = false;
  std::thread other{[&] {
    mutex_lock lock{guard};
    while (!is_ready) changed.wait(lock);
    is_seen = true;
    changed.notify_all();
  }};
  mutex_lock lock{guard};
  is_ready = true;
  changed.notify_one();
  while (!is_seen) changed.wait(lock);
  lock.unlock();
  other.join();
  CHECK(is_seen);
}

TEST_CASE("a wait without a notification is over in time") {
  mutex guard;
  condition changed;
  mutex_lock lock{guard};
  bool is_woken = true;
  while (is_woken) is_woken = changed.wait_for(lock, std::chrono::milliseconds{1});
  is_woken = true;
  while (is_woken) is_woken = changed.wait_until(lock, std::chrono::steady_clock::now());
  CHECK_FALSE(is_woken);
}

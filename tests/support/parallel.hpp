#pragma once
// support/parallel.hpp - the same work in several threads, let loose at one moment.

#include <latch>
#include <thread>
#include <vector>

// Calls `work(0)` to `work(threads - 1)`, each in a thread of its own, and waits for all. Look at
// what they did afterwards: a failing assertion tells more outside of a thread.
template <typename Work>
void in_parallel(int threads, const Work& work) {
  std::latch gate{threads};
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&gate, &work, i] {
      gate.arrive_and_wait();
      work(i);
    });
  for (std::thread& one : all) one.join();
}

// raw_log.cpp - the limit of durable posts: `raw_log FILE THREADS BYTES SECONDS`.
//
// Each thread appends a record and waits until it is on disk; those that wait at the same moment
// share one write and one fdatasync, which the first of them carries out. No HTTP, no tables, no
// reading: what is left of a store when all but durability is taken away.

#include "histogram.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

class group_log final {
 public:
  explicit group_log(const char* path)
      : fd_{::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)} {}
  group_log(const group_log&) = delete;
  group_log& operator=(const group_log&) = delete;
  ~group_log() { ::close(fd_); }

  // Returns once the record is on disk, false if it is not.
  bool append(std::string_view record) {
    std::unique_lock lock{mutex_};
    pending_ += record;
    const std::uint64_t mine = batch_;
    while (done_ <= mine && is_led_) turn_[mine % 2].wait(lock);
    if (done_ <= mine) lead(lock);
    return !is_broken_;
  }

 private:
  // Batches are numbered; those who wait for one do not hear of another.
  void lead(std::unique_lock<std::mutex>& lock) {
    is_led_ = true;
    const std::uint64_t mine = batch_++;
    const std::string bytes = std::exchange(pending_, {});
    lock.unlock();
    const bool is_good =
        ::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
        ::fdatasync(fd_) == 0;
    lock.lock();
    is_broken_ = is_broken_ || !is_good;
    is_led_ = false;
    done_ = mine + 1;
    turn_[mine % 2].notify_all();
    turn_[batch_ % 2].notify_one();
  }

  const int fd_;
  std::mutex mutex_{};
  std::condition_variable turn_[2];
  std::string pending_{};
  std::uint64_t batch_{};  // the one that is being filled
  std::uint64_t done_{};   // batches below this one are on disk
  bool is_led_{};
  bool is_broken_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: raw_log FILE THREADS BYTES SECONDS\n";
    return 2;
  }
  using clock = std::chrono::steady_clock;
  group_log log{argv[1]};
  const std::string record(std::strtoul(argv[3], nullptr, 10), 'x');
  const double seconds = std::strtod(argv[4], nullptr);
  const auto end = clock::now() + std::chrono::duration<double>{seconds};
  std::mutex mutex;
  bench::histogram all;
  std::atomic<std::uint64_t> errors{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < std::atoi(argv[2]); ++i)
    threads.emplace_back([&] {
      const auto seen = std::make_unique<bench::histogram>();
      for (auto start = clock::now(); start < end;) {
        if (!log.append(record)) ++errors;
        const auto now = clock::now();
        seen->add(static_cast<std::uint64_t>(std::chrono::nanoseconds{now - start}.count()));
        start = now;
      }
      const std::lock_guard lock{mutex};
      all.add(*seen);
    });
  threads.clear();
  const auto microseconds = [&](double share) {
    return static_cast<double>(all.percentile(share)) / 1e3;
  };
  std::cout << "{\"rate\":" << static_cast<double>(all.count()) / seconds
            << ",\"answered\":" << all.count() << ",\"errors\":" << errors
            << ",\"post\":{\"p50_us\":" << microseconds(0.5) << ",\"p99_us\":" << microseconds(0.99)
            << "}}\n";
  return errors > 0 ? 1 : 0;
}

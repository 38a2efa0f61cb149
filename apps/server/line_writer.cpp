#include "line_writer.hpp"

#include <exception>
#include <new>
#include <utility>

namespace server {

using comments::mutex_lock;

line_writer::line_writer(std::function<void(std::string_view)> write,
                         std::function<std::string(std::uint64_t)> describe_dropped)
    : write_{std::move(write)}, describe_dropped_{std::move(describe_dropped)}, thread_{[this] {
        run();
      }} {}

line_writer::~line_writer() {
  {
    const mutex_lock lock{mutex_};
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
  const mutex_lock turn{writing_};
  write_pending();
}

void line_writer::write_later(std::string_view line) {
  bool is_news = false;
  {
    const mutex_lock lock{mutex_};
    const std::size_t size = pending_.size();
    if (!append(line)) {
      ++dropped_;
      return;
    }
    // The thread sleeps while there are no lines, and then until there are many.
    is_news = size == 0 || (size < batch_bytes && pending_.size() >= batch_bytes);
  }
  if (is_news) changed_.notify_one();
}

bool line_writer::append(std::string_view line) try {
  if (pending_.size() + line.size() > pending_bytes_max) return false;
  pending_ += line;
  return true;
} catch (const std::bad_alloc&) {
  return false;
}

void line_writer::write_now(std::string_view line) {
  const mutex_lock turn{writing_};
  write_pending();
  write_(line);
}

void line_writer::count_dropped(std::uint64_t count) {
  const mutex_lock lock{mutex_};
  dropped_ += count;
}

void line_writer::write_pending() {
  batch_.clear();
  std::uint64_t dropped = 0;
  {
    const mutex_lock lock{mutex_};
    std::swap(batch_, pending_);
    std::swap(dropped, dropped_);
  }
  try {
    if (dropped > 0) batch_ += describe_dropped_(dropped);
  } catch (const std::exception&) {
    count_dropped(dropped);
  }
  if (!batch_.empty()) write_(batch_);
}

// Waits for the first line, and then for `delay_max` or until there are many.
void line_writer::wait_for_lines() {
  mutex_lock lock{mutex_};
  while (!is_over_ && pending_.empty()) changed_.wait(lock);
  const auto end = std::chrono::steady_clock::now() + delay_max;
  while (!is_over_ && pending_.size() < batch_bytes) {
    if (!changed_.wait_until(lock, end)) return;
  }
}

bool line_writer::is_over() {
  const mutex_lock lock{mutex_};
  return is_over_;
}

void line_writer::run() {
  while (!is_over()) {
    wait_for_lines();
    const mutex_lock turn{writing_};
    write_pending();
  }
}

}  // namespace server

#include "line_writer.hpp"

#include <utility>

namespace server {

line_writer::line_writer(std::function<void(std::string_view)> write,
                         std::function<std::string(std::uint64_t)> say_dropped)
    : write_{std::move(write)}, say_dropped_{std::move(say_dropped)}, thread_{[this] { work(); }} {}

line_writer::~line_writer() {
  {
    const std::lock_guard lock{mutex_};
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
  const std::lock_guard turn{writing_};
  write_pending();
}

void line_writer::later(std::string_view line) {
  bool is_news = false;
  {
    const std::lock_guard lock{mutex_};
    const std::size_t size = pending_.size();
    if (size + line.size() > pending_bytes_max) {
      ++dropped_;
      return;
    }
    pending_ += line;
    // The thread sleeps while there is nothing, and then until there is much.
    is_news = size == 0 || (size < batch_bytes && pending_.size() >= batch_bytes);
  }
  if (is_news) changed_.notify_one();
}

void line_writer::now(std::string_view line) {
  const std::lock_guard turn{writing_};
  write_pending();
  write_(line);
}

void line_writer::write_pending() {
  batch_.clear();
  std::uint64_t dropped = 0;
  {
    const std::lock_guard lock{mutex_};
    std::swap(batch_, pending_);
    std::swap(dropped, dropped_);
  }
  if (dropped > 0) batch_ += say_dropped_(dropped);
  if (!batch_.empty()) write_(batch_);
}

void line_writer::work() {
  std::unique_lock lock{mutex_};
  while (!is_over_) {
    changed_.wait(lock, [this] { return is_over_ || !pending_.empty(); });
    changed_.wait_for(lock, delay_max,
                      [this] { return is_over_ || pending_.size() >= batch_bytes; });
    lock.unlock();
    {
      const std::lock_guard turn{writing_};
      write_pending();
    }
    lock.lock();
  }
}

}  // namespace server

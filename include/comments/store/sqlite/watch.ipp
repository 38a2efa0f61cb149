#pragma once
// store/sqlite/watch.ipp - definitions of store/sqlite/watch.hpp.

#include <comments/store/sqlite/watch.hpp>

#include <comments/guarded.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace comments::inline v0::sqlite {

namespace detail {

inline constexpr std::chrono::milliseconds look_pause{500};

}  // namespace detail

COMMENTS_INLINE watch::watch(std::string path, const file_lock& lock, std::uint32_t mark,
                             failure_listener on_failure)
    : path_{std::move(path)},
      lock_{lock},
      on_failure_{std::move(on_failure)},
      file_{path_},
      names_{path_, path_ + "-wal", path_ + "-shm", lock.path()},
      opened_{identify(names_[0]), identify(names_[1]), identify(names_[2]), identify(names_[3])},
      marks_{mark},
      size_{opened_[0].size} {
  noted_.header = file_.read(0, header_size);
  looked_at_ = steady::now();
}

// A file that is not there has the number 0, which no file has.
COMMENTS_INLINE watch::identity watch::identify(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {static_cast<std::uint64_t>(found.st_dev), static_cast<std::uint64_t>(found.st_ino),
          static_cast<std::uint64_t>(found.st_size)};
}

COMMENTS_INLINE bool watch::glance() {
  if (!is_in_place_ || steady::now() - looked_at_ >= detail::look_pause) return look();
  const identity found = identify(path_);
  return found.is_same(opened_[0]) && found.size >= size_ ? true : look();
}

COMMENTS_INLINE bool watch::look() {
  looked_at_ = steady::now();
  const std::string problem = find_problem();
  if (problem.empty()) note_log();
  return tell(problem);
}

// Damage is for good, and so is a file that was written over: what this process has of the old one
// in memory and in the log would be mixed with the new one.
COMMENTS_INLINE bool watch::tell(std::string_view problem) {
  const bool was_in_place = is_in_place_.exchange(problem.empty());
  if (was_in_place && !problem.empty() && on_failure_) on_failure_(severity::passing, problem);
  return problem.empty();
}

COMMENTS_INLINE std::string watch::find_problem() {
  std::string problem = find_file_problem();
  is_file_in_place_ = problem.empty();
  for (std::size_t i = 1; i < names_.size() && problem.empty(); ++i) problem = name_problem(i);
  return problem;
}

COMMENTS_INLINE std::string watch::name_problem(std::size_t place) const {
  const identity found = identify(names_[place]);
  if (found.is_same(opened_[place])) return "";
  return names_[place] + (found.number == 0 ? " is gone: it was moved or removed"
                                            : " is another file: it was replaced");
}

COMMENTS_INLINE std::string watch::find_file_problem() {
  if (std::string problem = name_problem(0); !problem.empty()) return problem;
  const std::uint64_t size = identify(path_).size;
  const std::string header = file_.read(0, header_size);
  // Only a VACUUM by another tool makes it shorter, and then the header says so.
  is_written_over_ =
      is_written_over_ || !is_ours(header) || (size < size_ && size < size_of(header));
  if (is_written_over_) return path_ + " was written over, or cut, by another program";
  size_ = size;
  return "";
}

COMMENTS_INLINE bool watch::is_ours(std::string_view header) const {
  return header == noted_.header || std::ranges::count(marks_, mark_of(header)) != 0;
}

COMMENTS_INLINE void watch::note_mark(std::uint32_t mark) {
  if (marks_.back() != mark) marks_.push_back(mark);
}

COMMENTS_INLINE void watch::note_log() {
  std::string salts = read_salts(names_[1]);
  if (salts.size() != 8 || salts == noted_.salts) return;
  log_origin origin{std::move(salts), file_.read(0, header_size)};
  if (origin.header.size() != header_size) return;
  noted_ = std::move(origin);
  lock_.note(noted_);
}

COMMENTS_INLINE watch_thread::watch_thread(std::chrono::milliseconds pause,
                                           std::function<void()> work)
    : thread_{[this, pause, work = std::move(work)] { run(pause, work); }} {}

COMMENTS_INLINE watch_thread::~watch_thread() {
  {
    const mutex_lock lock{mutex_};
    is_over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

COMMENTS_INLINE void watch_thread::run(std::chrono::milliseconds pause,
                                       const std::function<void()>& work) noexcept {
  mutex_lock lock{mutex_};
  while (!is_over_) {
    const auto next = std::chrono::steady_clock::now() + pause;
    while (!is_over_ && changed_.wait_until(lock, next)) {
    }
    if (is_over_) return;
    lock.unlock();
    guarded(work);
    lock.lock();
  }
}

}  // namespace comments::inline v0::sqlite

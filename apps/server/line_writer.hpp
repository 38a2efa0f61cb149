#pragma once
// line_writer.hpp - writes lines to a file in batches, so that threads do not wait for the file.
//
// `write_later` copies the line; a thread of the writer writes it within `delay_max`. If the file
// is too slow, lines beyond `pending_bytes_max` are dropped and counted, and a line with the count
// is written as soon as the file keeps up. `write_now` waits until its line and all earlier ones
// are written. The destructor writes the rest.
//
//   server::line_writer lines{
//       [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); },
//       [](std::uint64_t count) { return std::to_string(count) + " dropped\n"; }};
//   lines.write_later("GET /\n");

#include <comments/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace server {

class line_writer final {
 public:
  static constexpr std::size_t pending_bytes_max{1'048'576};  // equal is kept
  static constexpr std::size_t batch_bytes{65'536};           // as many are written at once
  static constexpr std::chrono::milliseconds delay_max{100};

  // `write` is called by one thread at a time, and must not throw. `describe_dropped` returns the
  // line for a count; if it throws, the count is told with the next lines.
  line_writer(std::function<void(std::string_view)> write,
              std::function<std::string(std::uint64_t)> describe_dropped);
  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;
  ~line_writer();

  // A line includes its line break. All may be called from any thread. A line for which there is
  // no memory is dropped.
  void write_later(std::string_view line) COMMENTS_EXCLUDES(mutex_);
  void write_now(std::string_view line) COMMENTS_EXCLUDES(writing_, mutex_);
  // Counts lines that could not even be made.
  void count_dropped(std::uint64_t count = 1) COMMENTS_EXCLUDES(mutex_);

 private:
  void write_pending() COMMENTS_REQUIRES(writing_) COMMENTS_EXCLUDES(mutex_);
  bool append(std::string_view line) COMMENTS_REQUIRES(mutex_);
  void wait_for_lines() COMMENTS_EXCLUDES(mutex_);
  bool is_over() COMMENTS_EXCLUDES(mutex_);
  void run() COMMENTS_EXCLUDES(writing_, mutex_);

  const std::function<void(std::string_view)> write_;
  const std::function<std::string(std::uint64_t)> describe_dropped_;
  comments::mutex writing_{};  // held while the file is written, and taken before `mutex_`
  std::string batch_ COMMENTS_GUARDED_BY(writing_){};
  comments::mutex mutex_{};  // never held while the file is written
  comments::condition changed_{};
  std::string pending_ COMMENTS_GUARDED_BY(mutex_){};
  std::uint64_t dropped_ COMMENTS_GUARDED_BY(mutex_){};
  bool is_over_ COMMENTS_GUARDED_BY(mutex_){};
  std::thread thread_;  // the last member: it uses the others from its first moment
};

}  // namespace server

#pragma once
// line_writer.hpp - lines for a file, written in batches so that who says one does not wait.
//
// `later` costs a copy: a thread of the writer's own writes within `delay_max`. Where the file does
// not keep up, lines past `pending_bytes_max` are dropped, counted, and the count is said once it
// does. `now` waits, and leaves no line behind that came before. The destructor writes the rest.
//
//   line_writer lines{[](std::string_view text) { std::fwrite(…); },
//                     [](std::uint64_t count) { return std::to_string(count) + " dropped\n"; }};
//   lines.later("GET /\n");

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace server {

class line_writer final {
 public:
  static constexpr std::size_t pending_bytes_max{1'048'576};  // equal is kept
  static constexpr std::size_t batch_bytes{65'536};           // so many are not waited with
  static constexpr std::chrono::milliseconds delay_max{100};

  // `write` is called by one thread at a time; `say_dropped` makes the line for a count.
  line_writer(std::function<void(std::string_view)> write,
              std::function<std::string(std::uint64_t)> say_dropped);
  line_writer(const line_writer&) = delete;
  line_writer& operator=(const line_writer&) = delete;
  ~line_writer();

  // Lines end with their line break. Safe from any thread.
  void later(std::string_view line);
  void now(std::string_view line);

 private:
  void write_pending();
  void work();

  const std::function<void(std::string_view)> write_;
  const std::function<std::string(std::uint64_t)> say_dropped_;
  std::mutex writing_{};  // taken before `mutex_`; whoever holds it writes
  std::string batch_{};   // what is being written
  std::mutex mutex_{};    // for what is below, and never held while writing
  std::condition_variable changed_{};
  std::string pending_{};
  std::uint64_t dropped_{};
  bool is_over_{};
  std::thread thread_;  // the last to start: it uses all of the above
};

}  // namespace server

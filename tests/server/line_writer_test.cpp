#include "../../apps/server/line_writer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <future>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/failing_memory.hpp"
#include "support/parallel.hpp"

using server::line_writer;

namespace {

std::string say_dropped(std::uint64_t count) { return std::to_string(count) + " dropped\n"; }

// What was written; its first writing can be held up.
struct slow_file {
  std::string text{};
  std::promise<void> reached{};
  std::promise<void> free{};
  bool is_held{};

  auto as_write() {
    return [this](std::string_view batch) {
      if (std::exchange(is_held, false)) {
        reached.set_value();
        free.get_future().wait();
      }
      text += batch;
    };
  }
};

// What is written if `size` bytes come, in lines of 16, while the file takes none.
std::string written_behind(std::size_t size) {
  slow_file file{.is_held = true};
  {
    line_writer lines{file.as_write(), say_dropped};
    lines.write_later("first\n");
    file.reached.get_future().wait();
    for (std::size_t i = 0; i < size; i += 16) lines.write_later("a line of 16 by\n");
    file.free.set_value();
  }
  return file.text;
}

}  // namespace

TEST_CASE("a line is written without a further call") {
  std::promise<std::string> written;
  line_writer lines{[&](std::string_view text) { written.set_value(std::string{text}); },
                    say_dropped};
  lines.write_later("one\n");
  CHECK(written.get_future().get() == "one\n");
}

TEST_CASE("what must be written now is written behind what came before") {
  slow_file file;
  line_writer lines{file.as_write(), say_dropped};
  lines.write_later("one\n");
  lines.write_later("two\n");
  lines.write_now("three\n");
  CHECK(file.text == "one\ntwo\nthree\n");
}

TEST_CASE("the end writes the rest") {
  slow_file file;
  line_writer{file.as_write(), say_dropped}.write_later("one\n");
  CHECK(file.text == "one\n");
}

TEST_CASE("as many bytes as may wait are kept, and one line more is dropped and counted") {
  const std::size_t most = line_writer::pending_bytes_max;
  const std::string kept = written_behind(most);
  CHECK(kept.size() == 6 + most);
  CHECK(kept.find("dropped") == std::string::npos);
  CHECK(written_behind(most + 16) == kept + "1 dropped\n");
  CHECK(written_behind(most + 160) == kept + "10 dropped\n");
}

TEST_CASE("a line that is longer than all that may wait is dropped and counted") {
  slow_file file;
  line_writer{file.as_write(), say_dropped}.write_later(
      std::string(line_writer::pending_bytes_max + 1, 'x'));
  CHECK(file.text == "1 dropped\n");
}

TEST_CASE("a line for which there is no memory is dropped and counted" *
          doctest::skip(!testing::failing_memory::is_possible)) {
  slow_file file;
  {
    line_writer lines{file.as_write(), say_dropped};
    const std::string line(1000, 'x');
    testing::failing_memory shortage{1};
    lines.write_later(line);
    CHECK(shortage.has_failed());
  }
  CHECK(file.text == "1 dropped\n");
}

TEST_CASE("a count that cannot be told is told later") {
  slow_file file;
  bool is_possible = false;
  line_writer lines{file.as_write(), [&](std::uint64_t count) {
                      if (!std::exchange(is_possible, true)) throw std::bad_alloc{};
                      return say_dropped(count);
                    }};
  lines.count_dropped(2);
  lines.write_now("one\n");
  CHECK(file.text == "one\n");
  lines.count_dropped();
  lines.write_now("two\n");
  CHECK(file.text == "one\n3 dropped\ntwo\n");
}

TEST_CASE("lines of many threads are whole, and each thread's are in its order") {
  slow_file file;
  {
    line_writer lines{file.as_write(), say_dropped};
    in_parallel(4, [&](int thread) {
      for (int i = 0; i < 5000; ++i) {
        const std::string line{std::to_string(thread) + " " + std::to_string(i) + "\n"};
        i % 100 == 0 ? lines.write_now(line) : lines.write_later(line);
      }
    });
  }
  std::vector<int> next(4);
  std::string_view rest = file.text;
  while (!rest.empty()) {
    const auto thread = static_cast<std::size_t>(rest.front() - '0');
    REQUIRE(thread < 4);
    const std::string line = std::to_string(thread) + " " + std::to_string(next[thread]++) + "\n";
    REQUIRE(rest.starts_with(line));
    rest.remove_prefix(line.size());
  }
  CHECK(std::ranges::count(next, 5000) == 4);
}

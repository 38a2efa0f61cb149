#include "memory.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

namespace server {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

// Returns the number that `text` begins with, behind blanks, or no limit ("max", "unlimited").
std::size_t to_bytes(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::size_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} ? number : no_limit;
}

// Returns what stands behind `name` in a line of the file, or nothing.
std::string find_line(const fs::path& file, std::string_view name) {
  std::ifstream lines{file};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name)) return line.substr(name.size());
  return {};
}

// Returns the least limit in `folder` and those around it, up to `top`.
std::size_t least_limit(const fs::path& top, fs::path folder, std::string_view file) {
  std::size_t least = no_limit;
  for (; folder.native().size() >= top.native().size(); folder = folder.parent_path()) {
    least = std::min(least, to_bytes(find_line(folder / file, "")));
    if (folder == top) break;
  }
  return least;
}

// Returns what the control groups grant. A line is "0::/path" in version 2, and in version 1
// "4:memory:/path", where the path may be that outside of a container, and then is not there.
std::size_t grant_of_groups(const fs::path& root) {
  const fs::path mounted = root / "sys/fs/cgroup";
  std::size_t least =
      std::min(least_limit(mounted, mounted, "memory.max"),
               least_limit(mounted / "memory", mounted / "memory", "memory.limit_in_bytes"));
  std::ifstream groups{root / "proc/self/cgroup"};
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first == line.npos ? first : first + 1);
    if (second == line.npos || line.size() < second + 2) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_v1 = controllers.find(",memory,") != controllers.npos;
    if (!is_v1 && controllers != ",,") continue;
    const fs::path top = is_v1 ? mounted / "memory" : mounted;
    const fs::path folder = (top / line.substr(second + 2)).lexically_normal();
    least =
        std::min(least, least_limit(top, folder, is_v1 ? "memory.limit_in_bytes" : "memory.max"));
  }
  return least;
}

}  // namespace

std::size_t granted_memory(const fs::path& root) {
  const std::size_t machine = to_bytes(find_line(root / "proc/meminfo", "MemTotal:"));
  const std::size_t addresses = to_bytes(find_line(root / "proc/self/limits", "Max address space"));
  return std::min({machine < no_limit / 1024 ? machine * 1024 : no_limit,
                   addresses < no_limit ? addresses / 2 : no_limit, grant_of_groups(root)});
}

std::size_t default_memory(std::size_t granted) {
  constexpr std::size_t mib = 1'048'576;
  return std::clamp(granted / 8 * 3, 16 * mib, 512 * mib);
}

void limit_free_memory() {
#ifdef __GLIBC__
  // By default each thread may get a part of memory of its own, and what was large once makes the C
  // library keep as much.
  ::mallopt(M_ARENA_MAX, 4);
  ::mallopt(M_MMAP_THRESHOLD, 262'144);
  ::mallopt(M_TRIM_THRESHOLD, 1'048'576);
#endif
}

void give_back_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

std::size_t resident_memory() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t all = 0, resident = 0;
  if (!(file >> all >> resident)) return 0;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void watch_memory(comments::registry& metrics, std::size_t memory_bytes) {
  metrics.gauge_of("comments_memory_bytes_max", "Memory for requests, responses and pages.")
      .set(static_cast<std::int64_t>(memory_bytes));
  metrics.watch("process_resident_memory_bytes", "Memory of the process that is not swapped out.",
                [] { return static_cast<std::int64_t>(resident_memory()); });
}

}  // namespace server

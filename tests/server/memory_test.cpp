#include "memory.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>

using namespace server;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t mib = 1'048'576;

// A folder that looks like a system's root.
class system_root final {
 public:
  system_root() {
    std::string name = (fs::temp_directory_path() / "comments-root-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    put("proc/meminfo", "MemFree:        1000 kB\nMemTotal:        2097152 kB\n");
    put("proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max address space         unlimited            unlimited            bytes     \n");
  }
  ~system_root() { fs::remove_all(folder_); }

  void put(const std::string& file, const std::string& text) const {
    fs::create_directories((folder_ / file).parent_path());
    std::ofstream{folder_ / file} << text;
  }
  std::size_t granted() const { return granted_memory(folder_); }

 private:
  fs::path folder_{};
};

}  // namespace

TEST_CASE("without groups and limits the machine's memory is granted") {
  const system_root system;
  CHECK(system.granted() == 2'048 * mib);
}

TEST_CASE("the least of a group of version 2 and of those around it is granted") {
  const system_root system;
  system.put("proc/self/cgroup", "0::/kubepods/pod1/app\n");
  system.put("sys/fs/cgroup/kubepods/memory.max", "1073741824\n");
  system.put("sys/fs/cgroup/kubepods/pod1/memory.max", "134217728\n");
  system.put("sys/fs/cgroup/kubepods/pod1/app/memory.max", "max\n");
  CHECK(system.granted() == 128 * mib);
  system.put("sys/fs/cgroup/kubepods/pod1/app/memory.max", "67108864\n");
  CHECK(system.granted() == 64 * mib);
}

TEST_CASE("in a container with a view of its own the group's limit stands at the top") {
  const system_root system;
  system.put("proc/self/cgroup", "0::/\n");
  system.put("sys/fs/cgroup/memory.max", "134217728\n");
  CHECK(system.granted() == 128 * mib);
}

TEST_CASE("a group of version 1 is found beside others, whose limits do not count") {
  const system_root system;
  system.put("proc/self/cgroup",
             "12:cpu,cpuacct:/docker/a\n5:hugetlb,memory:/docker/a\n1:name=systemd:/x\n");
  system.put("sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes", "134217728\n");
  system.put("sys/fs/cgroup/cpu,cpuacct/docker/a/memory.limit_in_bytes", "1\n");
  CHECK(system.granted() == 128 * mib);
  // No limit is a number that no machine has.
  system.put("sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(system.granted() == 2'048 * mib);
}

TEST_CASE("a group whose path is that outside of the container is found where it is mounted") {
  const system_root system;
  system.put("proc/self/cgroup", "5:memory:/docker/0123abcd\n0::/../../else\n");
  system.put("sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n");
  CHECK(system.granted() == 128 * mib);
}

TEST_CASE("half of the addresses that the process may use are granted") {
  const system_root system;
  system.put("proc/self/limits",
             "Max address space         209715200            unlimited            bytes     \n");
  CHECK(system.granted() == 100 * mib);
}

TEST_CASE("what is missing, empty or no number grants everything") {
  const system_root system;
  for (const char* text : {"", "\n", "abc\n", "0::\n", ":\n", "0:memory\n", "5:memory:\n"}) {
    CAPTURE(text);
    system.put("proc/self/cgroup", text);
    CHECK(system.granted() == 2'048 * mib);
  }
  CHECK(granted_memory("/does/not/exist") == static_cast<std::size_t>(-1));
}

TEST_CASE("three eighths of what is granted are for clients, within bounds") {
  CHECK(default_memory(128 * mib) == 48 * mib);
  CHECK(default_memory(64 * mib) == 24 * mib);
  CHECK(default_memory(1) == 16 * mib);
  CHECK(default_memory(static_cast<std::size_t>(-1)) == 512 * mib);
}

TEST_CASE("what is resident grows with what is touched") {
  const std::size_t before = resident_memory();
  const std::string touched(50 * mib, 'x');
  CHECK(resident_memory() > before + 40 * mib);
  CHECK(touched.back() == 'x');
}

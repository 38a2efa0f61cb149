#pragma once
// memory.hpp - how much memory this process may use, and how it is divided.
//
//   const std::size_t granted = server::granted_memory("/");
//   const std::size_t held = server::default_memory(granted);

#include <comments/metrics.hpp>

#include <cstddef>
#include <filesystem>

namespace server {

// Returns how many bytes this process may use: the least that the machine, the control groups
// around the process (cgroup v2 and v1) and half of its limit of addresses (RLIMIT_AS: programs and
// stacks take addresses, too) grant. `root` is "/", where proc and sys are. What cannot be read
// grants everything.
std::size_t granted_memory(const std::filesystem::path& root);

// Returns what of `granted` is held for clients and kept for them unless an option says otherwise:
// three eighths, from 16 to 512 MiB. The rest is for the program, its threads, the database and
// what is in the making.
std::size_t default_memory(std::size_t granted);

// Sets the C library so that memory that is free goes back to the system, and threads share it.
void limit_free_memory();

// Returns to the system the memory that only the start needed.
void give_back_memory();

// Returns how many bytes of this process are in memory now; 0 where the system does not say.
std::size_t resident_memory();

// Has the metrics show both: what is granted to clients, and what is resident.
void watch_memory(comments::registry& metrics, std::size_t memory_bytes);

}  // namespace server

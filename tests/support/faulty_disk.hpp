#pragma once
// support/faulty_disk.hpp - a disk beneath SQLite that fails where a test chooses, or loses its
// power.
//
// It passes every call on to the system and counts it. Calls that a test chooses fail. A power cut
// ends all calls at once; `lose_power_content` then leaves the files as a real disk might: what was
// synced is there, and of what was written since, any sector may be there or not.
//
//   faulty_disk disk;
//   auto store = sqlite_store::open({.path = path, .vfs = disk.name()});
//   disk.fail(disk_call::sync, SQLITE_IOERR_FSYNC);
//   … every insert is `unavailable` …
//   disk.heal();

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <vector>

namespace testing {

enum class disk_call { read, write, sync, truncate, remove, map };

class faulty_disk final {
 public:
  static constexpr long forever = std::numeric_limits<long>::max();

  faulty_disk() : real_{sqlite3_vfs_find(nullptr)}, shim_{*real_} {
    static std::atomic<int> made{};
    name_ = "faulty-disk-" + std::to_string(++made);
    shim_.szOsFile = static_cast<int>(sizeof(file)) + real_->szOsFile;
    shim_.zName = name_.c_str();
    shim_.pAppData = this;
    shim_.pNext = nullptr;
    shim_.xOpen = &open;
    shim_.xDelete = &remove;
    REQUIRE(sqlite3_vfs_register(&shim_, 0) == SQLITE_OK);
  }
  faulty_disk(const faulty_disk&) = delete;
  faulty_disk& operator=(const faulty_disk&) = delete;
  ~faulty_disk() { sqlite3_vfs_unregister(&shim_); }

  std::string name() const { return name_; }

  // From the `nth` such call on (1: the next), `times` of them fail with `code`. Of a write that
  // fails, half is done.
  void fail(disk_call kind, int code, long nth = 1, long times = forever) {
    const std::lock_guard lock{mutex_};
    faults_[at(kind)] = {code, nth - 1, times};
  }
  void heal() {
    const std::lock_guard lock{mutex_};
    faults_ = {};
  }
  // How many such calls there were.
  long calls(disk_call kind) const {
    const std::lock_guard lock{mutex_};
    return calls_[at(kind)];
  }

  // From now on files that are opened may lose what stands in a sector when another part of it is
  // written, so SQLite fills its log up to whole sectors.
  void lose_sectors() { loses_sectors_ = true; }

  // After so many more calls that change something, there is no power: everything fails.
  void cut_power_after(long calls) {
    const std::lock_guard lock{mutex_};
    calls_to_cut_ = calls;
  }
  bool has_power() const {
    const std::lock_guard lock{mutex_};
    return calls_to_cut_ > 0;
  }

  // Once the power is cut and everything closed: what a disk might hold when it comes back.
  void lose_power_content(std::mt19937& dice) {
    const std::lock_guard lock{mutex_};
    for (auto& [path, changes] : unsynced_) {
      const int opened = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
      if (opened < 0) continue;
      for (auto one = changes.rbegin(); one != changes.rend(); ++one) undo(opened, *one);
      for (const change& one : changes) redo_some(opened, one, dice);
      ::close(opened);
    }
    unsynced_.clear();
  }

 private:
  static constexpr std::size_t sector = 512;

  // A write of `now` at `start`, or a cut of the file to `start` bytes.
  struct change {
    std::int64_t start{};
    std::int64_t old_size{};
    std::string before{};
    std::string now{};
    bool is_truncation{};
  };
  struct fault {
    int code{};
    long calls_left{};
    long times_left{};
  };
  // What SQLite holds for an open file: ours, and behind it the system's.
  struct file {
    sqlite3_file base{};
    faulty_disk* disk{};
    std::string path{};
    sqlite3_file* real{};
  };

  static std::size_t at(disk_call kind) { return static_cast<std::size_t>(kind); }
  static file& self(sqlite3_file* one) { return *reinterpret_cast<file*>(one); }

  // The code to fail with, or SQLITE_OK. Under the lock.
  int judge(disk_call kind) {
    ++calls_[at(kind)];
    if (calls_to_cut_ <= 0) return SQLITE_IOERR;
    const bool is_changing = kind != disk_call::read && kind != disk_call::map;
    if (is_changing && calls_to_cut_ != forever && --calls_to_cut_ == 0) return SQLITE_IOERR;
    fault& planned = faults_[at(kind)];
    if (planned.times_left == 0 || planned.calls_left-- > 0) return SQLITE_OK;
    planned.calls_left = 0;
    if (planned.times_left != forever) --planned.times_left;
    return planned.code;
  }

  // Remembers what a call is about to overwrite.
  void note(file& one, change made) {
    sqlite3_int64 size_now = 0;
    one.real->pMethods->xFileSize(one.real, &size_now);
    made.old_size = size_now;
    const std::int64_t end = made.is_truncation
                                 ? made.old_size
                                 : made.start + static_cast<std::int64_t>(made.now.size());
    const std::int64_t size = std::min(end, made.old_size) - made.start;
    if (size > 0) {
      made.before.resize(static_cast<std::size_t>(size));
      one.real->pMethods->xRead(one.real, made.before.data(), static_cast<int>(size), made.start);
    }
    unsynced_[one.path].push_back(std::move(made));
  }

  static void put(int opened, const char* bytes, std::size_t size, std::int64_t start) {
    REQUIRE(::pwrite(opened, bytes, size, start) == static_cast<::ssize_t>(size));
  }
  static void undo(int opened, const change& made) {
    put(opened, made.before.data(), made.before.size(), made.start);
    REQUIRE(::ftruncate(opened, made.old_size) == 0);
  }
  static void redo_some(int opened, const change& made, std::mt19937& dice) {
    if (made.is_truncation) {
      if (dice() % 2 == 0) REQUIRE(::ftruncate(opened, made.start) == 0);
      return;
    }
    const auto chance = dice() % 3;  // nothing of it, all of it, or some sectors
    for (std::size_t from = 0; from < made.now.size();) {
      const std::size_t offset = static_cast<std::size_t>(made.start) + from;
      const std::size_t size = std::min(sector - offset % sector, made.now.size() - from);
      if (chance == 1 || (chance == 2 && dice() % 2 == 0))
        put(opened, made.now.data() + from, size, static_cast<std::int64_t>(offset));
      from += size;
    }
  }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* made, int flags, int* out) {
    auto& disk = *static_cast<faulty_disk*>(vfs->pAppData);
    file& one = *new (made) file{};
    one.disk = &disk;
    one.path = name ? name : "";
    one.real = reinterpret_cast<sqlite3_file*>(&one + 1);
    const int code = disk.has_power() ? disk.real_->xOpen(disk.real_, name, one.real, flags, out)
                                      : SQLITE_CANTOPEN;
    one.base.pMethods = code == SQLITE_OK ? &methods() : nullptr;
    if (code != SQLITE_OK) one.~file();
    return code;
  }
  static int remove(sqlite3_vfs* vfs, const char* name, int sync) {
    auto& disk = *static_cast<faulty_disk*>(vfs->pAppData);
    const std::lock_guard lock{disk.mutex_};
    if (const int code = disk.judge(disk_call::remove)) return code;
    disk.unsynced_.erase(name);
    return disk.real_->xDelete(disk.real_, name, sync);
  }
  static int close(sqlite3_file* made) {
    file& one = self(made);
    const int code = one.real->pMethods->xClose(one.real);
    one.~file();
    return code;
  }
  static int read(sqlite3_file* made, void* to, int size, sqlite3_int64 start) {
    file& one = self(made);
    const std::lock_guard lock{one.disk->mutex_};
    if (const int code = one.disk->judge(disk_call::read)) return code;
    return one.real->pMethods->xRead(one.real, to, size, start);
  }
  static int write(sqlite3_file* made, const void* from, int size, sqlite3_int64 start) {
    file& one = self(made);
    const std::lock_guard lock{one.disk->mutex_};
    if (one.disk->calls_to_cut_ == 0) return SQLITE_IOERR;
    const int code = one.disk->judge(disk_call::write);
    if (code) size /= 2;
    const auto* bytes = static_cast<const char*>(from);
    one.disk->note(one, {.start = start, .now = {bytes, static_cast<std::size_t>(size)}});
    const int written = one.real->pMethods->xWrite(one.real, from, size, start);
    return code ? code : written;
  }
  static int truncate(sqlite3_file* made, sqlite3_int64 size) {
    file& one = self(made);
    const std::lock_guard lock{one.disk->mutex_};
    if (const int code = one.disk->judge(disk_call::truncate)) return code;
    one.disk->note(one, {.start = size, .is_truncation = true});
    return one.real->pMethods->xTruncate(one.real, size);
  }
  static int sync(sqlite3_file* made, int) {
    file& one = self(made);
    const std::lock_guard lock{one.disk->mutex_};
    if (const int code = one.disk->judge(disk_call::sync)) return code;
    one.disk->unsynced_.erase(one.path);  // power is only pretended: no need to wait for a disk
    return SQLITE_OK;
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods all = [] {
      sqlite3_io_methods made{};
      made.iVersion = 2;  // without mapped reading
      made.xClose = &close;
      made.xRead = &read;
      made.xWrite = &write;
      made.xTruncate = &truncate;
      made.xSync = &sync;
      made.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
        return self(f).real->pMethods->xFileSize(self(f).real, size);
      };
      made.xLock = [](sqlite3_file* f, int how) {
        return self(f).real->pMethods->xLock(self(f).real, how);
      };
      made.xUnlock = [](sqlite3_file* f, int how) {
        return self(f).real->pMethods->xUnlock(self(f).real, how);
      };
      made.xCheckReservedLock = [](sqlite3_file* f, int* is) {
        return self(f).real->pMethods->xCheckReservedLock(self(f).real, is);
      };
      made.xFileControl = [](sqlite3_file* f, int what, void* with) {
        return self(f).real->pMethods->xFileControl(self(f).real, what, with);
      };
      made.xSectorSize = [](sqlite3_file* f) {
        return self(f).real->pMethods->xSectorSize(self(f).real);
      };
      made.xDeviceCharacteristics = [](sqlite3_file* f) {
        const int traits = self(f).real->pMethods->xDeviceCharacteristics(self(f).real);
        return self(f).disk->loses_sectors_ ? traits & ~SQLITE_IOCAP_POWERSAFE_OVERWRITE : traits;
      };
      made.xShmMap = [](sqlite3_file* f, int page, int size, int extend, void volatile** to) {
        const std::lock_guard lock{self(f).disk->mutex_};
        if (const int code = self(f).disk->judge(disk_call::map)) return code;
        return self(f).real->pMethods->xShmMap(self(f).real, page, size, extend, to);
      };
      made.xShmLock = [](sqlite3_file* f, int offset, int count, int flags) {
        return self(f).real->pMethods->xShmLock(self(f).real, offset, count, flags);
      };
      made.xShmBarrier = [](sqlite3_file* f) { self(f).real->pMethods->xShmBarrier(self(f).real); };
      made.xShmUnmap = [](sqlite3_file* f, int is_deleting) {
        return self(f).real->pMethods->xShmUnmap(self(f).real, is_deleting);
      };
      return made;
    }();
    return all;
  }

  mutable std::mutex mutex_{};
  sqlite3_vfs* real_{};
  sqlite3_vfs shim_{};
  std::string name_{};
  std::array<fault, 6> faults_{};
  std::array<long, 6> calls_{};
  long calls_to_cut_{forever};
  std::atomic<bool> loses_sectors_{};
  std::map<std::string, std::vector<change>> unsynced_{};
};

}  // namespace testing

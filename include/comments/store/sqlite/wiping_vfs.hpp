#pragma once
// store/sqlite/wiping_vfs.hpp - what SQLite reaches the disk through, so that moved rows leave no copies.
//
// `secure_delete` overwrites rows that are deleted. Rows that move, because a page fills and is
// split, leave copies in the unused middle of pages: the gap between a b-tree page's cell pointers
// and its cells. This VFS stands before another one and zeroes that gap in a copy of each such page
// on its way to a database file. Only the file: the log is checksummed, so SQLite must empty it,
// and must then forget the pages in its cache, or their gaps go to the log again.
//
//   sqlite::wiping_vfs disk{""};   // before SQLite's default; lives as long as what is opened
//   sqlite3_open_v2("comments.db", &handle, SQLITE_OPEN_READWRITE, disk.name().c_str());
//   … after erasing: PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory …

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace comments::sqlite {

using bytes = std::span<const unsigned char>;

// The number of `count` bytes at `at`, the highest first, as SQLite's file format has them.
inline std::size_t number_at(bytes from, std::size_t at, std::size_t count) {
  std::size_t number = 0;
  for (const unsigned char byte : from.subspan(at, count)) number = number << 8 | byte;
  return number;
}

struct page_gap {
  std::size_t start{};
  std::size_t size{};
};

// What a b-tree page does not use between its cell pointers and its cells. Empty if this is no
// b-tree page, or if anything about it is not as it should be.
inline page_gap find_gap(bytes page, bool is_first) {
  const std::size_t head = is_first ? 100 : 0;  // the file's header stands before it
  const unsigned char type = page[head];
  const bool is_inner = type == 2 || type == 5, is_leaf = type == 10 || type == 13;
  if (!is_inner && !is_leaf) return {};
  const std::size_t pointers = head + (is_leaf ? 8 : 12);
  const std::size_t start = pointers + 2 * number_at(page, head + 3, 2);
  const std::size_t stored = number_at(page, head + 5, 2);
  const std::size_t end = stored == 0 ? 65536 : stored;
  if (start > end || end > page.size()) return {};
  const auto is_used = [&](std::size_t place) { return place >= end && place < page.size(); };
  if (const auto free_block = number_at(page, head + 1, 2); free_block != 0 && !is_used(free_block))
    return {};
  for (std::size_t at = pointers; at < start; at += 2)
    if (!is_used(number_at(page, at, 2))) return {};
  return {start, end - start};
}

constexpr std::size_t file_header_size = 100;
// From here on the first byte of an overflow page, which belongs to a page's number, could be taken
// for a b-tree page's type. In pages: 64 GiB of 4 KiB.
constexpr std::size_t wiped_pages_max = (1 << 24) - 1;

// Whether, in a file with this header, a write of `size` bytes is one whole page, and a page's
// first byte tells b-tree pages from others. Auto-vacuum has pages that look alike. And only a log
// is written to the file in the order of the pages, the header first, so that the header is true of
// all that follow.
inline bool is_wipeable(bytes header, std::size_t size) {
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  if (std::memcmp(header.data(), magic.data(), magic.size()) != 0) return false;
  const std::size_t stored = number_at(header, 16, 2);
  const bool is_logged_ahead = header[18] == 2, is_auto_vacuumed = number_at(header, 52, 4) != 0;
  return size == (stored == 1 ? 65536 : stored) && is_logged_ahead && !is_auto_vacuumed &&
         number_at(header, 28, 4) <= wiped_pages_max;
}

// Registers itself under a name of its own. Safe from any thread: it holds nothing that changes.
class wiping_vfs final {
 public:
  // Before the VFS of that name; empty: SQLite's default.
  explicit wiping_vfs(const std::string& below)
      : name_{next_name()}, shim_{{}, sqlite3_vfs_find(below.empty() ? nullptr : below.c_str())} {
    if (!shim_.below) return;
    static_cast<sqlite3_vfs&>(shim_) = forwarding(*shim_.below);
    shim_.zName = name_.c_str();
    is_registered_ = sqlite3_vfs_register(&shim_, 0) == SQLITE_OK;
  }
  wiping_vfs(const wiping_vfs&) = delete;
  wiping_vfs& operator=(const wiping_vfs&) = delete;
  // Nothing is open through it any more.
  ~wiping_vfs() {
    if (is_registered_) sqlite3_vfs_unregister(&shim_);
  }

  // What to open files with. If there is no VFS `below`, there is none of this name either.
  const std::string& name() const { return name_; }

 private:
  struct shim : sqlite3_vfs {
    sqlite3_vfs* below{};
  };
  // What SQLite holds for an open database; the file of the VFS below follows it in memory.
  struct file : sqlite3_file {
    sqlite3_file* below{};
  };

  static std::string next_name() {
    static std::atomic<unsigned> made{};
    return "comments-" + std::to_string(++made);
  }

  static sqlite3_vfs* under(sqlite3_vfs* vfs) { return static_cast<shim*>(vfs)->below; }
  static sqlite3_file* under(sqlite3_file* made) { return static_cast<file*>(made)->below; }

  // A call that goes on to the same one below.
  template <auto Call, typename Result, typename... Values>
  static auto forward(Result (*sqlite3_vfs::*)(sqlite3_vfs*, Values...)) {
    return +[](sqlite3_vfs* vfs, Values... values) -> Result {
      return (under(vfs)->*Call)(under(vfs), values...);
    };
  }
  template <auto Call, typename Result, typename... Values>
  static auto forward(Result (*sqlite3_io_methods::*)(sqlite3_file*, Values...)) {
    return +[](sqlite3_file* made, Values... values) -> Result {
      return (under(made)->pMethods->*Call)(under(made), values...);
    };
  }
  template <auto Call>
  static auto passed() {
    return forward<Call>(Call);
  }
  template <auto Call>
  static void pass(sqlite3_vfs& made) {
    if (made.*Call) made.*Call = passed<Call>();
  }

  static sqlite3_vfs forwarding(const sqlite3_vfs& below) {
    sqlite3_vfs made = below;
    made.iVersion = 1;
    made.szOsFile += static_cast<int>(sizeof(file));
    made.pNext = nullptr;
    made.xOpen = &open;
    pass<&sqlite3_vfs::xDelete>(made);
    pass<&sqlite3_vfs::xAccess>(made);
    pass<&sqlite3_vfs::xFullPathname>(made);
    pass<&sqlite3_vfs::xDlOpen>(made);
    pass<&sqlite3_vfs::xDlError>(made);
    pass<&sqlite3_vfs::xDlSym>(made);
    pass<&sqlite3_vfs::xDlClose>(made);
    pass<&sqlite3_vfs::xRandomness>(made);
    pass<&sqlite3_vfs::xSleep>(made);
    pass<&sqlite3_vfs::xCurrentTime>(made);
    pass<&sqlite3_vfs::xGetLastError>(made);
    return made;
  }

  // Without mapped memory, which would go around `write`.
  template <int Version>
  static const sqlite3_io_methods& methods() {
    using calls = sqlite3_io_methods;
    static const calls all{
        .iVersion = Version,
        .xClose = &close,
        .xRead = passed<&calls::xRead>(),
        .xWrite = &write,
        .xTruncate = passed<&calls::xTruncate>(),
        .xSync = passed<&calls::xSync>(),
        .xFileSize = passed<&calls::xFileSize>(),
        .xLock = passed<&calls::xLock>(),
        .xUnlock = passed<&calls::xUnlock>(),
        .xCheckReservedLock = passed<&calls::xCheckReservedLock>(),
        .xFileControl = passed<&calls::xFileControl>(),
        .xSectorSize = passed<&calls::xSectorSize>(),
        .xDeviceCharacteristics = passed<&calls::xDeviceCharacteristics>(),
        .xShmMap = passed<&calls::xShmMap>(),
        .xShmLock = passed<&calls::xShmLock>(),
        .xShmBarrier = passed<&calls::xShmBarrier>(),
        .xShmUnmap = passed<&calls::xShmUnmap>(),
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
    return all;
  }

  // What is no database (a log, a journal) is opened below, as if this were not there.
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* made, int flags, int* out) {
    sqlite3_vfs* const below = under(vfs);
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return below->xOpen(below, name, made, flags, out);
    file& one = *new (made) file{};
    one.below = reinterpret_cast<sqlite3_file*>(&one + 1);
    one.below->pMethods = nullptr;
    const int code = below->xOpen(below, name, one.below, flags, out);
    if (!one.below->pMethods) return code;  // and SQLite will not close it
    one.pMethods = one.below->pMethods->iVersion < 2 ? &methods<1>() : &methods<2>();
    return code;
  }

  static int close(sqlite3_file* made) {
    const int code = under(made)->pMethods->xClose(under(made));
    made->pMethods = nullptr;
    return code;
  }

  static int write(sqlite3_file* made, const void* from, int count, sqlite3_int64 start) {
    sqlite3_file* const below = under(made);
    const auto size = static_cast<std::size_t>(count);
    const bytes page{static_cast<const unsigned char*>(from), size};
    page_gap gap;
    if (const int code = find_gap_of(below, page, start, gap); code != SQLITE_OK) return code;
    if (gap.size == 0) return below->pMethods->xWrite(below, from, count, start);
    const std::unique_ptr<unsigned char[]> wiped{new (std::nothrow) unsigned char[size]};
    if (!wiped) return SQLITE_IOERR_NOMEM;
    std::memcpy(wiped.get(), from, size);
    std::memset(wiped.get() + gap.start, 0, gap.size);
    return below->pMethods->xWrite(below, wiped.get(), count, start);
  }

  // What of a write to `below` is to be zeroed. The file itself says what its pages are; its header
  // costs a read of 100 bytes for each page, which is little beside writing it.
  static int find_gap_of(sqlite3_file* below, bytes page, sqlite3_int64 start, page_gap& gap) {
    if (page.size() < 512 || start % static_cast<sqlite3_int64>(page.size()) != 0) return SQLITE_OK;
    std::array<unsigned char, file_header_size> header{};
    if (start == 0) {
      std::memcpy(header.data(), page.data(), header.size());
    } else {
      const int size = static_cast<int>(header.size());
      const int code = below->pMethods->xRead(below, header.data(), size, 0);
      if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return code;
    }
    if (is_wipeable(header, page.size())) gap = find_gap(page, start == 0);
    return SQLITE_OK;
  }

  const std::string name_;
  shim shim_;
  bool is_registered_{};
};

}  // namespace comments::sqlite

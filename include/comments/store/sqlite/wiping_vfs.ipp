#pragma once
// store/sqlite/wiping_vfs.ipp - definitions of store/sqlite/wiping_vfs.hpp.

#include <comments/store/sqlite/wiping_vfs.hpp>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace comments::inline v0::sqlite {

namespace detail {

// Returns the number of `count` bytes at `at`, the highest first, as in SQLite's file format.
inline std::size_t number_at(bytes from, std::size_t at, std::size_t count) {
  std::size_t number = 0;
  for (const unsigned char byte : from.subspan(at, count)) number = number << 8 | byte;
  return number;
}

// Makes the file, if it is not there. No connection has a new file open, so closing it here drops
// none of SQLite's locks. If it cannot be made, SQLite says so.
inline void make_private(const char* path) {
  const int made = ::open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0) return;
  static_cast<void>(::fchmod(made, 0600));
  ::close(made);
}

}  // namespace detail

COMMENTS_INLINE page_gap find_gap(bytes page, bool is_first) {
  const std::size_t head = is_first ? 100 : 0;  // the file's header stands before it
  const unsigned char type = page[head];
  const bool is_inner = type == 2 || type == 5, is_leaf = type == 10 || type == 13;
  if (!is_inner && !is_leaf) return {};
  const std::size_t pointers = head + (is_leaf ? 8 : 12);
  const std::size_t start = pointers + 2 * detail::number_at(page, head + 3, 2);
  const std::size_t stored = detail::number_at(page, head + 5, 2);
  const std::size_t end = stored == 0 ? 65536 : stored;
  if (start > end || end > page.size()) return {};
  const auto is_used = [&](std::size_t place) { return place >= end && place < page.size(); };
  if (const auto free_block = detail::number_at(page, head + 1, 2);
      free_block != 0 && !is_used(free_block))
    return {};
  for (std::size_t at = pointers; at < start; at += 2)
    if (!is_used(detail::number_at(page, at, 2))) return {};
  return {start, end - start};
}

COMMENTS_INLINE bool is_wipeable(bytes header, std::size_t size) {
  constexpr std::string_view magic{"SQLite format 3\0", 16};
  if (std::memcmp(header.data(), magic.data(), magic.size()) != 0) return false;
  const std::size_t stored = detail::number_at(header, 16, 2);
  const bool is_logged_ahead = header[18] == 2,
             is_auto_vacuumed = detail::number_at(header, 52, 4) != 0;
  return size == (stored == 1 ? 65536 : stored) && is_logged_ahead && !is_auto_vacuumed &&
         detail::number_at(header, 28, 4) <= wiped_pages_max;
}

// What SQLite knows of the VFS, and the functions that it calls.
struct wiping_vfs::shim : sqlite3_vfs {
  explicit shim(sqlite3_vfs* in_front_of, const char* name)
      : sqlite3_vfs{forwarding(*in_front_of)}, below{in_front_of} {
    zName = name;
  }

  sqlite3_vfs* const below{};

  // What SQLite holds for an open database. The file of the VFS below follows it in memory.
  struct file : sqlite3_file {
    sqlite3_file* below{};
  };

  // Returns null if there is no VFS `below`, or SQLite does not take this one.
  static std::unique_ptr<shim> make(const std::string& below, const char* name) {
    sqlite3_vfs* const found = sqlite3_vfs_find(below.empty() ? nullptr : below.c_str());
    if (!found) return nullptr;
    auto made = std::make_unique<shim>(found, name);
    if (sqlite3_vfs_register(made.get(), 0) != SQLITE_OK) return nullptr;
    return made;
  }

  static sqlite3_vfs* under(sqlite3_vfs* vfs) { return static_cast<shim*>(vfs)->below; }
  static sqlite3_file* under(sqlite3_file* made) { return static_cast<file*>(made)->below; }

  // Returns a function that calls the same one of what is below.
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

  // Version 3 would offer mapped memory, which goes around `write`.
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

  // Opens what is no database (a log, a journal) below, as if this VFS were not there.
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* made, int flags, int* out) {
    sqlite3_vfs* const below = under(vfs);
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0) return below->xOpen(below, name, made, flags, out);
    if ((flags & SQLITE_OPEN_CREATE) != 0 && name) detail::make_private(name);
    file& opened = *new (made) file{};
    opened.below = reinterpret_cast<sqlite3_file*>(&opened + 1);
    opened.below->pMethods = nullptr;
    const int code = below->xOpen(below, name, opened.below, flags, out);
    if (!opened.below->pMethods) return code;  // and SQLite will not close it
    opened.pMethods = opened.below->pMethods->iVersion < 2 ? &methods<1>() : &methods<2>();
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

  // Finds what of a write to `below` is to be zeroed. The file's header says what its pages are. To
  // read its 100 bytes for each page costs little beside writing the page.
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
};

namespace detail {

inline std::string next_vfs_name() {
  static std::atomic<unsigned> made{};
  return "comments-" + std::to_string(++made);
}

}  // namespace detail

COMMENTS_INLINE wiping_vfs::wiping_vfs(const std::string& below)
    : name_{detail::next_vfs_name()}, shim_{shim::make(below, name_.c_str())} {}

COMMENTS_INLINE wiping_vfs::~wiping_vfs() {
  if (shim_) sqlite3_vfs_unregister(shim_.get());
}

}  // namespace comments::inline v0::sqlite

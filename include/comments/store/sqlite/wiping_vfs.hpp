#pragma once
// store/sqlite/wiping_vfs.hpp - a VFS of SQLite's that leaves no copies of moved rows in the file.
//
// `secure_delete` overwrites rows that are deleted. Rows that move, because a page is full and is
// split, leave copies in the unused middle of pages: the gap between a b-tree page's cell pointers
// and its cells. This VFS stands in front of another one and zeroes that gap in a copy of each such
// page on its way to a database file. It changes nothing in the log, whose pages have checksums: so
// after a deletion the log must be emptied (`wal_checkpoint(TRUNCATE)`), and the pages in memory
// must be dropped (`shrink_memory`), because else their gaps go to the log again.
//
// A database file that it makes is its owner's alone (0600), whatever the umask. SQLite gives the
// files beside it the same rights.
//
//   const sqlite::wiping_vfs disk{""};  // in front of SQLite's default
//   sqlite::file_options file{.path = "comments.db", .vfs = disk.name()};

#include <comments/config.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace comments::inline v0::sqlite {

using bytes = std::span<const unsigned char>;

struct page_gap {
  std::size_t start{};
  std::size_t size{};
};

// Returns what a page does not use between its cell pointers and its cells. Empty if it is no
// b-tree page, or if anything about it is not as it should be. The first page of a file begins with
// the file's header.
page_gap find_gap(bytes page, bool is_first);

inline constexpr std::size_t file_header_size = 100;
// In a longer file the first byte of an overflow page, which belongs to a page's number, could be
// taken for a b-tree page's type. In pages: 64 GiB of 4 KiB each.
inline constexpr std::size_t wiped_pages_max = (1 << 24) - 1;

// Whether, in a file with this header, a write of `size` bytes is one whole page, and a page's
// first byte tells b-tree pages from others. Not with auto-vacuum, which has pages that look alike.
// Only with a log: it is moved to the file in the order of the pages, the header first, so that the
// header holds for all pages after it.
bool is_wipeable(bytes header, std::size_t size);

// Registers itself with SQLite as long as it lives, under a name of its own. Destroy it after the
// connections that use it. Safe from any thread.
class wiping_vfs final {
 public:
  // Stands in front of the VFS of that name; empty: SQLite's default.
  explicit wiping_vfs(const std::string& below);
  wiping_vfs(const wiping_vfs&) = delete;
  wiping_vfs& operator=(const wiping_vfs&) = delete;
  ~wiping_vfs();

  // Returns the name to open files with. If there is no VFS `below`, SQLite does not know this one.
  const std::string& name() const { return name_; }

 private:
  struct shim;

  const std::string name_;
  const std::unique_ptr<shim> shim_;  // null if it could not be registered
};

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/wiping_vfs.ipp>
#endif

#include <comments/store/sqlite/wiping_vfs.hpp>

#include "support/database.hpp"
#include "support/size.hpp"
#include "support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace comments;
using testing::temporary_folder;

namespace {

sqlite::bytes bytes_of(const std::string& from) {
  return {reinterpret_cast<const unsigned char*>(from.data()), from.size()};
}

void put(std::string& into, std::size_t at, std::size_t count, std::size_t number) {
  for (std::size_t i = 0; i < count; ++i)
    into[at + i] = static_cast<char>(number >> 8 * (count - 1 - i) & 0xff);
}

// A page full of 'x', with two cells, the first at `start`, and its head behind `head` bytes.
std::string page_of(int type, std::size_t size, std::size_t start, std::size_t head = 0) {
  std::string page(size, 'x');
  page[head] = static_cast<char>(type);
  put(page, head + 1, 2, 0);
  put(page, head + 3, 2, 2);
  put(page, head + 5, 2, start);
  const std::size_t pointers = head + (type < 10 ? 12 : 8);
  put(page, pointers, 2, size - 5);
  put(page, pointers + 2, 2, start);
  return page;
}

// The header of a file that can be wiped.
std::string header_of(std::size_t page_size, std::size_t pages) {
  std::string header(sqlite::file_header_size, '\0');
  header.replace(0, 16, std::string_view{"SQLite format 3\0", 16});
  put(header, 16, 2, page_size == 65536 ? 1 : page_size);
  put(header, 18, 2, 0x0202);
  put(header, 28, 4, pages);
  return header;
}

bool is_wipeable(const std::string& header, std::size_t size) {
  return sqlite::is_wipeable(bytes_of(header), size);
}

std::pair<std::size_t, std::size_t> gap_of(const std::string& page, bool is_first = false) {
  const auto [start, size] = sqlite::find_gap(bytes_of(page), is_first);
  return {start, size};
}

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// A file of a VFS, as SQLite has one; opened anew.
class raw_file final {
 public:
  raw_file(const std::string& vfs, const std::string& path, int kind)
      : vfs_{sqlite3_vfs_find(vfs.c_str())},
        name_{sqlite3_create_filename(path.c_str(), "", "", 0, nullptr)} {
    REQUIRE(vfs_);
    memory_.resize(static_cast<std::size_t>(vfs_->szOsFile) / sizeof(std::max_align_t) + 1);
    const int flags = kind | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    REQUIRE(vfs_->xOpen(vfs_, name_, file(), flags, nullptr) == SQLITE_OK);
  }
  raw_file(const raw_file&) = delete;
  raw_file& operator=(const raw_file&) = delete;
  ~raw_file() {
    file()->pMethods->xClose(file());
    sqlite3_free_filename(name_);
  }

  void write(const std::string& what, std::size_t start) {
    REQUIRE(file()->pMethods->xWrite(file(), what.data(), static_cast<int>(what.size()),
                                     static_cast<sqlite3_int64>(start)) == SQLITE_OK);
  }

 private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  sqlite3_vfs* vfs_;
  sqlite3_filename name_;
  std::vector<std::max_align_t> memory_{};
};

// A database that rows of all sizes went through, and what is in it.
struct churned {
  std::string file{};
  std::vector<std::string> rows{};
  std::vector<std::string> problems{};
  int gaps_used{};  // by bytes that are not zero
};

void churn(sqlite3* handle, unsigned seed) {
  std::mt19937 dice{seed};
  testing::rows_of(
      handle,
      "CREATE TABLE plain (name TEXT, body TEXT); CREATE INDEX by_name ON plain (name);"
      "CREATE TABLE keyed (name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID");
  for (int i = 0; i < 600; ++i) {
    const std::string number = std::to_string(dice() % 400);
    const std::string size = std::to_string(dice() % 10 == 0 ? dice() % 9000 : dice() % 60);
    const std::string name = "'name-" + number + "-' || hex(zeroblob(" + number + " % 50))";
    const std::string values =
        "(" + name + ", 'body-" + number + "-' || hex(zeroblob(" + size + ")))";
    if (dice() % 3 > 0)
      testing::rows_of(handle, "INSERT INTO plain VALUES " + values +
                                   "; INSERT OR REPLACE INTO keyed VALUES " + values);
    else
      testing::rows_of(handle, "DELETE FROM plain WHERE name LIKE 'name-" + number +
                                   "-%'; DELETE FROM keyed WHERE name LIKE 'name-" + number +
                                   "-%'");
  }
}

// Through the VFS of that name.
churned make_churned(const std::string& vfs, const std::string& settings, unsigned seed) {
  const temporary_folder folder;
  const std::string path = folder.path("any.db");
  churned made;
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                          vfs.empty() ? nullptr : vfs.c_str()) == SQLITE_OK);
  testing::rows_of(handle, "PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; " + settings);
  churn(handle, seed);
  CHECK(sqlite3_close(handle) == SQLITE_OK);
  made.file = read_file(path);
  const testing::database tool{path};
  made.rows = testing::rows_of(tool.handle(), "SELECT * FROM plain UNION ALL SELECT * FROM keyed");
  made.problems = testing::rows_of(tool.handle(), "PRAGMA integrity_check");
  const std::size_t size = std::stoul(tool.text("PRAGMA page_size"));
  for (std::size_t at = 0; at < made.file.size(); at += size) {
    const std::string page = made.file.substr(at, size);
    const auto [start, length] = gap_of(page, at == 0);
    made.gaps_used += page.find_first_not_of('\0', start) < start + length;
  }
  return made;
}

// The numbers of all rows of which something is in `text`.
std::set<std::string> numbers_in(const std::string& text) {
  std::set<std::string> found;
  for (const std::string_view mark : {"name-", "body-"})
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
      const auto start = at + mark.size();
      const auto end = text.find_first_not_of("0123456789", start);
      if (end != std::string::npos && text[end] == '-')
        found.insert(text.substr(start, end - start));
    }
  return found;
}

}  // namespace

TEST_CASE("the gap of a page lies between its cell pointers and its cells") {
  using gap = std::pair<std::size_t, std::size_t>;
  for (const int leaf : {10, 13}) CHECK(gap_of(page_of(leaf, 4096, 4000)) == gap{12, 3988});
  for (const int inner : {2, 5}) CHECK(gap_of(page_of(inner, 4096, 4000)) == gap{16, 3984});
  CHECK(gap_of(page_of(13, 4096, 4000, 100), true) == gap{112, 3888});
  CHECK(gap_of(page_of(5, 512, 400, 100), true) == gap{116, 284});
  CHECK(gap_of(page_of(10, 65536, 65000)) == gap{12, 64988});
  CHECK(gap_of(page_of(10, 512, 12)).second == 0);

  std::string empty = page_of(13, 65536, 0);
  put(empty, 3, 2, 0);
  CHECK(gap_of(empty) == gap{8, 65528});
  std::string freed = page_of(13, 4096, 4000);
  put(freed, 1, 2, 4020);
  CHECK(gap_of(freed) == gap{12, 3988});
}

TEST_CASE("a page that is not as it should be has no gap") {
  for (int type = 0; type < 256; ++type) {
    const bool is_known = type == 2 || type == 5 || type == 10 || type == 13;
    CHECK((gap_of(page_of(type, 4096, 4000)).second > 0) == is_known);
  }
  struct fault {
    std::size_t at;  // in the page's head, a number of 2 bytes
    std::size_t last_good;
    std::size_t first_bad;
  };
  for (const auto& [at, good, bad] :
       {fault{1, 4095, 4096}, fault{1, 4000, 3999}, fault{5, 4000, 4001}, fault{5, 12, 11},
        fault{8, 4095, 4096}, fault{8, 4000, 3999}, fault{10, 4000, 3999}, fault{3, 2, 3}}) {
    std::string page = page_of(13, 4096, 4000);
    put(page, at, 2, good);
    CHECK((at == 5 && good == 12) != (gap_of(page).second > 0));
    put(page, at, 2, bad);
    CHECK(gap_of(page).second == 0);
  }
  std::string beyond = page_of(13, 4096, 4097);
  put(beyond, 3, 2, 0);
  CHECK(gap_of(beyond).second == 0);
  put(beyond, 5, 2, 0);  // 65536
  CHECK(gap_of(beyond).second == 0);
}

TEST_CASE("a file is wiped if its header tells that its pages can be told apart") {
  for (std::size_t size = 512; size <= 65536; size *= 2) {
    CHECK(is_wipeable(header_of(size, 1), size));
    CHECK_FALSE(is_wipeable(header_of(size, 1), size / 2));
    CHECK_FALSE(is_wipeable(header_of(size, 1), size * 2));
  }
  CHECK(is_wipeable(header_of(4096, sqlite::wiped_pages_max), 4096));
  CHECK_FALSE(is_wipeable(header_of(4096, sqlite::wiped_pages_max + 1), 4096));
  for (const std::size_t at : {0u, 15u, 18u, 52u, 55u}) {  // no SQLite, a journal, auto-vacuum
    std::string header = header_of(4096, 1);
    header[at] ^= 3;
    CHECK_FALSE(is_wipeable(header, 4096));
  }
}

TEST_CASE("what is written is wiped if it is a whole b-tree page of a database, and only then") {
  const temporary_folder folder;
  const sqlite::wiping_vfs vfs{""};
  const std::string path = folder.path("any.db"), leaf = page_of(13, 4096, 4000);
  std::string first = page_of(13, 4096, 4000, 100), wiped = leaf;
  first.replace(0, 100, header_of(4096, 9));
  wiped.replace(12, 3988, 3988, '\0');
  const auto after = [&](std::size_t start, const std::string& written) {
    raw_file{vfs.name(), path, SQLITE_OPEN_MAIN_DB}.write(written, start);
    return read_file(path).substr(start, written.size());
  };
  CHECK(after(4096, leaf) == leaf);  // there is no header yet
  CHECK(after(0, first) == std::string{first}.replace(112, 3888, 3888, '\0'));
  CHECK(after(4096, leaf) == wiped);
  CHECK(after(8 * 4096, leaf) == wiped);
  CHECK(after(2 * 4096 + 512, leaf) == leaf);  // not where a page begins
  CHECK(after(2 * 4096, leaf.substr(0, 2048)) == leaf.substr(0, 2048));
  CHECK(after(0, leaf.substr(0, 24)) == leaf.substr(0, 24));

  const std::string log = folder.path("any.db-wal");
  for (const int kind : {SQLITE_OPEN_WAL, SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_TEMP_DB}) {
    raw_file{vfs.name(), log, kind}.write(first + leaf, 0);
    raw_file{vfs.name(), log, kind}.write(leaf, 4096);
    CHECK(read_file(log) == first + leaf);
  }
}

TEST_CASE("rows that come and go leave nothing but what is there, whatever the page size" *
          testing::one_thread) {
  const sqlite::wiping_vfs vfs{""};
  for (const char* size : {"512", "1024", "4096", "16384", "65536"}) {
    CAPTURE(size);
    const std::string settings =
        "PRAGMA page_size = " + std::string{size} + "; PRAGMA journal_mode = WAL";
    const churned plain = make_churned("", settings, 7),
                  wiped = make_churned(vfs.name(), settings, 7);
    CHECK(wiped.problems == std::vector<std::string>{"ok"});
    CHECK(wiped.rows == plain.rows);
    CHECK(wiped.rows.size() > 200);
    CHECK(plain.gaps_used > 0);
    CHECK(wiped.gaps_used == 0);
    std::string there;
    for (const std::string& row : wiped.rows) there += row;
    CHECK(numbers_in(wiped.file) == numbers_in(there));
  }
}

TEST_CASE("a file whose pages cannot be told apart is written as it is") {
  const sqlite::wiping_vfs vfs{""};
  for (const char* settings : {"PRAGMA auto_vacuum = FULL; PRAGMA journal_mode = WAL",
                               "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
                               "PRAGMA journal_mode = DELETE"}) {
    CAPTURE(settings);
    const churned plain = make_churned("", settings, 7),
                  same = make_churned(vfs.name(), settings, 7);
    CHECK(same.problems == std::vector<std::string>{"ok"});
    CHECK(same.rows == plain.rows);
    CHECK(same.gaps_used == plain.gaps_used);
    CHECK(same.gaps_used > 0);
  }
}

TEST_CASE("each is a VFS of its own, there for as long as it lives, if the one below it is") {
  std::string name;
  {
    const sqlite::wiping_vfs one{""}, other{""}, none{"no such VFS"}, above{one.name()};
    name = one.name();
    CHECK(name != other.name());
    CHECK(sqlite3_vfs_find(name.c_str()));
    CHECK_FALSE(sqlite3_vfs_find(none.name().c_str()));
    CHECK(make_churned(above.name(), "PRAGMA journal_mode = WAL", 1).gaps_used == 0);
  }
  CHECK_FALSE(sqlite3_vfs_find(name.c_str()));
}

TEST_CASE("it can no more than the one below" * testing::one_thread) {
  const sqlite::wiping_vfs vfs{"unix-dotfile"};  // which has no shared memory, so it has no log
  const temporary_folder folder;
  const auto open = [&](sqlite3*& handle, const std::string& path) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    return sqlite3_open_v2(path.c_str(), &handle, flags, vfs.name().c_str());
  };
  sqlite3* handle = nullptr;
  REQUIRE(open(handle, folder.path("any.db")) == SQLITE_OK);
  CHECK(testing::text_of(handle, "PRAGMA journal_mode = WAL") == "delete");
  churn(handle, 1);
  CHECK(testing::text_of(handle, "PRAGMA integrity_check") == "ok");
  CHECK(sqlite3_close(handle) == SQLITE_OK);
  CHECK(open(handle, folder.path()) == SQLITE_CANTOPEN);
  CHECK(sqlite3_close(handle) == SQLITE_OK);
}

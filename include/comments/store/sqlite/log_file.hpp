#pragma once
// store/sqlite/log_file.hpp - tells whether a log belongs to the database file beside it.
//
// SQLite plays the log (`path` + "-wal") into whatever file has its name. If a process was killed
// and somebody then copied a backup over the file, the old log would undo the backup, or damage it,
// because a log says nothing of its file. So the store notes, when a log begins, what the header of
// the file was then (`log_origin`). During a log's life the file's header is that one, or one of
// those in the log, which checkpoints move to the file. No copy has such a header: each start gives
// the file a random mark (schema.hpp), and SQLite's ways to make a copy change it.
//
//   const sqlite::log_origin noted{sqlite::read_salts("any.db-wal"),
//                                  sqlite::read_header("any.db")};
//   const auto problem = sqlite::log_problem("any.db", noted);  // later, before the file is opened
//   if (!problem.empty()) throw std::runtime_error{problem};

#include <comments/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::sqlite {

// A file that is read at places. Opened anew, never shared with SQLite; do not open a database file
// with it that this process has open: closing it would drop SQLite's locks on that file.
class file_reader final {
 public:
  explicit file_reader(const std::string& path);
  file_reader(const file_reader&) = delete;
  file_reader& operator=(const file_reader&) = delete;
  ~file_reader();

  // Returns `size` bytes, or fewer where the file ends or cannot be read.
  std::string read(std::int64_t start, std::size_t size) const;

 private:
  const int descriptor_;
};

inline constexpr std::string_view database_magic{"SQLite format 3\0", 16};
inline constexpr std::size_t header_size = 100;  // of a database file, which begins with the magic

// Returns the first 100 bytes of a database file; fewer if it is shorter or cannot be read.
std::string read_header(const std::string& path);

// Returns the number in a header that changes with the schema, and with each start of a store.
std::uint32_t mark_of(std::string_view header);
// Returns how long a file with this header is at least, once its log is played into it.
std::uint64_t size_of(std::string_view header);

struct log_content {
  std::string salts{};                 // 8 bytes, others each time the log begins anew; or none
  bool has_commit{};                   // there is something to play into the file
  std::vector<std::string> headers{};  // of the file, as the log has them; repeated ones once
};

// Returns what the log at `path` holds of the file; nothing if it is none that SQLite would play.
log_content read_log(const std::string& path);
// Returns the salts alone.
std::string read_salts(const std::string& path);

// What was noted when a log began.
struct log_origin {
  std::string salts{};
  std::string header{};
};

// Return one line that is read again, and what it says; nothing if it says none.
std::string to_line(const log_origin& noted);
std::optional<log_origin> to_log_origin(std::string_view line);

// Returns why the log or the journal beside the database at `path` must not be played into it,
// having changed nothing; empty if it may. A log about which nothing was noted may, unless the file
// is missing. In words for an operator, which say what to do.
std::string log_problem(const std::string& path, const std::optional<log_origin>& noted);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/log_file.ipp>
#endif

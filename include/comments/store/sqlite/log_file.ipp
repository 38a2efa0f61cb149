#pragma once
// store/sqlite/log_file.ipp - definitions of store/sqlite/log_file.hpp.

#include <comments/store/sqlite/log_file.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace comments::inline v0::sqlite {

namespace detail {

// Returns the number whose four bytes stand at `at`, the highest first; 0 past the end.
inline std::uint32_t word_at(std::string_view from, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4 && at + 4 <= from.size(); ++i)
    number = number << 8 | static_cast<unsigned char>(from[i]);
  return number;
}

inline std::size_t page_size_of(std::string_view header) {
  const std::size_t stored = word_at(header, 16) >> 16;
  return stored == 1 ? 65536 : stored;
}

// Whether SQLite would roll an unfinished transaction back that made this file, which empties it.
inline bool is_emptied_by_journal(const std::string& path, std::string_view header) {
  constexpr std::string_view magic{"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8};
  const std::string journal = file_reader{path + "-journal"}.read(0, 28);
  if (!journal.starts_with(magic) || word_at(journal, 16) != 0) return false;
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path, ignored);
  return !ignored && size > page_size_of(header);
}

inline std::string to_hex(std::string_view binary) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : binary) {
    const auto byte = static_cast<unsigned char>(c);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

// Returns the bytes of lower-case hexadecimal digits; nothing if it is something else.
inline std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string binary;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = digits.find(text[i]), low = digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    binary += static_cast<char>(high << 4 | low);
  }
  return binary;
}

}  // namespace detail

COMMENTS_INLINE file_reader::file_reader(const std::string& path)
    : descriptor_{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {}

COMMENTS_INLINE file_reader::~file_reader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

COMMENTS_INLINE std::string file_reader::read(std::int64_t start, std::size_t size) const {
  std::string found(size, '\0');
  const auto count = ::pread(descriptor_, found.data(), size, start);
  found.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return found;
}

COMMENTS_INLINE std::string read_header(const std::string& path) {
  return file_reader{path}.read(0, header_size);
}

COMMENTS_INLINE std::uint32_t mark_of(std::string_view header) {
  return detail::word_at(header, 40);
}

COMMENTS_INLINE std::uint64_t size_of(std::string_view header) {
  return std::uint64_t{detail::word_at(header, 28)} * detail::page_size_of(header);
}

// The log's format stands in https://www.sqlite.org/fileformat2.html#walformat. Frames of this log
// have its salts; behind them may be frames of an earlier one. Their checksums are not compared: a
// frame more than SQLite would play makes no difference here.
COMMENTS_INLINE log_content read_log(const std::string& path) {
  constexpr std::size_t log_header = 32, frame_header = 24;
  const file_reader file{path};
  const std::string head = file.read(0, log_header);
  const std::uint32_t page = detail::word_at(head, 8);
  if (head.size() < log_header || (detail::word_at(head, 0) & ~1U) != 0x377f0682 || page < 512)
    return {};
  log_content found{.salts = head.substr(16, 8)};
  for (std::int64_t at = log_header;; at += static_cast<std::int64_t>(frame_header + page)) {
    const std::string frame = file.read(at, frame_header);
    if (frame.size() < frame_header || frame.compare(8, 8, found.salts) != 0) return found;
    if (detail::word_at(frame, 4) != 0) found.has_commit = true;
    if (detail::word_at(frame, 0) != 1) continue;
    std::string header = file.read(at + static_cast<std::int64_t>(frame_header),  //
                                   header_size);
    if (found.headers.empty() || found.headers.back() != header)
      found.headers.push_back(std::move(header));
  }
}

COMMENTS_INLINE std::string read_salts(const std::string& path) {
  return file_reader{path}.read(16, 8);
}

COMMENTS_INLINE std::string to_line(const log_origin& noted) {
  return "log " + detail::to_hex(noted.salts) + " of " + detail::to_hex(noted.header) + "\n";
}

COMMENTS_INLINE std::optional<log_origin> to_log_origin(std::string_view line) {
  constexpr std::string_view before = "log ", between = " of ";
  constexpr std::size_t salts_size = 16, header_at = before.size() + salts_size + between.size();
  constexpr std::size_t size = header_at + 2 * header_size + 1;
  if (line.size() != size || !line.starts_with(before) || !line.ends_with('\n') ||
      line.substr(before.size() + salts_size, between.size()) != between)
    return std::nullopt;
  const auto salts = detail::from_hex(line.substr(before.size(), salts_size));
  const auto header = detail::from_hex(line.substr(header_at, 2 * header_size));
  if (!salts || !header) return std::nullopt;
  return log_origin{*salts, *header};
}

COMMENTS_INLINE std::string log_problem(const std::string& path,
                                        const std::optional<log_origin>& noted) {
  const std::string name = std::filesystem::path{path}.filename().string();
  const std::string header = read_header(path);
  if (detail::is_emptied_by_journal(path, header))
    return name + "-journal beside it belongs to another file, and would empty this one: restore " +
           "a backup with `comments-server restore`, or move the journal away";
  const log_content log = read_log(path + "-wal");
  if (!log.has_commit) return "";
  if (header.empty())
    return "it is missing or empty, but its log " + name + "-wal is there: put the file back, or " +
           "restore a backup with `comments-server restore`, or move the log away to begin anew";
  const bool is_known = noted && noted->salts == log.salts;
  if (!is_known || header == noted->header || std::ranges::count(log.headers, header) != 0)
    return "";
  return "the log beside it, " + name + "-wal, belongs to another file, and would undo or damage " +
         "this one: restore a backup with `comments-server restore`, or move the log away";
}

}  // namespace comments::inline v0::sqlite

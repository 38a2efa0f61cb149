#pragma once
// store/sqlite/schema.hpp - brings the schema of a SQLite file up to date.
//
//   const auto opened = sqlite::connect({.path = "comments.db"});
//   if (!opened) throw std::runtime_error{opened.error().message};
//   if (const auto migrated = sqlite::migrate(**opened); !migrated)
//     throw std::runtime_error{migrated.error().message};
//   const std::string key = sqlite::read_key(**opened);

#include <comments/config.hpp>
#include <comments/result.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <cstdint>
#include <string>

namespace comments::inline v0::sqlite {

// Marks a file as ours ("CMNT" in the file's header).
inline constexpr std::int64_t application_id = 0x434d4e54;

// Makes the tables of an empty file, or brings older ones up to date, in one transaction. An older
// file at `path` is copied first, to `path_before(path)`, durably and for its owner alone, in place
// of an older copy; without `path` it is not. `unavailable`, with a sentence for the operator, if
// the file is another program's, was written by a newer version, or cannot be copied or written;
// then it is left as it was.
result<done> migrate(connection& on, const std::string& path = {});

// Returns where the copy is that an older program can go on with: "comments.db.before-6". It holds
// what is erased later.
std::string path_before(const std::string& path);

// Gives the file a new random mark: SQLite's number of the schema (`PRAGMA schema_version`), in its
// header, which tells other connections to read the schema anew. So the file differs from every
// copy that was ever made of it (store/sqlite/log_file.hpp). Returns the mark that the file has.
std::uint32_t mark_anew(connection& on);

// Returns the signing key: 32 bytes, or another number of them if the file is damaged.
std::string read_key(connection& on);

// Returns the epoch of the file's versions (epoch.hpp); 0 if it has none yet.
std::uint64_t read_epoch(connection& on);
// Gives the file a new one, durably; 0 if it cannot be written.
std::uint64_t renew_epoch(connection& on);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/schema.ipp>
#endif

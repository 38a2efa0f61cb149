#pragma once
// store/sqlite/rows.hpp - reads comments and contents as rows of a SQLite file, and inserts
// comments.
//
// Functions of a transaction that the caller has begun and commits. What `failed()` says after it
// tells whether what they returned counts.
//
//   const insertion wanted{.said = {.content_id = "1", .body = "Hello."}};
//   const auto opened = sqlite::connect({.path = "comments.db"});
//   bucket_table buckets;
//   sqlite::effects noted;
//   sqlite::transaction work{**opened, "BEGIN IMMEDIATE"};
//   const instant now = system_clock()();
//   sqlite::pending_insert pending{wanted, now, make_comment_id(now), buckets};
//   const auto made = sqlite::insert(work, pending, noted);
//   if (!work->commit()) throw std::runtime_error{work->commit_error().message};

#include <comments/config.hpp>
#include <comments/store.hpp>
#include <comments/store/sqlite/connection.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::sqlite {

// Returns the number, or a billion, which is as good as all.
std::int64_t as_number(std::size_t count);

// A text that an encoder makes of a comment mostly has the body in it, as it is and as HTML. Return
// what the column `encoded` keeps, without the body, and what it was.
std::string take_body(std::string encoded, std::string_view body);
std::string put_body(std::string kept, std::string_view body);

// Reads the columns of `sql_schema::comment_columns`.
comment read_comment(const statement& row);

// Returns the comment, if there is one with this id.
std::optional<comment> find_comment(transaction& work, const comment_id& id);

// Returns the content; an unknown one is empty, at version 0.
content find_content(transaction& work, std::string_view content_id);

// What a transaction has changed, for the store to know once it is committed.
struct effects {
  std::vector<content> contents{};  // as they are now; one may be there several times
  bool has_erased{};                // so the log must be emptied
};

// Moves the version of `moved`, which was read in this transaction, by one, and adds `more` to its
// visible comments. Returns it as it is then.
content move_content(transaction& work, content moved, std::int64_t more, effects& noted);

// Adds a row to `change`. The post of a comment that is published, and was at once, has none: the
// view `event` makes it of the comment's own row.
void append_event(transaction& work, const event& cause);

// Returns `cause` as the event of the post that made a comment.
event of_post(const comment& made, event cause);

// Adds `change` to the replies of the comment `parent`. Where that lists or hides the comment, the
// same goes for its own parent, and so on up. All of these get `version`.
void count_reply(transaction& work, const std::string& content_id, std::string parent,
                 std::int64_t change, std::int64_t version);

// An insertion that waits for its commit.
struct pending_insert {
  const insertion& wanted;
  instant now{};
  comment_id id{};
  bucket_table& buckets;  // which `wanted.allowances` take from
  bool has_tokens{};      // has taken from them, in an attempt before this one
};

// As `store::insert`.
result<post_result> insert(transaction& work, pending_insert& pending, effects& noted);

}  // namespace comments::inline v0::sqlite

#ifndef COMMENTS_COMPILED
#include <comments/store/sqlite/rows.ipp>
#endif

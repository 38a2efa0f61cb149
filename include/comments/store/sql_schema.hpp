#pragma once
// store/sql_schema.hpp - the tables and the reading statements that every SQL store shares.
//
// Migrations are data, numbered 1, 2, 3 … A released one never changes; a new need is a new number.
// Every table that grows is keyed by content_id first, and every unique constraint contains it, so
// a database can be spread over machines by content. The table of deployments belongs to no content
// and stays on one machine. Times are milliseconds since 1970, ids are UUIDs as text, a comment
// without a parent has the parent_id '', and a deployment without a run has the run ''.
//
//   const std::string sql = sql_schema::list_sql(scope::roots, sort::newest, false);
//   for (const sql_schema::migration& step : sql_schema::migrations()) show(step.sql);

#include <comments/config.hpp>
#include <comments/store.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace comments::inline v0::sql_schema {

// `sql` is several statements, for SQLite, whose table `change` holds the events that the view
// `event` cannot tell from the comments, and whose column `encoded` has the byte 0xff, which is in
// no UTF-8, in each place of the body.
struct migration {
  int number{};
  std::string_view sql{};
};

// Returns all migrations, in order.
std::span<const migration> migrations();

// The newest schema that this program knows.
inline constexpr int newest = 6;

// The columns of a comment, in the order in which the stores read them.
inline constexpr std::string_view comment_columns =
    "id, content_id, parent_id, position, status, author_name, author_email, author_url, "
    "author_verified, body, votes, replies, created_at, edited_at, version, encoded, reply_to, "
    "depth, reports, author_subject, origin, email_shown, browser, held";

// Returns the statement for one page of `store::list`. Parameters: ?1 content_id, ?2 parent_id,
// ?3 limit, ?4 the cursor's position, ?5 its votes; a parameter that a scope or sort does not need
// is in no condition. Each form is one walk along an index (but all of a content by votes, which
// has no pages), so a page costs the same at any depth; `tests/store/sql_schema_test.cpp` shows the
// plans.
std::string list_sql(scope scope, sort sort, bool has_cursor);

// Returns the same for SQLite, which has fewer indexes, so that a post touches fewer pages: a
// comment without votes is found in the index by votes alone, where it stands by its position. So
// a list by position merges the walks along two or three indexes.
std::string merged_list_sql(scope scope, sort sort, bool has_cursor);

// Returns SQLite's statements for the events of a content, each in order: the rows of `change`, and
// the posts that the rows of comments tell, each of which counts unless `change` has its version.
// Parameters: ?1 content_id, ?2 the version to begin behind. The columns are those of `event`, but
// that posts have their comment's `id_rest`: what follows the time in its id, if that is the time
// of the event, else all of it. So the indexes alone tell the posts, in few bytes.
std::array<std::string, 4> event_walks();

// The length of what follows the time in an id, which has 14 characters.
inline constexpr std::size_t id_rest_length = 22;

// Returns the statement for `store::find_all`. Parameters: ?1 the id to begin behind, ?2 limit,
// ?3 status, ?4 subject, ?5 e-mail in lower case, ?6 verified, ?7 text in lower case, ?8 content,
// ?9 browser. `find` is the SQL function that finds a text in another one.
std::string search_sql(const search& wanted, const std::string& find = "instr");

// The columns of an event, in the order in which the stores read them.
inline constexpr std::string_view event_columns =
    "content_id, version, kind, comment_id, at, by_whom, reason, status, text_before";

// Returns the statement for `store::decisions`. Parameters: ?1 limit, ?2 content_id, ?3 to ?5 time,
// content and version of the place to begin behind; what is not asked for is in no condition.
// `events` is the table or view that has them.
std::string decisions_sql(bool has_content, bool has_place, std::string_view events = "event");

// The columns of a deployment, in the order in which the stores read and write them.
inline constexpr std::string_view deployment_columns =
    "position, id, component, version, responsible, status, run, date";

// Returns the statement for the record that a run made of a status. Parameters: ?1 component,
// ?2 run, ?3 status.
std::string recorded_sql();

// The position of the next record. No other transaction may add one before this one has.
inline constexpr std::string_view next_deployment_sql =
    "SELECT coalesce(max(position), 0) + 1 FROM deployment";

// Returns the statement that adds a record. The parameters are its columns.
std::string record_sql();

// Returns the statement for `deployment_log::deployments`. Parameters: ?1 the position to stay
// below, ?2 limit, ?3 component, which is in no condition without `has_component`.
std::string deployments_sql(bool has_component);

}  // namespace comments::inline v0::sql_schema

#ifndef COMMENTS_COMPILED
#include <comments/store/sql_schema.ipp>
#endif

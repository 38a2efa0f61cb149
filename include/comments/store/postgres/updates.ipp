#pragma once
// store/postgres/updates.ipp - definitions of store/postgres/updates.hpp.

#include <comments/store/postgres/updates.hpp>

#include <comments/principal.hpp>
#include <comments/store/algorithms.hpp>

#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::postgres {

COMMENTS_INLINE std::optional<std::string> find_content_id(transaction& reading,
                                                           const comment_id& id) {
  const auto place = reading.send("SELECT content_id FROM comment WHERE id = $1", to_string(id));
  if (!reading.receive() || reading.rows(place).empty()) return std::nullopt;
  return reading.rows(place).text(0, 0);
}

namespace detail {

// A comment and its content, locked until the end of the transaction.
struct locked_comment {
  comments::comment comment{};
  comments::content content{};
};

// Returns nothing if there is no such comment, or the transaction failed.
inline std::optional<locked_comment> lock_comment(transaction& writing,
                                                  const std::string& content_id,
                                                  const comment_id& id) {
  const auto content = select_locked_content(writing, content_id);
  const auto comment = select_comment(writing, content_id, to_string(id));
  if (!writing.receive() || writing.rows(comment).empty()) return std::nullopt;
  return locked_comment{read_comment(writing.rows(comment), 0),
                        read_content(writing.rows(content), content_id)};
}

// Moves the version of a content by one, and its count of visible comments by `more`. Returns the
// version.
inline std::int64_t move_content(transaction& writing, content& changed, std::int64_t more,
                                 moved_contents& moved) {
  const content before = changed;
  ++changed.version;
  changed.comments += more;
  update_content(writing, before, changed);
  moved.push_back(changed.content_id);
  return changed.version;
}

// Adds `change` to the replies of `parent`. Where that lists or hides the parent, does the same
// with the parent's own parent, and so on up. All of these comments look different now, so they get
// `version`.
inline void count_reply(transaction& writing, const std::string& content_id, std::string parent,
                        std::int64_t change, std::int64_t version) {
  while (!parent.empty() && change != 0) {
    const auto place = writing.send(
        "SELECT parent_id, replies, status FROM comment WHERE content_id = $1 AND id = $2",
        content_id, parent);
    if (!writing.receive() || writing.rows(place).empty()) return;
    const rows found = writing.rows(place);
    const std::string above = found.text(0, 0);
    const bool is_visible = found.text(0, 2) == to_text(status::published);
    const std::int64_t replies = found.number(0, 1) + change;
    const bool was_listed = is_visible || replies - change > 0;
    const bool is_listed = is_visible || replies > 0;
    writing.send(
        "UPDATE comment SET replies = replies + $3, version = $4, listed = $5 WHERE content_id = "
        "$1 AND id = $2",
        content_id, parent, change, version, std::int64_t{is_listed});
    change = std::int64_t{is_listed} - std::int64_t{was_listed};
    parent = above;
  }
}

// Takes out of a comment that becomes removed what must not be kept, here and in other tables.
inline void erase(transaction& writing, comment& removed) {
  removed.author = {};
  removed.body.clear();
  removed.encoded.clear();
  removed.origin.clear();
  removed.browser.clear();
  const std::string id = to_string(removed.id);
  writing.send(
      "UPDATE comment SET origin = '', browser = '', request_fingerprint = 0, reports = 0 WHERE "
      "content_id = $1 AND id = $2",
      removed.content_id, id);
  writing.send(
      "UPDATE event SET text_before = '' WHERE content_id = $1 AND comment_id = $2 AND "
      "kind IN ('edited', 'moderated', 'removed')",
      removed.content_id, id);
  writing.send("DELETE FROM complaint WHERE content_id = $1 AND comment_id = $2",
               removed.content_id, id);
}

inline void update_comment(transaction& writing, const comment& before, const comment& changed) {
  const author& by = changed.author;
  const parameter edited_at{to_milliseconds(changed.edited_at.value_or(instant{})),
                            changed.edited_at.has_value()};
  // `erase` has settled those against a removed comment, also one that came in between.
  const std::int64_t more_reports =
      changed.status == status::removed ? changed.reports : changed.reports - before.reports;
  writing.send(
      "UPDATE comment SET status = $3, listed = $4, author_name = $5, author_email = $6, "
      "author_url = $7, author_verified = $8, author_subject = $9, body = $10, "
      "encoded = $11, reports = reports + $12, version = $13, edited_at = $14, email_shown = $15, "
      "held = $16 WHERE content_id = $1 AND id = $2",
      changed.content_id, to_string(changed.id), to_text(changed.status),
      std::int64_t{is_listed(changed)}, by.name, by.email, by.url, std::int64_t{by.verified},
      by.subject, changed.body, changed.encoded, more_reports, changed.version, edited_at,
      std::int64_t{by.email_shown}, std::int64_t{changed.held});
}

}  // namespace detail

COMMENTS_INLINE result<comment> amend(transaction& writing, const std::string& content_id,
                                      const comment_id& id, const decider& decide, instant now,
                                      moved_contents& moved) {
  auto locked = detail::lock_comment(writing, content_id, id);
  if (!locked) return comment_not_found();
  const comment& before = locked->comment;
  auto decided = ask(decide, before);
  if (!decided) return std::move(decided).error();
  comment changed = comments::amend(before, decided->changed);
  const std::int64_t more = int{is_visible(changed)} - int{is_visible(before)};
  changed.version = detail::move_content(writing, locked->content, more, moved);
  event cause = std::move(decided->cause);
  cause.content_id = changed.content_id;
  cause.version = changed.version;
  cause.comment = id;
  cause.at = now;
  insert_event(writing, cause);
  if (changed.status == status::removed) detail::erase(writing, changed);
  detail::update_comment(writing, before, changed);
  detail::count_reply(writing, changed.content_id, changed.parent ? to_string(*changed.parent) : "",
                      int{is_listed(changed)} - int{is_listed(before)}, changed.version);
  return changed;
}

namespace detail {

// Returns the names under which the votes stand that are the voter's, or, if they are to go, those
// that the voter may take back.
inline std::vector<std::string> read_votes(const rows& known, const voter& by, bool is_there) {
  std::vector<std::string> names;
  for (int row = 0; row < known.size(); ++row)
    if (is_there || may_take_back(by, known.text(row, 0), known.text(row, 1)))
      names.push_back(known.text(row, 0));
  return names;
}

// Whether as many of the voter's network as may are in a table already. `counting` counts those
// whose names are from $3 on and below $4.
inline bool is_used_up(transaction& writing, std::string_view counting,
                       const std::string& content_id, const std::string& id, const voter& by) {
  std::string end{network_of(by.name)};
  if (end.empty() || by.network_max == 0) return false;
  const std::string start = end;
  ++end.back();
  const auto counted = writing.send(counting, content_id, id, start, end);
  return writing.receive() && writing.rows(counted).number(0, 0) >= as_number(by.network_max);
}

}  // namespace detail

COMMENTS_INLINE result<comment> vote(transaction& writing, const std::string& content_id,
                                     const comment_id& id, const voter& by, bool is_there,
                                     instant now, moved_contents& moved) {
  const std::string id_text = to_string(id);
  const auto content = select_locked_content(writing, content_id);
  const auto known = writing.send(
      "SELECT voter, browser FROM vote WHERE content_id = $1 AND comment_id = $2 AND "
      "voter IN ($3, $4) UNION ALL SELECT voter, browser FROM vote WHERE content_id = $1 AND "
      "comment_id = $2 AND browser = $5 AND browser <> '' AND voter NOT IN ($3, $4)",
      content_id, id_text, by.name, former_name_of(by.name), by.browser);
  const auto comment = select_comment(writing, content_id, id_text);
  if (!writing.receive() || writing.rows(comment).empty()) return comment_not_found();
  auto found = read_comment(writing.rows(comment), 0);
  if (is_there && !is_visible(found)) return comment_not_found();
  const auto theirs = detail::read_votes(writing.rows(known), by, is_there);
  if (theirs.empty() != is_there) return found;
  auto changed = read_content(writing.rows(content), content_id);
  constexpr std::string_view counting =
      "SELECT count(*) FROM vote WHERE content_id = $1 AND comment_id = $2 AND voter >= $3 AND "
      "voter < $4";
  if (is_there && detail::is_used_up(writing, counting, content_id, id_text, by))
    return network_used_up();
  found.version = detail::move_content(writing, changed, 0, moved);
  const std::int64_t more = is_there ? 1 : -std::int64_t(theirs.size());
  found.votes += more;
  if (is_there)
    writing.send(
        "INSERT INTO vote (content_id, comment_id, voter, at, browser) VALUES ($1, $2, $3, $4, "
        "$5)",
        content_id, id_text, by.name, to_milliseconds(now), browser_of_vote(by));
  for (const std::string& name : theirs)
    writing.send("DELETE FROM vote WHERE content_id = $1 AND comment_id = $2 AND voter = $3",
                 content_id, id_text, name);
  insert_event(writing, {.content_id = content_id,
                         .version = found.version,
                         .kind = event_kind::voted,
                         .comment = id,
                         .at = now});
  writing.send(
      "UPDATE comment SET votes = votes + $3, version = $4 WHERE content_id = $1 AND id = $2",
      content_id, id_text, more, found.version);
  return found;
}

COMMENTS_INLINE result<comment> report(transaction& writing, const std::string& content_id,
                                       const comment_id& id, const voter& by,
                                       const std::string& reason, instant now) {
  const std::string id_text = to_string(id);
  select_locked_content(writing, content_id);
  const auto known = writing.send(
      "SELECT at FROM complaint WHERE content_id = $1 AND comment_id = $2 AND "
      "reporter IN ($3, $4)",
      content_id, id_text, by.name, former_name_of(by.name));
  const auto about = select_comment(writing, content_id, id_text);
  if (!writing.receive() || writing.rows(about).empty()) return comment_not_found();
  auto found = read_comment(writing.rows(about), 0);
  if (!is_visible(found)) return comment_not_found();
  if (!writing.rows(known).empty()) return found;
  constexpr std::string_view counting =
      "SELECT count(*) FROM complaint WHERE content_id = $1 AND comment_id = $2 AND "
      "reporter >= $3 AND reporter < $4";
  if (detail::is_used_up(writing, counting, content_id, id_text, by)) return network_used_up();
  writing.send(
      "INSERT INTO complaint (content_id, comment_id, reporter, reason, at) "
      "VALUES ($1, $2, $3, $4, $5)",
      content_id, id_text, by.name, reason, to_milliseconds(now));
  // A report moves no version, so the count of a report that came in between is told by this row.
  const auto counted = writing.send(
      "UPDATE comment SET reports = CASE version WHEN $3 THEN reports + 1 END WHERE content_id = "
      "$1 AND id = $2 RETURNING reports",
      content_id, id_text, found.version);
  if (!writing.receive()) return unavailable();
  found.reports = writing.rows(counted).number(0, 0);
  return found;
}

COMMENTS_INLINE result<content> set_status(transaction& writing, const std::string& content_id,
                                           std::optional<content_status> status,
                                           std::optional<std::int64_t> expected, event cause,
                                           instant now, moved_contents& moved) {
  auto changed = lock_content(writing, content_id);
  if (!changed) return unavailable();
  if (expected && changed->version != *expected) return version_moved();
  changed->status = status;
  cause.content_id = content_id;
  cause.version = detail::move_content(writing, *changed, 0, moved);
  cause.comment = {};
  cause.at = now;
  insert_event(writing, cause);
  return std::move(*changed);
}

namespace detail {

// What an address left in one table.
struct trace {
  std::string_view select{};  // those older than $1, at most $2, by their key
  std::string_view erase{};   // $1 content, $2 and $4 the rest of the key, if it is older than $3
  int columns{};              // of the key
};

inline constexpr trace traces[] = {
    {"SELECT content_id, id FROM comment WHERE origin <> '' AND created_at < $1 "
     "ORDER BY created_at LIMIT $2",
     "UPDATE comment SET origin = '' WHERE content_id = $1 AND id = $2 AND created_at < $3", 2},
    {"SELECT content_id, comment_id, voter FROM vote WHERE voter >= 'a:' AND voter < 'a;' AND "
     "at < $1 ORDER BY at LIMIT $2",
     "DELETE FROM vote WHERE content_id = $1 AND comment_id = $2 AND at < $3 AND voter = $4", 3},
    {"SELECT content_id, comment_id, reporter FROM complaint WHERE reporter >= 'a:' AND "
     "reporter < 'a;' AND at < $1 ORDER BY at LIMIT $2",
     "DELETE FROM complaint WHERE content_id = $1 AND comment_id = $2 AND at < $3 AND "
     "reporter = $4",
     3},
    {"SELECT content_id, client FROM bucket WHERE at < $1 ORDER BY at LIMIT $2",
     "DELETE FROM bucket WHERE content_id = $1 AND client = $2 AND at < $3", 2}};

// Returns how many were erased, or nothing if the transaction failed.
inline std::optional<std::size_t> erase_traces(transaction& erasing, const trace& of,
                                               instant before, std::size_t limit) {
  const auto place = erasing.send(of.select, to_milliseconds(before), as_number(limit));
  if (!erasing.receive()) return std::nullopt;
  std::vector<std::array<std::string, 3>> keys;
  const rows found = erasing.rows(place);
  for (int row = 0; row < found.size(); ++row) {
    auto& key = keys.emplace_back();
    for (int column = 0; column < of.columns; ++column)
      key[static_cast<std::size_t>(column)] = found.text(row, column);
  }
  if (keys.empty()) return 0;
  std::vector<std::size_t> places;
  places.reserve(keys.size());
  for (const auto& [content_id, id, name] : keys)
    places.push_back(erasing.send(of.erase, content_id, id, to_milliseconds(before), name));
  if (!erasing.receive()) return std::nullopt;
  std::size_t count = 0;
  for (const std::size_t erased : places) count += erasing.rows(erased).has_changed();
  return count;
}

}  // namespace detail

COMMENTS_INLINE result<std::size_t> forget_origins(connection& on, instant before,
                                                   std::size_t limit, forgotten_origins& progress) {
  for (; progress.steps < std::size(detail::traces); ++progress.steps) {
    transaction erasing{on, transaction::autocommit};
    const auto erased =
        detail::erase_traces(erasing, detail::traces[progress.steps], before, limit);
    const ending end = end_of(erasing);
    if (!erased && (progress.count == 0 || end.is_in_doubt)) return to_error(end);
    if (!erased) break;
    progress.count += *erased;
  }
  return progress.count;
}

COMMENTS_INLINE result<done> forget_reporter(connection& on, const std::string& reporter) {
  transaction erasing{on, transaction::autocommit};
  erasing.send("DELETE FROM complaint WHERE reporter = $1", reporter);
  if (!erasing.receive()) return to_error(end_of(erasing));
  return ok();
}

}  // namespace comments::inline v0::postgres

#pragma once
// store/postgres/updates.hpp - what may happen to a comment after its posting, as rows of
// PostgreSQL.
//
// Functions of a unit of work that somebody else began and commits, as in `store/postgres/rows.hpp`; what
// each owes stands on the function of the same name in `store.hpp`. They lock the comment's content
// first; `comments::postgres::find_home` says which that is.
//
//   auto changed = postgres::amend(work, home, id, decide, now, noted);

#include <comments/store.hpp>
#include <comments/store/postgres/rows.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::postgres {

// The content of a comment, wherever it is; nothing if there is no such comment, or the work
// failed.
inline std::optional<std::string> find_home(work& reading, const comment_id& id) {
  const auto place = reading.ask("SELECT content_id FROM comment WHERE id = $1", to_string(id));
  if (!reading.run() || reading.rows(place).empty()) return std::nullopt;
  return reading.rows(place).text(0, 0);
}

// A comment and its content, held until the commit.
struct held {
  comment now{};
  content home{};
};

inline std::optional<held> hold(work& writing, const std::string& home, const comment_id& id) {
  const auto content = ask_locked(writing, home);
  const auto comment = ask_comment(writing, home, to_string(id));
  if (!writing.run() || writing.rows(comment).empty()) return std::nullopt;
  return held{read_comment(writing.rows(comment), 0), read_content(writing.rows(content), home)};
}

// `moved` with its version moved by one, and so many visible comments more.
inline std::int64_t move_content(work& writing, content& moved, std::int64_t more, changes& noted) {
  ++moved.version;
  moved.comments += more;
  write_content(writing, moved);
  noted.moved.push_back(moved.content_id);
  return moved.version;
}

// Adds `change` to the replies of `parent`, and where that lists or hides it, to those of its own
// parent, and so on up. They show something else now, so they are of `version`.
inline void count_reply(work& writing, const std::string& content_id, std::string parent,
                        std::int64_t change, std::int64_t version) {
  while (!parent.empty() && change != 0) {
    const auto place = writing.ask(
        "SELECT parent_id, replies, status FROM comment WHERE content_id = $1 AND id = $2",
        content_id, parent);
    if (!writing.run() || writing.rows(place).empty()) return;
    const rows found = writing.rows(place);
    const std::string above = found.text(0, 0);
    const bool is_visible = found.text(0, 2) == to_text(status::published);
    const std::int64_t replies = found.number(0, 1) + change;
    const bool is_listed = is_visible || replies > 0, was = is_visible || replies - change > 0;
    writing.ask(
        "UPDATE comment SET replies = $3, version = $4, listed = $5 WHERE content_id = $1 "
        "AND id = $2",
        content_id, parent, replies, version, std::int64_t{is_listed});
    change = std::int64_t{is_listed} - std::int64_t{was};
    parent = above;
  }
}

// Takes what it must not hold any longer out of a comment that becomes removed.
inline void erase(work& writing, comment& removed) {
  removed.author = {};
  removed.body.clear();
  removed.encoded.clear();
  removed.origin.clear();
  const std::string id = to_string(removed.id);
  writing.ask(
      "UPDATE comment SET origin = '', request_fingerprint = 0 WHERE content_id = $1 AND "
      "id = $2",
      removed.content_id, id);
  writing.ask(
      "UPDATE event SET text_before = '' WHERE content_id = $1 AND comment_id = $2 AND "
      "kind IN ('edited', 'moderated', 'removed')",
      removed.content_id, id);
  writing.ask("DELETE FROM complaint WHERE content_id = $1 AND comment_id = $2", removed.content_id,
              id);
}

inline void update(work& writing, const comment& changed) {
  const author& by = changed.author;
  const parameter edited_at{to_milliseconds(changed.edited_at.value_or(instant{})),
                            changed.edited_at.has_value()};
  writing.ask(
      "UPDATE comment SET status = $3, listed = $4, author_name = $5, author_email = $6, "
      "author_url = $7, author_verified = $8, author_subject = $9, body = $10, "
      "encoded = $11, reports = $12, version = $13, edited_at = $14 "
      "WHERE content_id = $1 AND id = $2",
      changed.content_id, to_string(changed.id), to_text(changed.status),
      std::int64_t{is_listed(changed)}, by.name, by.email, by.url, std::int64_t{by.verified},
      by.subject, changed.body, changed.encoded, changed.reports, changed.version, edited_at);
}

inline result<comment> amend(work& writing, const std::string& home, const comment_id& id,
                             const decider& decide, instant now, changes& noted) {
  auto stands = hold(writing, home, id);
  if (!stands) return comment_not_found();
  const comment before = stands->now;
  auto decided = ask(decide, before);
  if (!decided) return std::move(decided).error();
  comment changed = comments::amend(before, decided->changed);
  const std::int64_t more = int{is_visible(changed)} - int{is_visible(before)};
  changed.version = move_content(writing, stands->home, more, noted);
  event cause = std::move(decided->cause);
  cause.content_id = changed.content_id;
  cause.version = changed.version;
  cause.comment = id;
  cause.at = now;
  append_event(writing, cause);
  if (changed.status == status::removed) erase(writing, changed);
  update(writing, changed);
  count_reply(writing, changed.content_id, changed.parent ? to_string(*changed.parent) : "",
              int{is_listed(changed)} - int{is_listed(before)}, changed.version);
  return changed;
}

inline result<comment> vote(work& writing, const std::string& home, const comment_id& id,
                            const std::string& voter, bool is_there, instant now, changes& noted) {
  const std::string id_text = to_string(id);
  const auto content = ask_locked(writing, home);
  const auto known =
      writing.ask("SELECT at FROM vote WHERE content_id = $1 AND comment_id = $2 AND voter = $3",
                  home, id_text, voter);
  const auto comment = ask_comment(writing, home, id_text);
  if (!writing.run() || writing.rows(comment).empty()) return comment_not_found();
  auto found = read_comment(writing.rows(comment), 0);
  if (is_there && !is_visible(found)) return comment_not_found();
  if (writing.rows(known).empty() != is_there) return found;
  auto moved = read_content(writing.rows(content), home);
  found.version = move_content(writing, moved, 0, noted);
  found.votes += is_there ? 1 : -1;
  if (is_there)
    writing.ask("INSERT INTO vote (content_id, comment_id, voter, at) VALUES ($1, $2, $3, $4)",
                home, id_text, voter, to_milliseconds(now));
  else
    writing.ask("DELETE FROM vote WHERE content_id = $1 AND comment_id = $2 AND voter = $3", home,
                id_text, voter);
  append_event(writing, {.content_id = home,
                         .version = found.version,
                         .kind = event_kind::voted,
                         .comment = id,
                         .at = now});
  writing.ask("UPDATE comment SET votes = $3, version = $4 WHERE content_id = $1 AND id = $2", home,
              id_text, found.votes, found.version);
  return found;
}

inline result<comment> report(work& writing, const std::string& home, const comment_id& id,
                              const comments::report& said) {
  auto stands = hold(writing, home, id);
  if (!stands || !is_visible(stands->now)) return comment_not_found();
  comment& found = stands->now;
  const std::string id_text = to_string(id);
  const auto added = writing.ask(
      "INSERT INTO complaint (content_id, comment_id, reporter, reason, at) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (content_id, comment_id, reporter) DO NOTHING",
      home, id_text, said.reporter, said.reason, to_milliseconds(said.at));
  if (!writing.run()) return unavailable();
  if (!writing.rows(added).has_changed()) return std::move(found);
  writing.ask("UPDATE comment SET reports = $3 WHERE content_id = $1 AND id = $2", home, id_text,
              ++found.reports);
  return std::move(found);
}

inline result<content> set_status(work& writing, const std::string& content_id,
                                  std::optional<content_status> status,
                                  std::optional<std::int64_t> expected, event cause, instant now,
                                  changes& noted) {
  auto home = lock_content(writing, content_id);
  if (!home) return unavailable();
  if (expected && home->version != *expected) return version_moved();
  home->status = status;
  cause.content_id = content_id;
  cause.version = move_content(writing, *home, 0, noted);
  cause.comment = {};
  cause.at = now;
  append_event(writing, cause);
  return std::move(*home);
}

// First those to erase are looked for, everywhere; then each is erased where it is, if it has not
// become newer since. So no statement that changes anything touches more than one content.
inline result<std::size_t> forget_origins(connection& on, instant before, std::size_t limit) {
  struct kind {
    std::string_view find{}, erase{};
    int columns{};
  };
  static constexpr kind kinds[] = {
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
  const auto partial = [](const work& failed, std::size_t count) {
    // Something is erased already, so nobody may say that nothing was done.
    return count > 0 ? in_doubt() : to_error(end_of(failed));
  };
  std::size_t count = 0;
  for (const kind& one : kinds) {
    work erasing{on, work::single};
    const auto place = erasing.ask(one.find, to_milliseconds(before), as_number(limit));
    if (!erasing.run()) return partial(erasing, count);
    std::vector<std::array<std::string, 3>> found;
    for (int row = 0; row < erasing.rows(place).size(); ++row)
      for (int column = 0; column < one.columns; ++column)
        (column == 0 ? found.emplace_back() : found.back())[static_cast<std::size_t>(column)] =
            erasing.rows(place).text(row, column);
    std::vector<std::size_t> erased;
    erased.reserve(found.size());
    for (const auto& [content_id, id, whose] : found)
      erased.push_back(erasing.ask(one.erase, content_id, id, to_milliseconds(before), whose));
    if (!erased.empty() && !erasing.run()) return partial(erasing, count);
    for (const std::size_t each : erased) count += erasing.rows(each).has_changed();
  }
  return count;
}

inline result<done> forget_reporter(connection& on, const std::string& reporter) {
  work erasing{on, work::single};
  erasing.ask("DELETE FROM complaint WHERE reporter = $1", reporter);
  if (!erasing.run()) return to_error(end_of(erasing));
  return ok();
}

}  // namespace comments::postgres

#pragma once
// store/sqlite/updates.ipp - definitions of store/sqlite/updates.hpp.

#include <comments/store/sqlite/updates.hpp>

#include <comments/principal.hpp>
#include <comments/store/algorithms.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0::sqlite {

namespace detail {

// Takes out of a comment that becomes removed what must not be kept, there and in other rows.
inline void erase(transaction& work, comment& removed, effects& noted) {
  removed.author = {};
  removed.body.clear();
  removed.encoded.clear();
  removed.origin.clear();
  removed.browser.clear();
  const std::string id = to_string(removed.id);
  work->run(
      "UPDATE comment SET origin = '', browser = '', request_fingerprint = 0 WHERE id = ?1 AND "
      "content_id = ?2",
      id, removed.content_id);
  work->run(
      "UPDATE change SET text_before = '' WHERE content_id = ?1 AND comment_id = ?2 AND "
      "kind IN ('edited', 'moderated', 'removed')",
      removed.content_id, id);
  work->run("DELETE FROM complaint WHERE content_id = ?1 AND comment_id = ?2", removed.content_id,
            id);
  noted.has_erased = true;
}

// Makes a row of the event of a post, whose comment will not be published any more.
inline void keep_post(transaction& work, const comment& made) {
  const bool is_kept = work->prepare("SELECT 1 FROM change WHERE content_id = ?1 AND version = ?2",
                                     made.content_id, made.position)
                           .step();
  if (!is_kept) append_event(work, of_post(made, to_event({.status = status::published})));
}

inline void update(transaction& work, const comment& changed) {
  const std::string id = to_string(changed.id);
  const author& by = changed.author;
  const std::string encoded = take_body(changed.encoded, changed.body);
  auto row = work->prepare(
      "UPDATE comment SET status = ?3, listed = ?4, author_name = ?5, author_email = ?6, "
      "author_url = ?7, author_verified = ?8, author_subject = ?9, body = ?10, encoded = ?11, "
      "reports = ?12, version = ?13, edited_at = ?14, email_shown = ?15, held = ?16 WHERE id = ?1 "
      "AND content_id = ?2",
      id, changed.content_id, to_text(changed.status), std::int64_t{is_listed(changed)}, by.name,
      by.email, by.url, std::int64_t{by.verified}, by.subject, changed.body, encoded,
      changed.reports, changed.version);
  if (changed.edited_at) row.bind(14, to_milliseconds(*changed.edited_at));
  row.bind(15, std::int64_t{by.email_shown});
  row.bind(16, std::int64_t{changed.held});
  row.step();
}

}  // namespace detail

COMMENTS_INLINE result<comment> amend(transaction& work, const comment_id& id,
                                      const decider& decide, instant now, effects& noted) {
  const auto before = find_comment(work, id);
  if (!before) return comment_not_found();
  auto decided = ask(decide, *before);
  if (!decided) return std::move(decided).error();
  comment changed = comments::amend(*before, decided->changed);
  const std::int64_t more = int{is_visible(changed)} - int{is_visible(*before)};
  content current = find_content(work, changed.content_id);
  changed.version = move_content(work, std::move(current), more, noted).version;
  event cause = std::move(decided->cause);
  cause.content_id = changed.content_id;
  cause.version = changed.version;
  cause.comment = id;
  cause.at = now;
  append_event(work, cause);
  if (is_visible(*before) && !is_visible(changed)) detail::keep_post(work, *before);
  if (changed.status == status::removed) detail::erase(work, changed, noted);
  detail::update(work, changed);
  count_reply(work, changed.content_id, changed.parent ? to_string(*changed.parent) : "",
              int{is_listed(changed)} - int{is_listed(*before)}, changed.version);
  return changed;
}

namespace detail {

// Returns the names under which the votes stand that are the voter's, or, if they are to go, those
// that the voter may take back.
inline std::vector<std::string> find_votes(transaction& work, const comment& about, const voter& by,
                                           bool is_there) {
  const std::string id = to_string(about.id), former = former_name_of(by.name);
  std::vector<std::string> names;
  auto rows = work->prepare(
      "SELECT voter, browser FROM vote WHERE content_id = ?1 AND comment_id = ?2 AND "
      "voter IN (?3, ?4) UNION ALL SELECT voter, browser FROM vote WHERE content_id = ?1 AND "
      "comment_id = ?2 AND browser = ?5 AND browser <> '' AND voter NOT IN (?3, ?4)",
      about.content_id, id, by.name, former, by.browser);
  while (rows.step()) {
    std::string name = rows.text(0);
    if (is_there || may_take_back(by, name, rows.text(1))) names.push_back(std::move(name));
  }
  return names;
}

// Whether as many of the voter's network as may are in a table already. `counting` counts those
// whose names are from ?3 on and below ?4.
inline bool is_used_up(transaction& work, std::string_view counting, const comment& about,
                       const voter& by) {
  std::string end{network_of(by.name)};
  if (end.empty() || by.network_max == 0) return false;
  const std::string start = end, id = to_string(about.id);
  ++end.back();
  auto row = work->prepare(counting, about.content_id, id, start, end);
  return row.step() && row.number(0) >= as_number(by.network_max);
}

}  // namespace detail

COMMENTS_INLINE result<comment> vote(transaction& work, const comment_id& id, const voter& by,
                                     bool is_there, instant now, effects& noted) {
  auto found = find_comment(work, id);
  if (!found || (is_there && !is_visible(*found))) return comment_not_found();
  const std::string id_text = to_string(id);
  const auto theirs = detail::find_votes(work, *found, by, is_there);
  if (theirs.empty() != is_there) return std::move(*found);
  if (is_there) {
    constexpr std::string_view counting =
        "SELECT count(*) FROM vote WHERE content_id = ?1 AND comment_id = ?2 AND voter >= ?3 AND "
        "voter < ?4";
    if (detail::is_used_up(work, counting, *found, by)) return network_used_up();
    work->run(
        "INSERT INTO vote (content_id, comment_id, voter, at, browser) VALUES (?1, ?2, ?3, ?4, "
        "?5)",
        found->content_id, id_text, by.name, to_milliseconds(now), browser_of_vote(by));
  }
  for (const std::string& name : theirs)
    work->run("DELETE FROM vote WHERE content_id = ?1 AND comment_id = ?2 AND voter = ?3",
              found->content_id, id_text, name);
  content current = find_content(work, found->content_id);
  found->version = move_content(work, std::move(current), 0, noted).version;
  found->votes += is_there ? 1 : -std::int64_t(theirs.size());
  append_event(work, {.content_id = found->content_id,
                      .version = found->version,
                      .kind = event_kind::voted,
                      .comment = id,
                      .at = now});
  work->run("UPDATE comment SET votes = ?3, version = ?4 WHERE id = ?1 AND content_id = ?2",
            id_text, found->content_id, found->votes, found->version);
  return std::move(*found);
}

COMMENTS_INLINE result<comment> report(transaction& work, const comment_id& id, const voter& by,
                                       const std::string& reason, instant now) {
  auto found = find_comment(work, id);
  if (!found || !is_visible(*found)) return comment_not_found();
  const std::string id_text = to_string(id);
  const bool is_known =
      work->prepare(
              "SELECT 1 FROM complaint WHERE content_id = ?1 AND comment_id = ?2 AND "
              "reporter IN (?3, ?4)",
              found->content_id, id_text, by.name, former_name_of(by.name))
          .step();
  if (is_known) return std::move(*found);
  constexpr std::string_view counting =
      "SELECT count(*) FROM complaint WHERE content_id = ?1 AND comment_id = ?2 AND "
      "reporter >= ?3 AND reporter < ?4";
  if (detail::is_used_up(work, counting, *found, by)) return network_used_up();
  work->run("INSERT INTO complaint VALUES (?1, ?2, ?3, ?4, ?5)", found->content_id, id_text,
            by.name, reason, to_milliseconds(now));
  work->run("UPDATE comment SET reports = ?3 WHERE id = ?1 AND content_id = ?2", id_text,
            found->content_id, ++found->reports);
  return std::move(*found);
}

COMMENTS_INLINE result<content> set_status(transaction& work, const std::string& content_id,
                                           std::optional<content_status> status,
                                           std::optional<std::int64_t> expected, event cause,
                                           instant now, effects& noted) {
  content current = find_content(work, content_id);
  if (expected && current.version != *expected) return version_moved();
  move_content(work, std::move(current), 0, noted);
  content& moved = noted.contents.back();
  moved.status = status;
  work->run("UPDATE content SET status = ?2 WHERE content_id = ?1", content_id,
            status ? to_text(*status) : std::string_view{});
  cause.content_id = content_id;
  cause.version = moved.version;
  cause.comment = {};
  cause.at = now;
  append_event(work, cause);
  return moved;
}

namespace detail {

// Returns how many rows `erase` changes.
template <typename Erase>
std::size_t count_erased(transaction& work, effects& noted, Erase&& erase) {
  const std::int64_t before = work->number("SELECT total_changes()");
  erase();
  const std::int64_t count = work->number("SELECT total_changes()") - before;
  noted.has_erased = noted.has_erased || count > 0;
  return static_cast<std::size_t>(count);
}

}  // namespace detail

COMMENTS_INLINE std::size_t forget_origins(transaction& work, instant before, std::size_t limit,
                                           effects& noted) {
  constexpr std::string_view statements[] = {
      "UPDATE comment SET origin = '' WHERE rowid IN (SELECT rowid FROM comment WHERE "
      "origin <> '' AND created_at < ?1 ORDER BY created_at LIMIT ?2)",
      "DELETE FROM vote WHERE (content_id, comment_id, voter) IN (SELECT content_id, comment_id, "
      "voter FROM vote WHERE voter >= 'a:' AND voter < 'a;' AND at < ?1 ORDER BY at LIMIT ?2)",
      "DELETE FROM complaint WHERE (content_id, comment_id, reporter) IN (SELECT content_id, "
      "comment_id, reporter FROM complaint WHERE reporter >= 'a:' AND reporter < 'a;' AND at < ?1 "
      "ORDER BY at LIMIT ?2)"};
  return detail::count_erased(work, noted, [&] {
    for (const std::string_view sql : statements)
      work->run(sql, to_milliseconds(before), as_number(limit));
  });
}

COMMENTS_INLINE void forget_reporter(transaction& work, const std::string& reporter,
                                     effects& noted) {
  detail::count_erased(work, noted,
                       [&] { work->run("DELETE FROM complaint WHERE reporter = ?1", reporter); });
}

}  // namespace comments::inline v0::sqlite

#pragma once
// store/sqlite/search.ipp - definitions of store/sqlite/search.hpp.

#include <comments/store/sqlite/search.hpp>

#include <comments/store/algorithms.hpp>
#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/rows.hpp>
#include <comments/text.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::sqlite {

namespace detail {

// Returns what an id begins with that was made at this time.
inline std::string time_in_id(std::int64_t milliseconds) {
  return to_string(to_version_7({}, from_milliseconds(milliseconds))).substr(0, 14);
}

inline event read_event(const statement& row) {
  std::string id = row.text(3);
  if (id.size() == sql_schema::id_rest_length) id.insert(0, time_in_id(row.number(4)));
  return {.content_id = row.text(0),
          .version = row.number(1),
          .kind = parse<event_kind>(row.text(2)).value_or(event_kind{}),
          .comment = parse_comment_id(id).value_or(comment_id{}),
          .at = from_milliseconds(row.number(4)),
          .by = row.text(5),
          .reason = row.text(6),
          .status = row.text(7),
          .before = row.text(8)};
}

}  // namespace detail

COMMENTS_INLINE page list(transaction& work, const query& query) {
  page found{.content = find_content(work, query.content_id)};
  const std::string sql =
      sql_schema::merged_list_sql(query.scope, query.sort, query.after.has_value());
  const bool has_parent = query.scope == scope::replies && query.parent;
  const std::string parent = has_parent ? to_string(*query.parent) : "";
  auto rows = work->prepare(sql, query.content_id, parent, as_number(query.limit) + 1);
  if (query.after) rows.bind(4, query.after->position);
  if (query.after && query.sort == sort::top) rows.bind(5, query.after->votes);
  constexpr std::size_t usual_max = 200;  // of so many none is moved while they are read
  found.items.reserve(std::min(query.limit, usual_max) + 1);
  page_filler filler{found, query};
  while (rows.step() && filler.add(read_comment(rows))) {
  }
  return found;
}

// Several walks are merged here, because the view `event` would look for each post in `change`.
COMMENTS_INLINE std::vector<event> events(transaction& work, std::string_view content_id,
                                          std::int64_t after, std::size_t limit) {
  static const auto sql = sql_schema::event_walks();
  constexpr std::int64_t at_end = std::numeric_limits<std::int64_t>::max();
  std::array<statement, 4> walks{
      work->prepare(sql[0], content_id, after), work->prepare(sql[1], content_id, after),
      work->prepare(sql[2], content_id, after), work->prepare(sql[3], content_id, after)};
  std::array<std::int64_t, 4> versions{};  // of the row on which each walk stands
  const auto move = [&](std::size_t i) {
    versions[i] = walks[i].step() ? walks[i].number(1) : at_end;
  };
  for (std::size_t i = 0; i < walks.size(); ++i) move(i);
  std::vector<event> found;
  while (found.size() < limit) {
    const auto first = std::ranges::min_element(versions);  // of equal ones that of `change`
    const std::int64_t version = *first;
    if (version == at_end) break;
    found.push_back(detail::read_event(walks[static_cast<std::size_t>(first - versions.begin())]));
    for (std::size_t i = 0; i < walks.size(); ++i)
      if (versions[i] == version) move(i);
  }
  return found;
}

// The event of the post is found by the comment's position, the others by an index of `change` that
// leaves out posts and votes.
COMMENTS_INLINE std::vector<event> history(transaction& work, const comment& about,
                                           std::int64_t after, std::size_t limit) {
  static const std::string select =
      "SELECT * FROM (SELECT " + std::string{sql_schema::event_columns};
  static const std::string sql =
      select +
      " FROM event WHERE content_id = ?1 AND comment_id = ?2 AND version = ?5 AND version > ?3) "
      "UNION ALL " +
      select +
      " FROM change WHERE content_id = ?1 AND comment_id = ?2 AND version > ?3 AND kind IN "
      "('edited', 'moderated', 'removed') "
      "ORDER BY version LIMIT ?4) ORDER BY version LIMIT ?4";
  const std::string id = to_string(about.id);
  auto rows = work->prepare(sql, about.content_id, id, after, as_number(limit), about.position);
  std::vector<event> found;
  while (rows.step()) found.push_back(detail::read_event(rows));
  return found;
}

COMMENTS_INLINE decision_page decisions(transaction& work, const decision_query& wanted) {
  const bool has_content = !wanted.content_id.empty();
  const std::string sql =
      sql_schema::decisions_sql(has_content, wanted.after.has_value(), "change");
  auto rows = work->prepare(sql, as_number(wanted.limit) + 1);
  if (has_content) rows.bind(2, wanted.content_id);
  if (wanted.after) {
    rows.bind(3, to_milliseconds(wanted.after->at));
    rows.bind(4, wanted.after->content_id);
    rows.bind(5, wanted.after->version);
  }
  decision_page found;
  while (rows.step()) add(found, detail::read_event(rows), wanted);
  return found;
}

COMMENTS_INLINE std::vector<comments::report> reports_of(transaction& work, const comment& about,
                                                         std::size_t limit) {
  const std::string id = to_string(about.id);
  auto rows = work->prepare(
      "SELECT reporter, reason, at FROM complaint WHERE content_id = ?1 AND comment_id = ?2 "
      "ORDER BY at DESC LIMIT ?3",
      about.content_id, id, as_number(limit));
  std::vector<comments::report> found;
  while (rows.step())
    found.push_back({rows.text(0), rows.text(1), from_milliseconds(rows.number(2))});
  return found;
}

COMMENTS_INLINE search_result find_all(transaction& work, const search& wanted) {
  const std::string sql = sql_schema::search_sql(wanted);
  const std::string after = wanted.after ? to_string(*wanted.after) : "";
  const std::string email = to_lower_ascii(wanted.email), text = to_lower_ascii(wanted.text);
  auto rows = work->prepare(sql, after, as_number(wanted.limit) + 1);
  if (wanted.status) rows.bind(3, to_text(*wanted.status));
  if (!wanted.subject.empty()) rows.bind(4, wanted.subject);
  if (!wanted.email.empty()) rows.bind(5, email);
  if (wanted.verified) rows.bind(6, std::int64_t{*wanted.verified});
  if (!wanted.text.empty()) rows.bind(7, text);
  if (!wanted.content_id.empty()) rows.bind(8, wanted.content_id);
  if (!wanted.browser.empty()) rows.bind(9, wanted.browser);
  search_result found;
  while (rows.step()) {
    if (found.items.size() == wanted.limit) {
      if (!found.items.empty()) found.next = found.items.back().id;
      break;
    }
    found.items.push_back(read_comment(rows));
  }
  return found;
}

COMMENTS_INLINE std::vector<comments::vote> votes_of(transaction& work, const std::string& voter,
                                                     std::optional<comment_id> after,
                                                     std::size_t limit) {
  const std::string behind = after ? to_string(*after) : "";
  auto rows = work->prepare(
      "SELECT comment_id, content_id, at FROM vote WHERE voter = ?1 AND comment_id > ?2 "
      "ORDER BY comment_id LIMIT ?3",
      voter, behind, as_number(limit));
  std::vector<comments::vote> found;
  while (rows.step())
    found.push_back({parse_comment_id(rows.text(0)).value_or(comment_id{}), rows.text(1),
                     from_milliseconds(rows.number(2))});
  return found;
}

COMMENTS_INLINE std::vector<made_report> reports_by(transaction& work, const std::string& reporter,
                                                    std::optional<comment_id> after,
                                                    std::size_t limit) {
  const std::string behind = after ? to_string(*after) : "";
  auto rows = work->prepare(
      "SELECT comment_id, content_id, reason, at FROM complaint WHERE reporter = ?1 AND comment_id "
      "> ?2 "
      "ORDER BY comment_id LIMIT ?3",
      reporter, behind, as_number(limit));
  std::vector<made_report> found;
  while (rows.step())
    found.push_back({parse_comment_id(rows.text(0)).value_or(comment_id{}), rows.text(1),
                     rows.text(2), from_milliseconds(rows.number(3))});
  return found;
}

}  // namespace comments::inline v0::sqlite

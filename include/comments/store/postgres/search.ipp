#pragma once
// store/postgres/search.ipp - definitions of store/postgres/search.hpp.

#include <comments/store/postgres/search.hpp>

#include <comments/store/algorithms.hpp>
#include <comments/store/postgres/schema.hpp>
#include <comments/store/sql_schema.hpp>

#include <utility>

namespace comments::inline v0::postgres {

COMMENTS_INLINE page list(transaction& reading, const query& query) {
  const bool has_parent = query.scope == scope::replies && query.parent;
  const std::string sql =
      with_dollars(sql_schema::list_sql(query.scope, query.sort, query.after.has_value()));
  const cursor after = query.after.value_or(cursor{});
  const auto content = select_content(reading, query.content_id);
  const auto items = reading.send(sql, query.content_id, has_parent ? to_string(*query.parent) : "",
                                  as_number(query.limit) + 1, after.position, after.votes);
  if (!reading.commit()) return {};
  page found{.content = read_content(reading.rows(content), query.content_id)};
  page_filler filler{found, query};
  for (comment& item : read_comments(reading.rows(items)))
    if (!filler.add(std::move(item))) break;
  return found;
}

COMMENTS_INLINE std::vector<content> contents(transaction& reading,
                                              std::span<const std::string_view> ids) {
  std::vector<std::size_t> places;
  for (const std::string_view id : ids) places.push_back(select_content(reading, id));
  std::vector<content> found;
  if (ids.empty() || !reading.receive()) return found;
  for (std::size_t i = 0; i < ids.size(); ++i)
    found.push_back(read_content(reading.rows(places[i]), ids[i]));
  return found;
}

namespace detail {

inline std::vector<event> read_events(const rows& from) {
  std::vector<event> found;
  found.reserve(static_cast<std::size_t>(from.size()));
  for (int row = 0; row < from.size(); ++row)
    found.push_back({.content_id = from.text(row, 0),
                     .version = from.number(row, 1),
                     .kind = parse<event_kind>(from.text(row, 2)).value_or(event_kind{}),
                     .comment = parse_comment_id(from.text(row, 3)).value_or(comment_id{}),
                     .at = from_milliseconds(from.number(row, 4)),
                     .by = from.text(row, 5),
                     .reason = from.text(row, 6),
                     .status = from.text(row, 7),
                     .before = from.text(row, 8)});
  return found;
}

}  // namespace detail

COMMENTS_INLINE std::vector<event> events(transaction& reading, std::string_view content_id,
                                          std::int64_t after, std::size_t limit) {
  static const std::string sql = "SELECT " + std::string{sql_schema::event_columns} +
                                 " FROM event WHERE content_id = $1 AND version > $2 "
                                 "ORDER BY version LIMIT $3";
  const auto place = reading.send(sql, content_id, after, as_number(limit));
  return reading.receive() ? detail::read_events(reading.rows(place)) : std::vector<event>{};
}

COMMENTS_INLINE std::optional<comment> find(transaction& reading, const std::string& content_id,
                                            const comment_id& id) {
  static const std::string sql =
      "SELECT " + std::string{sql_schema::comment_columns} + " FROM comment WHERE id = $1";
  const std::string id_text = to_string(id);
  const auto place = content_id.empty() ? reading.send(sql, id_text)
                                        : select_comment(reading, content_id, id_text);
  if (!reading.receive() || reading.rows(place).empty()) return std::nullopt;
  return read_comment(reading.rows(place), 0);
}

// The event `posted` is at the comment's position; the others are in an index without postings and
// votes.
COMMENTS_INLINE std::vector<event> history(transaction& reading, const std::string& content_id,
                                           const comment_id& id, std::int64_t after,
                                           std::size_t limit) {
  static const std::string select = "SELECT * FROM (SELECT " +
                                    std::string{sql_schema::event_columns} +
                                    " FROM event WHERE content_id = $1 ";
  static const std::string sql =
      select +
      "AND version = (SELECT position FROM comment WHERE content_id = $1 AND id = $2) AND "
      "version > $3) AS made UNION ALL " +
      select +
      "AND comment_id = $2 AND version > $3 AND kind IN ('edited', 'moderated', 'removed') "
      "ORDER BY version LIMIT $4) AS rest ORDER BY version LIMIT $4";
  const auto place = reading.send(sql, content_id, to_string(id), after, as_number(limit));
  return reading.receive() ? detail::read_events(reading.rows(place)) : std::vector<event>{};
}

COMMENTS_INLINE decision_page decisions(transaction& reading, const decision_query& wanted) {
  const bool has_content = !wanted.content_id.empty();
  const std::string sql =
      with_dollars(sql_schema::decisions_sql(has_content, wanted.after.has_value()));
  const decision_place after = wanted.after.value_or(decision_place{});
  const auto place = reading.send(sql, as_number(wanted.limit) + 1, wanted.content_id,
                                  to_milliseconds(after.at), after.content_id, after.version);
  if (!reading.receive()) return {};
  decision_page found;
  for (event& one : detail::read_events(reading.rows(place))) add(found, std::move(one), wanted);
  return found;
}

COMMENTS_INLINE std::vector<comments::report> reports_of(transaction& reading,
                                                         const std::string& content_id,
                                                         const comment_id& id, std::size_t limit) {
  const auto place = reading.send(
      "SELECT reporter, reason, at FROM complaint WHERE content_id = $1 AND comment_id = $2 "
      "ORDER BY at DESC LIMIT $3",
      content_id, to_string(id), as_number(limit));
  if (!reading.receive()) return {};
  const rows all = reading.rows(place);
  std::vector<comments::report> found;
  found.reserve(static_cast<std::size_t>(all.size()));
  for (int row = 0; row < all.size(); ++row)
    found.push_back({all.text(row, 0), all.text(row, 1), from_milliseconds(all.number(row, 2))});
  return found;
}

COMMENTS_INLINE search_result find_all(transaction& reading, const search& wanted) {
  const std::string sql = with_dollars(sql_schema::search_sql(wanted, "strpos"));
  const auto place =
      reading.send(sql, wanted.after ? to_string(*wanted.after) : "", as_number(wanted.limit) + 1,
                   to_text(wanted.status.value_or(status{})), wanted.subject,
                   to_lower_ascii(wanted.email), std::int64_t{wanted.verified.value_or(false)},
                   to_lower_ascii(wanted.text), wanted.content_id, wanted.browser);
  if (!reading.receive()) return {};
  search_result found{read_comments(reading.rows(place)), {}};
  if (found.items.size() > wanted.limit) {
    found.items.resize(wanted.limit);
    if (!found.items.empty()) found.next = found.items.back().id;
  }
  return found;
}

COMMENTS_INLINE std::vector<comments::vote> votes_of(transaction& reading, const std::string& voter,
                                                     std::optional<comment_id> after,
                                                     std::size_t limit) {
  const auto place = reading.send(
      "SELECT comment_id, content_id, at FROM vote WHERE voter = $1 AND comment_id > $2 "
      "ORDER BY comment_id LIMIT $3",
      voter, after ? to_string(*after) : "", as_number(limit));
  if (!reading.receive()) return {};
  const rows all = reading.rows(place);
  std::vector<comments::vote> found;
  found.reserve(static_cast<std::size_t>(all.size()));
  for (int row = 0; row < all.size(); ++row)
    found.push_back({parse_comment_id(all.text(row, 0)).value_or(comment_id{}), all.text(row, 1),
                     from_milliseconds(all.number(row, 2))});
  return found;
}

COMMENTS_INLINE std::vector<made_report> reports_by(transaction& reading,
                                                    const std::string& reporter,
                                                    std::optional<comment_id> after,
                                                    std::size_t limit) {
  const auto place = reading.send(
      "SELECT comment_id, content_id, reason, at FROM complaint WHERE reporter = $1 AND comment_id "
      "> $2 "
      "ORDER BY comment_id LIMIT $3",
      reporter, after ? to_string(*after) : "", as_number(limit));
  if (!reading.receive()) return {};
  const rows all = reading.rows(place);
  std::vector<made_report> found;
  found.reserve(static_cast<std::size_t>(all.size()));
  for (int row = 0; row < all.size(); ++row)
    found.push_back({parse_comment_id(all.text(row, 0)).value_or(comment_id{}), all.text(row, 1),
                     all.text(row, 2), from_milliseconds(all.number(row, 3))});
  return found;
}

}  // namespace comments::inline v0::postgres

#pragma once
// store/postgres/deployments.ipp - definitions of store/postgres/deployments.hpp.

#include <comments/store/postgres/deployments.hpp>

#include <comments/store/postgres/schema.hpp>
#include <comments/store/sql_schema.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace comments::inline v0::postgres {

namespace detail {

// Reads the columns of `sql_schema::deployment_columns`.
inline deployment read_deployment(const rows& from, int row) {
  const auto text = [&](int column) { return from.text(row, column); };
  return {.id = parse_comment_id(text(1)).value_or(deployment_id{}),
          .position = from.number(row, 0),
          .component = text(2),
          .version = text(3),
          .responsible = text(4),
          .status = parse<deployment_status>(text(5)).value_or(deployment_status::failure),
          .run = text(6),
          .date = from_milliseconds(from.number(row, 7))};
}

}  // namespace detail

COMMENTS_INLINE result<record_result> record(transaction& writing, deployment step) {
  static const std::string known_sql = with_dollars(sql_schema::recorded_sql()),
                           next_sql{sql_schema::next_deployment_sql},
                           sql = with_dollars(sql_schema::record_sql());
  read_setting(writing, "schema", " FOR UPDATE");
  const auto known = writing.send(known_sql, step.component, step.run, to_text(step.status));
  const auto next = writing.send(next_sql);
  if (!writing.receive()) return unavailable();
  if (const rows found = writing.rows(known); !found.empty()) {
    auto recorded = detail::read_deployment(found, 0);
    if (!is_retry_of(step, recorded)) return run_reused();
    return record_result{.stored = std::move(recorded), .replayed = true};
  }
  step.position = writing.rows(next).number(0, 0);
  writing.send(sql, step.position, to_string(step.id), step.component, step.version,
               step.responsible, to_text(step.status), step.run, to_milliseconds(step.date));
  return record_result{.stored = std::move(step)};
}

COMMENTS_INLINE deployment_page deployments(transaction& reading, const deployment_query& query) {
  const auto place =
      reading.send(with_dollars(sql_schema::deployments_sql(!query.component.empty())),
                   query.before.value_or(std::numeric_limits<std::int64_t>::max()),
                   as_number(query.limit) + 1, query.component);
  deployment_page found;
  if (!reading.receive()) return found;
  const rows all = reading.rows(place);
  for (int row = 0; row < all.size(); ++row)
    found.items.push_back(detail::read_deployment(all, row));
  if (found.items.size() > query.limit) {
    found.items.resize(query.limit);
    if (!found.items.empty()) found.next = found.items.back().position;
  }
  return found;
}

}  // namespace comments::inline v0::postgres

#pragma once
// store/sqlite/deployments.ipp - definitions of store/sqlite/deployments.hpp.

#include <comments/store/sqlite/deployments.hpp>

#include <comments/store.hpp>
#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace comments::inline v0::sqlite {

namespace detail {

// Reads the columns of `sql_schema::deployment_columns`.
inline deployment read_deployment(const statement& row) {
  return {.id = parse_comment_id(row.text(1)).value_or(deployment_id{}),
          .position = row.number(0),
          .component = row.text(2),
          .version = row.text(3),
          .responsible = row.text(4),
          .status = parse<deployment_status>(row.text(5)).value_or(deployment_status::failure),
          .run = row.text(6),
          .date = from_milliseconds(row.number(7))};
}

// Returns what the run of `step` has recorded of the same status, if it has.
inline std::optional<deployment> find_recorded(transaction& work, const deployment& step) {
  static const std::string sql = sql_schema::recorded_sql();
  if (step.run.empty()) return std::nullopt;
  auto row = work->prepare(sql, step.component, step.run, to_text(step.status));
  if (!row.step()) return std::nullopt;
  return read_deployment(row);
}

}  // namespace detail

COMMENTS_INLINE result<record_result> record(transaction& work, deployment step) {
  static const std::string next_sql{sql_schema::next_deployment_sql},
      sql = sql_schema::record_sql();
  if (auto known = detail::find_recorded(work, step)) {
    if (!is_retry_of(step, *known)) return run_reused();
    return record_result{.stored = std::move(*known), .replayed = true};
  }
  {
    auto row = work->prepare(next_sql);
    if (!row.step()) return unavailable();
    step.position = row.number(0);
  }
  work->run(sql, step.position, to_string(step.id), step.component, step.version, step.responsible,
            to_text(step.status), step.run, to_milliseconds(step.date));
  return record_result{.stored = std::move(step)};
}

COMMENTS_INLINE deployment_page deployments(transaction& work, const deployment_query& query) {
  const bool has_component = !query.component.empty();
  const std::string sql = sql_schema::deployments_sql(has_component);
  auto rows = work->prepare(sql, query.before.value_or(std::numeric_limits<std::int64_t>::max()),
                            as_number(query.limit) + 1);
  if (has_component) rows.bind(3, query.component);
  deployment_page found;
  while (rows.step()) {
    if (found.items.size() == query.limit) {
      if (!found.items.empty()) found.next = found.items.back().position;
      break;
    }
    found.items.push_back(detail::read_deployment(rows));
  }
  return found;
}

}  // namespace comments::inline v0::sqlite

#pragma once
// store/sqlite/deployments.hpp - the deployment log, as rows of a SQLite file.
//
// Each function runs in a transaction that its caller began and ends, and keeps the promise of the
// function of the same name in `deployment_log`. Only one transaction writes at a time, so no other
// record gets the same position.
//
//   sqlite::transaction work{connection, "BEGIN IMMEDIATE"};
//   auto kept = sqlite::record(work, said);
//   if (!work->commit()) return unavailable();

#include <comments/deployments/deployment_log.hpp>
#include <comments/store/sql_schema.hpp>
#include <comments/store/sqlite/connection.hpp>
#include <comments/store/sqlite/rows.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace comments::sqlite {

// In the order of `schema::deployment_columns`.
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

// What the run of `said` recorded of its status before.
inline std::optional<deployment> find_recorded(transaction& work, const deployment& said) {
  static const std::string sql = sql_schema::recorded_sql();
  if (said.run.empty()) return std::nullopt;
  auto row = work->prepare(sql, said.component, said.run, to_text(said.status));
  if (!row.step()) return std::nullopt;
  return read_deployment(row);
}

// `said` brings its id and its date along; its position is found here.
inline result<record_result> record(transaction& work, deployment said) {
  static const std::string next_sql{sql_schema::next_deployment_sql},
      sql = sql_schema::record_sql();
  if (auto known = find_recorded(work, said)) {
    if (!is_retry_of(said, *known)) return run_reused();
    return record_result{.stored = std::move(*known), .replayed = true};
  }
  {
    auto row = work->prepare(next_sql);
    if (!row.step()) return unavailable();
    said.position = row.number(0);
  }
  work->run(sql, said.position, to_string(said.id), said.component, said.version, said.responsible,
            to_text(said.status), said.run, to_milliseconds(said.date));
  return record_result{.stored = std::move(said)};
}

inline deployment_page deployments(transaction& work, const deployment_query& query) {
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
    found.items.push_back(read_deployment(rows));
  }
  return found;
}

}  // namespace comments::sqlite

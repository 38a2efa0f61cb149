#pragma once
// store/postgres/copy.ipp - definitions of store/postgres/copy.hpp.

#include <comments/store/postgres/copy.hpp>

#include <comments/store/postgres/connect.hpp>
#include <comments/store/postgres/epoch.hpp>
#include <comments/store/postgres/rows.hpp>
#include <comments/store/postgres/schema.hpp>
#include <comments/store/postgres/transaction.hpp>

#include <chrono>
#include <utility>
#include <variant>

namespace comments::inline v0 {

namespace postgres::detail {

inline std::vector<parameter> to_parameters(const cells& values) {
  std::vector<parameter> all;
  for (const cell& value : values)
    std::visit([&](const auto& given) { all.emplace_back(given); }, value);
  return all;
}

inline cell read_cell(const rows& from, int row, int column) {
  if (from.is_null(row, column)) return {};
  if (from.is_number(column)) return from.number(row, column);
  return from.text(row, column);
}

}  // namespace postgres::detail

COMMENTS_INLINE postgres_copy_side::postgres_copy_side(std::unique_ptr<postgres::connection> on)
    : on_{std::move(on)} {}

COMMENTS_INLINE result<std::unique_ptr<copy_side>> postgres_copy_side::open(
    const postgres_options& options) {
  if (!postgres::is_conninfo(options.conninfo))
    return postgres::unusable("its connection string cannot be read");
  const postgres::connection_options to{.conninfo = options.conninfo,
                                        .statement_wait = std::chrono::minutes{10},
                                        .pooler = options.pooler,
                                        .on_failure = options.on_failure};
  const auto migrated = postgres::migrate(to, options.migration_wait);
  if (!migrated) return migrated.error();
  auto opened = postgres::connect(to);
  if (!opened) return std::move(opened).error();
  return std::unique_ptr<copy_side>{new postgres_copy_side{std::move(*opened)}};
}

COMMENTS_INLINE result<std::vector<cells>> postgres_copy_side::read(const table& from,
                                                                    const cells& after,
                                                                    std::size_t limit) {
  cells values = after;
  values.emplace_back(postgres::as_number(limit));
  return read_all(read_sql(from, !after.empty()), values, from.columns.size());
}

COMMENTS_INLINE result<cells> postgres_copy_side::last(const table& of) {
  auto found = read_all(last_sql(of), {}, of.keys);
  if (!found) return std::move(found).error();
  return found->empty() ? cells{} : std::move(found->front());
}

COMMENTS_INLINE result<std::int64_t> postgres_copy_side::count(const table& of) {
  const auto found = read_all(count_sql(of), {}, 1);
  if (!found) return found.error();
  return std::get<std::int64_t>(found->front().front());
}

COMMENTS_INLINE result<done> postgres_copy_side::write(const table& to,
                                                       std::span<const cells> rows) {
  const std::string sql = postgres::with_dollars(write_sql(to));
  postgres::transaction writing{*on_, postgres::transaction::writing};
  for (const cells& row : rows) writing.send_with(sql, postgres::detail::to_parameters(row));
  if (!writing.commit()) return postgres::to_error(postgres::end_of(writing));
  return ok();
}

COMMENTS_INLINE result<std::string> postgres_copy_side::read_setting(std::string_view name) {
  const auto found = read_all("SELECT value FROM setting WHERE name = ?1", {std::string{name}}, 1);
  if (!found) return found.error();
  return found->empty() ? "" : std::get<std::string>(found->front().front());
}

COMMENTS_INLINE result<done> postgres_copy_side::write_setting(std::string_view name,
                                                               const std::string& value) {
  if (name == "epoch")
    return postgres::take_epoch(*on_, value) ? result<done>{ok()} : unavailable();
  postgres::transaction writing{*on_, postgres::transaction::writing};
  writing.send(
      "INSERT INTO setting VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      name, value);
  if (!writing.commit()) return postgres::to_error(postgres::end_of(writing));
  return ok();
}

COMMENTS_INLINE result<std::vector<cells>> postgres_copy_side::read_all(const std::string& sql,
                                                                        const cells& values,
                                                                        std::size_t columns) {
  postgres::transaction reading{*on_, postgres::transaction::autocommit};
  const auto place =
      reading.send_with(postgres::with_dollars(sql), postgres::detail::to_parameters(values));
  if (!reading.receive()) return postgres::to_error({reading.failed()});
  const postgres::rows all = reading.rows(place);
  std::vector<cells> found;
  for (int row = 0; row < all.size(); ++row) {
    cells& read = found.emplace_back();
    for (int column = 0; column < static_cast<int>(columns); ++column)
      read.push_back(postgres::detail::read_cell(all, row, column));
  }
  return found;
}

}  // namespace comments::inline v0

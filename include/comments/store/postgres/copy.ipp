#pragma once
// store/postgres/copy.ipp - definitions of store/postgres/copy.hpp.

#include <comments/store/postgres/copy.hpp>

#include <comments/store/postgres/bulk.hpp>
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

// Returns a column of rows as PostgreSQL writes an array.
inline std::string to_array(std::span<const cells> rows, std::size_t column) {
  std::string all = "{";
  for (const cells& row : rows) {
    if (all.size() > 1) all += ',';
    const cell& value = row[column];
    if (std::holds_alternative<std::monostate>(value)) {
      all += "NULL";
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      all += std::to_string(*number);
    } else {
      append_quoted(all, std::get<std::string>(value));
    }
  }
  return all += '}';
}

inline std::string copy_sql(const table& to) {
  std::string columns;
  for (const std::string_view column : to.columns)
    columns.append(columns.empty() ? "" : ", ").append(column);
  return "COPY " + std::string{to.name} + " (" + columns + ") FROM STDIN";
}

// Returns rows as COPY takes them.
inline std::string to_text(std::span<const cells> rows) {
  std::string all;
  for (const cells& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) all += '\t';
      if (const auto* number = std::get_if<std::int64_t>(&row[i]))
        all += std::to_string(*number);
      else if (const auto* text = std::get_if<std::string>(&row[i]))
        append_cell(all, *text);
      else
        all += "\\N";
    }
    all += '\n';
  }
  return all;
}

// Returns the statement that adds rows, each of whose columns is an array. A statement for each row
// takes several times as long.
inline std::string write_all_sql(const table& to, const std::vector<bool>& numbers,
                                 bool may_be_there) {
  std::string columns, arrays, keys;
  for (std::size_t i = 0; i < to.columns.size(); ++i) {
    columns.append(i > 0 ? ", " : "").append(to.columns[i]);
    if (i < to.keys) keys = columns;
    arrays.append(i > 0 ? ", $" : "$").append(std::to_string(i + 1));
    arrays += numbers[i] ? "::bigint[]" : "::text[]";
  }
  return "INSERT INTO " + std::string{to.name} + " (" + columns + ") SELECT * FROM unnest(" +
         arrays + ")" + (may_be_there ? " ON CONFLICT (" + keys + ") DO NOTHING" : "");
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
  postgres::ending end{postgres::failure::rejected};
  if (!on_->is_pooled())
    end = postgres::copy_in(*on_, postgres::detail::copy_sql(to), postgres::detail::to_text(rows));
  if (end.why == postgres::failure::none) return ok();
  if (end.why == postgres::failure::disconnected) return postgres::to_error(end);
  const auto numbers = find_numbers(to);
  if (!numbers) return numbers.error();
  // To look for keys that are there takes the database half as long again, so only if one is.
  end = try_to_write({to, *numbers}, rows, true);
  if (end.why == postgres::failure::conflict) end = try_to_write({to, *numbers, true}, rows, true);
  if (end.why == postgres::failure::none) return ok();
  // What is there twice is a conflict, where nobody else writes.
  const bool is_refused =
      end.why == postgres::failure::rejected || end.why == postgres::failure::conflict;
  return is_refused ? name_refused({to, *numbers, true}, rows) : postgres::to_error(end);
}

// Returns which columns of a table are numbers. A column may be NULL in all rows.
COMMENTS_INLINE result<postgres_copy_side::places> postgres_copy_side::find_numbers(
    const table& of) {
  if (const auto known = numbers_.find(of.name); known != numbers_.end()) return known->second;
  postgres::transaction reading{*on_, postgres::transaction::autocommit};
  const auto place = reading.send(postgres::with_dollars(read_sql(of, false)), std::int64_t{0});
  if (!reading.receive()) return postgres::to_error({reading.failed()});
  places found;
  for (std::size_t i = 0; i < of.columns.size(); ++i)
    found.push_back(reading.rows(place).is_number(static_cast<int>(i)));
  return numbers_.emplace(of.name, std::move(found)).first->second;
}

COMMENTS_INLINE postgres::ending postgres_copy_side::try_to_write(const destination& to,
                                                                  std::span<const cells> rows,
                                                                  bool is_to_stay) {
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < to.of.columns.size(); ++i)
    columns.push_back(postgres::detail::to_array(rows, i));
  const std::vector<postgres::parameter> values{columns.begin(), columns.end()};
  postgres::transaction writing{*on_, postgres::transaction::writing};
  writing.send_with(postgres::detail::write_all_sql(to.of, to.numbers, to.may_be_there), values);
  if (is_to_stay)
    writing.commit();
  else
    writing.receive();
  return postgres::end_of(writing);
}

// Looks for the first row that is refused behind those before it. What it writes is rolled back.
COMMENTS_INLINE error postgres_copy_side::name_refused(const destination& to,
                                                       std::span<const cells> rows) {
  std::size_t taken = 0, refused = rows.size();
  while (refused - taken > 1) {
    const std::size_t middle = taken + (refused - taken) / 2;
    const auto why = try_to_write(to, rows.first(middle), false).why;
    (why == postgres::failure::none ? taken : refused) = middle;
  }
  const cells& row = rows[refused - 1];
  std::string key;
  for (std::size_t i = 0; i < to.of.keys; ++i) {
    const cell& value = row[i];
    const auto* const number = std::get_if<std::int64_t>(&value);
    const auto* const text = std::get_if<std::string>(&value);
    key.append(i > 0 ? ", " : "").append(to.of.columns[i]).append(" ");
    key += number ? std::to_string(*number) : text ? *text : "";
  }
  return {
      errc::invalid,
      "The database does not take a row of the table " + std::string{to.of.name} + ": " + key + ".",
      {{"", "unacceptable"}}};
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

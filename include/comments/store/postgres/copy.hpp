#pragma once
// store/postgres/copy.hpp - all rows of a PostgreSQL store, to be moved.
//
//   auto to = postgres_copy_side::open({.conninfo = "postgresql://db.example.com/comments"});

#include <comments/store/copy.hpp>
#include <comments/store/postgres.hpp>
#include <comments/store/postgres/connection.hpp>
#include <comments/store/postgres/rows.hpp>
#include <comments/store/postgres/schema.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace comments {

class postgres_copy_side final : public copy_side {
 public:
  // Brings the schema up to date. Nothing keeps others from writing: see that no server runs.
  static result<std::unique_ptr<copy_side>> open(const postgres_options& options) {
    if (!postgres::is_conninfo(options.conninfo))
      return postgres::refused("its connection string cannot be read");
    const postgres::server_options server{.conninfo = options.conninfo,
                                          .statement_wait = std::chrono::minutes{10},
                                          .on_failure = options.on_failure};
    if (auto is = postgres::bring_up_to_date(server, options.migration_wait); !is)
      return std::move(is).error();
    auto opened = postgres::connect(server);
    if (!opened) return std::move(opened).error();
    return std::unique_ptr<copy_side>{new postgres_copy_side{std::move(*opened)}};
  }

  result<std::vector<cells>> read(const table& from, const cells& after,
                                  std::size_t limit) override {
    cells values = after;
    values.emplace_back(postgres::as_number(limit));
    return read_all(read_sql(from, !after.empty()), values, from.columns.size());
  }

  result<cells> last(const table& of) override {
    auto found = read_all(last_sql(of), {}, of.keys);
    if (!found) return std::move(found).error();
    return found->empty() ? cells{} : std::move(found->front());
  }

  result<std::int64_t> count(const table& of) override {
    const auto found = read_all(count_sql(of), {}, 1);
    if (!found) return found.error();
    return std::get<std::int64_t>(found->front().front());
  }

  result<done> write(const table& to, std::span<const cells> rows) override {
    const std::string sql = postgres::with_dollars(write_sql(to));
    postgres::work writing{*on_, postgres::work::writing};
    for (const cells& one : rows) writing.ask_with(sql, to_parameters(one));
    if (!writing.commit()) return postgres::to_error(postgres::end_of(writing));
    return ok();
  }

  result<std::string> read_key() override {
    const auto found = read_all("SELECT value FROM setting WHERE name = 'signing_key'", {}, 1);
    if (!found) return found.error();
    return found->empty() ? "" : std::get<std::string>(found->front().front());
  }

  result<done> write_key(const std::string& key) override {
    postgres::work writing{*on_, postgres::work::writing};
    writing.ask("UPDATE setting SET value = $1 WHERE name = 'signing_key'", key);
    if (!writing.commit()) return postgres::to_error(postgres::end_of(writing));
    return ok();
  }

 private:
  explicit postgres_copy_side(std::unique_ptr<postgres::connection> on) : on_{std::move(on)} {}

  static std::vector<postgres::parameter> to_parameters(const cells& values) {
    std::vector<postgres::parameter> all;
    for (const cell& each : values)
      std::visit([&](const auto& value) { all.emplace_back(value); }, each);
    return all;
  }

  result<std::vector<cells>> read_all(const std::string& sql, const cells& values,
                                      std::size_t count) {
    postgres::work reading{*on_, postgres::work::single};
    const auto place = reading.ask_with(postgres::with_dollars(sql), to_parameters(values));
    if (!reading.run()) return postgres::to_error({reading.failed()});
    const postgres::rows all = reading.rows(place);
    std::vector<cells> found(static_cast<std::size_t>(all.size()));
    for (int i = 0; i < all.size(); ++i)
      for (int column = 0; column < static_cast<int>(count); ++column) {
        cells& one = found[static_cast<std::size_t>(i)];
        if (all.is_null(i, column))
          one.emplace_back();
        else if (all.is_number(column))
          one.emplace_back(all.number(i, column));
        else
          one.emplace_back(all.text(i, column));
      }
    return found;
  }

  const std::unique_ptr<postgres::connection> on_;
};

}  // namespace comments

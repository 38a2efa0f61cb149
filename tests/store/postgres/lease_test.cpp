#include <comments/store/postgres/lease.hpp>

#include <doctest/doctest.h>

#include "support/parallel.hpp"
#include "support/postgres_tables.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

using namespace comments;
using namespace std::chrono_literals;
using postgres::transaction;
using testing::postgres_tables;

namespace {

bool take(postgres::connection& on, const std::string& node, std::chrono::milliseconds lasts) {
  transaction writing{on, transaction::writing};
  const bool is_ours = postgres::take_lease(writing, node, lasts);
  REQUIRE(writing.commit());
  return is_ours;
}

}  // namespace

TEST_CASE("one process has the lease, until it ends by the database's clock or is given up") {
  postgres_tables file;
  CHECK(take(file.on(), "a", 1h));
  CHECK_FALSE(take(file.on(), "b", 1h));
  CHECK(take(file.on(), "a", 1h));         // goes on
  CHECK_FALSE(take(file.on(), "b", 0ms));  // what another has is not given up
  CHECK_FALSE(take(file.on(), "b", 1h));
  CHECK(take(file.on(), "a", 0ms));
  CHECK(take(file.on(), "b", 1h));
  CHECK_FALSE(take(file.on(), "a", 1h));
  file.run(
      "UPDATE setting SET value = (extract(epoch FROM now()) * 1000 - 1)::bigint || ' b' WHERE "
      "name = 'chores'");
  CHECK(take(file.on(), "a", 1h));
  CHECK_FALSE(take(file.on(), "b", 1h));
}

TEST_CASE("of processes that ask for the lease at once, one gets it") {
  postgres_tables file;
  constexpr int nodes = 4;
  std::vector<std::unique_ptr<postgres::connection>> on;
  for (int i = 0; i < nodes; ++i) on.push_back(file.open());
  std::atomic<int> holders{};
  in_parallel(nodes, [&](int i) {
    holders += take(*on[static_cast<std::size_t>(i)], std::to_string(i), 1h);
  });
  CHECK(holders == 1);
}

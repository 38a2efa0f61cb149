#include <comments/store/postgres/epoch.hpp>

#include <comments/store/postgres/connect.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "support/contract.hpp"
#include "support/parallel.hpp"
#include "support/postgres_maker.hpp"

using namespace comments;
using namespace comments::postgres;

namespace {

struct epoch_database {
  std::string setting(const char* name) {
    transaction reading{on(), transaction::autocommit};
    const auto asked = reading.send("SELECT value FROM setting WHERE name = $1", name);
    REQUIRE(reading.receive());
    return reading.rows(asked).empty() ? "" : reading.rows(asked).text(0, 0);
  }
  void set(const char* name, const std::string& value) {
    transaction writing{on(), transaction::writing};
    writing.send("UPDATE setting SET value = $2 WHERE name = $1", name, value);
    REQUIRE(writing.commit());
  }
  connection& on() { return **opened; }

  testing::postgres_maker made{};
  result<std::unique_ptr<connection>> opened{connect({.conninfo = made.schema().conninfo()})};
};

// Where a database would have been if it is a promoted standby now, if it was restored in another
// cluster, and in another database.
std::vector<std::string> other_places(const std::string& place) {
  const auto cluster_ends = place.find('/'), database_ends = place.rfind('/');
  return {place.substr(0, database_ends) + "/00000000", "1" + place.substr(cluster_ends),
          place.substr(0, cluster_ends) + "/1" + place.substr(database_ends)};
}

}  // namespace

TEST_CASE("an epoch stays as long as the database is where it was made") {
  epoch_database at;
  const auto first = settle_epoch(at.on());
  REQUIRE(first);
  CHECK(first->is_placed);
  CHECK(first->epoch == at.made.store().epoch());
  CHECK(at.setting("epoch") == epoch_text(first->epoch));
  CHECK(settle_epoch(at.on())->epoch == first->epoch);
}

TEST_CASE("another cluster, database or timeline makes a new epoch, and so does an operator") {
  epoch_database at;
  const std::string place = at.setting("epoch_place");
  std::set<std::uint64_t> met{at.made.store().epoch()};
  std::vector<std::string> others = other_places(place);
  others.emplace_back();
  for (const std::string& other : others) {
    at.set("epoch_place", other);
    CHECK(met.insert(settle_epoch(at.on())->epoch).second);
    CHECK(at.setting("epoch_place") == place);
  }
  CHECK(met.insert(settle_epoch(at.on(), true)->epoch).second);
}

TEST_CASE("a database from before, which has no epoch, gets one") {
  epoch_database at;
  {
    transaction writing{at.on(), transaction::writing};
    writing.send("DELETE FROM setting WHERE name LIKE 'epoch%'");
    REQUIRE(writing.commit());
  }
  CHECK(settle_epoch(at.on())->epoch != 0);
}

TEST_CASE("processes that meet another place at once agree on one epoch") {
  epoch_database at;
  at.set("epoch_place", other_places(at.setting("epoch_place")).front());
  mutex guard;
  std::set<std::uint64_t> made;
  in_parallel(8, [&](int) {
    const auto on = connect({.conninfo = at.made.schema().conninfo()});
    const auto settled = on ? settle_epoch(**on) : result<known_epoch>{error{}};
    const mutex_lock lock{guard};
    made.insert(settled ? settled->epoch : 0);
  });
  CHECK(made.size() == 1);
  CHECK_FALSE(made.contains(0));
}

TEST_CASE("a store that runs answers nothing with the epoch before, whatever it is asked first") {
  epoch_database at;
  postgres_store& store = at.made.store();
  const comment made = contract::post(store, {.content_id = "1", .body = "x"});
  const std::string place = at.setting("epoch_place");
  const std::string id = "1";
  std::uint64_t before = store.epoch();
  const auto ask = [&](int which) -> std::uint64_t {
    if (which == 0) return contract::must(store.contents({&id, 1})).front().epoch;
    if (which == 1) return contract::must(store.list({.content_id = id})).content.epoch;
    return contract::must(store.contents(std::vector<std::string>{"1", "2"})).back().epoch;
  };
  for (const std::string& other : other_places(place))
    for (const int which : {0, 1, 2}) {
      CAPTURE(other);
      at.set("epoch_place", other);
      const std::uint64_t now = ask(which);
      CHECK(now != before);
      CHECK(now == store.epoch());
      CHECK(now == ask((which + 1) % 3));
      before = now;
    }
}

TEST_CASE("where nothing tells its place a database keeps its epoch, and is asked for no more") {
  epoch_database at;
  transaction reading{at.on(), transaction::autocommit};
  at.set("epoch_place", "");
  const auto asked = ask_epoch(reading, false);
  REQUIRE(reading.receive());
  CHECK(read_epoch(reading, asked) == at.made.store().epoch());
}

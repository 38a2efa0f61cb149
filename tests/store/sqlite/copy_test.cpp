#include <comments/store/sqlite/copy.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/copy_sides.hpp"
#include "support/temporary_folder.hpp"

using namespace comments;
using comments::contract::look;
using comments::contract::must;

namespace {

std::unique_ptr<copy_side> open_side(const std::string& path) {
  return must(sqlite_copy_side::open({.path = path}));
}

}  // namespace

TEST_CASE("a file that was copied to another one is the same store") {
  const testing::temporary_folder folder;
  const std::string from = folder.path("from.db"), to = folder.path("to.db");
  std::string key;
  std::vector<comments::contract::picture> before;
  const std::vector<std::string> ids{"Avaliação 0", "Avaliação 1", "Avaliação 2"};
  {
    const auto store = must(sqlite_store::open({.path = from}));
    testing::fill(*store);
    key = store->signing_key();
    for (const std::string& id : ids) before.push_back(look(*store, id));
  }
  for (int i = 0; i < 2; ++i)  // the second time there is nothing to do
    must(copy(*open_side(from), *open_side(to), [](const copy_progress&) {}));
  const auto store = must(sqlite_store::open({.path = to}));
  CHECK(store->signing_key() == key);
  for (std::size_t i = 0; i < ids.size(); ++i) CHECK(look(*store, ids[i]) == before[i]);
  CHECK(must(store->deployments({})).items.size() == 1);
  CHECK(must(store->votes_of("u:7", {}, 100)).size() > 10);
}

TEST_CASE("while a file is copied no other process may open it") {
  const testing::temporary_folder folder;
  const auto open = open_side(folder.path("a.db"));
  CHECK_FALSE(sqlite_store::open({.path = folder.path("a.db")}).has_value());
}

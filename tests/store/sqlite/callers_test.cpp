// What callers bring along fails: there is no memory, or the function that logs failures throws.
// What becomes of decisions that throw is in testing/store_contract/callbacks.hpp.

#include <comments/store/content_cache.hpp>
#include <comments/store/sqlite.hpp>

#include <doctest/doctest.h>

#include "support/contract.hpp"
#include "support/failing_memory.hpp"
#include "support/temporary_folder.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace comments;
using comments::contract::look;
using comments::contract::must;
using comments::contract::noon;

namespace {

struct opened {
  testing::temporary_folder folder{};
  std::unique_ptr<sqlite_store> store{
      must(sqlite_store::open({.path = folder.path("comments.db")}))};
};

}  // namespace

TEST_CASE("a log that throws changes no answer") {
  const testing::temporary_folder folder;
  const auto refuse = [](std::string_view) { throw std::runtime_error{"no log"}; };
  const auto store = must(sqlite_store::open({.path = folder.path("comments.db"),
                                              .busy_wait = std::chrono::milliseconds{1},
                                              .on_failure = refuse}));
  const auto second = must(sqlite::connect({.path = folder.path("comments.db")}));
  second->begin("BEGIN IMMEDIATE");
  CHECK(store->insert({{.content_id = "1", .body = "x"}}, noon).error().code == errc::unavailable);
  second->rollback();
  CHECK(store->insert({{.content_id = "1", .body = "x"}}, noon).has_value());
  const auto away = sqlite_store::open(
      {.path = folder.path("none/comments.db"), .on_failure = [](std::string_view) { throw 42; }});
  CHECK(away.error().code == errc::unavailable);
}

TEST_CASE("without memory a write is refused, and nothing of it is there; or it is done") {
  if (!testing::failing_memory::is_possible) return;
  const opened at;
  const comment_id parent =
      must(at.store->insert({{.content_id = "1", .body = "x"}}, noon)).stored.id;
  const draft written{.content_id = "1", .parent = parent, .body = std::string(100, 'y')};
  const std::array<std::string, 1> ids{"1"};
  int refused = 0;
  for (std::size_t n = 1;; ++n) {
    CAPTURE(n);
    const auto before = look(*at.store, "1");
    std::optional<errc> code;
    testing::failing_memory shortage{n};
    try {
      const auto made = at.store->insert({written}, noon);
      if (!made) code = made.error().code;
    } catch (const std::bad_alloc&) {
      code = errc::unavailable;  // as the store's contract says
    }
    const bool has_failed = shortage.has_failed();
    shortage.end();
    const auto after = look(*at.store, "1");
    CHECK(must(at.store->contents(ids)).front() == after.all.content);
    if (code) {
      CHECK(code == errc::unavailable);
      CHECK(after == before);
      ++refused;
    } else {
      CHECK(after.all.items.size() == before.all.items.size() + 1);
    }
    CHECK(at.store->is_writable());
    if (!has_failed) break;
  }
  CHECK(refused > 10);
}

TEST_CASE(
    "without memory an insert that nobody waits for is refused or done, and ends at most once") {
  if (!testing::failing_memory::is_possible) return;
  const opened at;
  const insertion wanted{{.content_id = "1", .body = std::string(100, 'y')}};
  int refused = 0;
  for (std::size_t n = 1;; ++n) {
    CAPTURE(n);
    const auto before = look(*at.store, "1");
    int ends = 0;
    bool is_made = false, has_thrown = false;
    testing::failing_memory shortage{n};
    try {
      at.store->begin_insert(wanted, noon, [&](const std::optional<result<post_result>>& made) {
        ++ends;
        is_made = made->has_value();
      });
    } catch (const std::bad_alloc&) {
      has_thrown = true;
    }
    const bool has_failed = shortage.has_failed();
    shortage.end();
    CHECK(ends == (has_thrown ? 0 : 1));
    const auto after = look(*at.store, "1");
    CHECK(after.all.items.size() == before.all.items.size() + is_made);
    if (!is_made) CHECK(after == before);
    refused += !is_made;
    CHECK(at.store->is_writable());
    if (!has_failed) break;
  }
  CHECK(refused > 10);
}

TEST_CASE("a cache without memory for a new version does not keep the old one") {
  if (!testing::failing_memory::is_possible) return;
  const std::string id(100, 'x');
  for (std::size_t n = 1;; ++n) {
    CAPTURE(n);
    content_cache cache;
    cache.update({.content_id = id, .version = 1});
    const content newer{.content_id = id, .version = 2};
    testing::failing_memory shortage{n};
    cache.update(newer);
    const bool has_failed = shortage.has_failed();
    shortage.end();
    const auto found = cache.find(id).found;
    CHECK((!found || found->version == 2));
    cache.update(newer);
    CHECK(cache.find(id).found == newer);
    if (!has_failed) break;
  }
}

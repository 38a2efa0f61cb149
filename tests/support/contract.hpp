#pragma once
// support/contract.hpp - the contract of stores, as doctest's cases of this project.
//
// Some sentences can be shown only with a store's own means. Where they are shown:
// - `in_doubt`: store/sqlite/faults_test.cpp, store/postgres_test.cpp ("… is in doubt …").
// - `unavailable`, and nothing was done: store/sqlite_test.cpp ("… cut off at any step …"),
//   store/postgres_test.cpp ("a write that was certainly not done …").
// - `invalid`, for what the storage cannot hold: store/postgres_test.cpp ("… that the database
//   refuses …").
// - std::bad_alloc: store/memory_test.cpp, store/sqlite/callers_test.cpp, store/postgres_test.cpp
//   ("without memory …").
// - No thread: store/sqlite/faults_test.cpp, store/postgres_test.cpp ("… no thread …").
// - Allowances of several processes: store/postgres/insert_test.cpp ("… that all nodes share").
// - Whole or not at all, after a crash or a power cut, and durable: store/sqlite/faults_test.cpp
//   ("… after a power cut …"), server/durability_test.py, server/cluster_failures_test.py.
// - A store that does not trust its storage: `is_writable`, `recover`: store/sqlite/faults_test.cpp
//   ("a sync that fails …", "recovery that fails …").
// - Readers are not waited for: store/sqlite_test.cpp ("a reading in the middle of its page …"),
//   server/readers_test.py.
// - What storage left behind of a removed comment: store/sqlite/erasure_test.cpp.
// - A forgetting of origins that fails half-way: store/postgres_test.cpp ("… in steps …").
// - Costs: store/sqlite_test.cpp ("a page …"), store/list_order_test.cpp,
//   store/sql_schema_test.cpp and store/postgres/schema_test.cpp ("… one walk along an index"),
//   store/sqlite/search_test.cpp.
// - `listen`: store/postgres_test.cpp ("what another node changes …"),
//   store/postgres/notifications_test.cpp ("callbacks that throw …").
// - `is_remote`: store/memory_test.cpp, store/sqlite_test.cpp, store/postgres_test.cpp.

#include <comments/testing/deployment_log_contract.hpp>
#include <comments/testing/doctest.hpp>
#include <comments/testing/store_contract.hpp>

#include <tuple>

#include "support/no_random_bytes.hpp"
#include "support/tsan.hpp"

namespace testing {

using namespace comments::contract;  // for the names that the macro writes

COMMENTS_PROMISE(comments::store, insert_needs_random_bytes,
                 "without random bytes for its id a comment is refused, and that is all") {
  const auto maker = make();
  comments::store& store = maker->store();
  const comments::insertion wanted{.said = {.content_id = "1", .body = "x", .key = "k"},
                                   .allowances = {{"ana", {.per_minute = 1}}}};
  comments::result<comments::post_result> answer = comments::post_result{};
  {
    const no_random_bytes shortage;
    answer = store.insert(wanted, noon);
  }
  if (!answer) COMMENTS_CHECK(answer == comments::fails_with(comments::errc::unavailable));
  if (!answer) COMMENTS_CHECK(look(store, "1").all.content.version == 0);
  COMMENTS_CHECK(must(store.insert(wanted, noon)).replayed == answer.has_value());
  COMMENTS_CHECK(look(store, "1").all.content.version == 1);
}

// The thread sanitizer has nothing to say about one caller after another.
#if COMMENTS_TSAN
using our_store_promises = promises_to_many_callers;
#else
using our_store_promises = decltype(std::tuple_cat(std::declval<store_promises>(),
                                                   std::tuple<insert_needs_random_bytes>{}));
#endif

}  // namespace testing

#define STORE_CONTRACT(name, Maker) COMMENTS_DOCTEST(name, testing::our_store_promises, Maker)
#define DURABLE_STORE_CONTRACT(name, Maker) \
  COMMENTS_DOCTEST(name, comments::contract::durable_store_promises, Maker)
#define DEPLOYMENT_LOG_CONTRACT(name, Maker) \
  COMMENTS_DOCTEST(name, comments::contract::deployment_log_promises, Maker)
#define DURABLE_DEPLOYMENT_LOG_CONTRACT(name, Maker) \
  COMMENTS_DOCTEST(name, comments::contract::durable_deployment_log_promises, Maker)
#define DEPLOYMENT_LOG_IN_STORE_CONTRACT(name, Maker) \
  COMMENTS_DOCTEST(name, comments::contract::deployment_log_in_store_promises, Maker)

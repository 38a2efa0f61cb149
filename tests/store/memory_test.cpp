#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <new>
#include <string>
#include <tuple>
#include <utility>

#include "support/contract.hpp"
#include "support/failing_memory.hpp"
#include "support/size.hpp"

namespace {

class memory_maker final {
 public:
  comments::memory_store& store() { return store_; }

 private:
  comments::memory_store store_{};
};

}  // namespace

STORE_CONTRACT(memory_store, memory_maker);
DEPLOYMENT_LOG_CONTRACT(memory_log, memory_maker);
DEPLOYMENT_LOG_IN_STORE_CONTRACT(memory_log_in_store, memory_maker);

TEST_CASE("a chain of thousands of replies is kept, as deep as it may be" * testing::one_thread) {
  for (const std::int64_t depth_max : {std::int64_t{6}, std::int64_t{1'000'000}}) {
    comments::memory_store store;
    comments::contract::check_chain(store, testing::size(2'000u, 10'000u), depth_max);
  }
}

TEST_CASE("a memory store knows each content without a wait, also one that is not there") {
  comments::memory_store store;
  REQUIRE(store.insert({{.content_id = "1", .body = "x"}}, comments::instant{}));
  for (const std::string id : {"1", "2"}) {
    const auto known = store.known_content(id);
    REQUIRE(known);
    CHECK(*known == store.contents({&id, 1})->front());
  }
}

TEST_CASE("a memory store is on this machine, and no other process writes to it") {
  comments::memory_store store;
  CHECK_FALSE(store.is_remote());
  CHECK(store.listen({}) == nullptr);
}

TEST_CASE(
    "without memory a write changes nothing, at whichever allocation it fails (needs an allocator "
    "that can be replaced)" *
    doctest::skip(!testing::failing_memory::is_possible)) {
  using namespace comments;
  using comments::contract::noon;
  struct talk {
    memory_store store{};
    comment_id root{}, reply{};
    talk() {
      root = store.insert({{.content_id = "1", .body = "x", .key = "a"}}, noon)->stored.id;
      reply = store.insert({{.content_id = "1", .parent = root, .body = "y"}}, noon)->stored.id;
      // The last vote is the eighth event, so the next event needs room.
      for (const char* voter : {"ana", "ben", "eva", "ivo", "lia", "rui"})
        CHECK(store.vote(root, {voter}, true, noon));
      CHECK(store.report(reply, {"ana"}, "rude", noon));
    }
  };
  using write = std::function<bool(talk&)>;
  const std::string name(100, 'n');  // too long to be kept without memory
  // Made beforehand: gcc 12 destroys twice what a braced list had made when the rest of it throws.
  insertion reply_with_key{.said = {.content_id = "1", .body = name, .key = name}};
  reply_with_key.allowances.push_back({name, {.per_minute = 1}});
  reply_with_key.allowances.push_back({.allowed = {.per_minute = 1}});
  const insertion first_comment{.said = {.content_id = name, .body = name}};
  const std::pair<std::string, write> writes[] = {
      {"a reply with a key",
       [&](talk& at) {
         reply_with_key.said.parent = at.reply;
         return at.store.insert(reply_with_key, noon).has_value();
       }},
      {"a first comment",
       [&](talk& at) { return at.store.insert(first_comment, noon).has_value(); }},
      {"an edit",
       [&](talk& at) {
         return at.store.amend(at.reply, comments::contract::rewrite(name), noon).has_value();
       }},
      {"a removal",
       [&](talk& at) {
         return at.store.amend(at.reply, comments::contract::to(status::removed), noon).has_value();
       }},
      {"a vote", [&](talk& at) { return at.store.vote(at.reply, {name}, true, noon).has_value(); }},
      {"a vote that goes",
       [&](talk& at) { return at.store.vote(at.root, {"ana"}, false, noon).has_value(); }},
      {"a report",
       [&](talk& at) { return at.store.report(at.root, {name}, name, noon).has_value(); }},
      {"a status",
       [&](talk& at) {
         const event cause{.kind = event_kind::moderated, .reason = name};
         return at.store.set_status("1", content_status::locked, {}, cause, noon).has_value();
       }},
  };
  for (const auto& [title, carry_out] : writes) {
    const std::string what{title};
    CAPTURE(what);
    std::size_t failures = 0;
    for (std::size_t n = 1;; ++n) {
      CAPTURE(n);
      talk at;
      const auto everything = [&] {
        return std::tuple{comments::contract::look(at.store, "1"),
                          comments::contract::look(at.store, name),
                          comments::contract::must(at.store.votes_of("ana", {}, 10)),
                          comments::contract::must(at.store.votes_of(name, {}, 10))};
      };
      const auto before = everything();
      bool is_done = false;
      testing::failing_memory shortage{n};
      try {
        is_done = carry_out(at);
      } catch (const std::bad_alloc&) {
      }
      const bool has_failed = shortage.has_failed();
      shortage.end();
      CHECK((everything() == before) == !is_done);
      failures += !is_done;
      if (!is_done) CHECK(carry_out(at));  // and then it is not in its own way
      comments::contract::check_counts(at.store, "1");
      if (!has_failed) break;
    }
    CHECK(failures > 0);
  }
}

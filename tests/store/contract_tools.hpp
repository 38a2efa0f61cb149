#pragma once
// store/contract_tools.hpp - what the tests of the contract have in common.

#include <comments/store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace store_contract {

using namespace comments;

inline const instant noon = from_milliseconds(1'700'000'000'000);
inline const instant later = noon + std::chrono::milliseconds{1};

// The value of an answer that must be one.
template <typename T>
T must(result<T> answer) {
  INFO((answer ? std::string{} : answer.error().message));
  REQUIRE(answer.has_value());
  return std::move(*answer);
}

// Posts what must be new.
inline comment post(store& store, const insertion& wanted, instant now = noon) {
  post_result made = must(store.insert(wanted, now));
  REQUIRE_FALSE(made.replayed);
  return made.stored;
}
inline comment post(store& store, const draft& written, instant now = noon) {
  return post(store, insertion{written}, now);
}

// Posts without waiting for the store, as far as it can do that.
inline result<post_result> post_later(store& store, const insertion& wanted, instant now = noon) {
  const auto end = std::make_shared<std::promise<std::optional<result<post_result>>>>();
  auto ended = end->get_future();
  store.begin_insert(wanted, now, [end](std::optional<result<post_result>> made) {
    end->set_value(std::move(made));
  });
  auto made = ended.get();
  return made ? std::move(*made) : store.insert(wanted, now);
}

// Everything that a store tells of one content, so that two moments can be compared.
struct picture {
  page all{};
  std::vector<content> counted{};
  std::vector<event> events{};
  std::vector<comment> comments{};  // whatever their status, in the order in which they were posted
  std::vector<std::vector<comments::report>> reports{};

  friend bool operator==(const picture& a, const picture& b) {
    return a.all.content == b.all.content && a.all.items == b.all.items && a.counted == b.counted &&
           a.events == b.events && a.comments == b.comments && a.reports == b.reports;
  }
};

inline picture look(const store& store, const std::string& content_id) {
  const query everything{.content_id = content_id, .scope = scope::all, .limit = 100'000};
  picture seen{must(store.list(everything)), must(store.contents({&content_id, 1})),
               must(store.events(content_id, 0, 100'000))};
  for (comment& one : must(store.find_all({.limit = 1'000'000})).items)
    if (one.content_id == content_id) seen.comments.push_back(std::move(one));
  std::ranges::sort(seen.comments, {}, &comment::position);
  for (const comment& one : seen.comments)
    seen.reports.push_back(must(store.reports_of(one.id, 1000)));
  return seen;
}

// Returns the event of the post of `made`.
inline event posted(const comment& made) {
  return {.content_id = made.content_id,
          .version = made.position,
          .kind = event_kind::posted,
          .comment = made.id,
          .at = made.created_at,
          .status = std::string{to_text(made.status)}};
}

// Follows `next` to the end; `between` happens before each page but the first.
inline std::vector<comment> walk(const store& store, query query,
                                 const std::function<void()>& between = {}) {
  std::vector<comment> met;
  for (;;) {
    const page page = must(store.list(query));
    REQUIRE(page.items.size() <= query.limit);
    REQUIRE(met.size() < 100'000);  // or the pages go in circles
    met.insert(met.end(), page.items.begin(), page.items.end());
    if (!page.next) return met;
    query.after = page.next;
    if (between) between();
  }
}

inline std::vector<std::int64_t> positions(const std::vector<comment>& comments) {
  std::vector<std::int64_t> found;
  for (const comment& comment : comments) found.push_back(comment.position);
  return found;
}

inline std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(last - first + 1));
  std::iota(all.begin(), all.end(), first);
  return all;
}

// `work(0)` to `work(count - 1)`, each on a thread of its own, all let go at once.
inline void at_once(int count, const std::function<void(int)>& work) {
  std::latch start{count};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  for (std::thread& thread : threads) thread.join();
}

// Two threads of talk on content "1": the roots are at 1, 2 and 6, the replies to 1 at 3, 4 and 7,
// and at 5 is a reply to the reply at 3.
inline std::vector<comment> talk(store& store) {
  std::vector<comment> made;
  for (const std::size_t parent : {0u, 0u, 1u, 1u, 3u, 0u, 1u}) {
    draft written{.content_id = "1", .body = "number " + std::to_string(made.size() + 1)};
    if (parent > 0) written.parent = made[parent - 1].id;
    made.push_back(post(store, written));
  }
  return made;
}

inline constexpr std::array sorts{sort::oldest, sort::newest, sort::top};

}  // namespace store_contract

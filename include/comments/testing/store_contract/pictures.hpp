#pragma once
// testing/store_contract/pictures.hpp - what the promises of stores are told with: posts,
// decisions, and everything that a store tells of a content, so that two moments can be compared.

#include <comments/comment.hpp>
#include <comments/store.hpp>
#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <latch>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace comments::inline v0::contract {

inline const instant noon = from_milliseconds(1'700'000'000'000);
inline const instant later = noon + std::chrono::milliseconds{1};

// Posts what must be new.
inline comment post(store& store, const insertion& wanted, instant now = noon) {
  post_result made = must(store.insert(wanted, now));
  COMMENTS_CHECK(!made.replayed);
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

inline std::ostream& operator<<(std::ostream& to, const picture& seen) {
  to << seen.all.content << " with";
  for (const comment& one : seen.comments) to << "\n    " << one;
  for (const event& one : seen.events) to << "\n    " << one;
  return to;
}

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

// Returns a content as the store tells it: of the store's epoch.
inline content counted(const store& store, std::string_view id, std::int64_t version,
                       std::int64_t comments, std::optional<content_status> status = {}) {
  const std::string content_id{id};
  const std::uint64_t epoch = must(store.contents({&content_id, 1})).front().epoch;
  return {content_id, version, comments, status, epoch};
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
    COMMENTS_CHECK(page.items.size() <= query.limit);
    COMMENTS_CHECK(met.size() < 100'000);  // or the pages go in circles
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
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      try {
        work(i);
      } catch (...) {  // a broken promise, which is this test's and not the thread's
        thrown[static_cast<std::size_t>(i)] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& one : thrown)
    if (one) std::rethrow_exception(one);
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

inline constexpr std::array statuses{status::published, status::pending, status::spam,
                                     status::removed};
inline constexpr std::array hidden_statuses{status::pending, status::spam, status::removed};
inline constexpr std::size_t all_of_it = std::numeric_limits<std::size_t>::max();

// Decides for a status, and for nothing else.
inline decider to(status wanted) {
  return [wanted](const comment& before) -> result<amendment> {
    amendment made{before, {.kind = event_kind::moderated}};
    made.changed.status = wanted;
    made.cause.status = to_text(wanted);
    if (wanted == status::removed) made.cause.kind = event_kind::removed;
    return made;
  };
}

// Decides for another body, as its author does.
inline decider rewrite(std::string body, instant now = later) {
  return [body = std::move(body), now](const comment& before) -> result<amendment> {
    amendment made{before, {.kind = event_kind::edited, .by = "author", .before = before.body}};
    made.changed.body = body;
    made.changed.edited_at = now;
    return made;
  };
}

inline std::vector<comment_id> ids(const std::vector<comment>& comments) {
  std::vector<comment_id> found;
  for (const comment& comment : comments) found.push_back(comment.id);
  return found;
}

template <typename T>
void check_not_found(const result<T>& answer) {
  COMMENTS_CHECK(answer == fails_with(errc::not_found));
}

// Holds what a content counts and lists to what its comments say.
inline void check_counts(const store& store, const std::string& content_id) {
  const picture seen = look(store, content_id);
  std::map<comment_id, std::vector<std::int64_t>> below;  // what is listed there, latest first
  std::vector<std::int64_t> roots, visible;
  for (std::size_t i = seen.comments.size(); i-- > 0;) {  // replies come after their parents
    const comment& one = seen.comments[i];
    const note at_position{"position", one.position};
    const auto& replies = below[one.id];
    COMMENTS_CHECK(one.replies == static_cast<std::int64_t>(replies.size()));
    if (is_visible(one)) visible.push_back(one.position);
    if (is_listed(one)) (one.parent ? below[*one.parent] : roots).push_back(one.position);
  }
  COMMENTS_CHECK(seen.all.content.comments == static_cast<std::int64_t>(visible.size()));
  COMMENTS_CHECK(seen.counted.front() == seen.all.content);
  query asked{.content_id = content_id, .scope = scope::all, .sort = sort::newest, .limit = 100};
  COMMENTS_CHECK(positions(walk(store, asked)) == visible);
  asked.scope = scope::roots;
  COMMENTS_CHECK(positions(walk(store, asked)) == roots);
  asked.scope = scope::replies;
  for (const auto& [parent, replies] : below) {
    asked.parent = parent;
    if (seen.comments.size() < 100) COMMENTS_CHECK(positions(walk(store, asked)) == replies);
  }
}

// A chain of replies, each to the last: as deep as it may be, climbed by the first under a lower
// cap, and hidden and shown from its ends.
inline void check_chain(store& store, std::size_t length, std::int64_t depth_max) {
  std::vector<comment> chain{post(store, {.content_id = "1", .body = "x"})};
  std::int64_t wrong = 0;
  for (std::size_t i = 1; i < length; ++i) {
    const comment above = chain.back();
    const insertion written{.said = {.content_id = "1", .parent = above.id, .body = "x"},
                            .depth_max = depth_max};
    chain.push_back(must(store.insert(written, noon)).stored);
    wrong += chain.back().depth != std::min(static_cast<std::int64_t>(i), depth_max);
    wrong += chain.back().reply_to != above.id;
  }
  COMMENTS_CHECK(wrong == 0);
  check_counts(store, "1");
  const comment low = post(
      store, {.said = {.content_id = "1", .parent = chain.back().id, .body = "x"}, .depth_max = 1});
  COMMENTS_CHECK(low.parent == chain.front().id);
  must(store.amend(low.id, to(status::removed), later));
  for (std::size_t i = 0; i + 1 < length; ++i)
    must(store.amend(chain[i].id, to(status::spam), later));
  COMMENTS_CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
  must(store.amend(chain.back().id, to(status::spam), later));
  COMMENTS_CHECK(must(store.list({.content_id = "1"})).items.empty());
  const comment back = must(store.amend(chain.back().id, to(status::published), later));
  COMMENTS_CHECK(must(store.find(chain.front().id)).version == back.version);
  COMMENTS_CHECK(must(store.list({.content_id = "1"})).items.size() == 1);
  check_counts(store, "1");
}

// Six comments of three contents in the order of their ids, each another find.
inline std::vector<comment> searchable(store& store) {
  const insertion drafts[] = {
      {{.content_id = "2",
        .author = {"Ana", "ana@example.com", "", true, "7"},
        .body = "Olá MUNDO"}},
      {.said = {.content_id = "1", .author = {"Bob", "ANA@EXAMPLE.COM"}, .body = ""},
       .status = status::spam},
      {{.content_id = "2", .author = {"ana", "", "", true, "8"}, .body = "100% _ [x] 'y'"}},
      {.said = {.content_id = "3", .author = {"", "", "", true, "7"}, .body = "olÁ"},
       .status = status::spam},
      {.said = {.content_id = "1", .author = {"Bob", "anna@example.com"}, .body = "mundo"},
       .status = status::pending},
      {{.content_id = "1", .author = {"Bob", "ana@example.com"}, .body = "Mundo"}}};
  std::vector<comment> made;
  for (const insertion& one : drafts)
    made.push_back(post(store, one, noon + std::chrono::minutes{made.size()}));
  return made;
}

}  // namespace comments::inline v0::contract

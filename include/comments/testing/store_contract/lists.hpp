#pragma once
// testing/store_contract/lists.hpp - promises about reading: single comments, pages, contents,
// events.

#include <comments/testing/matchers.hpp>
#include <comments/testing/promise.hpp>
#include <comments/testing/store_contract/pictures.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace comments::inline v0::contract {

COMMENTS_PROMISE(store, find_knows_its_own, "an unknown comment is not found") {
  const auto maker = make();
  store& store = maker->store();
  const comment made = post(store, {.content_id = "1", .body = "here"});
  comment_id near = made.id;
  near.bytes.back() ^= 1;
  for (const comment_id& id : {near, comment_id{}, make_comment_id(noon)}) {
    const auto found = store.find(id);
    COMMENTS_CHECK(found == fails_with(errc::not_found));
  }
  COMMENTS_CHECK(must(store.find(made.id)) == made);
}

COMMENTS_PROMISE(store, contents_keep_their_order,
                 "contents come in the order asked for, unknown ones empty") {
  const auto maker = make();
  store& store = maker->store();
  for (const std::string id : {"a", "b", "b"}) post(store, {.content_id = id, .body = "here"});
  const std::vector<std::string> ids{"b", "nowhere", "a", "b"};
  const content b = counted(store, "b", 2, 2);
  const std::vector<content> expected{b, counted(store, "nowhere", 0, 0), counted(store, "a", 1, 1),
                                      b};
  COMMENTS_CHECK(must(store.contents(ids)) == expected);
  COMMENTS_CHECK(must(store.contents({})).empty());
}

COMMENTS_PROMISE(store, events_follow_a_version,
                 "events follow a version, oldest first, up to the limit") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  post(store, {.content_id = "2", .body = "elsewhere"});
  struct {
    std::int64_t after{};
    std::size_t limit{};
    std::int64_t first{}, last{};
  } const asked[] = {
      {0, 100, 1, 7},
      {0, 7, 1, 7},
      {0, 6, 1, 6},
      {0, 1, 1, 1},
      {3, 2, 4, 5},
      {6, 5, 7, 7},
      {7, 100, 8, 7},
      {0, 0, 1, 0},
      {99, 100, 1, 0},
      {-5, 2, 1, 2},
      {0, std::numeric_limits<std::size_t>::max(), 1, 7},
  };
  for (const auto& row : asked) {
    const note from_version{"after", row.after};
    const note of_limit{"limit", row.limit};
    const auto found = must(store.events("1", row.after, row.limit));
    std::vector<std::int64_t> versions;
    for (const event& event : found) {
      versions.push_back(event.version);
      COMMENTS_CHECK(event.content_id == "1");
      COMMENTS_CHECK(event.comment == made[static_cast<std::size_t>(event.version - 1)].id);
    }
    COMMENTS_CHECK(versions == numbers(row.first, row.last));
  }
  COMMENTS_CHECK(must(store.events("nowhere", 0, 10)).empty());
}

COMMENTS_PROMISE(store, list_of_an_unknown_content,
                 "a content without comments is an empty page at version 0") {
  const auto maker = make();
  store& store = maker->store();
  const comment foreign = post(store, {.content_id = "1", .body = "elsewhere"});
  for (const scope scope : {scope::all, scope::roots, scope::replies}) {
    for (const sort sort : sorts) {
      query query{.content_id = "nowhere", .scope = scope, .sort = sort};
      if (scope == scope::replies) query.parent = foreign.id;
      const page page = must(store.list(query));
      COMMENTS_CHECK(page.content == counted(store, "nowhere", 0, 0));
      COMMENTS_CHECK(page.items.empty());
      COMMENTS_CHECK(!page.next.has_value());
    }
  }
}

COMMENTS_PROMISE(store, list_pages_in_order,
                 "each scope and sort lists its comments in its order, page by page") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  const comment foreign = post(store, {.content_id = "2", .body = "elsewhere"});
  struct {
    comments::scope scope{};
    std::optional<comment_id> parent{};
    std::vector<std::int64_t> expected{};
  } const asked[] = {
      {scope::all, {}, {1, 2, 3, 4, 5, 6, 7}}, {scope::roots, {}, {1, 2, 6}},
      {scope::replies, made[0].id, {3, 4, 7}}, {scope::replies, made[2].id, {5}},
      {scope::replies, made[4].id, {}},        {scope::replies, make_comment_id(noon), {}},
      {scope::replies, foreign.id, {}},        {scope::replies, {}, {1, 2, 6}},
  };
  for (const auto& [scope, parent, oldest_first] : asked) {
    for (const sort sort : sorts) {
      std::vector<std::int64_t> expected = oldest_first;  // there are no votes: `top` is `oldest`
      if (sort == sort::newest) std::ranges::reverse(expected);
      for (const std::size_t limit : {1u, 2u, 3u, 4u, 6u, 7u, 8u}) {
        const note by_sort{"sort", to_text(sort)};
        const note of_limit{"limit", limit};
        const query query{
            .content_id = "1", .scope = scope, .parent = parent, .sort = sort, .limit = limit};
        const page first = must(store.list(query));
        COMMENTS_CHECK(first.content == counted(store, "1", 7, 7));
        COMMENTS_CHECK(first.items.size() == std::min(limit, expected.size()));
        COMMENTS_CHECK(first.next.has_value() == (expected.size() > limit));
        COMMENTS_CHECK(positions(walk(store, query)) == expected);
      }
    }
  }
}

COMMENTS_PROMISE(store, list_pages_by_bytes,
                 "a page ends before the comment with which it would have too many bytes") {
  const auto maker = make();
  store& store = maker->store();
  for (const std::size_t bytes : {400u, 300u, 300u, 1'001u, 1'000u, 1u})
    post(store, {.said = {.content_id = "1", .body = std::string(bytes - 1, 'a')}, .encoded = "e"});
  const auto pages = [&](std::size_t bytes_max, std::size_t limit) {
    query asked{.content_id = "1", .limit = limit, .bytes_max = bytes_max};
    std::vector<std::size_t> sizes;
    do {
      const page one = must(store.list(asked));
      sizes.push_back(one.items.size());
      asked.after = one.next;
    } while (asked.after);
    return sizes;
  };
  COMMENTS_CHECK(pages(1'000, 50) ==
                 std::vector<std::size_t>{3, 1, 1, 1});  // one may have too many itself
  COMMENTS_CHECK(pages(999, 50) == std::vector<std::size_t>{2, 1, 1, 1, 1});
  COMMENTS_CHECK(pages(1'001, 50) == std::vector<std::size_t>{3, 1, 2});
  COMMENTS_CHECK(pages(1'001, 2) == std::vector<std::size_t>{2, 1, 1, 2});
  COMMENTS_CHECK(pages(0, 50) == std::vector<std::size_t>(6, 1));
  COMMENTS_CHECK(pages(3'002, 50) == std::vector<std::size_t>{6});
}

COMMENTS_PROMISE(store, contents_known, "what is known of a content is what stands") {
  const auto maker = make();
  store& store = maker->store();
  const auto check = [&](const std::string& id) {
    const auto known = store.known_content(id);
    if (known) COMMENTS_CHECK(*known == must(store.contents({&id, 1})).front());
  };
  check("1");
  for (int i = 0; i < 3; ++i) {
    const comment made = post(store, {.content_id = "1", .body = "x"});
    check("1");
    must(store.vote(made.id, {"voter"}, true, noon));
    check("1");
  }
  must(store.set_status("1", content_status::locked, {}, {}, noon));
  check("1");
  check("2");
}

COMMENTS_PROMISE(store, list_ignores_other_parents,
                 "the parent of a query counts with replies only") {
  const auto maker = make();
  store& store = maker->store();
  const auto made = talk(store);
  query query{.content_id = "1", .scope = scope::roots, .parent = made[0].id};
  COMMENTS_CHECK(positions(must(store.list(query)).items) == std::vector<std::int64_t>{1, 2, 6});
  query.scope = scope::all;
  COMMENTS_CHECK(positions(must(store.list(query)).items) == numbers(1, 7));
}

COMMENTS_PROMISE(store, list_without_end, "a limit beyond everything lists everything") {
  const auto maker = make();
  store& store = maker->store();
  talk(store);
  constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t limit : {most, most - 1, most / 2 + 1, most / 2}) {
    const note of_limit{"limit", limit};
    const page page = must(store.list({.content_id = "1", .scope = scope::all, .limit = limit}));
    COMMENTS_CHECK(positions(page.items) == numbers(1, 7));
    COMMENTS_CHECK(!page.next.has_value());
  }
}

COMMENTS_PROMISE(store, list_after_the_last, "nothing comes after the last comment") {
  const auto maker = make();
  store& store = maker->store();
  talk(store);
  for (const sort sort : sorts) {
    query query{.content_id = "1", .scope = scope::all, .sort = sort};
    const comment last = must(store.list(query)).items.back();
    query.after = cursor{last.position, last.votes};
    const page rest = must(store.list(query));
    COMMENTS_CHECK(rest.items.empty());
    COMMENTS_CHECK(!rest.next.has_value());
    COMMENTS_CHECK(rest.content.version == 7);
  }
}

COMMENTS_PROMISE(store, cursors_count_votes_by_top,
                 "the votes of a cursor count when sorted by `top`, and only then") {
  const auto maker = make();
  store& store = maker->store();
  talk(store);
  for (const std::int64_t votes : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}}) {
    query asked{.content_id = "1", .scope = scope::all, .after = cursor{3, votes}};
    COMMENTS_CHECK(positions(must(store.list(asked)).items) == numbers(4, 7));
    asked.sort = sort::newest;
    COMMENTS_CHECK(positions(must(store.list(asked)).items) == std::vector<std::int64_t>{2, 1});
    asked.sort = sort::top;  // all have no vote
    const auto expected = votes == 0 ? numbers(4, 7) : numbers(1, votes > 0 ? 7 : 0);
    COMMENTS_CHECK(positions(must(store.list(asked)).items) == expected);
  }
}

COMMENTS_PROMISE(store, list_of_odd_contents, "contents with odd names are contents of their own") {
  const auto maker = make();
  store& store = maker->store();
  const std::vector<std::string> ids{"1",
                                     "01",
                                     "1.0",
                                     " 1",
                                     "1 ",
                                     "a",
                                     "A",
                                     "null",
                                     "a/b?c=d&e#f",
                                     "a%2Fb",
                                     "'",
                                     "''",
                                     "\"",
                                     "\\",
                                     "'; --",
                                     "%",
                                     "_",
                                     "*",
                                     "https://example.com/",
                                     "ä",
                                     "a\u0308",
                                     "\u00c4",
                                     "日本語",
                                     "\U0001F600",
                                     "\u202eabc",
                                     "\u2028",
                                     "\uffff",
                                     std::string(255, 'x'),
                                     std::string(254, 'x')};
  for (const std::string& id : ids) post(store, {.content_id = id, .body = id, .key = "k"});
  for (const std::string& id : ids) {
    const note of_content{"content_id", id};
    const page page = must(store.list({.content_id = id}));
    COMMENTS_CHECK(page.content == counted(store, id, 1, 1));
    COMMENTS_CHECK(page.items.size() == 1);
    COMMENTS_CHECK(page.items[0].content_id == id);
    COMMENTS_CHECK(page.items[0].body == id);
    COMMENTS_CHECK(must(store.events(id, 0, 10)).size() == 1);
  }
}

COMMENTS_PROMISE(store, list_while_others_post,
                 "following the pages while others post meets each comment once") {
  for (const sort sort : sorts) {
    for (const std::size_t limit : {1u, 3u}) {
      const auto maker = make();
      store& store = maker->store();
      talk(store);
      const query query{.content_id = "1", .scope = scope::all, .sort = sort, .limit = limit};
      int posts_left = 10;
      auto met = positions(walk(store, query, [&] {
        if (posts_left-- > 0) post(store, {.content_id = "1", .body = "meanwhile"});
      }));
      std::ranges::sort(met);
      COMMENTS_CHECK(std::ranges::adjacent_find(met) == met.end());
      COMMENTS_CHECK(std::ranges::includes(met, numbers(1, 7)));
    }
  }
}

COMMENTS_PROMISE(store, threads_read_whole_pages,
                 "a page is of one moment, whatever is posted meanwhile") {
  constexpr std::size_t posts = 40;
  const auto maker = make();
  store& store = maker->store();
  std::atomic<int> torn{0};
  at_once(4, [&](int thread) {
    for (std::size_t i = 0; thread == 0 && i < posts; ++i)
      if (!store.insert({{.content_id = "1", .body = "here"}}, noon)) ++torn;
    std::size_t seen = 0;
    for (int i = 0; i < 2000 && seen < posts; ++i) {
      const page page = store.list({.content_id = "1", .limit = 1000}).value_or({});
      const auto size = static_cast<std::int64_t>(page.items.size());
      if (size != page.content.version || size != page.content.comments) ++torn;
      if (page.items.size() < seen) ++torn;
      seen = page.items.size();
    }
  });
  COMMENTS_CHECK(torn == 0);
  COMMENTS_CHECK(look(store, "1").all.content.version == posts);
}

COMMENTS_PROMISE(store, threads_walk,
                 "threads that follow the pages meet what was there, while threads post") {
  const auto maker = make();
  store& store = maker->store();
  for (int i = 0; i < 3; ++i) talk(store);
  std::atomic<int> walks{0};
  at_once(6, [&](int thread) {
    if (thread >= 3) {
      for (int i = 0; i < 10; ++i)
        if (!store.insert({{.content_id = "1", .body = "meanwhile"}}, noon)) return;
      return;
    }
    query query{.content_id = "1", .scope = scope::all, .limit = 4};
    query.sort = sorts[static_cast<std::size_t>(thread)];
    std::multiset<std::int64_t> met;
    do {
      const auto page = store.list(query);
      if (!page) return;
      for (const comment& comment : page->items) met.insert(comment.position);
      query.after = page->next;
    } while (query.after && met.size() < 10'000);
    bool each_once = true;
    for (const std::int64_t position : numbers(1, 21)) each_once &= met.count(position) == 1;
    walks += each_once;
  });
  COMMENTS_CHECK(walks == 3);
}

}  // namespace comments::inline v0::contract

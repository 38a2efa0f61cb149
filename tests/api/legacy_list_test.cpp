#include <comments/api/legacy_list.hpp>

#include <doctest/doctest.h>

#include <comments/store/memory.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "support/faulty_store.hpp"
#include "support/size.hpp"

using namespace comments;
using namespace comments::http;

namespace {

constexpr instant noon{std::chrono::milliseconds{1'700'000'000'000}};

void post(store& store, std::string body) {
  REQUIRE(store.insert({{.content_id = "1", .body = std::move(body)}}, noon));
}

struct whole {
  std::string text{};
  std::size_t chunks{};
  std::size_t longest{};
  chunk::state then{};
};

// All chunks, `between` whenever there are more.
template <typename Between>
whole read_all(legacy_list& list, Between&& between) {
  whole all;
  do {
    const chunk next = list.next();
    all.text += next.bytes;
    all.longest = std::max(all.longest, next.bytes.size());
    all.then = next.then;
    ++all.chunks;
    if (next.then == chunk::state::more) between();
  } while (all.then == chunk::state::more);
  return all;
}
whole read_all(legacy_list& list) {
  return read_all(list, [] {});
}

// As the API had it before there were chunks.
std::string expected(const store& store, std::int64_t version) {
  const auto all = store.list({.content_id = "1", .scope = scope::all, .limit = 1'000'000});
  std::string text = "[";
  for (const comment& one : all->items) {
    if (one.position > version) continue;
    if (text.size() > 1) text += ",";
    json::append_legacy(text, one, json::legacy_emails::all);
  }
  return text + "]";
}

}  // namespace

TEST_CASE("a short list is one chunk") {
  memory_store store{0};
  service service{store};
  for (const std::size_t size : {0u, 1u, 99u, 100u, 101u, 250u}) {
    while (store.list({.content_id = "1", .limit = 1000})->items.size() < size) post(store, "Oi");
    legacy_list list{service, "1", json::legacy_emails::all};
    const whole all = read_all(list);
    CHECK(all.text == expected(store, 1000));
    CHECK(all.chunks == 1);
    CHECK(list.is_over());
    CHECK(list.is_of_one_version());
    CHECK(list.of()->comments == static_cast<std::int64_t>(size));
  }
}

TEST_CASE("a chunk has at most its size: a list as long is one, one byte more makes two") {
  constexpr std::size_t most = legacy_list::chunk_bytes_max;
  const std::size_t around = std::string_view{R"([{"email":"","comment":""}])"}.size();
  for (const std::size_t size : {most - 1, most, most + 1, 2 * most, 2 * most + 1}) {
    memory_store store{0};
    service service{store};
    post(store, std::string(size - around, 'x'));
    legacy_list list{service, "1", json::legacy_emails::all};
    const whole all = read_all(list);
    CHECK(all.text == expected(store, 1));
    CHECK(all.text.size() == size);
    CHECK(all.chunks == (size + most - 1) / most);
    CHECK(all.longest == std::min(size, most));
  }
}

TEST_CASE("tens of thousands of comments are whole, in chunks of bounded size") {
  memory_store store{0};
  service service{store};
  const int number = testing::size(20'000, 100'000);
  for (int i = 0; i < number; ++i) post(store, "comment \"" + std::to_string(i) + "\"");
  legacy_list list{service, "1", json::legacy_emails::all};
  const whole all = read_all(list);
  CHECK(all.then == chunk::state::over);
  CHECK(all.longest == legacy_list::chunk_bytes_max);
  CHECK(all.chunks == all.text.size() / legacy_list::chunk_bytes_max + 1);
  CHECK((all.text == expected(store, number)));  // too long to show
}

TEST_CASE("what is posted while a list is read belongs to a later version") {
  memory_store store{0};
  service service{store};
  for (int i = 0; i < 1000; ++i) post(store, std::string(500, 'x'));
  const std::string before = expected(store, 1000);
  legacy_list list{service, "1", json::legacy_emails::all};
  const whole all = read_all(list, [&] { post(store, "later"); });
  CHECK(all.chunks > 5);
  CHECK((all.text == before));
  CHECK(list.of()->version == 1000);
  CHECK_FALSE(list.is_of_one_version());
}

TEST_CASE("when the store fails at any page, the list is broken and says why") {
  for (std::size_t fails_at = 1; fails_at <= 10; ++fails_at) {
    memory_store memory{0};
    for (int i = 0; i < 1000; ++i) post(memory, std::string(1000, 'x'));
    faulty_store store{memory, fails_at};
    service service{store};
    legacy_list list{service, "1", json::legacy_emails::all};
    const whole all = read_all(list);
    CHECK(all.then == chunk::state::broken);
    CHECK(list.why().code == errc::unavailable);
    CHECK_FALSE(list.is_over());
    CHECK((expected(memory, 1000).starts_with(all.text)));
  }
}

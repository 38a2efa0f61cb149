#pragma once
// support/copy_sides.hpp - a side of a copy in memory that can fail, and a store with something of
// everything in it.

#include <comments/store.hpp>
#include <comments/store/copy.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace testing {

// Rows by table and key. The `fails_at`-th call fails, if that is not 0.
class memory_copy_side final : public comments::copy_side {
 public:
  using cells = comments::cells;
  using table = comments::table;

  comments::result<std::vector<cells>> read(const table& from, const cells& after,
                                            std::size_t limit) override {
    if (is_failing()) return comments::error{};
    std::vector<cells> found;
    const auto& all = rows[std::string{from.name}];
    for (auto at = after.empty() ? all.begin() : all.upper_bound(after);
         at != all.end() && found.size() < limit; ++at)
      found.push_back(at->second);
    return found;
  }
  comments::result<cells> last(const table& of) override {
    if (is_failing()) return comments::error{};
    const auto& all = rows[std::string{of.name}];
    return all.empty() ? cells{} : all.rbegin()->first;
  }
  comments::result<std::int64_t> count(const table& of) override {
    if (is_failing()) return comments::error{};
    return static_cast<std::int64_t>(rows[std::string{of.name}].size());
  }
  comments::result<comments::done> write(const table& to, std::span<const cells> given) override {
    if (is_failing()) return comments::error{};
    for (const cells& one : given) put(to, one);
    return comments::ok();
  }
  comments::result<std::string> read_setting(std::string_view name) override {
    if (is_failing()) return comments::error{};
    return settings[std::string{name}];
  }
  comments::result<comments::done> write_setting(std::string_view name,
                                                 const std::string& value) override {
    if (is_failing()) return comments::error{};
    settings[std::string{name}] = value;
    return comments::ok();
  }

  void put(const table& to, const cells& one) {
    const auto keys = static_cast<std::ptrdiff_t>(to.keys);
    rows[std::string{to.name}].emplace(cells{one.begin(), one.begin() + keys}, one);
  }

  std::map<std::string, std::map<cells, cells>> rows{};
  std::map<std::string, std::string> settings{};
  int fails_at{};
  int calls{};

 private:
  bool is_failing() { return ++calls == fails_at; }
};

// A little of everything that a store can hold, which is a deployment log as well.
template <typename Store>
void fill(Store& store) {
  using namespace comments;
  const instant now = from_milliseconds(1'700'000'000'000);
  for (int i = 0; i < 40; ++i) {
    const std::string content_id = "Avaliação " + std::to_string(i % 3);
    insertion written{.said = {.content_id = content_id,
                               .author = {"Ana", "ana@example.com", "", i % 2 == 0,
                                          i % 2 == 0 ? "7" : "", i % 3 == 0},
                               .body = "It's \"quoted\" \U0001F600\n" + std::to_string(i),
                               .key = i % 4 == 0 ? "k" + std::to_string(i) : ""},
                      .status = i % 5 == 4 ? status::pending : status::published,
                      .origin = "0123",
                      .browser = i % 2 == 0 ? "ana's" : "",
                      .encoded = "1 {}"};
    const auto made = store.insert(written, now);
    REQUIRE(made.has_value());
    const comment_id id = made->stored.id;
    if (made->stored.status != status::published) continue;
    written.said.parent = id;
    written.said.key.clear();
    REQUIRE(store.insert(written, now).has_value());
    REQUIRE(store.vote(id, {"u:7"}, true, now).has_value());
    REQUIRE(store.report(id, {"a:1"}, "rude", now).has_value());
    if (i % 7 == 0)
      REQUIRE(store
                  .amend(
                      id,
                      [&](const comment& stands) -> result<amendment> {
                        amendment gone{stands, {.kind = event_kind::removed}};
                        gone.changed.status = status::removed;
                        return gone;
                      },
                      now)
                  .has_value());
  }
  REQUIRE(store.set_status("Avaliação 0", content_status::locked, {}, {}, now).has_value());
  REQUIRE(
      store.record({.component = "server", .version = "1", .responsible = "ana"}, now).has_value());
}

}  // namespace testing

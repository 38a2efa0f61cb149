#include <comments/store/list_order.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace comments;

namespace {

// A content in which each comment may be changed.
struct kept_order {
  std::vector<comment> comments{};
  list_order order{};

  comment& add(std::optional<comment_id> parent = {}, status status = status::published) {
    comment made{.parent = parent,
                 .position = static_cast<std::int64_t>(comments.size()) + 1,
                 .status = status};
    made.id.bytes[0] = static_cast<std::uint8_t>(made.position);
    list_order one{made};
    order.merge(one);
    return comments.emplace_back(made);
  }
  template <typename Change>
  void change(std::size_t position, Change&& how) {
    comment& changed = comments.at(position - 1);
    const auto from = list_order::places_of(changed);
    how(changed);
    order.move(from, changed);
  }
  // The positions that a walk comes to, `most` of them.
  std::vector<std::int64_t> walk(const query& wanted, std::size_t most = 1'000'000) const {
    std::vector<std::int64_t> met;
    order.walk(wanted, [&](std::int64_t position) {
      met.push_back(position);
      return met.size() < most;
    });
    return met;
  }
};

using positions = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a list is walked in its order, from its start and from a cursor, as far as wanted") {
  kept_order content;
  for (int i = 0; i < 4; ++i) content.add();
  const comment_id second = content.comments[1].id;
  content.add(second);
  content.change(3, [](comment& voted) { voted.votes = 2; });
  content.change(4, [](comment& voted) { voted.votes = -1; });
  CHECK(content.walk({}) == positions{1, 2, 3, 4});
  CHECK(content.walk({.sort = sort::newest}) == positions{4, 3, 2, 1});
  CHECK(content.walk({.sort = sort::top}) == positions{3, 1, 2, 4});
  CHECK(content.walk({.scope = scope::all}) == positions{1, 2, 3, 4, 5});
  CHECK(content.walk({.scope = scope::all, .sort = sort::top}) == positions{3, 1, 2, 5, 4});
  CHECK(content.walk({.scope = scope::replies, .parent = second}) == positions{5});
  CHECK(content.walk({.scope = scope::replies}) == positions{1, 2, 3, 4});
  CHECK(content.walk({.scope = scope::replies, .parent = comment_id{}}).empty());
  CHECK(content.walk({.after = cursor{2, 0}}) == positions{3, 4});
  CHECK(content.walk({.sort = sort::newest, .after = cursor{2, 0}}) == positions{1});
  CHECK(content.walk({.sort = sort::top, .after = cursor{1, 0}}) == positions{2, 4});
  CHECK(content.walk({.sort = sort::top, .after = cursor{9, 2}}) == positions{1, 2, 4});
  CHECK(content.walk({}, 2) == positions{1, 2});
  CHECK(content.walk({.sort = sort::newest}, 1) == positions{4});
}

// A list of a content with hundreds of thousands of hidden comments took half a second.
TEST_CASE("a walk comes to nothing that its list does not show, however much of that there is") {
  kept_order content;
  for (int i = 0; i < 1000; ++i) content.add({}, i == 500 ? status::published : status::spam);
  for (const scope scope : {scope::all, scope::roots})
    for (const sort sort : {sort::oldest, sort::newest, sort::top})
      CHECK(content.walk({.scope = scope, .sort = sort}) == positions{501});
}

TEST_CASE("a comment that is shown, hidden, or held by its replies comes and goes in its lists") {
  kept_order content;
  content.add();
  content.change(1, [](comment& hidden) { hidden.status = status::spam; });
  CHECK(content.walk({}).empty());
  CHECK(content.walk({.scope = scope::all}).empty());
  content.change(1, [](comment& answered) { answered.replies = 1; });
  CHECK(content.walk({}) == positions{1});  // a tombstone
  CHECK(content.walk({.scope = scope::all}).empty());
  content.change(1, [](comment& shown) { shown.status = status::published; });
  CHECK(content.walk({.scope = scope::all}) == positions{1});
}

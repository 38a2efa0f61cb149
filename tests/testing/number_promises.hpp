#pragma once
// testing/number_promises.hpp - two promises that are kept, and one that is broken on purpose.

#include <comments/testing/promise.hpp>

#include <tuple>

namespace number {

struct number_maker {
  int& store() { return kept; }
  int kept{};
};

COMMENTS_PROMISE(int, is_zero, "a new number is zero") { COMMENTS_CHECK(make()->store() == 0); }

COMMENTS_PROMISE(int, keeps_its_value, "a number keeps what it is given") {
  const auto made = make();
  made->store() = 7;
  COMMENTS_CHECK(made->store() == 7);
}

COMMENTS_PROMISE(int, counts_by_itself, "a number counts by itself") {
  const auto made = make();
  const int before = made->store();
  COMMENTS_CHECK(made->store() == before + 1);
}

using number_promises = std::tuple<is_zero, keeps_its_value, counts_by_itself>;

}  // namespace number

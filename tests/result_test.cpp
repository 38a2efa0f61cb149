#include <comments/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

using namespace comments;

namespace {

const error refusal{errc::conflict, "No.", {{"/body", "required"}}};

result<int> half(int whole) {
  if (whole % 2 != 0) return error{errc::invalid, "An odd number has no half."};
  return whole / 2;
}

}  // namespace

TEST_CASE("a result holds a value or an error, and says which") {
  const result<int> good = 7;
  CHECK(good.has_value());
  CHECK(good);
  const result<int> bad = refusal;
  CHECK_FALSE(bad.has_value());
  CHECK_FALSE(bad);
  CHECK(bad.error().code == errc::conflict);
  CHECK(bad.error().message == "No.");
  REQUIRE(bad.error().violations.size() == 1);
  CHECK(bad.error().violations[0] == violation{"/body", "required"});
}

TEST_CASE("a value that is false, empty or null is still a value") {
  CHECK(result<bool>{false}.has_value());
  CHECK(result<std::string>{std::string{}}.has_value());
  CHECK(result<std::unique_ptr<int>>{nullptr}.has_value());
}

TEST_CASE("a result turns into nothing else by itself") {
  CHECK_FALSE(std::is_convertible_v<result<int>, bool>);
  CHECK_FALSE(std::is_default_constructible_v<result<int>>);
  CHECK(std::is_same_v<result<int>::value_type, int>);
}

TEST_CASE("star, arrow and value reach one and the same value") {
  result<std::string> word = std::string{"oi"};
  *word += "!";
  word->push_back('?');
  word.value() += ".";
  const result<std::string>& seen = word;
  CHECK(*seen == "oi!?.");
  CHECK(seen.value() == "oi!?.");
  CHECK(seen->size() == 5);
}

TEST_CASE("a result that is moved from gives its value or its error away") {
  result<std::unique_ptr<int>> first = std::make_unique<int>(1);
  CHECK(*std::unique_ptr<int>{*std::move(first)} == 1);
  result<std::unique_ptr<int>> second = std::make_unique<int>(2);
  CHECK(*std::unique_ptr<int>{std::move(second).value()} == 2);
  result<int> bad = refusal;
  const error taken = std::move(bad).error();
  CHECK(taken.message == "No.");
  CHECK(taken.violations == refusal.violations);
}

TEST_CASE("the fallback is taken on an error only") {
  CHECK(half(8).value_or(-1) == 4);
  CHECK(half(7).value_or(-1) == -1);
}

TEST_CASE("and_then goes on with a value, may change its type, and passes an error on") {
  const auto word = [](int n) -> result<std::string> { return std::string(std::size_t(n), 'x'); };
  CHECK(*half(12).and_then(half).and_then(word) == "xxx");

  int calls = 0;
  const auto count = [&calls](int n) {
    ++calls;
    return half(n);
  };
  const auto odd = half(6).and_then(count).and_then(count);
  REQUIRE_FALSE(odd);
  CHECK(odd.error().message == "An odd number has no half.");
  CHECK(calls == 1);
  const auto passed = result<int>{refusal}.and_then(word);
  REQUIRE_FALSE(passed);
  CHECK(passed.error().code == errc::conflict);
  CHECK(passed.error().violations == refusal.violations);
}

TEST_CASE("and_then hands the value over instead of copying it") {
  result<std::unique_ptr<int>> owned = std::make_unique<int>(3);
  const auto unwrap = [](std::unique_ptr<int> p) -> result<int> { return *p; };
  CHECK(*std::move(owned).and_then(unwrap) == 3);
}

TEST_CASE("success without a value is a success") { CHECK(ok().has_value()); }

TEST_CASE("an error that says nothing is unavailable") {
  CHECK(error{}.code == errc::unavailable);
  CHECK(error{}.message.empty());
  CHECK(error{}.violations.empty());
}

TEST_CASE("violations are equal if pointer and code are") {
  CHECK(violation{"/body", "required"} == violation{"/body", "required"});
  CHECK(violation{"/body", "required"} != violation{"/body", "too_long"});
  CHECK(violation{"/body", "required"} != violation{"/content_id", "required"});
}

TEST_CASE("every error code has a name of its own") {
  constexpr auto names = names_of(errc{});
  CHECK(names.size() == static_cast<std::size_t>(errc::in_doubt) + 1);
  CHECK(names[static_cast<std::size_t>(errc::malformed)] == "malformed");
  CHECK(names[static_cast<std::size_t>(errc::edit_window_closed)] == "edit_window_closed");
  CHECK(names[static_cast<std::size_t>(errc::in_doubt)] == "in_doubt");
}

TEST_CASE("errors and results are equal if all of them is") {
  CHECK(refusal == error{refusal});
  error other = refusal;
  other.message = "Never.";
  CHECK(refusal != other);
  CHECK(half(8) == result<int>{4});
  CHECK(half(8) != half(6));
  CHECK(half(8) != half(7));
  CHECK(half(7) == half(9));
  CHECK(half(7) != result<int>{refusal});
}

TEST_CASE("transform changes the value, and transform_error the error") {
  const auto twice = [](int n) { return 2L * n; };
  CHECK(half(8).transform(twice) == result<long>{8});
  CHECK(half(7).transform(twice).error() == half(7).error());
  const result<int> kept = half(8);
  CHECK(kept.transform(twice) == result<long>{8});
  CHECK(kept.and_then(half) == result<int>{2});
  const auto soften = [](error why) {
    why.code = errc::conflict;
    return why;
  };
  CHECK(half(7).transform_error(soften).error().code == errc::conflict);
  CHECK(half(8).transform_error(soften) == kept);
  CHECK(kept.transform_error(soften) == kept);
  result<std::unique_ptr<int>> owned = std::make_unique<int>(3);
  CHECK(*std::move(owned).transform([](std::unique_ptr<int> p) { return *p; }) == 3);
}

TEST_CASE("or_else may make a value of an error, or another error") {
  const auto mend = [](const error& why) -> result<int> {
    if (why.code == errc::invalid) return 0;
    return why;
  };
  CHECK(half(7).or_else(mend) == result<int>{0});
  CHECK(half(8).or_else(mend) == result<int>{4});
  CHECK(result<int>{refusal}.or_else(mend) == result<int>{refusal});
  const result<int> kept = half(7);
  CHECK(kept.or_else(mend) == result<int>{0});
}

TEST_CASE("an error as text says its code, its sentence and what it is about") {
  CHECK(to_string(refusal) == "conflict: No. (/body: required)");
  CHECK(to_string(error{}) == "unavailable");
}

#include <comments/testing/promise.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace comments;

namespace {

// What the promises of this test are about.
struct counter {
  int count{};
};

struct counter_maker {
  counter& store() { return kept; }
  void reopen() { kept.count = 0; }
  counter kept{};
};

COMMENTS_PROMISE(counter, begins_at_zero, "a new counter is at zero") {
  const auto made = make();
  COMMENTS_CHECK(made->store().count == 0);
  made->store().count = 3;
  COMMENTS_CHECK(make()->store().count == 0);
  made->reopen();
  COMMENTS_CHECK(made->store().count == 0);
}

COMMENTS_PROMISE(counter, is_never_kept, "a counter counts by itself") {
  const auto made = make();
  for (const int turn : {1, 2}) {
    const contract::note of_turn{"turn", turn};
    COMMENTS_CHECK(made->store().count == turn - 1);
  }
}

// What a promise says that is not kept; nothing if it is.
template <typename Work>
std::string broken(const Work& work) {
  try {
    work();
  } catch (const contract::broken_promise& why) {
    return why.what();
  }
  return "";
}

}  // namespace

TEST_CASE("promises are a list of values, each with its name, its sentence and its code") {
  const auto all =
      contract::promises_of<std::tuple<begins_at_zero, is_never_kept>, counter_maker>();
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "begins_at_zero");
  CHECK(all[0].sentence == "a new counter is at zero");
  CHECK(broken(all[0].keep) == "");
  CHECK(broken(all[1].keep) != "");
  CHECK(broken(contract::keep<begins_at_zero, counter_maker>) == "");
}

TEST_CASE("a broken promise says where, what was compared with what, and what was noted") {
  const std::string said = broken(contract::keep<is_never_kept, counter_maker>);
  CHECK(said.find("promise_test.cpp:") != said.npos);
  CHECK(said.find("made->store().count == turn - 1\n  with 0 == 1\n") != said.npos);
  CHECK(said.find("\n  where the promise = \"a counter counts by itself\"") != said.npos);
  CHECK(said.find("\n  where turn = 2") != said.npos);
  CHECK(said.find("turn = 1") == said.npos);
  CHECK(contract::note::all().empty());
}

TEST_CASE("whole numbers are compared by value, whatever their types") {
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  CHECK(broken([&] { COMMENTS_CHECK(most == -1); }).find(std::to_string(most) + " == -1") !=
        std::string::npos);
  CHECK(broken([&] { COMMENTS_CHECK(most != -1); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(-1 < most); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(most > -1); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(-1 <= most); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(most >= -1); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(most < -1); }) != "");
  CHECK(broken([&] { COMMENTS_CHECK(-1 >= most); }) != "");
  CHECK(broken([&] { COMMENTS_CHECK(std::string{"a"} < "b"); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(true == 1); }) == "");
}

TEST_CASE("a check takes what is true by itself, and atomic and composed conditions") {
  const std::atomic<int> three{3};
  const std::optional<int> none;
  CHECK(broken([&] { COMMENTS_CHECK(three == 3); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(three > 2); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK((three == 3 && !none)); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK(none); }) != "");
  CHECK(broken([&] { COMMENTS_CHECK(!none); }) == "");
  CHECK(broken([&] { COMMENTS_CHECK((three == 4 || none.has_value())); }) != "");
}

TEST_CASE(
    "values are shown in words: texts, lists, what may be missing, and what cannot be shown") {
  struct unknown {};
  const auto shown = [](const auto& value) {
    std::ostringstream text;
    contract::show(text, value);
    return text.str();
  };
  CHECK(shown(std::string{"a"}) == "\"a\"");
  CHECK(shown("a") == "\"a\"");
  CHECK(shown(true) == "true");
  CHECK(shown(7) == "7");
  CHECK(shown(errc::not_found) == "not_found");
  CHECK(shown(std::vector<std::string>{"a", "b"}) == "[\"a\", \"b\"]");
  CHECK(shown(std::vector<int>{}) == "[]");
  CHECK(shown(std::optional{3}) == "3");
  CHECK(shown(std::optional<int>{}) == "nothing");
  CHECK(shown(unknown{}) == "(a value that cannot be shown)");
}

TEST_CASE(
    "an answer that must be a value breaks the promise with its error, where it is asked for") {
  CHECK(contract::must(result<int>{7}) == 7);
  const std::string said = broken([] { contract::must(result<int>{comment_not_found()}); });
  CHECK(said.find("promise_test.cpp:") != said.npos);
  CHECK(said.find("not_found") != said.npos);
}

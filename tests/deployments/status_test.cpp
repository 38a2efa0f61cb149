#include <comments/deployments/status.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace comments;
using std::chrono::milliseconds;

namespace {

const instant noon = from_milliseconds(1'700'000'000'000);

deployment step(deployment_status status, milliseconds after, const std::string& run = "1",
                const std::string& component = "comments") {
  return {.component = component,
          .version = "1.2",
          .responsible = "ana",
          .status = status,
          .run = run,
          .date = noon + after};
}

std::vector<std::string> took(const std::vector<deployment>& steps, milliseconds now_after) {
  std::vector<std::string> found;
  for (const status_row& row : to_status_rows(steps, noon + now_after))
    found.push_back((row.took ? to_words(*row.took) : "") + (row.is_under_way ? " so far" : ""));
  return found;
}

}  // namespace

TEST_CASE("a span is said in two units, the smaller of them cut") {
  const struct {
    std::int64_t ms;
    std::string words;
  } table[] = {{0, "0 ms"},
               {999, "999 ms"},
               {1'000, "1.0 s"},
               {9'999, "9.9 s"},
               {10'000, "10 s"},
               {59'999, "59 s"},
               {60'000, "1 min"},
               {125'000, "2 min 5 s"},
               {3'599'999, "59 min 59 s"},
               {3'600'000, "1 h"},
               {12'000'000, "3 h 20 min"},
               {86'400'000, "1 d"},
               {187'200'000, "2 d 4 h"}};
  for (const auto& row : table) CHECK(to_words(milliseconds{row.ms}) == row.words);
}

TEST_CASE("a step took until the next of the same run, whatever others did meanwhile") {
  using enum deployment_status;
  const std::vector<deployment> steps{step(success, milliseconds{95'000}),
                                      step(failure, milliseconds{50'000}, "2"),
                                      step(in_progress, milliseconds{40'000}, "1", "widget"),
                                      step(in_progress, milliseconds{30'000}),
                                      step(in_progress, milliseconds{20'000}, "2"),
                                      step(pending, milliseconds{5'000})};
  CHECK(took(steps, milliseconds{100'000}) ==
        std::vector<std::string>{"", "", "1 min so far", "1 min 5 s", "30 s", "25 s"});
}

TEST_CASE("a step has no duration where it cannot be known") {
  using enum deployment_status;
  CHECK(took({step(success, milliseconds{9}, ""), step(pending, milliseconds{1}, "")},
             milliseconds{10}) == std::vector<std::string>{"", ""});
  // The clock was set back between the two, and is behind the first still.
  CHECK(took({step(in_progress, milliseconds{10}), step(pending, milliseconds{20})},
             milliseconds{5}) == std::vector<std::string>{"", ""});
  CHECK(took({step(in_progress, milliseconds{10}), step(pending, milliseconds{10})},
             milliseconds{10}) == std::vector<std::string>{"0 ms so far", "0 ms"});
}

TEST_CASE("a row has its step as it was recorded") {
  const deployment said = step(deployment_status::success, {});
  const auto rows = to_status_rows({said, said}, noon);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].step == said);
  CHECK(rows[1].step == said);
}

TEST_CASE("how a service is has a name") {
  for (const auto name : names_of(service_health{}))
    CHECK(to_text(*parse<service_health>(name)) == name);
}

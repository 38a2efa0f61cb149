#include <comments/metrics.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/parallel.hpp"

using namespace comments;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

auto count_lines(const std::string& text) { return std::ranges::count(text, '\n'); }

std::string numbered(std::size_t i) { return "n=\"" + std::to_string(i) + "\""; }

}  // namespace

TEST_CASE("a counter starts at nothing and adds up") {
  counter one;
  CHECK(one.value() == 0);
  one.add();
  one.add(41);
  CHECK(one.value() == 42);
}

TEST_CASE("a counter of what is counted elsewhere never goes back") {
  counter one;
  one.raise(7);
  CHECK(one.value() == 7);
  one.raise(5);
  CHECK(one.value() == 7);
  one.raise(9);
  CHECK(one.value() == 9);
}

TEST_CASE("a gauge goes up and down, and below nothing") {
  gauge one;
  CHECK(one.value() == 0);
  one.add(2);
  one.add(-5);
  CHECK(one.value() == -3);
  one.set(7);
  CHECK(one.value() == 7);
}

TEST_CASE("a duration falls into the slot whose bound it does not exceed") {
  constexpr auto bounds = histogram::bounds;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    histogram one;
    one.observe(bounds[i]);
    CHECK(one.count(i) == 1);
    one.observe(std::nextafter(bounds[i], 100.0));
    CHECK(one.count(i) == 1);
    CHECK(one.count(i + 1) == 1);
  }
  histogram one;
  one.observe(0);
  CHECK(one.count(0) == 1);
  one.observe(1e6);
  CHECK(one.count(bounds.size()) == 1);
}

TEST_CASE("the bounds rise from a tenth of a millisecond to ten seconds") {
  CHECK(histogram::bounds.front() == 0.0001);
  CHECK(histogram::bounds.back() == 10.0);
  CHECK(std::ranges::is_sorted(histogram::bounds, std::ranges::less_equal{}));
}

TEST_CASE("a histogram's sum is that of its durations, in seconds") {
  histogram one;
  CHECK(one.sum() == 0);
  one.observe(0.25);
  one.observe(1.5);
  one.observe(20);
  CHECK(one.sum() == doctest::Approx(21.75));
}

TEST_CASE("one name with the same labels is one series, with others another") {
  registry metrics;
  counter& plain = metrics.counter_of("a_total", "A.");
  counter& labelled = metrics.counter_of("a_total", "A.", "x=\"1\"");
  CHECK(&metrics.counter_of("a_total", "A.") == &plain);
  CHECK(&metrics.counter_of("a_total", "A.", "x=\"1\"") == &labelled);
  CHECK(&plain != &labelled);
  CHECK(&metrics.counter_of("a_total", "A.", "x=\"2\"") != &labelled);
  CHECK(&metrics.counter_of("b_total", "B.") != &plain);
}

TEST_CASE("a gauge that is watched is read whenever the text is asked for") {
  registry metrics;
  std::int64_t level = 0;
  metrics.watch("memory_bytes", "Memory in use.", [&] { return ++level; });
  CHECK(metrics.to_text().find("\nmemory_bytes 1\n") != std::string::npos);
  CHECK(metrics.to_text().find("\nmemory_bytes 2\n") != std::string::npos);
  CHECK(metrics.gauge_of("memory_bytes", "").value() == 2);
}

TEST_CASE("an empty registry is empty text") { CHECK(registry{}.to_text().empty()); }

TEST_CASE("the text is what Prometheus reads: families and labels in order, within their kind") {
  registry metrics;
  metrics.gauge_of("open", "Open now.").set(-2);
  metrics.counter_of("b_total", "B.").add(2);
  metrics.counter_of("a_total", "A.", "method=\"POST\",status=\"201\"").add(3);
  metrics.counter_of("a_total", "Another help: the first stays.", "method=\"GET\"").add();
  metrics.counter_of("a_total", "A.");
  CHECK(metrics.to_text() ==
        "# HELP a_total A.\n"
        "# TYPE a_total counter\n"
        "a_total 0\n"
        "a_total{method=\"GET\"} 1\n"
        "a_total{method=\"POST\",status=\"201\"} 3\n"
        "# HELP b_total B.\n"
        "# TYPE b_total counter\n"
        "b_total 2\n"
        "# HELP open Open now.\n"
        "# TYPE open gauge\n"
        "open -2\n");
}

TEST_CASE("the buckets of a histogram count everything below them too") {
  registry metrics;
  histogram& spent = metrics.histogram_of("spent_seconds", "Spent.", "route=\"/\"");
  for (const double seconds : {0.0001, 0.0002, 0.003, 0.75, 11.0}) spent.observe(seconds);
  metrics.histogram_of("spent_seconds", "Spent.");
  const std::string text = metrics.to_text();
  CHECK(has(text,
            "spent_seconds_bucket{route=\"/\",le=\"0.0001\"} 1\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.00025\"} 2\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.0005\"} 2\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.001\"} 2\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.0025\"} 2\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.005\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.01\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.025\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.05\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.1\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.25\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"0.5\"} 3\n"
            "spent_seconds_bucket{route=\"/\",le=\"1\"} 4\n"
            "spent_seconds_bucket{route=\"/\",le=\"2.5\"} 4\n"
            "spent_seconds_bucket{route=\"/\",le=\"5\"} 4\n"
            "spent_seconds_bucket{route=\"/\",le=\"10\"} 4\n"
            "spent_seconds_bucket{route=\"/\",le=\"+Inf\"} 5\n"
            "spent_seconds_sum{route=\"/\"} 11.7533\n"
            "spent_seconds_count{route=\"/\"} 5\n"));
  CHECK(
      text.starts_with("# HELP spent_seconds Spent.\n# TYPE spent_seconds histogram\n"
                       "spent_seconds_bucket{le=\"0.0001\"} 0\n"));
  CHECK(has(text, "\nspent_seconds_sum 0\nspent_seconds_count 0\n"));
  CHECK(count_lines(text) == 2 + 2 * 19);
}

TEST_CASE("a sum that has grown large still shows a small duration") {
  registry metrics;
  histogram& spent = metrics.histogram_of("spent_seconds", "Spent.");
  spent.observe(1'000'000);
  spent.observe(0.25);
  CHECK(has(metrics.to_text(), "\nspent_seconds_sum 1000000.25\n"));
}

TEST_CASE("past the most series, new ones share one, and known ones stay their own") {
  registry metrics;
  counter& first = metrics.counter_of("a_total", "A.", numbered(1));
  for (std::size_t i = 2; i < registry::series_max; ++i)
    metrics.counter_of("a_total", "A.", numbered(i)).add(i);
  counter& last = metrics.counter_of("a_total", "A.", numbered(registry::series_max));
  counter& shared = metrics.counter_of("a_total", "A.", numbered(registry::series_max + 1));
  CHECK(&shared != &last);
  CHECK(&shared == &metrics.counter_of("a_total", "A.", numbered(registry::series_max + 2)));
  CHECK(&shared == &metrics.counter_of("a_total", "A."));
  CHECK(&first == &metrics.counter_of("a_total", "A.", numbered(1)));
  CHECK(&last == &metrics.counter_of("a_total", "A.", numbered(registry::series_max)));

  first.add(11);
  last.add(12);
  shared.add(13);
  const std::string text = metrics.to_text();
  CHECK(has(text, "a_total{n=\"1\"} 11\n"));
  CHECK(has(text, "a_total{n=\"500\"} 500\n"));
  CHECK(has(text, "a_total{n=\"1024\"} 12\n"));
  CHECK(has(text, "a_total{overflow=\"1\"} 13\n"));
  CHECK_FALSE(has(text, "n=\"1025\""));
  CHECK(count_lines(text) == 2 + registry::series_max + 1);
}

TEST_CASE("all kinds and names share the number of series") {
  registry metrics;
  for (std::size_t i = 1; i < registry::series_max; ++i)
    metrics.counter_of("a_total", "A.", numbered(i));
  metrics.gauge_of("b", "B.", numbered(1)).set(1);
  metrics.gauge_of("b", "B.", numbered(2)).set(2);
  metrics.gauge_of("b", "B.", numbered(3)).set(3);
  metrics.histogram_of("c_seconds", "C.", numbered(1)).observe(1);
  const std::string text = metrics.to_text();
  CHECK(has(text, "b{n=\"1\"} 1\nb{overflow=\"1\"} 3\n"));
  CHECK(has(text, "c_seconds_count{overflow=\"1\"} 1\n"));
  CHECK_FALSE(has(text, "c_seconds_count{n="));
}

TEST_CASE("nothing is lost when many threads count and one reads") {
  registry metrics;
  std::atomic<bool> torn{};
  in_parallel(5, [&](int thread) {
    for (std::size_t i = 0; i < 500; ++i) {
      metrics.counter_of("a_total", "A.", numbered(i % 7)).add();
      metrics.gauge_of("b", "B.").add(i % 2 == 0 ? 3 : -1);
      metrics.histogram_of("c_seconds", "C.").observe(0.5);
      if (thread == 4 && i % 10 == 0 && !metrics.to_text().ends_with('\n')) torn = true;
    }
  });
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < 7; ++i)
    total += metrics.counter_of("a_total", "A.", numbered(i)).value();
  CHECK(total == 2500);
  CHECK(metrics.gauge_of("b", "B.").value() == 2500);
  CHECK(metrics.histogram_of("c_seconds", "C.").sum() == doctest::Approx(1250));
  CHECK(has(metrics.to_text(), "c_seconds_bucket{le=\"+Inf\"} 2500\n"));
  CHECK_FALSE(torn);
}

TEST_CASE("a watched gauge whose reading throws, is empty or asks the registry spoils no text") {
  registry metrics;
  metrics.watch("a", "A.", []() -> std::int64_t { throw std::runtime_error{"secret"}; });
  metrics.watch("b", "B.", []() -> std::int64_t { throw 7; });
  metrics.watch("c", "C.", {});
  metrics.watch("d", "D.", [&] {
    metrics.counter_of("readings", "Readings.").add();
    return std::int64_t{5};
  });
  const std::string text = metrics.to_text();
  for (const char* line : {"\na 0\n", "\nb 0\n", "\nc 0\n", "\nd 5\n", "\nreadings 1\n"})
    CHECK(text.find(line) != text.npos);
}

TEST_CASE("views of a registry make one text, with one head a family and their own labels") {
  registry all;
  registry ana{all, R"(tenant="ana")"}, ben{all, R"(tenant="ben")"};
  ana.counter_of("posts", "Posts.").add(1);
  ben.counter_of("posts", "Posts.").add(2);
  ben.counter_of("posts", "Posts.", R"(kind="x")").add(3);
  const std::string text =
      "# HELP posts Posts.\n# TYPE posts counter\nposts{tenant=\"ana\"} 1\n"
      "posts{tenant=\"ben\"} 2\nposts{tenant=\"ben\",kind=\"x\"} 3\n";
  CHECK(all.to_text() == text);
  CHECK(ana.to_text() == text);
  registry inner{ana, R"(part="1")"};
  inner.counter_of("posts", "Posts.").add(4);
  CHECK(all.to_text().find(R"(posts{tenant="ana",part="1"} 4)") != std::string::npos);
}

TEST_CASE(
    "a view outlives the registry that it was made of, and has a number of series of its own") {
  auto all = std::make_unique<registry>();
  registry ana{*all, R"(tenant="ana")"}, ben{*all, R"(tenant="ben")"};
  all.reset();
  for (std::size_t i = 0; i <= registry::series_max; ++i)
    ana.counter_of("c", "C.", "n=\"" + std::to_string(i) + "\"").add();
  ben.counter_of("c", "C.", R"(n="new")").add();
  const std::string text = ben.to_text();
  CHECK(text.find(R"(c{tenant="ana",overflow="1"} 1)") != text.npos);
  CHECK(text.find(R"(c{tenant="ben",n="new"} 1)") != text.npos);
}

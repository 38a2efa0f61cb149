#include <comments/service_options.hpp>

#include <doctest/doctest.h>

#include <chrono>

using namespace comments;
using namespace std::chrono_literals;

TEST_CASE("the default options are those of docs/operations.md") {
  const service_options usual;
  CHECK(usual.page_max == 200);
  CHECK(usual.contents_max == 200);
  CHECK(usual.decisions_max == 100);
  CHECK(usual.edits_max == 100);
  CHECK(usual.edit_window == 15min);
  CHECK(usual.depth_max == 6);
  CHECK(usual.mode == content_status::open);
  CHECK(usual.rules.empty());
  CHECK(usual.reports_max == 3);
  CHECK(usual.origins_kept == 24h * 30);
}

TEST_CASE("the default clock is the system's") {
  const instant before = system_clock()();
  const instant told = service_options{}.clock();
  CHECK(told >= before);
  CHECK(told <= system_clock()());
}

TEST_CASE("options that are set are kept, and the rest stays") {
  const service_options told{.edit_window = 1h, .mode = content_status::locked};
  CHECK(told.edit_window == 60min);
  CHECK(told.mode == content_status::locked);
  CHECK(told.depth_max == service_options{}.depth_max);
}

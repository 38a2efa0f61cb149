#include "histogram.hpp"

#include <doctest/doctest.h>

#include <memory>

using bench::histogram;

TEST_CASE("nothing counted has percentiles of 0") {
  const auto none = std::make_unique<histogram>();
  CHECK(none->count() == 0);
  CHECK(none->percentile(0.5) == 0);
  CHECK(none->max() == 0);
}

TEST_CASE("small values are exact") {
  const auto seen = std::make_unique<histogram>();
  for (std::uint64_t value = 1; value <= 200; ++value) seen->add(value);
  CHECK(seen->percentile(0) == 1);
  CHECK(seen->percentile(0.5) == 100);
  CHECK(seen->percentile(0.99) == 198);
  CHECK(seen->percentile(0.991) == 199);
  CHECK(seen->percentile(1) == 200);
}

TEST_CASE(
    "percentiles of large values are never too small, and too large by less than a hundredth") {
  const auto seen = std::make_unique<histogram>();
  for (std::uint64_t value = 1; value <= 100'000; ++value) seen->add(value * 977);
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = share * 100'000 * 977;
    CHECK(static_cast<double>(seen->percentile(share)) >= exact);
    CHECK(static_cast<double>(seen->percentile(share)) < exact * 1.01);
  }
  CHECK(seen->percentile(1) == 97'700'000);
}

TEST_CASE("every number of 64 bits has its place") {
  const auto seen = std::make_unique<histogram>();
  for (const std::uint64_t value : {0ull, 255ull, 256ull, 1ull << 63, ~0ull}) seen->add(value);
  CHECK(seen->count() == 5);
  CHECK(seen->percentile(0.2) == 0);
  CHECK(seen->percentile(0.4) == 255);
  CHECK(seen->percentile(1) == ~0ull);
}

TEST_CASE("histograms of threads add up") {
  const auto one = std::make_unique<histogram>(), other = std::make_unique<histogram>();
  one->add(10);
  other->add(20);
  other->add(30);
  one->add(*other);
  CHECK(one->count() == 3);
  CHECK(one->percentile(0.5) == 20);
  CHECK(one->max() == 30);
}

#pragma once
// histogram.hpp - latencies, counted so that percentiles of millions of them cost a few kilobytes.
//
// Each power of two is cut into 128 steps, so what a percentile says is at most 0.8 % too large.
//
//   histogram seen;
//   seen.add(1'250);
//   seen.percentile(0.99);

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace bench {

class histogram final {
 public:
  void add(std::uint64_t value) {
    ++counts_[index_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  void add(const histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }

  // The value that a `share` (0 to 1) of all values do not exceed; 0 if there are none.
  std::uint64_t percentile(double share) const {
    const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t passed = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      passed += counts_[i];
      if (passed >= rank && passed > 0) return std::min(largest_in(i), max_);
    }
    return 0;
  }

 private:
  static constexpr std::size_t steps = 128;  // of one power of two

  // Values below 256 have a place of their own each.
  static std::size_t index_of(std::uint64_t value) {
    if (value < 2 * steps) return static_cast<std::size_t>(value);
    const auto shift = static_cast<std::size_t>(std::bit_width(value)) - 8;
    return shift * steps + static_cast<std::size_t>(value >> shift);
  }

  static std::uint64_t largest_in(std::size_t index) {
    if (index < 2 * steps) return index;
    const std::size_t shift = index / steps - 1;
    return (std::uint64_t{index % steps + steps + 1} << shift) - 1;
  }

  std::array<std::uint64_t, 58 * steps> counts_{};
  std::uint64_t count_{};
  std::uint64_t max_{};
};

}  // namespace bench

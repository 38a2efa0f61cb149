#pragma once
// metrics.hpp - counters, gauges and histograms, and their text form.
//
// A `registry` hands out references that stay valid as long as it lives. Counting is one atomic
// addition. `to_text` writes the Prometheus exposition format, version 0.0.4.
//
//   registry metrics;
//   counter& posted = metrics.counter_of("comments_posted_total", "Comments stored.");
//   posted.add();
//   histogram& times = metrics.histogram_of("comments_seconds", "Time to answer.", R"(route="/")");
//   times.observe(0.004);

#include <comments/config.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace comments::inline v0 {

// A number that only grows. Safe to use from any thread.
class counter final {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  // Makes it `to`, if it is less: for a number that is counted elsewhere.
  void raise(std::uint64_t to);
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{};
};

// A number that goes up and down. Safe to use from any thread.
class gauge final {
 public:
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  void set(std::int64_t to) { value_.store(to, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{};
};

// The distribution of durations, in seconds, from a tenth of a millisecond to ten seconds. Safe to
// use from any thread.
class histogram final {
 public:
  static constexpr std::array bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                     0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

  // `seconds` is 0 or more.
  void observe(double seconds);
  // Returns how many durations are in slot `i`: over bounds[i - 1] and up to bounds[i]. The last
  // slot, `bounds.size()`, has no upper end.
  std::uint64_t count(std::size_t i) const { return slots_[i].load(std::memory_order_relaxed); }
  // Returns the sum of all durations in seconds.
  double sum() const { return static_cast<double>(microseconds_.load()) / 1e6; }

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> slots_{};
  std::atomic<std::uint64_t> microseconds_{};
};

// All series of a program. Safe to call from any thread.
class registry final {
 public:
  // The largest number of series. Past it, further series of a name share one that has the label
  // overflow="1". So labels that a client can choose never grow the memory without end.
  static constexpr std::size_t series_max{1024};

  registry();
  // A view of `shared` that adds `labels`, such as `tenant="ana"`, to all of its series. It has a
  // `series_max` of its own. So the registries of many services make one text, in which each family
  // has one head. What both keep lives as long as one of them does.
  registry(const registry& shared, std::string labels);
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;
  ~registry();

  // Each returns the series of this name and these labels, and makes it if it is new. `labels` is
  // text such as `a="1",b="2"`, with values that are already escaped. The first `help` of a name
  // counts.
  counter& counter_of(std::string_view name, std::string_view help, std::string_view labels = {});
  gauge& gauge_of(std::string_view name, std::string_view help, std::string_view labels = {});
  histogram& histogram_of(std::string_view name, std::string_view help,
                          std::string_view labels = {});

  // Sets a gauge to what `read` returns whenever the text is asked for, from then on. Any
  // thread calls `read`, perhaps several at once, and it may use the registry, but for `to_text`.
  // If it throws or is empty, the gauge stays as it is.
  void watch(std::string_view name, std::string_view help, std::function<std::int64_t()> read);

  // Returns all series, those of other views of the same, too: counters, then gauges, then
  // histograms, each sorted by name and labels.
  std::string to_text() const;

 private:
  struct state;

  std::string join(std::string_view labels) const;

  const std::shared_ptr<state> state_;
  const std::string labels_{};  // of all series
  std::size_t count_{};         // of its series; guarded by the state's mutex
};

}  // namespace comments::inline v0

#ifndef COMMENTS_COMPILED
#include <comments/metrics.ipp>
#endif

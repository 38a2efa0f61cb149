#pragma once
// metrics.hpp - counters, gauges and histograms, and their text form.
//
// A `registry` hands out references that stay valid as long as it lives; counting is one atomic
// addition. `to_text` writes the Prometheus exposition format, version 0.0.4.
//
//   counter& posted = metrics.counter_of("comments_posted_total", "Comments stored.");
//   posted.add();
//   metrics.histogram_of("comments_request_seconds", "…", R"(route="/")").observe(0.004);

#include <array>
#include <atomic>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace comments {

// Only ever grows.
class counter final {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{};
};

// Goes up and down.
class gauge final {
 public:
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  void set(std::int64_t to) { value_.store(to, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{};
};

// How durations are spread, in seconds, from a tenth of a millisecond to ten seconds.
class histogram final {
 public:
  static constexpr std::array bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                     0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0,  10.0};

  // `seconds` is 0 or more.
  void observe(double seconds) {
    assert(seconds >= 0);
    std::size_t slot = 0;
    while (slot < bounds.size() && seconds > bounds[slot]) ++slot;
    slots_[slot].fetch_add(1, std::memory_order_relaxed);
    microseconds_.fetch_add(static_cast<std::uint64_t>(std::llround(seconds * 1e6)),
                            std::memory_order_relaxed);
  }
  // How many fell into slot `i`: over bounds[i - 1] and up to bounds[i]; the last has no end.
  std::uint64_t count(std::size_t i) const { return slots_[i].load(std::memory_order_relaxed); }
  double sum() const { return static_cast<double>(microseconds_.load()) / 1e6; }

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> slots_{};
  std::atomic<std::uint64_t> microseconds_{};
};

class registry final {
 public:
  // How many series there may be. Past it, the further ones of a name share one, overflow="1",
  // so that labels which somebody else can choose never grow the memory without end.
  static constexpr std::size_t series_max{1024};

  registry() = default;
  registry(const registry&) = delete;
  registry& operator=(const registry&) = delete;

  // The series of this name and these labels (`a="1",b="2"`, values already safe); made if new.
  counter& counter_of(std::string_view name, std::string_view help, std::string_view labels = {}) {
    return find(counters_, name, help, labels);
  }
  gauge& gauge_of(std::string_view name, std::string_view help, std::string_view labels = {}) {
    return find(gauges_, name, help, labels);
  }
  histogram& histogram_of(std::string_view name, std::string_view help,
                          std::string_view labels = {}) {
    return find(histograms_, name, help, labels);
  }

  // Every series, families and labels in alphabetical order within their kind.
  std::string to_text() const {
    const std::lock_guard lock{mutex_};
    std::string text;
    for (const auto& [name, one] : counters_) {
      head(text, name, one.help, "counter");
      for (const auto& [labels, series] : one.series)
        line(text, name, labels, std::to_string(series->value()));
    }
    for (const auto& [name, one] : gauges_) {
      head(text, name, one.help, "gauge");
      for (const auto& [labels, series] : one.series)
        line(text, name, labels, std::to_string(series->value()));
    }
    for (const auto& [name, one] : histograms_) {
      head(text, name, one.help, "histogram");
      for (const auto& [labels, series] : one.series) spread(text, name, labels, *series);
    }
    return text;
  }

 private:
  template <typename Series>
  struct family {
    std::string help{};
    std::map<std::string, std::unique_ptr<Series>, std::less<>> series{};
  };
  template <typename Series>
  using families = std::map<std::string, family<Series>, std::less<>>;

  template <typename Series>
  Series& find(families<Series>& all, std::string_view name, std::string_view help,
               std::string_view labels) {
    const std::lock_guard lock{mutex_};
    auto named = all.find(name);
    if (named == all.end())
      named = all.emplace(std::string{name}, family<Series>{std::string{help}, {}}).first;
    auto& series = named->second.series;
    auto at = series.find(labels);
    if (at == series.end() && count_ >= series_max) at = series.find(labels = "overflow=\"1\"");
    if (at == series.end()) {
      at = series.emplace(std::string{labels}, std::make_unique<Series>()).first;
      ++count_;
    }
    return *at->second;
  }

  static void head(std::string& text, std::string_view name, std::string_view help,
                   std::string_view kind) {
    text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text.append(name).append(" ").append(kind).append("\n");
  }

  static void line(std::string& text, std::string_view name, std::string_view labels,
                   std::string_view value) {
    text.append(name);
    if (!labels.empty()) text.append("{").append(labels).append("}");
    text.append(" ").append(value).append("\n");
  }

  // All of its digits, with a point whatever the locale.
  static std::string number(double value) {
    char text[64];
    const auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
    return {text, written.ptr};
  }

  static void spread(std::string& text, std::string_view name, const std::string& labels,
                     const histogram& series) {
    const std::string base{name};
    const std::string before = labels.empty() ? "le=\"" : labels + ",le=\"";
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= histogram::bounds.size(); ++i) {
      const bool is_last = i == histogram::bounds.size();
      std::string bound = before;
      bound.append(is_last ? "+Inf" : number(histogram::bounds[i])).append("\"");
      total += series.count(i);
      line(text, base + "_bucket", bound, std::to_string(total));
    }
    line(text, base + "_sum", labels, number(series.sum()));
    line(text, base + "_count", labels, std::to_string(total));
  }

  mutable std::mutex mutex_{};
  std::size_t count_{};
  families<counter> counters_{};
  families<gauge> gauges_{};
  families<histogram> histograms_{};
};

}  // namespace comments

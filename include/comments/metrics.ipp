#pragma once
// metrics.ipp - definitions of metrics.hpp.

#include <comments/metrics.hpp>

#include <comments/guarded.hpp>
#include <comments/mutex.hpp>

#include <cassert>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace comments::inline v0 {

namespace detail {

// A counter, a gauge or a histogram; the map that it is in tells which of them is in use. One type
// for the three, because each map type costs the compiler more than the bytes cost here.
struct metric_series {
  counter total{};
  gauge level{};
  histogram times{};
};

struct metric_family {
  std::string name{};
  std::string help{};
  std::map<std::string, metric_series, std::less<>> series{};  // by their labels
};

inline constexpr std::string_view overflow_label = "overflow=\"1\"";

using metric_families = std::vector<metric_family>;  // some dozens, by their names

// Returns the series of that name and these labels. `count` counts the series of the registry.
inline metric_series& find_series(metric_families& families, std::size_t& count,
                                  std::string_view name, std::string_view help,
                                  std::string_view labels, std::string_view overflow) {
  auto family = families.begin();
  while (family != families.end() && family->name < name) ++family;
  if (family == families.end() || family->name != name)
    family = families.insert(family, metric_family{std::string{name}, std::string{help}, {}});
  auto& series = family->series;
  auto found = series.find(labels);
  if (found == series.end() && count >= registry::series_max) {
    labels = overflow;
    found = series.find(labels);
  }
  if (found == series.end()) {
    found = series.try_emplace(std::string{labels}).first;
    ++count;
  }
  return found->second;
}

inline void append_head(std::string& text, std::string_view name, std::string_view help,
                        std::string_view type) {
  text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  text.append(name).append(" ").append(type).append("\n");
}

inline void append_sample(std::string& text, std::string_view name, std::string_view labels,
                          std::string_view value) {
  text.append(name);
  if (!labels.empty()) text.append("{").append(labels).append("}");
  text.append(" ").append(value).append("\n");
}

// Returns all digits of `value`, with a point in every locale.
inline std::string to_digits(double value) {
  char text[64];
  const auto written = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed);
  return {text, written.ptr};
}

inline void append_histogram(std::string& text, std::string_view name, const std::string& labels,
                             const metric_series& series) {
  const histogram& times = series.times;
  const std::string base{name};
  const std::string before = labels.empty() ? "le=\"" : labels + ",le=\"";
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= histogram::bounds.size(); ++i) {
    const bool is_last = i == histogram::bounds.size();
    std::string bound = before;
    bound.append(is_last ? "+Inf" : to_digits(histogram::bounds[i])).append("\"");
    total += times.count(i);
    append_sample(text, base + "_bucket", bound, std::to_string(total));
  }
  append_sample(text, base + "_sum", labels, to_digits(times.sum()));
  append_sample(text, base + "_count", labels, std::to_string(total));
}

// Appends all series of the families, each by `append(text, name, labels, series)`.
inline void append_families(std::string& text, const metric_families& families,
                            std::string_view type,
                            void (*append)(std::string&, std::string_view, const std::string&,
                                           const metric_series&)) {
  for (const metric_family& family : families) {
    append_head(text, family.name, family.help, type);
    for (const auto& [labels, series] : family.series) append(text, family.name, labels, series);
  }
}

inline void append_counter(std::string& text, std::string_view name, const std::string& labels,
                           const metric_series& series) {
  append_sample(text, name, labels, std::to_string(series.total.value()));
}

inline void append_gauge(std::string& text, std::string_view name, const std::string& labels,
                         const metric_series& series) {
  append_sample(text, name, labels, std::to_string(series.level.value()));
}

}  // namespace detail

COMMENTS_INLINE void counter::raise(std::uint64_t to) {
  std::uint64_t now = value();
  while (now < to && !value_.compare_exchange_weak(now, to, std::memory_order_relaxed)) {
  }
}

COMMENTS_INLINE void histogram::observe(double seconds) {
  assert(seconds >= 0);
  std::size_t slot = 0;
  while (slot < bounds.size() && seconds > bounds[slot]) ++slot;
  slots_[slot].fetch_add(1, std::memory_order_relaxed);
  microseconds_.fetch_add(static_cast<std::uint64_t>(std::llround(seconds * 1e6)),
                          std::memory_order_relaxed);
}

struct registry::state {
  // Without the lock, because it calls what was handed over.
  void read_watched() COMMENTS_EXCLUDES(mutex) {
    mutex_lock lock{mutex};
    const auto all = watched;
    lock.unlock();
    for (const auto& [shown, read] : all)
      if (const auto level = guarded(read)) shown->set(*level);
  }

  comments::mutex mutex{};
  detail::metric_families counters COMMENTS_GUARDED_BY(mutex){};
  detail::metric_families gauges COMMENTS_GUARDED_BY(mutex){};
  detail::metric_families histograms COMMENTS_GUARDED_BY(mutex){};
  std::vector<std::pair<gauge*, std::function<std::int64_t()>>> watched
      COMMENTS_GUARDED_BY(mutex){};
};

COMMENTS_INLINE registry::registry() : state_{std::make_shared<state>()} {}
COMMENTS_INLINE registry::registry(const registry& shared, std::string labels)
    : state_{shared.state_},
      labels_{shared.labels_.empty() ? std::move(labels) : shared.join(labels)} {}
COMMENTS_INLINE registry::~registry() = default;

COMMENTS_INLINE counter& registry::counter_of(std::string_view name, std::string_view help,
                                              std::string_view labels) {
  const std::string all = join(labels), rest = join(detail::overflow_label);
  const mutex_lock lock{state_->mutex};
  return detail::find_series(state_->counters, count_, name, help, all, rest).total;
}

COMMENTS_INLINE gauge& registry::gauge_of(std::string_view name, std::string_view help,
                                          std::string_view labels) {
  const std::string all = join(labels), rest = join(detail::overflow_label);
  const mutex_lock lock{state_->mutex};
  return detail::find_series(state_->gauges, count_, name, help, all, rest).level;
}

COMMENTS_INLINE histogram& registry::histogram_of(std::string_view name, std::string_view help,
                                                  std::string_view labels) {
  const std::string all = join(labels), rest = join(detail::overflow_label);
  const mutex_lock lock{state_->mutex};
  return detail::find_series(state_->histograms, count_, name, help, all, rest).times;
}

// Returns the labels behind those of all series.
COMMENTS_INLINE std::string registry::join(std::string_view labels) const {
  std::string all = labels_;
  if (!all.empty() && !labels.empty()) all += ',';
  return all.append(labels);
}

COMMENTS_INLINE void registry::watch(std::string_view name, std::string_view help,
                                     std::function<std::int64_t()> read) {
  gauge& shown = gauge_of(name, help);
  const mutex_lock lock{state_->mutex};
  state_->watched.emplace_back(&shown, std::move(read));
}

COMMENTS_INLINE std::string registry::to_text() const {
  state_->read_watched();
  const mutex_lock lock{state_->mutex};
  std::string text;
  detail::append_families(text, state_->counters, "counter", detail::append_counter);
  detail::append_families(text, state_->gauges, "gauge", detail::append_gauge);
  detail::append_families(text, state_->histograms, "histogram", detail::append_histogram);
  return text;
}

}  // namespace comments::inline v0

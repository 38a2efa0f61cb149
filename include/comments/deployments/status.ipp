#pragma once
// deployments/status.ipp - definitions of deployments/status.hpp.

#include <comments/deployments/status.hpp>

#include <cstdint>
#include <map>
#include <utility>

namespace comments::inline v0 {

COMMENTS_INLINE std::vector<status_row> to_status_rows(std::vector<deployment> steps, instant now) {
  std::map<std::pair<std::string, std::string>, instant> next;  // by component and run
  std::vector<status_row> rows;
  for (deployment& step : steps) {
    status_row row;
    if (!step.run.empty()) {
      const auto [known, is_last] = next.try_emplace({step.component, step.run}, now);
      row.is_under_way = is_last && !is_final(step.status) && known->second >= step.date;
      if ((row.is_under_way || !is_last) && known->second >= step.date)
        row.took = known->second - step.date;
      known->second = step.date;
    }
    row.step = std::move(step);
    rows.push_back(std::move(row));
  }
  return rows;
}

COMMENTS_INLINE std::string to_words(std::chrono::milliseconds span) {
  const std::int64_t ms = span.count();
  const std::int64_t s = ms / 1000;
  const std::int64_t min = s / 60;
  const std::int64_t h = min / 60;
  const auto join = [](std::int64_t large, std::string_view large_unit, std::int64_t small,
                       std::string_view small_unit) {
    std::string text = std::to_string(large).append(large_unit);
    if (small != 0) text.append(" ").append(std::to_string(small)).append(small_unit);
    return text;
  };
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (s < 10) return std::to_string(s) + "." + std::to_string(ms % 1000 / 100) + " s";
  if (min < 1) return std::to_string(s) + " s";
  if (h < 1) return join(min, " min", s % 60, " s");
  if (h < 24) return join(h, " h", min % 60, " min");
  return join(h / 24, " d", h % 24, " h");
}

}  // namespace comments::inline v0

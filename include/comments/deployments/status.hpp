#pragma once
// deployments/status.hpp - the data of a status page: what runs, how it is, the latest deployments.
//
// Everything is decided here, but there is no HTML and there are no words of a language: the
// function that a program gives as `route_options::status_page` turns this into a page.
//
//   service_status seen{.component = "shop", .version = "1.2"};
//   seen.latest = to_status_rows(log.deployments({})->items, now);

#include <comments/clock.hpp>
#include <comments/deployments/deployment.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments {

enum class service_health {
  working,
  read_only,  // the store takes no writes now
  draining,   // the service is shutting down
};

constexpr std::array<std::string_view, 3> names_of(service_health) {
  return {"working", "read_only", "draining"};
}

// A deployment's step, and how long it took.
struct status_row {
  deployment step{};
  std::optional<std::chrono::milliseconds> took{};  // none where it cannot be known
  bool is_under_way{};  // the step has not ended yet: `took` is the time until now
};

struct service_status {
  std::string component{};  // of the program that answers; so are the next three
  std::string version{};
  std::string commit{};      // empty: not known
  std::string build_date{};  // empty: not known
  service_health health{};
  bool is_log_readable{true};        // false: `latest` is empty because the log cannot be read
  std::vector<status_row> latest{};  // the latest first
  instant now{};                     // when all this was so
};

// Returns the rows of `steps`, which are in the order of the log, the latest first. A step took
// until the next step of the same run and component. The last step of a run takes until `now`,
// unless it is final. A step without a run has no `took`, nor one after which the clock was set
// back.
inline std::vector<status_row> to_status_rows(std::vector<deployment> steps, instant now) {
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

// Returns a span in at most two units, the smaller one rounded down: "340 ms", "4.2 s",
// "2 min 5 s", "3 h 20 min", "2 d 4 h". `span` is not negative.
inline std::string to_words(std::chrono::milliseconds span) {
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

}  // namespace comments

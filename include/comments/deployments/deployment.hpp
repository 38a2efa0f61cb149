#pragma once
// deployments/deployment.hpp - one step of a deployment: which version of which component, deployed
// by whom, and when.
//
// A pipeline reports each step of a deployment: it waits (`pending`), it is under way
// (`in_progress`), it ended. Each step is a record of its own, and no record is ever changed, so
// the records are a history. The log that keeps a record sets its date; the pipeline cannot. `run`
// names the run of the pipeline, which all its steps share.
//
//   const result<deployment> step = validate(std::move(said), deployment_limits{});
//   if (!step) return fail(step.error().violations);
//   auto recorded = log.record(*step, now);

#include <comments/clock.hpp>
#include <comments/id.hpp>
#include <comments/result.hpp>
#include <comments/spoofing.hpp>
#include <comments/text.hpp>
#include <comments/validation.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0 {

enum class deployment_status { pending, in_progress, success, failure, cancelled };

constexpr std::array<std::string_view, 5> names_of(deployment_status) {
  return {"pending", "in_progress", "success", "failure", "cancelled"};
}

// Whether the status ends a run.
inline bool is_final(deployment_status status) { return status >= deployment_status::success; }

using deployment_id = comment_id;  // a UUID of version 7, too

struct deployment {
  deployment_id id{};
  std::int64_t position{};  // 1 for the log's first record, and one more for each next one
  std::string component{};
  std::string version{};
  std::string responsible{};
  deployment_status status{};
  std::string run{};  // empty: the pipeline named no run
  instant date{};     // when it was recorded

  friend bool operator==(const deployment&, const deployment&) = default;
};

// The largest of everything, in bytes of UTF-8. A value of exactly this size is valid.
struct deployment_limits {
  std::size_t component_bytes_max{100};
  std::size_t version_bytes_max{100};
  std::size_t responsible_bytes_max{200};
  std::size_t run_bytes_max{200};
};

// Adds a violation at `pointer` if `text` is too long, is not UTF-8, or has a control character or
// a hidden one. Empty text is fine.
inline void check_line(std::vector<violation>& found, std::string_view pointer,
                       std::string_view text, std::size_t bytes_max) {
  if (check_text(found, pointer, text, bytes_max) && has_hidden_character(text))
    found.push_back({std::string{pointer}, "invisible_character"});
}

// Returns the rules that a record breaks, in the order of its fields. Only `run` may be empty.
inline std::vector<violation> check(const deployment& checked, const deployment_limits& limits) {
  std::vector<violation> found;
  const auto needed = [&](std::string_view pointer, std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max && is_blank(text))
      found.push_back({std::string{pointer}, "required"});
    else
      check_line(found, pointer, text, bytes_max);
  };
  needed("/component", checked.component, limits.component_bytes_max);
  needed("/version", checked.version, limits.version_bytes_max);
  needed("/responsible", checked.responsible, limits.responsible_bytes_max);
  check_line(found, "/run", checked.run, limits.run_bytes_max);
  return found;
}

// Returns the record as it is, or `invalid` with all its violations.
inline result<deployment> validate(deployment step, const deployment_limits& limits) {
  std::vector<violation> found = check(step, limits);
  if (!found.empty()) return to_error(std::move(found));
  return step;
}

}  // namespace comments::inline v0

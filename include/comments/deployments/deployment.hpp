#pragma once
// deployments/deployment.hpp - one step of a deployment: who deployed which version of what, and
// when.
//
// A pipeline that rolls something out says so at each step: it waits (`pending`), it is under way
// (`in_progress`), it ended. Each of these is a record of its own, and none is ever changed, so a
// register of them tells what happened and not only how things stand. The date is of who keeps the
// register, never of who writes to it. `run` names the run of the pipeline; its steps share it.
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

namespace comments {

enum class deployment_status { pending, in_progress, success, failure, cancelled };

constexpr std::array<std::string_view, 5> names_of(deployment_status) {
  return {"pending", "in_progress", "success", "failure", "cancelled"};
}

// Whether nothing follows in the same run.
inline bool is_final(deployment_status status) { return status >= deployment_status::success; }

using deployment_id = comment_id;  // a UUID of version 7, as well

struct deployment {
  deployment_id id{};
  std::int64_t position{};  // 1 is the register's first record, and each has one more
  std::string component{};
  std::string version{};
  std::string responsible{};
  deployment_status status{};
  std::string run{};  // empty: of no run that anybody named
  instant date{};     // when it was recorded

  friend bool operator==(const deployment&, const deployment&) = default;
};

// The most of everything, in bytes of UTF-8. Equal is accepted, one more is not.
struct deployment_limits {
  std::size_t component_bytes_max{100};
  std::size_t version_bytes_max{100};
  std::size_t responsible_bytes_max{200};
  std::size_t run_bytes_max{200};
};

// One line of text that looks like what it is: noted under `pointer`, if it is none.
inline void check_line(std::vector<violation>& found, std::string_view pointer,
                       std::string_view text, std::size_t bytes_max) {
  if (check_text(found, pointer, text, bytes_max) && has_hidden_character(text))
    found.push_back({std::string{pointer}, "invisible_character"});
}

// Every rule that a record breaks, in the order of its fields. Only `run` may be empty.
inline std::vector<violation> check(const deployment& said, const deployment_limits& limits) {
  std::vector<violation> found;
  const auto needed = [&](std::string_view pointer, std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max && is_blank(text))
      found.push_back({std::string{pointer}, "required"});
    else
      check_line(found, pointer, text, bytes_max);
  };
  needed("/component", said.component, limits.component_bytes_max);
  needed("/version", said.version, limits.version_bytes_max);
  needed("/responsible", said.responsible, limits.responsible_bytes_max);
  check_line(found, "/run", said.run, limits.run_bytes_max);
  return found;
}

// The record itself, or `invalid` with every violation.
inline result<deployment> validate(deployment said, const deployment_limits& limits) {
  std::vector<violation> found = check(said, limits);
  if (!found.empty()) return to_error(std::move(found));
  return said;
}

}  // namespace comments

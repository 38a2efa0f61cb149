#pragma once
// deployments/service.hpp - the use cases of the deployment log: who may write to it, and what.
//
// Only the pipeline may write. Anyone may read: which version runs is no secret. Safe to call from
// any thread. The log must outlive the service.
//
//   memory_store store;
//   deployment_service deployments{store, system_clock()};
//   const principal pipeline{.role = principal::role::pipeline};
//   auto made = deployments.record({.component = "shop", .version = "1.2", .responsible = "ana"},
//                                  pipeline);
//   auto page = deployments.list({.component = "shop"});

#include <comments/clock.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace comments::inline v0 {

class deployment_service final {
 public:
  static constexpr std::size_t page_max = 200;  // records on one page

  deployment_service(deployment_log& log, clock now, deployment_limits limits = {})
      : log_{log}, clock_{std::move(now)}, limits_{limits} {}

  const deployment_limits& limits() const { return limits_; }

  // Returns ok for the pipeline. `forbidden` for every other known person; `unauthenticated` for an
  // unknown one, in the same words as for a wrong token, so that these words give nothing away.
  static result<done> need_pipeline(const principal& caller);

  // Records a step with the present date, whatever date it has; see `deployment_log::record`. Needs
  // the pipeline. `invalid` with every violation, `key_reused`, or an error of the log.
  result<record_result> record(deployment step, const principal& caller);

  // Returns a page of records, the latest first. `invalid` if the limit is not 1 to `page_max` or
  // the component cannot be the name of one, or an error of the log.
  result<deployment_page> list(const deployment_query& query) const;

 private:
  deployment_log& log_;
  const clock clock_;
  const deployment_limits limits_;
};

// --- definitions ---

inline result<done> deployment_service::need_pipeline(const principal& caller) {
  if (is_pipeline(caller)) return ok();
  if (caller.role == principal::role::anyone)
    return error{errc::unauthenticated, "The token is not valid."};
  return error{errc::forbidden, "This is for the pipeline."};
}

inline result<record_result> deployment_service::record(deployment step, const principal& caller) {
  if (auto allowed = need_pipeline(caller); !allowed) return std::move(allowed).error();
  auto checked = validate(std::move(step), limits_);
  if (!checked) return std::move(checked).error();
  return log_.record(*checked, clock_());
}

inline result<deployment_page> deployment_service::list(const deployment_query& query) const {
  std::vector<violation> found;
  check_line(found, "component", query.component, limits_.component_bytes_max);
  if (query.limit < 1 || query.limit > page_max) found.push_back({"limit", "out_of_range"});
  if (!found.empty()) return to_error(std::move(found));
  return log_.deployments(query);
}

}  // namespace comments::inline v0

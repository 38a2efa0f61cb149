#pragma once
// deployments/register.hpp - the use cases of the register of deployments: who may write, and what.
//
// The pipeline writes, anybody may read: what runs where is no secret of a service that answers
// /version to everybody. The store outlives it. Safe to call from any thread.
//
//   deployment_register kept{store, system_clock()};
//   auto step = kept.record({.component = "comments", .version = "1.2", .responsible = "ana"},
//   who);

#include <comments/clock.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/store.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace comments {

class deployment_register final {
 public:
  static constexpr std::size_t page_max = 200;  // records on one page

  deployment_register(store& store, clock now, deployment_limits limits = {})
      : store_{store}, clock_{std::move(now)}, limits_{limits} {}

  const deployment_limits& limits() const { return limits_; }

  // Whether `who` is the pipeline; else `unauthenticated`, in the words in which a wrong token is
  // refused, so that nobody learns what was wrong with it, or `forbidden` for who is somebody else.
  static result<done> need_pipeline(const principal& who) {
    if (is_pipeline(who)) return ok();
    if (who.role == principal::role::anyone)
      return error{errc::unauthenticated, "The token is not valid."};
    return error{errc::forbidden, "This is for the pipeline."};
  }

  // Records a step, as `store::record` has it, with the date of this moment whatever `said` claims.
  // For the pipeline. `invalid` with every violation, `key_reused`.
  result<record_result> record(deployment said, const principal& who) {
    if (auto allowed = need_pipeline(who); !allowed) return std::move(allowed).error();
    auto checked = validate(std::move(said), limits_);
    if (!checked) return std::move(checked).error();
    return store_.record(*checked, clock_());
  }

  // A page of records, the latest first. `invalid` if the limit is none of 1 to `page_max`, or no
  // component could be named so.
  result<deployment_page> list(const deployment_query& wanted) const {
    std::vector<violation> found;
    check_line(found, "component", wanted.component, limits_.component_bytes_max);
    if (wanted.limit < 1 || wanted.limit > page_max) found.push_back({"limit", "out_of_range"});
    if (!found.empty()) return to_error(std::move(found));
    return store_.deployments(wanted);
  }

 private:
  store& store_;
  const clock clock_;
  const deployment_limits limits_;
};

}  // namespace comments

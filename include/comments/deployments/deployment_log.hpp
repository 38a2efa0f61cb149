#pragma once
// deployments/deployment_log.hpp - the port to the storage of deployments: add a record, read them.
//
// A log only grows: no record is ever changed or taken away. It has nothing to do with comments,
// but `memory_store`, `sqlite_store` and `postgres_store` are deployment logs too, so that one file
// or database keeps both. To keep deployments elsewhere, implement this class and test yours with
// `testing/deployment_log_contract.hpp`. All functions are safe to call from any thread.
//
//   memory_store store;
//   deployment_log& log = store;
//   log.record({.component = "shop", .version = "1.2", .responsible = "ana"}, system_clock()());
//   for (const deployment& step : log.deployments({.component = "shop"})->items) show(step);

#include <comments/clock.hpp>
#include <comments/deployments/deployment.hpp>
#include <comments/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace comments::inline v0 {

// `replayed`: the run had recorded this status before; `stored` is the record made then.
struct record_result {
  deployment stored{};
  bool replayed{};
};

// Asks for records, the latest first: of one component or of all, below a position or from the end.
struct deployment_query {
  std::string component{};               // empty: of all components
  std::size_t limit{50};                 // at least 1
  std::optional<std::int64_t> before{};  // a position, as `deployment_page::next` gives it
};

// `next` has a value exactly if older records follow.
struct deployment_page {
  std::vector<deployment> items{};
  std::optional<std::int64_t> next{};
};

class deployment_log {
 public:
  virtual ~deployment_log() = default;

  // Adds `step` as the latest record, with the date `now`, a new id and the next position: 1 for
  // the first record, then one more for each, whatever the clock says. The id, position and date in
  // `step` are ignored. Trusts that `step` is valid: `deployment_service` checks it.
  //
  // A run of a component records each status once. If it records one again, the result is the first
  // record, replayed, or the error `run_reused` if the version or the responsible differs. A step
  // without a run is always a new record.
  //
  // On success the record is durable: it survives a crash and a power cut, if the log is not in
  // memory. Errors as in `store`: `unavailable` if nothing was stored, `in_doubt` if the record may
  // be there now or later; a step that has a run can be recorded again without a duplicate.
  virtual result<record_result> record(const deployment& step, instant now) = 0;

  // Returns at most `query.limit` records, the latest first. Following `next` from page to page
  // returns each record that was there at the start exactly once, whatever is recorded meanwhile.
  // The cost does not grow with the number of records. `unavailable` if the log cannot be read.
  virtual result<deployment_page> deployments(const deployment_query& query) const = 0;
};

// The error of `record` for a run that recorded this status with other values before.
inline error run_reused() {
  return {errc::key_reused,
          "This run recorded this status with another version or responsible before.",
          {{"/run", "reused"}}};
}

// Whether `step` repeats `known`, which has the same component, run and status.
inline bool is_retry_of(const deployment& step, const deployment& known) {
  return step.version == known.version && step.responsible == known.responsible;
}

}  // namespace comments::inline v0

#pragma once
// testing/failing_store.hpp - a store that fails at the call that a test names.
//
//   memory_store kept;
//   failing_store store{kept};
//   comments::service api{store};
//   store.fail_at(1, {errc::unavailable, "The disk is full."});
//   assert(!api.list({.content_id = "1"}));
//   assert(api.list({.content_id = "1"}));  // only that one call

#include <comments/result.hpp>
#include <comments/store.hpp>
#include <comments/store/forwarding.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace comments::inline v0 {

// What becomes of the call that fails.
enum class failed_call {
  undone,   // nothing is done
  is_done,  // it is done, and only the answer is lost: what `in_doubt` warns of
};

// Passes on every call but one. Counts the functions that return a result. Safe to use from any
// thread, but for `fail_at`.
class failing_store final : public forwarding_store {
 public:
  using forwarding_store::forwarding_store;

  // The call number `n` from now on returns `why`; 1 is the next. Ends what was set before.
  void fail_at(std::int64_t n, error why = {errc::unavailable, "This call fails."},
               failed_call how = failed_call::undone) {
    why_ = std::move(why);
    how_ = how;
    left_ = n;
  }
  // Returns how many calls there were.
  std::int64_t calls() const { return calls_; }

  result<post_result> insert(const insertion& wanted, instant now) override {
    return pass([&] { return inner().insert(wanted, now); });
  }
  result<comment> amend(const comment_id& id, const decider& decide, instant now) override {
    return pass([&] { return inner().amend(id, decide, now); });
  }
  result<comment> vote(const comment_id& id, const voter& by, bool is_there, instant now) override {
    return pass([&] { return inner().vote(id, by, is_there, now); });
  }
  result<comment> report(const comment_id& id, const voter& by, const std::string& reason,
                         instant now) override {
    return pass([&] { return inner().report(id, by, reason, now); });
  }
  result<content> set_status(const std::string& content_id, std::optional<content_status> status,
                             std::optional<std::int64_t> expected, const event& cause,
                             instant now) override {
    return pass([&] { return inner().set_status(content_id, status, expected, cause, now); });
  }
  result<std::size_t> forget_origins(instant before, std::size_t limit) override {
    return pass([&] { return inner().forget_origins(before, limit); });
  }
  result<done> forget_reporter(const std::string& reporter) override {
    return pass([&] { return inner().forget_reporter(reporter); });
  }
  result<comment> find(const comment_id& id) const override {
    return pass([&] { return inner().find(id); });
  }
  result<page> list(const query& query) const override {
    return pass([&] { return inner().list(query); });
  }
  result<std::vector<content>> contents(std::span<const std::string> ids) const override {
    return pass([&] { return inner().contents(ids); });
  }
  result<std::vector<event>> events(std::string_view content_id, std::int64_t after,
                                    std::size_t limit) const override {
    return pass([&] { return inner().events(content_id, after, limit); });
  }
  result<std::vector<event>> history(const comment_id& id, std::int64_t after,
                                     std::size_t limit) const override {
    return pass([&] { return inner().history(id, after, limit); });
  }
  result<decision_page> decisions(const decision_query& wanted) const override {
    return pass([&] { return inner().decisions(wanted); });
  }
  result<std::vector<comments::report>> reports_of(const comment_id& id,
                                                   std::size_t limit) const override {
    return pass([&] { return inner().reports_of(id, limit); });
  }
  result<search_result> find_all(const search& wanted) const override {
    return pass([&] { return inner().find_all(wanted); });
  }
  result<std::vector<comments::vote>> votes_of(const std::string& voter,
                                               std::optional<comment_id> after,
                                               std::size_t limit) const override {
    return pass([&] { return inner().votes_of(voter, after, limit); });
  }
  result<std::vector<made_report>> reports_by(const std::string& reporter,
                                              std::optional<comment_id> after,
                                              std::size_t limit) const override {
    return pass([&] { return inner().reports_by(reporter, after, limit); });
  }

 private:
  template <typename Call>
  auto pass(const Call& call) const -> decltype(call()) {
    ++calls_;
    if (left_.fetch_sub(1) != 1) return call();
    if (how_ == failed_call::is_done) static_cast<void>(call());
    return why_;
  }

  mutable std::atomic<std::int64_t> calls_{};
  mutable std::atomic<std::int64_t> left_{};
  error why_{};
  failed_call how_{};
};

}  // namespace comments::inline v0

#include <comments/testing/deployment_log_contract.hpp>

#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace comments;

namespace {

// A log that forgets which run a step belongs to, and dates what it is told by itself.
class careless_log final : public deployment_log {
 public:
  explicit careless_log(bool keeps_runs) : keeps_runs_{keeps_runs} {}

  result<record_result> record(const deployment& step, instant now) override {
    deployment asked = step;
    if (!keeps_runs_) asked.run.clear();
    return kept_.record(asked, now);
  }
  result<deployment_page> deployments(const deployment_query& query) const override {
    return kept_.deployments(query);
  }

 private:
  memory_store kept_{};
  bool keeps_runs_{};
};

class careless_maker final : public contract::fresh<deployment_log> {
 public:
  explicit careless_maker(bool keeps_runs) : log_{keeps_runs} {}
  deployment_log& store() override { return log_; }
  void reopen() override {}

 private:
  careless_log log_;
};

std::vector<std::string> broken(bool keeps_runs) {
  const contract::maker<deployment_log> make = [=] {
    return std::make_unique<careless_maker>(keeps_runs);
  };
  std::vector<std::string> found;
  for (const auto& one : contract::promises_of<contract::deployment_log_promises>(make)) try {
      one.keep();
    } catch (const contract::broken_promise&) {
      found.emplace_back(one.name);
    }
  return found;
}

}  // namespace

TEST_CASE("a log that keeps everything breaks no promise") { CHECK(broken(true).empty()); }

TEST_CASE("a log that forgets runs breaks the promises about them, and no others") {
  CHECK(broken(false) ==
        std::vector<std::string>{"record_keeps_what_was_said", "record_replays_a_run",
                                 "record_refuses_another_story", "threads_record"});
}

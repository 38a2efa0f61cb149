#include <comments/deployments/deployment_log.hpp>

#include <doctest/doctest.h>

#include <type_traits>
#include <vector>

#include "support/violations.hpp"

using namespace comments;

namespace {

// The least that is a log: it knows no runs and no pages.
class least_log final : public deployment_log {
 public:
  result<record_result> record(const deployment& step, instant now) override {
    deployment& made = kept_.emplace_back(step);
    made.id = make_comment_id(now);
    made.position = static_cast<std::int64_t>(kept_.size());
    made.date = now;
    return record_result{.stored = made};
  }
  result<deployment_page> deployments(const deployment_query&) const override {
    return deployment_page{.items = {kept_.rbegin(), kept_.rend()}};
  }

 private:
  std::vector<deployment> kept_{};
};

const deployment said{.component = "shop", .version = "1.2", .responsible = "ana", .run = "1"};

}  // namespace

TEST_CASE("a log of one's own needs this header only") {
  least_log own;
  deployment_log& log = own;
  const instant now = from_milliseconds(1'700'000'000'000);
  const auto made = log.record(said, now);
  REQUIRE(made);
  CHECK_FALSE(made->replayed);
  CHECK(made->stored.position == 1);
  CHECK(made->stored.date == now);
  const auto page = log.deployments({});
  REQUIRE(page);
  CHECK(page->items == std::vector{made->stored});
  CHECK_FALSE(page->next);
  CHECK(std::has_virtual_destructor_v<deployment_log>);
}

TEST_CASE("a query asks for the latest 50 of all components") {
  CHECK(deployment_query{}.component == "");
  CHECK(deployment_query{}.limit == 50);
  CHECK_FALSE(deployment_query{}.before);
}

TEST_CASE("a retry says the same version and the same responsible") {
  deployment other = said;
  other.date = from_milliseconds(1);
  CHECK(is_retry_of(said, other));
  other.responsible = "rui";
  CHECK_FALSE(is_retry_of(said, other));
  other = said;
  other.version = "1.3";
  CHECK_FALSE(is_retry_of(said, other));
}

TEST_CASE("all logs refuse another story of a run in the same words") {
  CHECK(run_reused().code == errc::key_reused);
  CHECK(run_reused().message ==
        "This run recorded this status with another version or responsible before.");
  CHECK(to_line(run_reused().violations) == "/run reused");
}

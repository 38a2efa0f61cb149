#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include "store/contract.hpp"
#include "store/contract_deployments.hpp"

namespace {

class memory_maker final {
 public:
  comments::memory_store& store() { return store_; }

 private:
  comments::memory_store store_{};
};

}  // namespace

STORE_CONTRACT(memory_maker);
DEPLOYMENT_LOG_CONTRACT(memory_maker);
DEPLOYMENT_LOG_IN_STORE_CONTRACT(memory_maker);

TEST_CASE("a chain of 10,000 replies is kept, as deep as it may be") {
  for (const std::int64_t depth_max : {std::int64_t{6}, std::int64_t{1'000'000}}) {
    comments::memory_store store;
    store_contract::check_chain(store, 10'000, depth_max);
  }
}

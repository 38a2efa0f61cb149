#include <comments/store/memory.hpp>

#include <doctest/doctest.h>

#include "store/contract.hpp"

namespace {

class memory_maker final {
 public:
  comments::store& store() { return store_; }

 private:
  comments::memory_store store_{};
};

}  // namespace

STORE_CONTRACT(memory_maker);

// The store of examples/own_store.hpp keeps the promises of a store.

#include "../../examples/own_store.hpp"

#include <doctest/doctest.h>

#include "support/contract.hpp"

namespace {

class own_maker final {
 public:
  own_store& store() { return store_; }

 private:
  own_store store_{};
};

}  // namespace

STORE_CONTRACT(own_store, own_maker);

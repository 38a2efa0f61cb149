#include <comments/store/postgres.hpp>

#include <doctest/doctest.h>

#include "store/contract.hpp"
#include "support/postgres_maker.hpp"

STORE_CONTRACT(testing::postgres_maker);
DURABLE_STORE_CONTRACT(testing::postgres_maker);

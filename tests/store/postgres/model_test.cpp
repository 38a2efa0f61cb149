#include "store/model.hpp"

#include "support/postgres_maker.hpp"

STORE_MODEL(testing::postgres_maker);

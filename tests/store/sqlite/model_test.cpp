#include "store/model.hpp"

#include "support/sqlite_maker.hpp"

STORE_MODEL(testing::sqlite_maker);

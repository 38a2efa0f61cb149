#define CATCH_CONFIG_MAIN

#include <comments/testing/catch2.hpp>

#include "testing/number_promises.hpp"

namespace {

COMMENTS_CATCH2(numbers, number::number_promises, number::number_maker);

}  // namespace

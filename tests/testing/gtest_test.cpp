#include <comments/testing/gtest.hpp>

#include "testing/number_promises.hpp"

namespace {

COMMENTS_GTEST(numbers, number::number_promises, number::number_maker);

}  // namespace

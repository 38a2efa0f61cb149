#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN

#include <comments/testing/doctest.hpp>

#include "testing/number_promises.hpp"

namespace {

COMMENTS_DOCTEST(numbers, number::number_promises, number::number_maker);

}  // namespace

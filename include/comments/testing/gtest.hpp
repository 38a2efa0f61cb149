#pragma once
// testing/gtest.hpp - promises as tests of GoogleTest, https://google.github.io/googletest/
//
//     COMMENTS_GTEST(my_store, comments::contract::store_promises, my_maker);
//
// makes a test of each promise of the list about what `my_maker` makes. `my_store` is a name of
// your own. A failure says which sentence is broken, where, and what was compared.

#include <comments/ostream.hpp>
#include <comments/testing/promise.hpp>

#include <gtest/gtest.h>

#include <string>

#define COMMENTS_GTEST(Suite, Promises, Maker)                                                    \
  class Suite : public ::testing::TestWithParam<::comments::contract::promise> {};                \
  TEST_P(Suite, keeps) { GetParam().keep(); }                                                     \
  INSTANTIATE_TEST_SUITE_P(                                                                       \
      promises, Suite, ::testing::ValuesIn(::comments::contract::promises_of<Promises, Maker>()), \
      [](const auto& one) { return std::string{one.param.name}; })

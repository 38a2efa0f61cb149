#pragma once
// testing/doctest.hpp - promises as tests of doctest, https://github.com/doctest/doctest
//
//     COMMENTS_DOCTEST(my_store, comments::contract::store_promises, my_maker);
//
// makes a test case of each promise of the list about what `my_maker` makes. `name` is an
// identifier of your own. A failure says which sentence is broken, where, and what was compared.

#include <comments/ostream.hpp>
#include <comments/testing/promise.hpp>

#include <doctest/doctest.h>

#define COMMENTS_DOCTEST(name, Promises, Maker)                           \
  DOCTEST_TEST_CASE_TEMPLATE_DEFINE(#name, Promise, promises_of_##name) { \
    ::comments::contract::keep<Promise, Maker>();                         \
  }                                                                       \
  DOCTEST_TEST_CASE_TEMPLATE_APPLY(promises_of_##name, Promises)

#pragma once
// testing/catch2.hpp - promises as tests of Catch2, https://github.com/catchorg/Catch2
//
//     COMMENTS_CATCH2(my_store, comments::contract::store_promises, my_maker);
//
// makes a test case of each promise of the list about what `my_maker` makes. A failure says which
// sentence is broken, where, and what was compared. Of Catch2 it needs 2.13 or 3.

#include <comments/ostream.hpp>
#include <comments/testing/promise.hpp>

#if __has_include(<catch2/catch_template_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#else
#include <catch2/catch.hpp>
#endif

#ifdef CATCH_CONFIG_PREFIX_ALL
#define COMMENTS_CATCH2_LIST CATCH_TEMPLATE_LIST_TEST_CASE
#else
#define COMMENTS_CATCH2_LIST TEMPLATE_LIST_TEST_CASE
#endif

#define COMMENTS_CATCH2(name, Promises, Maker)           \
  COMMENTS_CATCH2_LIST(#name, "[" #name "]", Promises) { \
    ::comments::contract::keep<TestType, Maker>();       \
  }                                                      \
  static_assert(true)

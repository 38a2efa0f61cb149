#include <comments/version.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_CASE("the number, its parts and its text are of one version") {
  CHECK(COMMENTS_VERSION ==
        COMMENTS_VERSION_MAJOR * 10'000 + COMMENTS_VERSION_MINOR * 100 + COMMENTS_VERSION_PATCH);
  CHECK(comments::library_version == std::to_string(COMMENTS_VERSION / 10'000) + "." +
                                         std::to_string(COMMENTS_VERSION / 100 % 100) + "." +
                                         std::to_string(COMMENTS_VERSION % 100));
}

#if COMMENTS_VERSION < 100 || COMMENTS_VERSION_MAJOR > 99
#error "the preprocessor can compare it"
#endif

#include <comments/config.hpp>

#include <doctest/doctest.h>

#include <string_view>

#define COMMENTS_AS_WRITTEN(...) #__VA_ARGS__
#define COMMENTS_EXPANDED(...) COMMENTS_AS_WRITTEN(__VA_ARGS__)

TEST_CASE("definitions are inline, unless the library is compiled once") {
#ifdef COMMENTS_COMPILED
  constexpr std::string_view expected = "";
#else
  constexpr std::string_view expected = "inline";
#endif
  CHECK(std::string_view{COMMENTS_EXPANDED(COMMENTS_INLINE)} == expected);
}

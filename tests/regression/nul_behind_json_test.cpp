// The parser took a NUL behind a whole JSON text for its end, and dropped what followed unseen.

#include <comments/json/decode.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments;

TEST_CASE("what stands behind a NUL is not dropped in silence") {
  const std::string whole = R"({"content_id":1,"body":"Oi"})";
  REQUIRE(json::decode_draft(whole, "", {}));
  const auto decoded = json::decode_draft(whole + std::string{"\0{}", 3}, "", {});
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == errc::malformed);
}

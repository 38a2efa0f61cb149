#include <comments/api/responses.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "support/api.hpp"

using namespace comments;
using namespace comments::http;
using testing::header;

TEST_CASE("If-Match names the versions that may be changed, and none without it") {
  using versions = std::vector<std::int64_t>;
  memory_store store{0xa0};
  const service of{store};
  CHECK(expected_versions({}, of) == versions{});
  const auto expected = [&](const char* value) {
    return expected_versions({.headers = {{"if-match", value}}}, of);
  };
  for (const char* value : {"*", " * ", "\"6\", *", "*,\"7\""})
    CHECK(expected(value) == versions{});
  for (const char* value : {"\"7\"", " \"7\" ", "\"7\", W/\"6\"", "x, \"7\""})
    CHECK(expected(value) == versions{7});
  CHECK(expected("\"6\", \"7\"") == versions{6, 7});
  CHECK(expected("\"7\",\"8\"") == versions{7, 8});
  CHECK(expected("\"0\"") == versions{0});
  // A tag of this epoch names its version, with a form and without, and so does one of no epoch.
  for (const char* value : {"\"7-00000000000000a0\"", "\"7-00000000000000a0-plain\"", "\"7-plain\"",
                            "\"7-3-plain_1\"", "\"6-00000000000000a1\", \"7\""})
    CHECK(expected(value) == versions{7});
  for (const char* value : {"\"7-00000000000000a1\"", "\"7-00000000000000a1-plain\""})
    CHECK(expected(value) == versions{-1});
  // What names no version of ours names one that nothing has.
  for (const char* value : {"", " ", ",", "7", "W/\"7\"", "\"07\"", "\"+7\"", "\"7", "7\"", "\"\"",
                            "\"99999999999999999999\""})
    CHECK(expected(value) == versions{-1});
}

TEST_CASE("numbers are whole texts of digits") {
  CHECK(parse_number<int>("17") == 17);
  CHECK(parse_number<int>("-1") == -1);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x1", "99999999999"})
    CHECK_FALSE(parse_number<int>(text));
  CHECK_FALSE(parse_number<std::size_t>("-1"));
}

TEST_CASE("a tagged response may be kept and is asked about each time, any other is not kept") {
  const response whole = tagged_response("\"1\"", "{}"), none = not_modified("\"1\"");
  CHECK(whole.status == 200);
  CHECK(whole.body == "{}");
  CHECK(none.status == 304);
  CHECK(none.body == "");
  for (const response& answer : {whole, none}) {
    CHECK(header(answer, "ETag") == "\"1\"");
    CHECK(header(answer, "Cache-Control") == "no-cache");
  }
  CHECK(header(json_response("{}"), "Cache-Control") == "no-store");
}

TEST_CASE("a body is read if its header says that it is JSON, whatever its parameters and case") {
  const auto is_read = [](fields headers) {
    return !refuse_media({.headers = std::move(headers)}).has_value();
  };
  for (const char* type : {"application/json", "Application/JSON", "application/json;charset=utf-8",
                           "application/json ; charset=utf-8", "application/json\t"})
    CHECK_MESSAGE(is_read({{"Content-Type", type}}), type);
  for (const char* type : {"", "text/plain", "application/jsonx", "application/problem+json", ";"})
    CHECK_MESSAGE(!is_read({{"Content-Type", type}}), type);
  CHECK_FALSE(is_read({}));
  CHECK(is_read({{"Content-Type", "application/json"}, {"Content-Encoding", "Identity"}}));
  CHECK_FALSE(is_read({{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}));
  CHECK(refuse_media({})->status == 415);
}

TEST_CASE("a header that is not there is empty") {
  CHECK(idempotency_key({}) == "");
  CHECK(if_none_match({}) == "");
  const request asked{.headers = {{"idempotency-key", "k"}, {"IF-NONE-MATCH", "\"1\""}}};
  CHECK(idempotency_key(asked) == "k");
  CHECK(if_none_match(asked) == "\"1\"");
}

TEST_CASE("a cursor that is not ours is malformed") {
  CHECK(bad_cursor().code == errc::malformed);
  CHECK(bad_cursor().violations == std::vector<violation>{{"cursor", "unknown"}});
}

#include <comments/http/wire.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace comments::http;

TEST_CASE("text in the chunked coding has its length before it, and none has no chunk") {
  std::string text;
  append_chunked(text, "a");
  append_chunked(text, "");
  append_chunked(text, std::string(26, 'x'));
  append_chunked(text, "\r\n");
  CHECK(text == "1\r\na\r\n1a\r\n" + std::string(26, 'x') + "\r\n2\r\n\r\n\r\n");
  CHECK(end_of_chunks == "0\r\n\r\n");
}

TEST_CASE("a response without a head is none, and without more said the connection goes on") {
  const wire_response none;
  CHECK(none.head.empty());
  CHECK_FALSE(none.rest);
  CHECK_FALSE(none.is_chunked);
  CHECK_FALSE(none.is_last);
}

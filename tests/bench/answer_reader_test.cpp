#include "answer_reader.hpp"

#include <doctest/doctest.h>

using bench::answer_reader;

TEST_CASE("an answer ends where its length says, whatever pieces it comes in") {
  const std::string_view text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    answer_reader answer;
    CHECK_FALSE(answer.take(text.substr(0, cut)));
    CHECK(answer.take(text.substr(cut)));
    CHECK(answer.status() == 200);
    CHECK_FALSE(answer.closes());
  }
}

TEST_CASE("304 has no body, whatever its length says") {
  answer_reader answer;
  CHECK(answer.take("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\nETag: \"1\"\r\n\r\n"));
  CHECK(answer.status() == 304);
}

TEST_CASE("an answer that makes no sense has status 0") {
  for (const std::string_view text :
       {"HTTP/1.1 200 OK\r\n\r\n", "SMTP 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"}) {
    answer_reader answer;
    CHECK(answer.take(text));
    CHECK(answer.status() == 0);
  }
}

TEST_CASE("a server that means to close is heard, and a reader can be used again") {
  answer_reader answer;
  CHECK(answer.take("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  CHECK(answer.closes());
  answer.reset();
  CHECK(answer.take("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
  CHECK(answer.status() == 201);
  CHECK_FALSE(answer.closes());
}

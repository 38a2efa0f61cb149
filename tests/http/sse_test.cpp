#include <comments/http/sse.hpp>

#include <doctest/doctest.h>

#include <functional>
#include <string>

using namespace comments::http;
using namespace std::chrono_literals;

TEST_CASE("an event has an id, a name and its data, and ends in an empty line") {
  std::string text;
  append_event(text, "17", "posted", R"({"a":1})");
  append_event(text, "18-00000000000000a0", "voted", "");
  CHECK(text ==
        "id: 17\nevent: posted\ndata: {\"a\":1}\n\n"
        "id: 18-00000000000000a0\nevent: voted\ndata: \n\n");
}

TEST_CASE("a heartbeat is a comment") {
  CHECK(event_heartbeat.starts_with(":"));
  CHECK(event_heartbeat.ends_with("\n\n"));
}

TEST_CASE("the response says what it is and when to come back, and goes on with the events") {
  const response answer = event_stream(1500ms, [](const std::function<void()>&) -> chunk {
    return {.bytes = "id: 1\n\n", .then = chunk::state::over};
  });
  CHECK(answer.status == 200);
  CHECK(find_header(answer.headers, "Content-Type") == "text/event-stream");
  CHECK(find_header(answer.headers, "Cache-Control") == "no-store");
  CHECK(find_header(answer.headers, "X-Accel-Buffering") == "no");
  CHECK(answer.body == "retry: 1500\n\n");
  REQUIRE(answer.rest);
  CHECK(answer.rest([] {}).bytes == "id: 1\n\n");
}

#include <comments/http/epoll/connection.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "support/wire.hpp"

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;
using step = connection::step;
using testing::get;
using testing::post;
using state = framer::state;

namespace {

// A connection, and its client's end in our hands.
struct pair {
  explicit pair(const frame_limits& given = {}) : limits{given} {
    int ends[2]{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    client = descriptor{ends[0]};
    served.emplace(descriptor{ends[1]}, "192.0.2.1", limits);
  }

  // Sends `text`, and has it read.
  state arrives(std::string_view text) {
    CHECK(::send(*client, text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
    served->notice(EPOLLIN);
    CHECK(served->receive(buffer) == step::done);
    return served->read();
  }
  // What the client has got by now, up to so many bytes.
  std::string got(std::size_t size = 65'536) {
    std::string text(size, '\0');
    const ssize_t count = ::recv(*client, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
  }
  void hang_up() {
    ::shutdown(*client, SHUT_WR);
    served->notice(EPOLLIN | EPOLLRDHUP);
  }

  frame_limits limits;
  descriptor client{};
  std::optional<connection> served{};
  receive_buffer buffer{};
};

stream once(std::string bytes, chunk::state then) {
  return [bytes, then](const auto&) { return chunk{.bytes = bytes, .then = then}; };
}

}  // namespace

TEST_CASE("a request that came whole says all that its answer takes") {
  pair at;
  const std::string asked = post("/a?b", "body", "Expect: 100-continue\r\nConnection: close\r\n");
  REQUIRE(at.arrives(asked) == state::complete);
  const wire_request request = at.served->request();
  CHECK(request.bytes == asked);
  CHECK(request.method == "POST");
  CHECK(request.target == "/a?b");
  CHECK(request.body == "body");
  CHECK(request.peer == "192.0.2.1");
  CHECK(request.has_body);
  CHECK(request.is_last);
  CHECK_FALSE(request.is_http_1_0);
  CHECK_FALSE(request.refusal);
}

TEST_CASE("while a worker reads the request, the loop may note what the poller reports") {
  pair at;
  REQUIRE(at.arrives(post("/a", "body")) == state::complete);
  at.served->where = wait::worker;
  std::atomic<int> wrong{};
  std::thread worker{[&] {
    for (int i = 0; i < 1'000; ++i) wrong += at.served->request().body != "body";
  }};
  for (int i = 0; i < 1'000; ++i) {
    at.served->notice(EPOLLIN | EPOLLRDHUP);
    at.served->go_on();
  }
  worker.join();
  CHECK(wrong == 0);
  CHECK(at.served->is_ending());
}

TEST_CASE("requests that come together are read one behind the other's answer") {
  pair at;
  const std::string third = get("/3");
  CHECK(at.arrives(get("/1") + "\r\n" + post("/2", "body") + third.substr(0, 7)) ==
        state::complete);
  CHECK(at.served->target() == "/1");
  at.served->take_response({.head = "one."});
  REQUIRE(at.served->read() == state::complete);
  CHECK(at.served->request().body == "body");
  at.served->take_response({.head = "two."});
  CHECK(at.served->read() == state::incomplete);
  CHECK(at.served->has_bytes());
  CHECK(at.arrives(third.substr(7)) == state::complete);
  CHECK(at.served->request().bytes == third);
  at.served->take_response({.head = "three."});
  CHECK_FALSE(at.served->has_bytes());
  CHECK(at.served->flush() == step::done);
  CHECK(at.got() == "one.two.three.");
}

TEST_CASE("empty lines in front of a request are let pass, however they arrive") {
  for (const std::string_view lines : {"\r\n", "\r\n\r\n", "\r\n\r\n\r\n\r\n"}) {
    pair at_once, slowly;
    CHECK(at_once.arrives(std::string{lines} + get("/")) == state::complete);
    CHECK(at_once.served->request().bytes == get("/"));
    for (const char c : lines) CHECK(slowly.arrives({&c, 1}) == state::incomplete);
    CHECK_FALSE(slowly.served->has_bytes());
    CHECK(slowly.arrives(get("/")) == state::complete);
  }
  pair bare;
  CHECK(bare.arrives("\n" + get("/")) == state::refused);
}

TEST_CASE("behind the last answer no request is read") {
  pair at;
  CHECK(at.arrives(get("/1") + get("/2")) == state::complete);
  at.served->take_response({.head = "one", .is_last = true});
  CHECK(at.served->is_last());
  CHECK_FALSE(at.served->has_bytes());
}

TEST_CASE("reading says whether there was something, may be, or will not be") {
  pair at;
  CHECK(at.served->receive(at.buffer) == step::blocked);
  CHECK(at.served->receive(at.buffer) == step::blocked);
  CHECK(at.arrives("GET") == state::incomplete);
  CHECK(at.served->receive(at.buffer) == step::blocked);
  CHECK_FALSE(at.served->is_ending());
  at.hang_up();
  CHECK(at.served->is_ending());
  CHECK(at.served->receive(at.buffer) == step::broken);
  CHECK(at.served->has_bytes());
}

TEST_CASE("what came before the end is read before the end is seen") {
  pair at;
  const std::string text(100'000, 'x');  // more than one reading takes
  REQUIRE(::send(*at.client, text.data(), text.size(), MSG_NOSIGNAL) == 100'000);
  at.hang_up();
  CHECK(at.served->receive(at.buffer) == step::done);
  CHECK(at.served->receive(at.buffer) == step::done);
  CHECK(at.served->receive(at.buffer) == step::broken);
}

TEST_CASE("a client that waits for 100 Continue gets it, once for each request") {
  pair at;
  const std::string asked = post("/", "body", "Expect: 100-continue\r\n");
  for (int i = 0; i < 2; ++i) {
    CHECK(at.arrives(asked.substr(0, asked.size() - 4)) == state::incomplete);
    at.served->invite_body();
    at.served->invite_body();
    CHECK(at.served->flush() == step::done);
    CHECK(at.got() == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(at.arrives("body") == state::complete);
    at.served->take_response({.head = "done"});
    CHECK(at.served->flush() == step::done);
    CHECK(at.got() == "done");
  }
  CHECK(at.arrives(post("/", "body").substr(0, 50)) == state::incomplete);
  at.served->invite_body();
  CHECK(at.served->flush() == step::done);
  CHECK(at.got() == "");
}

TEST_CASE("HTTP/1.0 does not know 100 Continue") {
  pair at;
  const std::string head = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
  CHECK(at.arrives(head) == state::incomplete);
  at.served->invite_body();
  CHECK(at.served->flush() == step::done);
  CHECK(at.got() == "");
  CHECK(at.arrives("body") == state::complete);
}

TEST_CASE("what a client takes counts, in however small pieces, and not what waits in the kernel") {
  descriptor listening = listen_on("127.0.0.1", 0);
  testing::wire client{port_of(listening), 4'096};
  std::string peer;
  const frame_limits limits;
  connection served{accept_on(listening, peer), peer, limits};
  served.take_response({.head = "head|", .body = std::string(20'000'000, 'x')});
  REQUIRE(served.flush() == step::blocked);
  std::size_t taken = 0;
  CHECK(testing::eventually([&] { return (taken += served.take_progress()) > 0; }));
  CHECK(taken < 500'000);  // its window, whatever the kernel made of that; it has read nothing
  std::string text;
  for (; text.size() < 2'000'000; text += client.some()) served.flush();
  CHECK(testing::eventually([&] { return (taken += served.take_progress()) >= text.size(); }));
  CHECK(taken < text.size() + 500'000);
  CHECK(text.starts_with("head|xxx"));
}

TEST_CASE("after reset_on_close the client gets a reset and not what was written") {
  descriptor listening = listen_on("127.0.0.1", 0);
  testing::wire client{port_of(listening), 4'096};
  std::string peer;
  const frame_limits limits;
  {
    connection served{accept_on(listening, peer), peer, limits};
    served.take_response({.head = std::string(1'000'000, 'x')});
    CHECK(served.flush() != step::broken);
    served.reset_on_close();
  }
  CHECK(client.rest().size() < 1'000'000);
  CHECK(client.is_closed());
}

TEST_CASE("head and body go out as one, with what was said before them, in however many pieces") {
  pair at;
  const std::string asked = post("/", "body", "Expect: 100-continue\r\n");
  CHECK(at.arrives(asked.substr(0, asked.size() - 4)) == state::incomplete);
  at.served->invite_body();
  CHECK(at.arrives("body") == state::complete);
  const std::string body(1'000'000, 'x');
  at.served->take_response({.head = "head|", .body = body});
  std::string all;
  while (at.served->flush() == step::blocked) all += at.got();
  for (std::string more = at.got(); !more.empty(); more = at.got()) all += more;
  CHECK(all == "HTTP/1.1 100 Continue\r\n\r\nhead|" + body);
}

TEST_CASE("writing to a client that is gone is broken") {
  pair at;
  CHECK(at.arrives(get("/")) == state::complete);
  at.served->take_response({.head = "answer"});
  { const descriptor gone{std::move(at.client)}; }
  CHECK(at.served->flush() == step::broken);
}

TEST_CASE("a stream goes out in chunks or bare, and ends so that its end is seen") {
  for (const bool is_chunked : {true, false}) {
    pair at;
    const auto wake = [] {};
    CHECK(at.arrives(get("/")) == state::complete);
    at.served->take_response({.head = "head|",
                              .rest = once("0123456789abcdef", chunk::state::more),
                              .is_chunked = is_chunked});
    CHECK(at.served->has_stream());
    CHECK(at.served->take_chunk(at.served->next_chunk(wake)) == step::done);
    at.served->take_response({.rest = once("", chunk::state::waiting), .is_chunked = is_chunked});
    CHECK(at.served->take_chunk(at.served->next_chunk(wake)) == step::blocked);
    at.served->take_response({.rest = once("a", chunk::state::waiting), .is_chunked = is_chunked});
    CHECK(at.served->take_chunk(at.served->next_chunk(wake)) ==
          step::done);  // there is something to send first
    at.served->take_response({.rest = once("", chunk::state::more), .is_chunked = is_chunked});
    CHECK(at.served->take_chunk(at.served->next_chunk(wake)) == step::done);
    at.served->take_response({.rest = once("z", chunk::state::over), .is_chunked = is_chunked});
    CHECK(at.served->take_chunk(at.served->next_chunk(wake)) == step::done);
    CHECK_FALSE(at.served->has_stream());
    at.served->take_response(
        {.rest = once("lost", chunk::state::broken), .is_chunked = is_chunked});
    CHECK(at.served->take_chunk(at.served->next_chunk(wake)) == step::broken);
    CHECK(at.served->flush() == step::done);
    CHECK(at.got() == (is_chunked ? "head|10\r\n0123456789abcdef\r\n1\r\na\r\n1\r\nz\r\n0\r\n\r\n"
                                  : "head|0123456789abcdefaz"));
  }
}

TEST_CASE("a refused request has the head that came, or none") {
  const request_error why{request_errc::malformed, "No."};
  pair whole;
  CHECK(whole.arrives(post("/a", "body") + "more") == state::complete);
  const wire_request asked = whole.served->refused_request(why);
  CHECK(asked.bytes == post("/a", "body").substr(0, post("/a", "").size()));
  CHECK(asked.method == "POST");
  CHECK(asked.target == "/a");
  CHECK(asked.is_last);
  CHECK(asked.refusal.value().message == "No.");
  for (const char* part : {"GET / HT", "X\r\n\r\n", "GET / HTTP/1.1\n"}) {
    pair none;
    none.arrives(part);
    CHECK(none.served->refused_request(why).bytes == "");
    CHECK(none.served->refused_request(why).method == "");
    CHECK(none.served->refused_request(why).is_last);
  }
  pair broken;
  CHECK(broken.arrives(get("/b", "X\r\n")) == state::refused);
  CHECK(broken.served->refused_request(why).bytes == get("/b", "X\r\n"));
}

TEST_CASE("after the last answer so many bytes are thrown away, and not one more") {
  for (const std::size_t size : {100u, 101u}) {
    pair at;
    at.served->shut_down_writing();
    CHECK(at.served->discard(at.buffer, 100) == step::blocked);
    const std::string text(size, 'x');
    REQUIRE(::send(*at.client, text.data(), text.size(), MSG_NOSIGNAL) > 0);
    CHECK(at.served->discard(at.buffer, 100) == (size > 100 ? step::broken : step::blocked));
  }
  pair closed;
  closed.served->shut_down_writing();
  char byte = 0;
  CHECK(::recv(*closed.client, &byte, 1, 0) == 0);
  closed.hang_up();
  CHECK(closed.served->discard(closed.buffer, 100) == step::broken);
}

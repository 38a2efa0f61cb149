// connection_fuzz.cpp - any bytes, in any parts, as a client's connection: the framer, cpp-httplib
// in memory with the whole API, and the response. Every request gets one, and never with a status
// that says that the fault is ours.

#include <comments/api/routes.hpp>
#include <comments/http/epoll/connection.hpp>
#include <comments/http/httplib_in_memory.hpp>
#include <comments/store/memory.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;
using step = connection::step;

namespace {

void expect(bool is_so, const char* what, std::string_view text = {}) {
  if (is_so) return;
  std::fprintf(stderr, "not so: %s\n%.*s\n", what, static_cast<int>(text.size()), text.data());
  std::abort();
}

// The API over an empty store, and a route of the program's own.
struct site {
  site() {
    below.mount(routes(comments), "/talk");
    whole.mount(routes(comments));
    below.Get("/own", [](const httplib::Request&, httplib::Response& to) {
      to.set_content("own", "text/plain");
    });
    below.Post("/own", [](const httplib::Request& from, httplib::Response& to) {
      to.set_content(from.body, "text/plain");
    });
  }

  memory_store memory{};
  service comments{memory};
  httplib_in_memory below{};  // the API, below a prefix
  httplib_in_memory whole{};  // nothing but the API
};

// Takes the next answer off the front of `said`; whether there was one.
bool take_response(std::string& said, bool is_head, bool is_last) {
  if (said.empty()) return false;
  expect(said.starts_with("HTTP/1.1 "), "an answer begins with its version", said);
  const int status = std::atoi(said.c_str() + 9);
  expect(status >= 200 && status < 500, "no fault of ours", said);
  const std::size_t head = said.find("\r\n\r\n");
  expect(head != said.npos, "an answer has a head", said);
  const std::string lines = said.substr(0, head + 2);
  expect(lines.find("\r\nDate: ") != lines.npos, "an answer has a date", said);
  expect(lines.find("EXCEPTION") == lines.npos, "no exception is shown", said);
  expect(!is_last || lines.find("\r\nConnection: close\r\n") != lines.npos, "its end is said",
         said);
  const std::size_t length = lines.find("\r\nContent-Length: ");
  const bool has_none = status == 204 || status == 304;
  expect(has_none == (length == lines.npos), "a length where there is a body", said);
  const std::size_t size =
      has_none || is_head ? 0 : std::strtoul(lines.c_str() + length + 18, nullptr, 10);
  expect(said.size() == head + 4 + size, "an answer is as long as it says", said);
  said.clear();
  return true;
}

// The connection's next request, if there is one, and its answer.
bool answer(connection& client, httplib_in_memory& api, std::string& said) {
  const auto came = client.read();
  if (came == framer::state::incomplete) return false;
  const bool is_refused = came == framer::state::refused;
  const wire_request asked =
      is_refused ? client.refused_request(client.frame().refusal()) : client.request();
  wire_response made = api.handle(asked);
  expect(!made.head.empty(), "every request gets a response");
  expect(!made.rest, "nothing here is long");
  said = made.head + made.body;
  take_response(said, asked.method == "HEAD", made.is_last);
  client.take_response(std::move(made));
  return !client.is_last();
}

}  // namespace

// The first byte says which of the two the rest meets, and in how many parts it comes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  if (size < 1 || size > 60'000) return 0;
  static const frame_limits limits{};
  static receive_buffer buffer{};
  site here;
  httplib_in_memory& api = input[0] & 1 ? here.whole : here.below;
  int ends[2]{};
  expect(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "there are sockets");
  const descriptor client{ends[0]};
  connection served{descriptor{ends[1]}, "192.0.2.1", limits};
  std::string_view bytes{reinterpret_cast<const char*>(input) + 1, size - 1};
  const std::size_t parts = 1 + (input[0] >> 1) % 8;
  const std::size_t part_size = bytes.size() / parts + 1;
  std::string said;
  while (!bytes.empty() && !served.is_last()) {
    const std::string_view next = bytes.substr(0, part_size);
    bytes.remove_prefix(next.size());
    expect(::send(*client, next.data(), next.size(), 0) == static_cast<ssize_t>(next.size()),
           "bytes are sent");
    served.notice(EPOLLIN);
    expect(served.receive(buffer) == step::done, "bytes are received");
    while (answer(served, api, said)) {
      expect(served.flush() != step::broken, "an answer is sent");
      while (::recv(*client, buffer.data(), buffer.size(), 0) > 0) {
      }
    }
  }
  return 0;
}

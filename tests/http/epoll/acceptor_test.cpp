#include <comments/http/epoll/acceptor.hpp>

#include <comments/http/httplib_in_memory.hpp>

#include <doctest/doctest.h>

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/running_server.hpp"
#include "support/wire.hpp"

using namespace comments;
using namespace comments::http;
using namespace comments::http::epoll;

namespace {

// An acceptor on a free port, and what it has given.
struct reception {
  explicit reception(epoll_limits given) : limits{std::move(given)} {
    api.mount(testing::echo);
    descriptor listening = listen_on("127.0.0.1", 0);
    port = port_of(listening);
    newcomers.emplace(
        context, events, std::move(listening), &events,
        [this](std::list<connection> made) { given_to.splice(given_to.end(), made); });
  }

  // Connects, and has that accepted.
  connection& come() {
    clients.push_back(std::make_unique<testing::wire>(port));
    CHECK(testing::eventually([&] {
      newcomers->accept();
      return given_to.size() == clients.size();
    }));
    return given_to.back();
  }

  epoll_limits limits;
  httplib_in_memory api{};
  registry metrics{};
  shutdown_flags flags{};
  loop_context context{api, metrics, limits, flags};
  poller events{};
  std::list<connection> given_to{};
  std::optional<acceptor> newcomers{};
  std::vector<std::unique_ptr<testing::wire>> clients{};
  int port{};
};

}  // namespace

TEST_CASE("connections are taken up to the limit of all; the next is there only to be refused") {
  reception at{{.connections_max = 2}};
  for (const bool is_refused : {false, false, true}) CHECK(at.come().is_refused == is_refused);
  CHECK(at.context.connections == 2);
  CHECK(at.context.refused == 1);
  CHECK(at.given_to.back().unsent() > 0);  // its 503
}

TEST_CASE("a client has as many as its share says, whatever room there is") {
  reception at{{.client_connections_max = 2}};
  for (const bool is_refused : {false, false, true}) CHECK(at.come().is_refused == is_refused);
  CHECK(at.context.connections == 2);
}

TEST_CASE("an acceptor pauses only where the system is short of something") {
  reception at{{}};
  CHECK(at.newcomers->accept());
  CHECK_FALSE(at.newcomers->is_paused());
  at.newcomers->resume(acceptor::clock::now());
  CHECK_FALSE(at.come().is_refused);
}

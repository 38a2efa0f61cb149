// A prefix with a slash at its end, or none at its start, answered nothing; and a body over the
// mount's limit but under the routes' limit was cut off and then called malformed.

#include <comments/http/httplib.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>
#include <httplib.h>

#include <string>
#include <thread>

#include "support/all_routes.hpp"

using namespace comments;

namespace {

// Asks a server on which the API is mounted with `options`.
template <typename Ask>
void with_mounted(http::mount_options options, Ask&& ask) {
  memory_store store;
  service service{store};
  httplib::Server server;
  http::mount(server, testing::all_routes(service, {.limits = {.request_bytes_max = 1'000'000}}),
              options);
  const int port = server.bind_to_any_port("127.0.0.1");
  REQUIRE(port > 0);
  std::thread acceptor{[&] { server.listen_after_bind(); }};
  httplib::Client client{"127.0.0.1", port};
  ask(client);
  while (!server.is_running()) std::this_thread::yield();
  server.stop();
  acceptor.join();
}

}  // namespace

TEST_CASE("a prefix means the same with and without its slashes") {
  for (const std::string prefix : {"/comments", "comments", "/comments/", "comments//"})
    with_mounted({.prefix = prefix}, [&](httplib::Client& client) {
      CAPTURE(prefix);
      const auto health = client.Get("/comments/healthz");
      REQUIRE(health);
      CHECK(health->status == 200);
    });
  with_mounted({.prefix = "/"}, [](httplib::Client& client) {
    const auto health = client.Get("/healthz");
    REQUIRE(health);
    CHECK(health->status == 200);
  });
}

TEST_CASE("a body over the mount's own limit is too large, not malformed") {
  with_mounted({}, [](httplib::Client& client) {
    const std::string start = R"({"content_id":1,"body":"Oi")";
    for (const std::size_t size : {65'536u, 65'537u}) {
      CAPTURE(size);
      const std::string body = start + std::string(size - start.size() - 1, ' ') + "}";
      REQUIRE(body.size() == size);
      const auto posted = client.Post("/api/v1/comments", body, "application/json");
      REQUIRE(posted);
      CHECK(posted->status == (size == 65'536 ? 201 : 413));
    }
  });
}

// A page took 110 ms, because cpp-httplib packed it with brotli at its highest setting.

#include <comments/http/httplib.hpp>
#include <comments/store/memory.hpp>

#include <doctest/doctest.h>
#include <httplib.h>

#include <string>
#include <thread>

#include "support/all_routes.hpp"

using namespace comments;

TEST_CASE("an answer is packed with gzip or not at all, and says on what that depends") {
  memory_store store;
  service service{store};
  const std::string long_body(2000, 'a');
  REQUIRE(service.post({.content_id = "1", .body = long_body}));
  httplib::Server server;
  http::mount(server, testing::all_routes(service));
  const int port = server.bind_to_any_port("127.0.0.1");
  REQUIRE(port > 0);
  std::thread acceptor{[&] { server.listen_after_bind(); }};
  httplib::Client client{"127.0.0.1", port};
  client.set_decompress(false);
  for (const std::string wanted : {"br", "gzip, deflate, br, zstd", "gzip;q=0, br", "gzip;q=0.5"}) {
    CAPTURE(wanted);
    const auto page = client.Get("/api/comment/list/1", {{"Accept-Encoding", wanted}});
    REQUIRE(page);
    CHECK(page->status == 200);
    CHECK(page->get_header_value("Vary") == "Accept-Encoding");
    const std::string packed = page->get_header_value("Content-Encoding");
    const bool may_be_packed = wanted.starts_with("gzip,") || wanted == "gzip;q=0.5";
    CHECK((packed.empty() || (may_be_packed && packed == "gzip")));
    if (packed.empty()) CHECK(page->body.find(long_body) != std::string::npos);
  }
  while (!server.is_running()) std::this_thread::yield();
  server.stop();
  acceptor.join();
}

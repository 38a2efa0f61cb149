// A program that serves an answer of its own through the adapter for cpp-httplib.

#include <comments/http/httplib.hpp>

#include <httplib.h>

#include <iostream>

int main() {
  httplib::Server server;
  comments::http::configure(server, {.threads = 2});
  comments::http::mount(server, [](comments::http::request&& asked) {
    return comments::http::response{.body = asked.target};
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return 1;
  std::cout << port << "\n";
  return 0;
}

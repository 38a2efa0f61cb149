// mounted - comments in a program's own cpp-httplib server, below a prefix beside its own routes.
//
// Shows the host's page and the comments answer on one port, and that links know the prefix.

#include <comments/api/routes.hpp>
#include <comments/comments.hpp>
#include <comments/http/httplib.hpp>

#include <httplib.h>

#include <iostream>
#include <string>
#include <thread>

namespace http = comments::http;

// Posts a comment and follows its Location; looks at the host's own page too.
bool is_working(int port) {
  httplib::Client client{"127.0.0.1", port};
  const auto own = client.Get("/");
  if (!own || own->body != "the host's own page") return false;
  std::cout << "GET / " << own->status << ": " << own->body << "\n";

  const auto posted =
      client.Post("/comments/api/v1/comments", R"({"content_id":"a page","body":"Primeiro Post!"})",
                  "application/json");
  if (!posted || posted->status != 201) return false;
  const std::string location = posted->get_header_value("Location");
  const auto read = client.Get(location);
  if (!read || read->status != 200) return false;
  std::cout << "GET " << location << " " << read->status << ": " << read->body << "\n";

  const auto elsewhere = client.Get("/api/v1/comments?content_id=1");
  return location.starts_with("/comments/") && elsewhere && elsewhere->status == 404;
}

int main() {
  comments::memory_store store;
  comments::service service{store};

  httplib::Server server;
  server.Get("/", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content("the host's own page", "text/plain");
  });
  http::mount(server, http::routes(service), {.prefix = "/comments"});

  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return 1;
  std::thread acceptor{[&] { server.listen_after_bind(); }};
  const bool is_right = is_working(port);
  while (!server.is_running())
    std::this_thread::yield();  // one that does not run cannot be stopped
  server.stop();
  acceptor.join();
  return is_right ? 0 : 1;
}

// crowded - comments and a program's own routes for more connections than there are threads
// (Linux).
//
// Shows that two hundred connections stay open and are answered in turn by an epoll_server, which
// has a few threads, and that the program's own route works beside the comments.

#include <comments/api/routes.hpp>
#include <comments/comments.hpp>
#include <comments/http/epoll_server.hpp>
#include <comments/http/httplib_in_memory.hpp>

#include <iostream>
#include <list>
#include <string>
#include <thread>

namespace http = comments::http;

// Whether each of many connections is answered, while all stay open.
bool is_working(int port) {
  constexpr int connections = 200;
  std::list<httplib::Client> clients;
  for (int i = 0; i < connections; ++i) {
    auto& client = clients.emplace_back("127.0.0.1", port);
    client.set_keep_alive(true);
    const auto own = client.Get("/");
    if (!own || own->body != "the host's own page") return false;
  }
  for (auto& client : clients) {
    const auto read = client.Get("/comments/api/v1/comments?content_id=1");
    if (!read || read->status != 200) return false;
  }
  std::cout << connections << " connections, each answered twice\n";
  return true;
}

int main() {
  comments::memory_store store;
  comments::service service{store};

  http::httplib_in_memory api;  // an httplib::Server without sockets
  api.mount(http::routes(service), "/comments");
  api.Get("/", [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content("the host's own page", "text/plain");
  });

  http::epoll_server server;
  const auto port = server.bind("127.0.0.1", 0);
  if (!port) return 1;
  std::thread serving{[&] { server.run(api, service.metrics()); }};
  const bool is_right = is_working(*port);
  server.stop();
  serving.join();
  return is_right ? 0 : 1;
}

// A program with two adapters: it posts a comment into the SQLite file that it is given, serves it
// with cpp-httplib on a free port of this machine's own, and reads it back.

#include <comments/api/routes.hpp>
#include <comments/comments.hpp>
#include <comments/http/httplib.hpp>
#include <comments/store/sqlite.hpp>

#include <httplib.h>

#include <iostream>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto store = comments::sqlite_store::open({.path = argv[1]});
  if (!store) return 1;
  comments::service service{**store};
  if (!service.post({.content_id = "1", .body = "Primeiro Post!"})) return 1;

  httplib::Server server;
  comments::http::configure(server, {.threads = 2});
  comments::http::mount(server, comments::http::routes(service));
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return 1;
  std::thread acceptor{[&] { server.listen_after_bind(); }};
  const auto answer = httplib::Client{"127.0.0.1", port}.Get("/api/v1/comments?content_id=1");
  while (!server.is_running()) std::this_thread::yield();
  server.stop();
  acceptor.join();

  if (!answer) return 1;
  std::cout << answer->body << "\n";
  return answer->status == 200 && answer->body.find("Primeiro Post!") != std::string::npos ? 0 : 1;
}

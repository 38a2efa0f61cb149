// typed_client - a program that asks a comment server of its own or anybody's, over HTTP.
//
// The client is the library's; cpp-httplib carries its requests. Here it asks a server in the same
// program, so that the example runs alone.

#include <comments/api/client.hpp>
#include <comments/api/routes.hpp>
#include <comments/comments.hpp>
#include <comments/http/httplib.hpp>

#include <httplib.h>

#include <iostream>
#include <thread>

namespace c = comments;

// Returns a transport to a server. A request that got no answer may have arrived.
c::http::transport connect(int port) {
  return [port](const c::http::request& wanted) -> c::result<c::http::response> {
    httplib::Request sent;
    sent.method = wanted.method;
    sent.path = wanted.target;
    sent.headers = {wanted.headers.begin(), wanted.headers.end()};
    sent.body = wanted.body;
    const auto got = httplib::Client{"127.0.0.1", port}.send(sent);
    if (!got) return c::error{c::errc::in_doubt, "No answer came."};
    return c::http::response{.status = got->status,
                             .headers = {got->headers.begin(), got->headers.end()},
                             .body = got->body};
  };
}

bool is_working(const c::http::api_client& api) {
  const auto posted = api.post({.content_id = "a page", .body = "Primeiro Post!", .key = "key-1"});
  if (!posted || !api.edit(posted->comment.id, "Primeiro *post*!", posted->edit_token))
    return false;
  const auto list = api.list({.content_id = "a page"});
  for (const auto& item : list->items) std::cout << item.body_html << "\n";
  const auto refused = api.post({.content_id = "a page", .body = ""});
  return list->content.comments == 1 && refused.error().violations.front().pointer == "/body" &&
         api.remove(posted->comment.id, posted->edit_token);
}

int main() {
  c::memory_store store;
  c::service service{store};
  httplib::Server server;
  c::http::mount(server, c::http::routes(service));
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return 1;
  std::thread acceptor{[&] { server.listen_after_bind(); }};
  const bool is_right = is_working(c::http::api_client{connect(port)});
  while (!server.is_running())
    std::this_thread::yield();  // one that does not run cannot be stopped
  server.stop();
  acceptor.join();
  return is_right ? 0 : 1;
}

#pragma once
// http/httplib_in_memory.hpp - cpp-httplib without sockets: one whole request in, its response out.
//
// cpp-httplib reads the request, routes it and writes the response, but in memory instead of on a
// connection. So the owner of the connections (epoll_server) needs no thread for each. It is an
// httplib::Server: a program adds routes of its own as to any other. What the API has ready in
// memory, or may answer later, goes past cpp-httplib, which would read the head a second time: that
// is the larger part of what such a response takes. Both ways write the same header lines.
//
//   memory_store store;
//   service comments{store};
//   httplib_in_memory api;
//   api.mount(routes(comments), "/comments");
//   api.Get("/mine", [](const httplib::Request&, httplib::Response& to) {
//     to.set_content("mine", "text/plain");
//   });
//   const wire_response made = api.handle({.bytes = "GET /mine HTTP/1.1\r\nHost: a\r\n\r\n",
//                                          .method = "GET",
//                                          .target = "/mine"});

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/http/wire.hpp>

#include <httplib.h>

#include <optional>
#include <string>
#include <string_view>

namespace comments::inline v0::http {

// Its pre-routing, post-routing and error handlers are taken; a program must not set them. Routes
// and `mount` come before the first request; then all other functions may be called from any
// thread. What a route of the program streams is held in memory until the stream ends, and a
// WebSocket finds its connection closed.
class httplib_in_memory final : public httplib::Server {
 public:
  httplib_in_memory();

  // Has `api` answer everything below `prefix` ("" or "/something"), before any route of
  // cpp-httplib's. It also answers requests that cannot be read, so that they are counted and
  // logged. Call it once.
  void mount(handler api, std::string prefix = {});

  // Whether the API that is mounted answers this target, and not a route of the program.
  bool is_ours(std::string_view target) const;

  // Whether the response may stand ready in memory: the API answers it, and its method only reads.
  // Such a request can be asked with `effort::memory`. A route of the program may do anything.
  bool may_be_ready(const wire_request& asked) const;

  // Whether the request asks how the service is, or is OPTIONS. Such a request reads no store.
  bool is_probe(const wire_request& asked) const;

  // Returns the response. Never throws. If there is no memory for it, or if the API throws and then
  // throws again when it is asked to refuse the request, the response has no bytes and is the last.
  wire_response handle(const wire_request& asked);

  // Returns the response that comes later, with the effort of `asked`, which is the request that
  // `handle` got. Never throws.
  wire_response handle_later(const wire_request& asked, late_response later);

 private:
  // The request that a thread is answering, for the handlers that cpp-httplib calls.
  struct exchange {
    httplib_in_memory* owner{};
    const wire_request* asked{};
    wire_response* made{};
    std::optional<request_error> refusal{};  // by the connection, by us or by cpp-httplib
    std::optional<response> ready{};         // the API has answered already
    late_response later{};                   // answers instead of the API
    bool is_ours{};
    bool is_answered{};
    bool is_length_unknown{};
  };
  static inline thread_local exchange* current_ = nullptr;

  bool answer_ready(exchange& now);
  static request to_request(exchange& now);
  wire_response answer(exchange now);
  void process(const exchange& now, std::string& to);
  void process(std::string_view bytes, std::string_view peer, std::string& to);
  // cpp-httplib's `process_request`, which takes four arguments up to 0.17 and eight later. The
  // last argument is 0 and prefers the first. The value `true` says that the connection ends, so
  // that cpp-httplib writes no other header about it; `finish` writes the right one.
  template <typename Self>
  static auto call(Self& server, httplib::Stream& memory, const std::string& peer, bool& is_closed,
                   int)
      -> decltype(server.process_request(memory, peer, 0, peer, 0, true, is_closed, nullptr));
  template <typename Self>
  static auto call(Self& server, httplib::Stream& memory, const std::string& peer, bool& is_closed,
                   long) -> decltype(server.process_request(memory, true, is_closed, nullptr));

  static HandlerResponse route(exchange& now, const httplib::Request& from, httplib::Response& to);
  static void finish(exchange& now, httplib::Response& to);

  handler api_{};
  std::string prefix_{};
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/httplib_in_memory.ipp>
#endif

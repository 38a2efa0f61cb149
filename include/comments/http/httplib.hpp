#pragma once
// http/httplib.hpp - the API on a server of cpp-httplib's.
//
// `mount` adds the API to any httplib::Server, also below a prefix beside routes of the program.
// `configure` and `mount_refusals` are for a server that serves nothing else. Each connection takes
// a thread; on Linux, epoll_server needs none (http/epoll_server.hpp). Works with cpp-httplib
// 0.11.4 (Debian 12) to 0.41.0. In compiled mode (config.hpp) this only declares httplib::Server,
// so include <httplib.h> beside it. The parts of this adapter stand in http/httplib/ and are
// private.
//
// cpp-httplib percent-decodes the values of headers, and what was sent cannot be had from it: with
// this adapter a token or a key with "%41" in it is taken for one with "A". epoll_server's routes
// see the bytes as they were sent.
//
//   memory_store store;
//   service comments{store};
//   httplib::Server server;
//   mount(server, routes(comments), {.prefix = "/comments"});
//   server.listen("127.0.0.1", 8000);

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/http/middleware.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace httplib {
class Server;
}

namespace comments::inline v0::http {

struct mount_options {
  std::string prefix{};  // "" or "/something"; links in responses start with it
  std::size_t request_bytes_max{request_limits{}.request_bytes_max};
  // So many bytes of a body over its limit are read and ignored, so that the client hears the
  // refusal instead of a reset. Of a longer body nothing is read, and the connection is closed.
  std::size_t discard_bytes_max{1'048'576};
};

// Limits of a server that serves nothing but comments.
struct server_options {
  std::size_t threads{64};  // connections that are served at once; further ones wait
  std::size_t requests_per_connection_max{1000};
  std::chrono::seconds read_timeout{5};
  std::chrono::seconds write_timeout{5};
  std::chrono::seconds idle_timeout{2};  // 0.11.4 does not even see a stop before this is over
};

// Has `api` answer everything below `options.prefix`. Does not touch the settings of the server.
// Call it before the server listens.
void mount(httplib::Server& server, handler api, mount_options options = {});

// Gives the server its limits. Call it before the server binds.
void configure(httplib::Server& server, const server_options& options = {});

// Has `api` answer what cpp-httplib would refuse on its own, or should refuse: as problems, with an
// id, counted and logged like all other responses. Takes the server's pre-routing handler and error
// handler. Call it before the server listens.
void mount_refusals(httplib::Server& server, handler api);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/httplib.ipp>
#endif

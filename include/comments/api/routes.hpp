#pragma once
// api/routes.hpp - the whole HTTP API as one handler: every route, inside its middleware.
//
// The handler is a function from a request to a response. Mount it on an HTTP server with an
// adapter (http/httplib.hpp, http/epoll_server.hpp), or call it. docs/http-api.md describes the
// routes. The two routes of the legacy API use the same validation, moderation, limits and storage
// as all others.
//
//   memory_store kept;
//   service comments{kept};
//   const http::handler api = http::routes(comments, {.deployments = &kept});
//   const http::response answer = api({.method = "GET", .target = "/healthz"});

#include <comments/api/route_options.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/service.hpp>

namespace comments::inline v0::http {

// Returns the API. The handler is safe to call from any thread and does not throw, except without
// memory for the response to an exception. `service` and `options.deployments` must outlive
// the handler and its streams. Functions in `options` are called from any thread; what they throw
// ends one request, with 503.
handler routes(service& service, route_options options = {});

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/routes.ipp>
#endif

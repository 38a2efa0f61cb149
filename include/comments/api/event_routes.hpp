#pragma once
// api/event_routes.hpp - the route that follows a content: its events as they happen.
//
//   const http::context shared{service, http::route_options{}};
//   const http::event_routes events{shared};
//   const http::response answer = events.follow({.query = {{"content_id", "1"}}});  // a stream

#include <comments/api/context.hpp>
#include <comments/api/live_events.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>

namespace comments::inline v0::http {

// Safe to use from any thread. The context outlives it, and it outlives its streams.
class event_routes final {
 public:
  explicit event_routes(const context& shared);

  // GET /api/v1/events
  response follow(request asked) const;

 private:
  const context& shared_;
  mutable live_events live_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/event_routes.ipp>
#endif

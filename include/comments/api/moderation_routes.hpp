#pragma once
// api/moderation_routes.hpp - the routes for moderators: the queue, decisions, a comment's history,
// the status of a content, and what is wrong with how the server is run.
//
//   const http::context shared{service, http::route_options{}};
//   const http::moderation_routes moderation{shared};
//   const http::response answer = moderation.queue({.target = "/api/v1/moderation/queue"});

#include <comments/api/context.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>

namespace comments::inline v0::http {

// Safe to use from any thread. The context outlives it.
class moderation_routes final {
 public:
  explicit moderation_routes(const context& shared) : shared_{shared} {}

  // GET /api/v1/moderation/queue
  response queue(request asked) const;
  // GET /api/v1/moderation/actions: what moderators decided
  response actions(request asked) const;
  // POST /api/v1/moderation/actions
  response decide(request asked) const;
  // GET /api/v1/comments/{id}/history
  response history(request asked) const;
  // GET /api/v1/moderation/notices
  response notices(request asked) const;
  // GET /api/v1/contents/{content_id}, for everyone. Proxies decode and tidy paths, so that some
  // ids do not arrive in one; GET /api/v1/contents?content_id= takes each of them.
  response find_content(request asked) const;
  // PATCH, at the same two addresses
  response change_content(request asked) const;

 private:
  result<search> read_search(const request& asked) const;
  result<decision_query> read_decision_query(const request& asked) const;

  const context& shared_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/moderation_routes.ipp>
#endif

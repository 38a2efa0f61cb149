#pragma once
// api/comment_routes.hpp - the routes about one comment: post, read, edit, remove, vote, report.
//
// Each function answers one route, with the responses that docs/http-api.md describes.
//
//   const http::context shared{service, http::route_options{}};
//   const http::comment_routes comments{shared};
//   const http::response answer =
//       comments.post({.method = "POST",
//                      .target = "/api/v1/comments",
//                      .headers = {{"Content-Type", "application/json"}},
//                      .body = R"({"content_id": 1, "body": "Primeiro post!"})"});

#include <comments/api/context.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/json/encode.hpp>
#include <comments/principal.hpp>
#include <comments/result.hpp>
#include <comments/service.hpp>

#include <functional>
#include <memory>
#include <string>

namespace comments::inline v0::http {

// Safe to use from any thread. The context outlives it.
class comment_routes final {
 public:
  explicit comment_routes(const context& shared) : shared_{shared} {}

  // POST /api/comment/new of the legacy API
  response post_legacy(request asked) const;
  // POST /api/v1/comments
  response post(request asked) const;
  // GET /api/v1/comments/{id}
  response find(request asked) const;
  // PATCH /api/v1/comments/{id}
  response edit(request asked) const;
  // DELETE /api/v1/comments/{id}
  response remove(request asked) const;
  // PUT and DELETE /api/v1/comments/{id}/vote
  response vote(request asked) const;
  response withdraw_vote(request asked) const;
  // POST /api/v1/comments/{id}/reports
  response report(request asked) const;
  // POST /api/v1/previews
  response preview(request asked) const;
  // GET /api/v1/form: what a form needs before it is shown
  response form(request asked) const;

 private:
  result<principal> identify(const request& asked) const;
  using post_answer = std::function<response(const post_result&, const request&)>;
  using to_response = std::function<response(const result<post_result>&)>;

  response store(draft written, const principal& caller, arrival how, request asked,
                 post_answer answer) const;
  response answer_later(std::shared_ptr<begun_post> begun, to_response respond) const;
  response put_vote(const request& asked, bool is_there) const;
  std::string proof_of(const principal& caller) const;
  response posted_response(const post_result& posted, const principal& caller) const;
  response changed_response(const result<comment>& changed, const request& asked,
                            const json::proofs& handed_out = {}) const;

  const context& shared_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/comment_routes.ipp>
#endif

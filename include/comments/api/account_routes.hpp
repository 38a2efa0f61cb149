#pragma once
// api/account_routes.hpp - the routes for all that one person wrote: export it, erase it.
//
// A signed-in user may do that with what is theirs, a moderator with what is under an e-mail
// address.
//
//   const http::context shared{service, http::route_options{}};
//   const http::account_routes account{shared};
//   const http::response answer = account.export_all(
//       {.headers = {{"Authorization", "Bearer secret"}}, .query = {{"email", "a@example.com"}}});

#include <comments/api/context.hpp>
#include <comments/config.hpp>
#include <comments/http/message.hpp>

namespace comments::inline v0::http {

// Safe to use from any thread. The context outlives it.
class account_routes final {
 public:
  explicit account_routes(const context& shared) : shared_{shared} {}

  // GET /api/v1/me/export
  response export_all(request asked) const;
  // DELETE /api/v1/me
  response erase(request asked) const;

 private:
  const context& shared_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/api/account_routes.ipp>
#endif

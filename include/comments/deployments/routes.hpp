#pragma once
// deployments/routes.hpp - the routes about deployments: the pipeline records, everyone reads, as
// JSON, as a spreadsheet and as the status page.
//
//   memory_store store;
//   const http::context shared{service, {.secrets = {.deploy_token = "a secret of the pipeline"}}};
//   const http::deployment_routes deployments{shared, store};
//   const http::response answer = deployments.list({.query = {{"component", "shop"}}});

#include <comments/api/context.hpp>
#include <comments/config.hpp>
#include <comments/deployments/deployment_log.hpp>
#include <comments/deployments/service.hpp>
#include <comments/http/message.hpp>

#include <cstddef>

namespace comments::inline v0::http {

// Safe to use from any thread. The context and the log outlive it and its streams.
class deployment_routes final {
 public:
  static constexpr std::size_t body_bytes_max = 16'384;
  static constexpr std::size_t shown_max = 50;  // deployments on the status page

  deployment_routes(const context& shared, deployment_log& log);

  // POST /api/v1/deployments
  response record(request asked) const;
  // GET /api/v1/deployments
  response list(request asked) const;
  // GET /status: what `route_options::status_page`, which must not be empty, makes of the data
  response status(request asked) const;

 private:
  result<deployment_query> read_query(const request& asked, bool is_sheet) const;
  response page_response(const deployment_query& query, const request& asked) const;
  response sheet_response(const deployment_query& query, const request& asked) const;

  const context& shared_;
  mutable deployment_service deployments_;
};

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/deployments/routes.ipp>
#endif

#pragma once
// api.hpp - everything that the server answers: the library's routes, and the server's own pages.
//
//   const comments::http::handler api = server::make_api(service, deployments, chosen, log);

#include "log.hpp"
#include "options.hpp"

#include <comments/deployments/deployment_log.hpp>
#include <comments/http/message.hpp>
#include <comments/service.hpp>

namespace server {

// All but `chosen` must outlive the handler.
comments::http::handler make_api(comments::service& service, comments::deployment_log& deployments,
                                 const options& chosen, log& log);

}  // namespace server

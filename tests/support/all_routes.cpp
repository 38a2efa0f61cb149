#include "support/all_routes.hpp"

#include <comments/api/routes.hpp>

#include <utility>

namespace testing {

comments::http::handler all_routes(comments::service& service,
                                   comments::http::route_options options) {
  return comments::http::routes(service, std::move(options));
}

}  // namespace testing

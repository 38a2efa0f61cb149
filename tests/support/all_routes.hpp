#pragma once
// support/all_routes.hpp - `http::routes`, compiled once for all tests: it costs as much as a test.

#include <comments/api/context.hpp>

namespace testing {

comments::http::handler all_routes(comments::service& service,
                                   comments::http::route_options options = {});

}  // namespace testing

#pragma once
// files.hpp - routes for files that are the same for every reader: the widget, its demonstration,
// the moderators' page, and the description of the API.

#include <comments/api/context.hpp>

#include <vector>

namespace server {

std::vector<comments::http::more_route> files();

}  // namespace server

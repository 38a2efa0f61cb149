#pragma once
// thread_page.hpp - a content's comments as a page, for search engines and for readers without
// scripts.
//
// It stands at GET /contents/{content_id}, or at GET /contents?content_id= where a proxy mangles
// slashes in paths. Its form posts to the same address, and the handler of
// POST /api/v1/comments stores what was posted.

#include <comments/api/context.hpp>

#include <vector>

namespace server {

std::vector<comments::http::more_route> thread_pages();

}  // namespace server

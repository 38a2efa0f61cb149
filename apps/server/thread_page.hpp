#pragma once
// thread_page.hpp - a content's comments as a page: for search engines, and for who has no script.
//
// GET /contents/{content_id}, or ?content_id= where a proxy mangles slashes in paths; its form
// posts to the same address. What is posted goes the way of POST /api/v1/comments, by its own
// handler.

#include <comments/api/context.hpp>

#include <vector>

namespace server {

std::vector<comments::http::more_route> thread_pages();

}  // namespace server

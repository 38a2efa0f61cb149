#pragma once
// error_page.hpp - problems as pages, for people who meet them in a browser.

#include <comments/http/message.hpp>

#include <string>
#include <vector>

namespace server {

// Returns a handler that goes around the whole API. It turns a problem outside of /api/ into a page
// if the client accepts HTML. If a form was sent, the page holds it as it was typed, ready to be
// sent again. All other clients get the problem as it is. Pages of `origins` may frame the pages
// about a thread, as they may frame the thread itself.
comments::http::handler with_error_pages(comments::http::handler next,
                                         std::vector<std::string> origins);

}  // namespace server

#pragma once
// error_page.hpp - what went wrong, for who is looking at a page.

#include <comments/http/message.hpp>

#include <string>
#include <vector>

namespace server {

// Goes around the whole API. A problem outside of /api/ becomes a page for whoever accepts HTML;
// where a form was sent, it stands in the page as it was typed, to be sent again. Everybody else
// gets the problem as it is. Pages of `origins` may frame those about a thread, as the thread
// itself.
comments::http::handler with_error_pages(comments::http::handler next,
                                         std::vector<std::string> origins);

}  // namespace server

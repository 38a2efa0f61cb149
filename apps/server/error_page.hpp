#pragma once
// error_page.hpp - problems as pages, for people who meet them in a browser.

#include <comments/http/message.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace server {

using form_renewal = std::function<std::string(std::string_view token)>;

// Returns a handler that goes around the whole API. It turns a problem outside of /api/ into a page
// if the client accepts HTML. If a form was sent, the page holds it as it was typed, ready to be
// sent again, with what `renew` returns for the form's token. All other clients get the problem as
// it is. Pages of `origins` may frame the pages about a thread, as they may the thread itself.
comments::http::handler with_error_pages(comments::http::handler next,
                                         std::vector<std::string> origins, form_renewal renew);

}  // namespace server

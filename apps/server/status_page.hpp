#pragma once
// status_page.hpp - the page at /status: what runs, how it is, and the latest deployments.
//
// It needs no script, so that it can be read wherever anything can. Its style has an address of its
// own, so that the page's policy (CSP) allows no style that stands in the page.

#include "language.hpp"

#include <comments/deployments/status.hpp>
#include <comments/http/message.hpp>

#include <string>
#include <string_view>

namespace server {

// No page may put it into a frame, and it fetches nothing but its style.
inline constexpr std::string_view status_policy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

// Returns the page as HTML in UTF-8. What people wrote (components, versions, names) is text in it.
std::string to_html(const comments::service_status& shown, const language& words);

// Returns the page with its headers, in the language that `asked` wants: for
// `route_options::status_page`.
comments::http::response make_status_page(const comments::service_status& shown,
                                          const comments::http::request& asked);

}  // namespace server

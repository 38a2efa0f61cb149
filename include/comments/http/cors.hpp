#pragma once
// http/cors.hpp - which sites' pages may use the API from a browser (CORS, Fetch standard).
//
// Without origins the responses have no such headers, and only pages of the API's own origin can
// use it. A listed origin may do everything. "*" opens to all other origins what needs no proof of
// who asks: reading, and posts to the paths that are named. No origin gets credentials: there are
// no cookies, and a token is a header that only a listed origin's page may send. A browser's proof
// may come with any reading, because a page has only those that it was given.
//
//   using namespace comments;
//   const http::handler api = [](http::request&&) { return http::response{}; };
//   const auto origins = http::parse_origins("https://example.com, https://www.example.com:8443");
//   const http::handler open = http::with_cors(api, {.origins = *origins});

#include <comments/config.hpp>
#include <comments/http/message.hpp>
#include <comments/result.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace comments::inline v0::http {

struct cors_options {
  std::vector<std::string> origins{};     // as `parse_origins` returns them
  std::vector<std::string> open_posts{};  // paths that "*" lets every origin post to
  std::chrono::seconds max_age{3600};     // how long a browser may reuse the answer to a preflight
};

// Returns the origins in "https://example.com, http://localhost:3000" or "*", with commas between
// them, as browsers write them; an empty text has none. `invalid` names the first entry that is not
// an origin: an origin has no path and no "/" at its end, and it is never "null", which stands for
// every sandboxed page.
result<std::vector<std::string>> parse_origins(std::string_view list);

// Tells browsers which pages may read the responses, and answers their preflights. Stands around
// `with_rate_limits`, so that a page can read a 429, and preflights are not counted. Every response
// has `Vary: Origin`, so that a cache does not give one site's response to another.
handler with_cors(handler next, cors_options options);

}  // namespace comments::inline v0::http

#ifndef COMMENTS_COMPILED
#include <comments/http/cors.ipp>
#endif

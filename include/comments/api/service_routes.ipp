#pragma once
// api/service_routes.ipp - definitions of api/service_routes.hpp.

#include <comments/api/service_routes.hpp>

#include <comments/api/responses.hpp>
#include <comments/http/problem.hpp>
#include <comments/json/encode.hpp>

#include <string>
#include <vector>

namespace comments::inline v0::http {

COMMENTS_INLINE response service_routes::health(request) const {
  return json_response(json::encode_fields({{"status", "ok"}}));
}

COMMENTS_INLINE response service_routes::readiness(request asked) const {
  if (shared_.service().is_draining())
    return problem({errc::unavailable, "The service is shutting down."}, asked);
  shared_.service().probe_store();
  if (!shared_.service().is_writable())
    return problem({errc::unavailable, "The store takes no writes now."}, asked);
  return json_response(json::encode_fields({{"status", "ready"}}));
}

COMMENTS_INLINE response service_routes::version(request) const {
  const build_info& build = shared_.options().build;
  return json_response(json::encode_fields({{"component", build.component},
                                            {"version", build.version},
                                            {"commit", build.commit},
                                            {"build_date", build.build_date}}));
}

COMMENTS_INLINE response service_routes::metrics(request) const {
  shared_.service().probe_store();
  return {.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                      {"Cache-Control", "no-store"}},
          .body = shared_.service().metrics().to_text()};
}

COMMENTS_INLINE response service_routes::count(request asked) const {
  std::vector<std::string> ids;
  for (const auto& [name, value] : asked.query)
    if (name == "content_id") ids.push_back(value);
  const auto contents = shared_.service().contents(ids);
  if (!contents) return problem(contents.error(), asked);
  return json_response(json::encode_counts(*contents));
}

}  // namespace comments::inline v0::http
